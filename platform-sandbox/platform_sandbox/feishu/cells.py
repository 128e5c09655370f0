"""Values that API callers write, checked and turned into stored values.

The rules are the vendor's: a number given as text is refused, dates are integers in milliseconds,
a hyperlink is an object of text and link, unknown select options come into being.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from platform_sandbox.feishu.codes import Refused
from platform_sandbox.feishu.model import COLOURS, READ_ONLY, RichText, Type, options_of

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping

    from platform_sandbox.feishu.ids import Ids
    from platform_sandbox.feishu.model import Base, Field, Stored, Table
    from platform_sandbox.feishu.switches import FeishuSwitches

MAX_TEXT: Final = 100_000
MAX_PHONE: Final = 64
MAX_OPTIONS: Final = 1000
MAX_USERS: Final = 1000
MAX_FILES: Final = 100
MAX_LINKS: Final = 500
MAX_GROUPS: Final = 10
EXACT_INTEGERS: Final = 2**53
SECONDS: Final = range(1_000_000_000, 10_000_000_000)
LAST_INSTANT: Final = 253_402_300_799_999
PHONE: Final = re.compile(r"\+?[0-9]*")
USER_PREFIX: Final = {"open_id": "ou_", "union_id": "on_", "user_id": ""}


@dataclass(slots=True)
class Conversion:
    """One write call's view of its table, and the select options that it would add.

    Attributes:
        base: The base that holds the table.
        table: The table written to.
        switches: How strict to be.
        ids: Source of option ids.
        user_id_type: Kind of the user ids in the call.
        person: A person edits: rich text and links to files are taken as they are.
        options: Added options by field id.
        known: Ids of the options that may be used, by field id and name.
    """

    base: Base
    table: Table
    switches: FeishuSwitches
    ids: Ids
    user_id_type: str = "open_id"
    person: bool = False
    options: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    known: dict[str, dict[str, str]] = field(default_factory=dict)

    def row(self, columns: Mapping[str, Field], fields: object) -> dict[str, Stored | None]:
        """Stored values by field id of one record's `fields`; None clears a cell.

        Raises:
            Refused: With the code of the first value that does not fit.
        """
        if not isinstance(fields, dict):
            raise Refused(1254001)
        converted: dict[str, Stored | None] = {}
        for key, value in fields.items():
            column = columns.get(key)
            if column is None:
                raise Refused(1254045)
            if column.type in READ_ONLY:
                raise Refused(self.switches.read_only_code)
            converted[column.id] = (
                None if value is None else CONVERTERS[column.type](value, column, self)
            )
        return converted

    def option(self, column: Field, name: str, *, reuse: bool) -> str:
        """Id of the option with this name; an unknown one is added.

        With `reuse` false only options from before this call count, as on the platform: the
        same new name twice in one write makes two options.
        """
        known = self.known.get(column.id)
        if known is None:
            known = self.known[column.id] = {
                option["name"]: option["id"] for option in reversed(options_of(column))
            }
        if name in known:
            return known[name]
        added = self.options.setdefault(column.id, [])
        taken = {option["id"] for option in (*options_of(column), *added)}
        colour = (len(options_of(column)) + len(added)) % COLOURS
        identifier = self.ids.new("opt", taken)
        added.append({"id": identifier, "name": name, "color": colour})
        if reuse:
            known[name] = identifier
        return identifier


def text(value: object, column: Field, conversion: Conversion) -> Stored | None:
    """Text, barcode, e-mail: a string of at most 100,000 characters; "" empties the cell."""
    del column
    if conversion.person and isinstance(value, list):
        return RichText.of(value) or None
    if not isinstance(value, str):
        raise Refused(1254060)
    if len(value) > MAX_TEXT:
        raise Refused(1254130)
    return value or None


def number(value: object, column: Field, conversion: Conversion) -> Stored:
    """Number, progress, currency, rating: a JSON number, kept as a 64-bit float."""
    del column, conversion
    if type(value) is int:
        return value if -EXACT_INTEGERS <= value <= EXACT_INTEGERS else float(value)
    if type(value) is float:
        whole = value.is_integer() and abs(value) <= EXACT_INTEGERS
        return int(value) if whole else value
    raise Refused(1254061)


def single_select(value: object, column: Field, conversion: Conversion) -> Stored | None:
    """Name of an option."""
    if not isinstance(value, str):
        raise Refused(1254062)
    return conversion.option(column, value, reuse=True) if value else None


def multi_select(value: object, column: Field, conversion: Conversion) -> Stored | None:
    """Names of options."""
    if not isinstance(value, list) or len(value) > MAX_OPTIONS:
        raise Refused(1254063)
    if not all(isinstance(option, str) for option in value):
        raise Refused(1254063)
    return tuple(conversion.option(column, option, reuse=False) for option in value) or None


def date(value: object, column: Field, conversion: Conversion) -> Stored:
    """Milliseconds since 1970 as an integer; what looks like seconds is refused."""
    del column
    if type(value) is not int or value in SECONDS or value > LAST_INSTANT:
        raise Refused(1254064)
    if value < 0 and not conversion.switches.negative_dates:
        raise Refused(1254064)
    return value


def checkbox(value: object, column: Field, conversion: Conversion) -> Stored:
    """True or false."""
    del column, conversion
    if not isinstance(value, bool):
        raise Refused(1254065)
    return value


def phone(value: object, column: Field, conversion: Conversion) -> Stored | None:
    """Digits with an optional plus sign, at most 64 characters."""
    del column, conversion
    if not isinstance(value, str) or len(value) > MAX_PHONE or not PHONE.fullmatch(value):
        raise Refused(1254072)
    return value or None


def hyperlink(value: object, column: Field, conversion: Conversion) -> Stored:
    """An object of text and link."""
    del column, conversion
    if not isinstance(value, dict):
        raise Refused(1254068)
    shown, link = value.get("text"), value.get("link")
    if not isinstance(shown, str) or not isinstance(link, str):
        raise Refused(1254068)
    return (shown, link)


def _ids(value: object, key: str, prefix: str, limit: int, code: int) -> tuple[str, ...] | None:
    if not isinstance(value, list) or len(value) > limit:
        raise Refused(code)
    found: list[str] = []
    for entry in value:
        identifier = entry.get(key) if isinstance(entry, dict) else None
        if not isinstance(identifier, str) or not identifier.startswith(prefix):
            raise Refused(code)
        found.append(identifier)
    return tuple(found) or None


def user(value: object, column: Field, conversion: Conversion) -> Stored | None:
    """A list of objects with the id of a user."""
    del column
    prefix = USER_PREFIX.get(conversion.user_id_type, "ou_")
    return _ids(value, "id", prefix, MAX_USERS, 1254066)


def group(value: object, column: Field, conversion: Conversion) -> Stored | None:
    """A list of objects with the id of a chat; the code of its refusal is not documented."""
    del column, conversion
    return _ids(value, "id", "oc_", MAX_GROUPS, 1254015)


def attachment(value: object, column: Field, conversion: Conversion) -> Stored | None:
    """A list of objects with the token of a file that was uploaded to this base."""
    del column
    if isinstance(value, list) and len(value) > MAX_FILES:
        raise Refused(1254106)
    tokens = _ids(value, "file_token", "", MAX_FILES, 1254069)
    if tokens and any(token not in conversion.base.files for token in tokens):
        raise Refused(1254303)
    return tokens


def link(value: object, column: Field, conversion: Conversion) -> Stored | None:
    """Ids of records of the linked table."""
    code = 1254074 if column.type == Type.DUPLEX_LINK else 1254067
    target = conversion.base.tables.get(str((column.property or {}).get("table_id")))
    rows: Container[str] = target.records if target else ()
    if not isinstance(value, list) or len(value) > MAX_LINKS:
        raise Refused(code)
    if not all(isinstance(entry, str) and entry in rows for entry in value):
        raise Refused(code)
    return tuple(dict.fromkeys(value)) or None


def location(value: object, column: Field, conversion: Conversion) -> Stored:
    """Longitude and latitude as "lng,lat"; the code of its refusal is not documented."""
    del column, conversion
    try:
        longitude, latitude = (float(part) for part in str(value).split(","))
    except ValueError:
        raise Refused(1254015) from None
    if not isinstance(value, str) or abs(longitude) > 180 or abs(latitude) > 90:  # noqa: PLR2004  degrees
        raise Refused(1254015)
    return (longitude, latitude)


CONVERTERS: Final[dict[int, Callable[[object, Field, Conversion], Stored | None]]] = {
    Type.TEXT: text,
    Type.NUMBER: number,
    Type.SINGLE_SELECT: single_select,
    Type.MULTI_SELECT: multi_select,
    Type.DATE: date,
    Type.CHECKBOX: checkbox,
    Type.USER: user,
    Type.PHONE: phone,
    Type.URL: hyperlink,
    Type.ATTACHMENT: attachment,
    Type.LINK: link,
    Type.DUPLEX_LINK: link,
    Type.LOCATION: location,
    Type.GROUP: group,
}
