"""Metrics of the local/report calls: which exist, and how each follows from a unit's numbers.

Names and types: the vendor's SDK v1.1.93 (GO models of local/report). Counts and money of a group
are sums over its units, ratios are computed from the sums.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from platform_sandbox.oceanengine.numbers import Numbers

_COST, _SHOW, _CLICK, _CONVERT, _ATTR, _SEVEN, _LEAD, _ATTR_LEAD = range(8)
_FIELDS: Final[dict[str, tuple[int, int]]] = {
    # count metric: (the number it follows, per mille of it)
    "show_cnt": (_SHOW, 1000),
    "click_cnt": (_CLICK, 1000),
    "convert_cnt": (_CONVERT, 1000),
    "clue_pay_order_cnt": (_LEAD, 1000),
    "clue_message_count": (_CONVERT, 300),
    "form_cnt": (_CONVERT, 450),
    "intention_form_cnt": (_CONVERT, 200),
    "intention_message_clue_cnt": (_CONVERT, 120),
    "intention_phone_cnt": (_CONVERT, 100),
    "message_action_cnt": (_CLICK, 90),
    "phone_confirm_cnt": (_CLICK, 40),
    "phone_connect_cnt": (_CONVERT, 250),
    "attribution_convert_cnt": (_ATTR, 1000),
    "attribution_clue_pay_order_cnt": (_ATTR_LEAD, 1000),
    "attribution_clue_confirm": (_ATTR, 180),
    "attribution_clue_high_intention": (_ATTR, 80),
    "attribution_clue_message_cnt": (_ATTR, 300),
    "attribution_conversion_class_count": (_ATTR, 60),
    "attribution_form_cnt": (_ATTR, 450),
    "attribution_intention_form_cnt": (_ATTR, 200),
    "attribution_intention_message_clue_cnt": (_ATTR, 120),
    "attribution_intention_phone_cnt": (_ATTR, 100),
    "attribution_message_action_cnt": (_ATTR, 700),
    "attribution_phone_confirm_cnt": (_ATTR, 350),
    "attribution_phone_connect_cnt": (_ATTR, 250),
    "live_oto_pay_order_count": (_CONVERT, 150),
    "oto_pay_order_count": (_CONVERT, 400),
    "video_oto_pay_order_count": (_CONVERT, 250),
    "video_oto_pay_order_count_7d": (_SEVEN, 1000),
    "dy_collect": (_CLICK, 60),
    "dy_comment": (_CLICK, 50),
    "dy_follow": (_CLICK, 80),
    "dy_home_visited": (_CLICK, 400),
    "dy_like": (_CLICK, 900),
    "dy_share": (_CLICK, 40),
    "poi_recommend_count": (_CLICK, 700),
    "play_25_feed_break": (_SHOW, 300),
    "play_50_feed_break": (_SHOW, 160),
    "play_75_feed_break": (_SHOW, 90),
    "play_duration_3s": (_SHOW, 380),
    "play_duration_5s": (_SHOW, 220),
    "play_over": (_SHOW, 50),
    "total_play": (_SHOW, 980),
    "live_groupon_product_click_count": (_CLICK, 120),
    "live_watch_one_minute_count": (_CLICK, 100),
    "luban_live_comment_cnt": (_CLICK, 90),
    "luban_live_enter_cnt": (_CLICK, 500),
    "luban_live_share_cnt": (_CLICK, 20),
    # only in the audience report
    "life_convert_cnt": (_CONVERT, 1000),
    "live_oto_pay_order_count_for_roi2": (_CONVERT, 0),
    "live_show_count_for_roi2": (_SHOW, 0),
    "live_watch_count_for_roi2": (_SHOW, 0),
    "video_oto_pay_order_count_for_roi2": (_CONVERT, 0),
}
_AMOUNTS: Final[dict[str, str]] = {
    # money metric: the count of orders it is the value of
    "oto_pay_order_amount": "oto_pay_order_count",
    "live_oto_pay_order_stat_amount": "live_oto_pay_order_count",
    "video_oto_pay_order_stat_amount": "video_oto_pay_order_count",
    "video_oto_pay_order_stat_amount_7d": "video_oto_pay_order_count_7d",
    "live_oto_pay_order_stat_amount_for_roi2": "live_oto_pay_order_count_for_roi2",
    "video_oto_pay_order_stat_amount_for_roi2": "video_oto_pay_order_count_for_roi2",
    "live_stat_cost_for_roi2": "live_oto_pay_order_count_for_roi2",
    "video_stat_cost_for_roi2": "video_oto_pay_order_count_for_roi2",
}


class Ratio(NamedTuple):
    """A metric that is a quotient: `over / under * scale`, 2 decimals."""

    over: str
    under: str
    scale: int


_RATIOS: Final[dict[str, Ratio]] = {
    "cpc_platform": Ratio("stat_cost", "click_cnt", 1),
    "cpm_platform": Ratio("stat_cost", "show_cnt", 1000),
    "ctr": Ratio("click_cnt", "show_cnt", 100),
    "conversion_cost": Ratio("stat_cost", "convert_cnt", 1),
    "conversion_rate": Ratio("convert_cnt", "click_cnt", 100),
    "attribution_convert_cost": Ratio("stat_cost", "attribution_convert_cnt", 1),
    "attribution_conversion_rate": Ratio("attribution_convert_cnt", "click_cnt", 100),
    "attribution_clue_confirm_cost": Ratio("stat_cost", "attribution_clue_confirm", 1),
    "attribution_clue_high_intention_cost": Ratio(
        "stat_cost", "attribution_clue_high_intention", 1
    ),
    "attribution_conversion_class_cost": Ratio(
        "stat_cost", "attribution_conversion_class_count", 1
    ),
    "attribution_intention_message_clue_cost": Ratio(
        "stat_cost", "attribution_intention_message_clue_cnt", 1
    ),
    "cost_per_video_oto_pay_order_7d": Ratio("stat_cost", "video_oto_pay_order_count_7d", 1),
    "live_oto_pay_order_roi": Ratio("live_oto_pay_order_stat_amount", "stat_cost", 1),
    "oto_pay_order_roi": Ratio("oto_pay_order_amount", "stat_cost", 1),
    "video_oto_pay_order_roi": Ratio("video_oto_pay_order_stat_amount", "stat_cost", 1),
    "video_oto_pay_order_roi_7d": Ratio("video_oto_pay_order_stat_amount_7d", "stat_cost", 1),
    "dy_like_rate": Ratio("dy_like", "show_cnt", 100),
    "play_duration_5s_show_cnt_rate": Ratio("play_duration_5s", "show_cnt", 100),
    "play_over_rate": Ratio("play_over", "total_play", 100),
    "live_cost_per_oto_pay_order_for_roi2_new": Ratio(
        "live_stat_cost_for_roi2", "live_oto_pay_order_count_for_roi2", 1
    ),
    "video_cost_per_oto_pay_order_for_roi2_new": Ratio(
        "video_stat_cost_for_roi2", "video_oto_pay_order_count_for_roi2", 1
    ),
    "video_oto_pay_order_roi2_new": Ratio(
        "video_oto_pay_order_stat_amount_for_roi2", "video_stat_cost_for_roi2", 1
    ),
}
_ONLY_AUDIENCE: Final = frozenset(
    name for name in (*_FIELDS, *_AMOUNTS, *_RATIOS) if "roi2" in name or name == "life_convert_cnt"
)

REPORT_METRICS: Final = frozenset({"stat_cost", *_FIELDS, *_AMOUNTS, *_RATIOS}) - _ONLY_AUDIENCE
"""Every metric of account, project and promotion reports."""
MATERIAL_METRICS: Final = REPORT_METRICS - {"poi_recommend_count"}
AUDIENCE_METRICS: Final = _ONLY_AUDIENCE | {
    "click_cnt", "clue_message_count", "clue_pay_order_cnt", "conversion_cost", "conversion_rate",
    "convert_cnt", "ctr", "dy_follow", "form_cnt", "intention_form_cnt", "intention_phone_cnt",
    "live_oto_pay_order_count", "live_oto_pay_order_stat_amount", "luban_live_enter_cnt",
    "message_action_cnt", "phone_connect_cnt", "poi_recommend_count", "show_cnt", "stat_cost",
    "total_play", "video_oto_pay_order_count", "video_oto_pay_order_stat_amount",
}  # fmt: skip
MONEY: Final = frozenset({"stat_cost", *_AMOUNTS})
RATIOS: Final = frozenset(_RATIOS)


def additive(name: str, numbers: Numbers) -> int:
    """A count, or an amount in fen, of one unit."""
    if name == "stat_cost":
        return numbers.cost
    orders = _AMOUNTS.get(name)
    if orders is not None:
        return additive(orders, numbers) * (3900 + numbers.bits % 40 * 500)
    source, share = _FIELDS[name]
    value = numbers[source]
    if share == 1000 or value == 0:  # noqa: PLR2004  the number itself
        return value
    # The last piece is rounded up or down by bits of the row, so that rows differ.
    return (value * share + (numbers.bits >> share % 53 & 1023) * 999 // 1024) // 1000


def parts_of(names: Iterable[str]) -> tuple[str, ...]:
    """The counts and amounts that a list of metrics is computed from."""
    parts: dict[str, None] = {}
    for name in names:
        ratio = _RATIOS.get(name)
        parts.update(dict.fromkeys((ratio.over, ratio.under) if ratio else (name,)))
    return tuple(parts)


def value_of(name: str, sums: dict[str, int]) -> float | int | None:
    """A metric of a row from its sums; yuan for money; None for a quotient by zero."""
    ratio = _RATIOS.get(name)
    if ratio is None:
        return sums[name] / 100 if name in MONEY else sums[name]
    over, under = sums[ratio.over], sums[ratio.under]
    if under == 0:
        return None
    # In hundredths, half up, without floats: money stands in fen already.
    factor = 1 if ratio.over in MONEY else 100
    if ratio.under in MONEY:
        factor *= 100
    return (2 * over * ratio.scale * factor + under) // (2 * under) / 100
