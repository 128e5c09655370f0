"""Number, currency, progress and rating: the formats that each of them takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from platform_sandbox.feishu.codes import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

NUMBER_FORMATS: Final = frozenset(
    [
        "0",
        "0.0",
        "0.00",
        "0.000",
        "0.0000",
        "1,000",
        "1,000.00",
        "%",
        "0.00%",
        "¥",
        "¥0.00",
        "$",
        "$0.00",
    ],
)
DECIMALS: Final = frozenset({"0", "0.0", "0.00", "0.000", "0.0000"})
PROGRESS_FORMATS: Final = frozenset({"0", "0.0", "0.00", "0%", "0.0%", "0.00%"})
CURRENCIES: Final = frozenset(
    [
        "CNY",
        "USD",
        "EUR",
        "GBP",
        "AED",
        "AUD",
        "BRL",
        "CAD",
        "CHF",
        "HKD",
        "INR",
        "IDR",
        "JPY",
        "KRW",
        "MOP",
        "MXN",
        "MYR",
        "PHP",
        "PLN",
        "RUB",
        "SGD",
        "THB",
        "TRY",
        "TWD",
        "VND",
    ],
)
SYMBOLS: Final = frozenset(
    ["star", "heart", "thumbsup", "fire", "smile", "lightning", "flower", "number"]
)
MAX_RATING: Final = 10


def _number(sent: dict[str, Any]) -> dict[str, Any]:
    formatter = sent.get("formatter", "0.0")
    if formatter not in NUMBER_FORMATS:
        raise Refused(1254081)
    return {"formatter": formatter}


def _currency(sent: dict[str, Any]) -> dict[str, Any]:
    if sent.get("formatter") not in DECIMALS or sent.get("currency_code") not in CURRENCIES:
        raise Refused(1254081)
    return {"formatter": sent["formatter"], "currency_code": sent["currency_code"]}


def _progress(sent: dict[str, Any]) -> dict[str, Any]:
    formatter = sent.get("formatter", "0%")
    if formatter not in PROGRESS_FORMATS:
        raise Refused(1254081)
    shown: dict[str, Any] = {"formatter": formatter}
    if sent.get("range_customize"):
        low, high = sent.get("min"), sent.get("max")
        if not isinstance(low, int | float) or not isinstance(high, int | float) or low >= high:
            raise Refused(1254081)
        shown |= {"range_customize": True, "min": low, "max": high}
    return shown


def _rating(sent: dict[str, Any]) -> dict[str, Any]:
    low, high = sent.get("min", 1), sent.get("max", 5)
    symbol = (sent.get("rating") or {}).get("symbol", "star")
    if low not in {0, 1} or type(high) is not int or not 1 <= high <= MAX_RATING:
        raise Refused(1254081)
    if symbol not in SYMBOLS:
        raise Refused(1254081)
    return {"formatter": "0", "min": low, "max": high, "rating": {"symbol": symbol}}


NUMBERS: Final[dict[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {
    "Number": _number,
    "Currency": _currency,
    "Progress": _progress,
    "Rating": _rating,
}
