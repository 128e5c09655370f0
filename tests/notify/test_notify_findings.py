"""Rules about figures that want a person's attention."""

from __future__ import annotations

import pytest

from feishu_notify.findings import findings
from feishu_notify.story import PluginStory, RunStory
from feishu_notify.summaries import Day, TapStream, TapSummary, TargetSummary, parse
from feishu_notify.texts import Texts
from target_feishu_bitable import limits


def day(number, rows=10, cost=100.0, conversions=10.0):
    return Day(f"2026-02-{number:02d}", rows, cost, conversions, None)


def story(*days, left=29, stream="promotion_report"):
    return RunStory(summaries=(TapSummary((TapStream(stream, days=tuple(days)),), left),))


def keys(told, percent=200):
    return [finding.key for finding in findings(told, percent)]


WEEK = [day(number) for number in range(1, 8)]


def test_ordinary_days_are_no_finding():
    assert keys(story(*WEEK, day(8))) == []
    assert keys(RunStory()) == []


@pytest.mark.parametrize(("cost", "found"), [(300.0, False), (300.01, True), (0.0, False)])
def test_day_far_above_the_mean_is_found(cost, found):
    told = story(*WEEK, day(8, cost=cost))
    assert keys(told) == (["anomaly_cost"] if found else [])


def test_smaller_percentage_finds_days_below_the_mean_too():
    told = story(*WEEK, day(8, cost=10.0, conversions=2))
    assert keys(told, 80) == ["anomaly_cost"]
    assert keys(told, 50) == ["anomaly_cost", "anomaly_conversions"]
    (first, _) = findings(told, 50)
    assert first.values == {
        "date": "2026-02-08",
        "value": "10.00",
        "mean": "100.00",
        "percent": "-90",
    }


def test_six_other_days_are_too_few_to_compare():
    assert keys(story(*WEEK[1:], day(8, cost=10_000))) == []


def test_metrics_that_were_not_read_are_not_compared():
    week = [day(number, cost=None) for number in range(1, 8)]
    assert keys(story(*week, day(8, cost=None, conversions=500))) == ["anomaly_conversions"]


def test_day_after_days_of_nothing_is_not_compared():
    nothing = [day(number, cost=0.0, conversions=0) for number in range(1, 8)]
    assert keys(story(*nothing, day(8, cost=9_999))) == []


def test_last_day_without_rows_is_found_when_the_days_before_had_some():
    empty = day(8, rows=0, cost=0.0, conversions=0)
    assert keys(story(*WEEK, empty)) == ["no_rows"]
    assert keys(story(day(7, rows=0), empty)) == []
    assert keys(story(empty)) == []


@pytest.mark.parametrize(("left", "found"), [(8, False), (7, False), (6, True), (0, True)])
def test_refresh_token_that_ends_within_a_week_is_found(left, found):
    assert keys(story(*WEEK, left=left)) == (["token_expires"] if found else [])


def test_duplicates_are_found_and_not_told_twice():
    stream = {"table": "tbl1", "created": 1, "duplicates": 4}
    target = parse({"streams": {"promotion_report": stream}})
    assert isinstance(target, TargetSummary)
    said = PluginStory(
        "target-x", "loaders", warnings=("4 duplicate rows: …", "81 % of the row limit")
    )
    told = RunStory(summaries=(target,), plugins=(said,))
    assert keys(told) == ["duplicates", "row_limit"]


@pytest.mark.parametrize(("rows", "zh"), [(19_000, "接近上限"), (81_683, "超过设置的上限")])
def test_table_beyond_its_row_limit_is_not_called_nearly_full(rows, zh):
    text = limits.warning("日报", rows=rows, limit=20_000, created=0, days=None)
    (finding,) = findings(RunStory(plugins=(PluginStory("target-x", warnings=(text,)),)), 200)
    assert Texts("zh")(finding.key, **finding.values) == f"表格行数{zh}：{text}"
    said = Texts("en")(finding.key, **finding.values)
    assert said.startswith("the table has passed") == (rows > 20_000)


def test_finding_hides_only_the_warning_that_says_the_same():
    unsaved = "The new refresh token is not saved: the disk is full"
    ending = "The refresh token ends in 3 day(s): authorise again in time."
    repeated = "4 row(s) repeat the key of an older one: see `check-duplicates`."
    said = PluginStory("x", warnings=(unsaved, ending, repeated))
    stream = {"table": "tbl1", "created": 1, "duplicates": 4}
    target = parse({"streams": {"promotion_report": stream}})

    def texts(*summaries):
        told = findings(RunStory(summaries=summaries, plugins=(said,)), 200)
        return [finding.values.get("text", finding.key) for finding in told]

    assert texts(target) == ["duplicates", unsaved, ending]
    assert texts(TapSummary((), 3)) == ["token_expires", unsaved, repeated]
    quiet = TapSummary((TapStream("promotion_report", days=(*WEEK, day(8, cost=9_999))),), 30)
    assert texts(quiet) == ["anomaly_cost", unsaved, ending, repeated]


def test_unit_report_speaks_when_several_streams_have_days():
    hourly = TapStream("account_report", days=(*WEEK, day(8, cost=9_999)))
    units = TapStream("promotion_report", days=(*WEEK, day(8)))
    assert keys(RunStory(summaries=(TapSummary((hourly, units)),))) == []


def test_decimals_that_travel_as_texts_are_numbers():
    days = [{"date": "2026-02-08", "rows": "3", "stat_cost": "12.50", "convert_cnt": None}]
    tap = parse({"streams": {"s": {"days": days, "accounts": 2.0}}, "refresh_token_days_left": "3"})
    assert isinstance(tap, TapSummary)
    assert tap.streams[0].days == (Day("2026-02-08", 3, 12.5, None, None),)
    assert tap.refresh_token_days_left == 3
