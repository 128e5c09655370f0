"""Personal data of leads: masked, left out, or passed on, as the setting says. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

MASK: Final = "***"
PHONE: Final = "telephone"
MASKED_WHOLE: Final = frozenset(
    {"name", "weixin", "address", "remark", "remark_dict", "ext_info", "clue_intention"}
)
OMITTED: Final = frozenset({"gender", "age"})
PERSONAL: Final = MASKED_WHOLE | OMITTED | {PHONE}
_NEVER_MASKED: Final = frozenset({"clue_id", "local_account_id", "local_account_name"})
#: A mainland mobile number: 11 digits, 1 and 3-9 in front, perhaps with country code and
#: separators, not part of a longer number (an id).
_MOBILE: Final = re.compile(
    r"(?<!\d)((?:\+?86[ -]?)?1[3-9]\d)[ -]?(\d{4})[ -]?(\d{2})(\d{2})(?!\d)"
)
_COUNTRY: Final = "86"
_MOBILE_DIGITS: Final = 11


def hidden_fields(contact: str) -> frozenset[str]:
    """Return the fields that records do not have at all.

    Args:
        contact: The setting `leads_contact`: `mask`, `plain` or `omit`.
    """
    return {"mask": OMITTED, "omit": PERSONAL}.get(contact, frozenset())


def protect(record: Mapping[str, Any], contact: str) -> dict[str, Any]:
    """Return a lead without the personal data that the setting keeps back.

    Phone numbers keep the first 3 and last 2 digits; names, WeChat ids, addresses and free texts
    are masked whole; mobile numbers in any other text are masked as well. Lead id, account id and
    account name are ours, not the person's.
    """
    if contact == "plain":
        return dict(record)
    hidden = hidden_fields(contact)
    return {name: _protected(name, value) for name, value in record.items() if name not in hidden}


def mask_phone(text: str) -> str:
    """Return a phone number with its first 3 and last 2 digits, whatever stands between them."""
    digits = "".join(character for character in text if character.isdigit())
    if len(digits) == _MOBILE_DIGITS + len(_COUNTRY):
        digits = digits.removeprefix(_COUNTRY)
    if len(digits) <= 5:  # noqa: PLR2004  3 in front and 2 behind would show all of it
        return MASK
    return f"{digits[:3]}{'*' * (len(digits) - 5)}{digits[-2:]}"


def _protected(name: str, value: Any) -> Any:  # noqa: ANN401  values of records
    if value is None or name in _NEVER_MASKED:
        return value
    if name in MASKED_WHOLE:
        return MASK
    if name == PHONE:
        return mask_phone(str(value))
    if isinstance(value, str):
        return mask_mobiles(value)
    if isinstance(value, list):
        return [mask_mobiles(item) if isinstance(item, str) else item for item in value]
    return value


def mask_mobiles(text: str) -> str:
    """Return a text with every mainland mobile number in it masked."""
    return _MOBILE.sub(r"\1******\4", text)
