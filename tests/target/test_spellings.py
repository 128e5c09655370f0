"""Days in text columns, in whatever way people spell them, are found in large tables too."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from target_feishu_bitable.days import BLANKS, MARKS, read_day, short_day
from target_feishu_bitable.fields import Column, codec
from target_feishu_bitable.schema import Binding
from target_feishu_bitable.spellings import Spellings, strange_days

ZONE = ZoneInfo("Asia/Shanghai")
FIRST = date(2025, 1, 1)
LONG = "报表的日期（按北京时间，由系统每天写入，请勿修改）" * 3
SPELLED = (
    "{0.year}/{0.month}/{0.day}",
    "{0:%Y/%m/%d}",
    "{0.year}.{0.month}.{0.day}",
    "{0.year}年{0.month}月{0.day}日",
    "{0.year}-{0.month}-{0.day}",
    "{0.year}-{0.month}-{0:%d}",
    "{0:%Y-%m}-{0.day}",
    "{0:%Y-%m-%d} 00:00:00",
    "{0:%Y-%m-%d}T00",
    "{0:%Y%m%d}",
    "{0:%Y%m%d}T000000",
    *("{0:%Y-%m-%d}" + blank for blank in BLANKS),
    "\u3000{0:%Y-%m-%d}",
)


def day(number):
    return (FIRST + timedelta(days=number)).isoformat()


def bind(name):
    column = Column("fld1", name, 1, "Text", None, is_primary=False)
    schema = {"type": "string", "format": "date"}
    made = codec(column, schema, property_name=name, is_key=True, zone=ZONE)
    return Binding(name, column, made, is_key=True)


def matches(asked, text):
    """What the platform does with a filter."""
    does = {
        "contains": lambda value: value in text,
        "doesNotContain": lambda value: value not in text,
        "is": lambda value: value == text,
    }
    every = {"and": all, "or": any}[asked["conjunction"]]
    found = [does[one["operator"]](one["value"][0]) for one in asked["conditions"]]
    return every([*found, *(matches(one, text) for one in asked.get("children", ()))])


@pytest.mark.parametrize(
    ("name", "spelled"),
    [*(("day", one) for one in SPELLED), *((LONG, one) for one in SPELLED[::5])],
    ids=lambda one: ascii(one)[:40],
)
@pytest.mark.parametrize("old", [date(2025, 1, 4), date(2025, 12, 1)])
def test_days_in_texts_that_are_spelled_in_other_ways_are_found(job, name, spelled, old):
    strange = job.row(old.isoformat(), 7) | {"day": spelled.format(old)}
    rows = [*(job.row(day(one), unit) for one in range(40) for unit in range(100)), strange]
    fields = [{"field_name": "unit_id", "type": 1}, {"field_name": name, "type": 1}]
    job.make_table(({"unit_id": row["unit_id"], name: row["day"]} for row in rows), columns=fields)
    columns = {"day": name, "name": False, "cost": False, "clicks": False}

    outcome = job.load(
        job.row(old.isoformat(), 7), tables={"promotion_report": {"columns": columns}}
    )

    assert outcome.error is None
    assert (outcome.counts["created"], outcome.counts["unchanged"]) == (0, 1)
    assert outcome.counts["duplicates"] == (old.isoformat() <= day(39))


def test_other_texts_in_a_column_of_days_do_not_make_it_strange(job):
    rows = [job.row(day(one), unit) for one in range(40) for unit in range(100)]
    job.make_table([*rows, *({"day": text, "unit_id": "1"} for text in ("合计", "备注", "-"))])

    outcome = job.load(*(job.row(day(39), unit) for unit in range(100)))

    assert outcome.counts["unchanged"] == 100
    assert sum(one.path.endswith("/search") for one in job.requests.entries) == 3


@given(
    st.dates(date(1900, 1, 1), date(2099, 12, 31)),
    st.sampled_from(SPELLED),
    st.sampled_from(["", *BLANKS]),
    st.text(max_size=3),
)
@example(date(2026, 2, 1), "{0:%Y-%m-%d}", "", "日")
@example(date(2026, 2, 1), "{0:%G-W%V-%u}", "", "")
@example(date(2026, 2, 1), "{0.year}-{0.month}/{0.day}", "", "")
def test_what_is_read_as_a_day_is_what_a_search_finds(which, spelled, before, after):
    text = before + spelled.format(which) + after
    found = read_day(text, ZONE)
    if found is None or text == found:
        return
    short = short_day(found)
    asked = strange_days(bind("day"), [short] if short else [], (*BLANKS, *MARKS))
    assert any(matches(one, text) for one in asked)


@given(st.dates(date(1000, 1, 1), date(9999, 12, 31)))
def test_days_as_this_target_writes_them_are_not_strange(which):
    (asked,) = strange_days(bind("day"), [], (*BLANKS, *MARKS))
    assert not matches(asked, which.isoformat())


def test_thirty_days_and_all_marks_fit_into_one_search():
    short = {one for number in range(31, 62) if (one := short_day(day(number)))}
    assert len(short) == 12
    assert len(strange_days(bind("时间"), short, (*BLANKS, *MARKS))) == 1
    assert len(strange_days(bind(LONG), short, (*BLANKS, *MARKS))) > 1


def test_nothing_is_asked_twice():
    asked = []
    spellings = Spellings(lambda one: asked.append(one) or 0)
    for days in ([day(0), day(20)], [day(0)], [day(0), day(1)], [day(21)]):
        assert not spellings.are_strange(bind("day"), days, total=1_000)
    assert len(asked) == 2
    assert [one["value"] for one in asked[1]["conditions"]] == [["2025-01-2"]]


def test_a_platform_that_trims_blanks_is_asked_without_them():
    def found(asked):
        return 1_000 if any(one["value"] == [" "] for one in asked["conditions"]) else 0

    assert not Spellings(found).are_strange(bind("day"), [day(0)], total=1_000)


def test_an_empty_table_is_asked_once():
    asked = []

    assert not Spellings(lambda one: asked.append(one) or 0).are_strange(
        bind("day"), [day(0)], total=0
    )
    assert len(asked) == 1


def test_a_table_of_strange_days_alone_is_strange():
    assert Spellings(lambda _: 1_000).are_strange(bind("day"), [day(0)], total=1_000)
