from __future__ import annotations

import pytest

from platform_sandbox.defaults import FEISHU_BASE, FEISHU_WIKI_NODE
from target_feishu_bitable.errors import ConfigError
from target_feishu_bitable.locate import Place, read_bitable

TOKEN = "bascnABCDEF0123456789abcdef"


@pytest.mark.parametrize(
    ("setting", "place"),
    [
        (TOKEN, Place(TOKEN, None, None)),
        (f"  {TOKEN} ", Place(TOKEN, None, None)),
        (f"https://x.feishu.cn/base/{TOKEN}", Place(TOKEN, None, None)),
        (f"https://x.feishu.cn/base/{TOKEN}?table=tbl1&view=vew2", Place(TOKEN, None, "tbl1")),
        (
            f"https://x.larksuite.com/base/{TOKEN}?view=vew2&table=tbl1#a",
            Place(TOKEN, None, "tbl1"),
        ),
        (f"https://x.feishu.cn/bitable/{TOKEN}/", Place(TOKEN, None, None)),
        (f"https://x.feishu.cn/base/{TOKEN}?table=blk1", Place(TOKEN, None, None)),
        (f"x.feishu.cn/base/{TOKEN}?table=ldx1", Place(TOKEN, None, None)),
        (f"https://x.feishu.cn/wiki/{TOKEN}?table=tbl1", Place(None, TOKEN, "tbl1")),
        (f"{TOKEN}_tblABC", Place(TOKEN, None, "tblABC")),
    ],
)
def test_reads_tokens_and_links(setting, place):
    assert read_bitable(setting) == place


@pytest.mark.parametrize(
    "setting",
    [
        "https://x.feishu.cn/docx/" + TOKEN,
        "https://x.feishu.cn/base/",
        "单元日报",
        "a b",
        "bas-x/y",
    ],
)
def test_anything_else_is_refused_with_what_to_do(setting):
    with pytest.raises(ConfigError, match=r"Setting bitable .* copy the address"):
        read_bitable(setting)


@pytest.mark.parametrize("host", ["feishu.cn", "larksuite.com"])
def test_a_wiki_page_leads_to_its_base(job, host):
    table = job.make_table()
    link = f"https://x.{host}/wiki/{FEISHU_WIKI_NODE}?table={table.id}"
    outcome = job.load(job.row("2026-11-01", 1), bitable=link, table="")
    assert len(job.cells()) == 1
    assert job.requests.count("get_node") == 1
    assert outcome.counts["table_url"] == f"https://x.{host}/base/{FEISHU_BASE}?table={table.id}"


def test_the_token_of_a_wiki_page_is_not_that_of_the_base(job):
    outcome = job.run(job.schema(), bitable=FEISHU_WIKI_NODE)
    assert "91402" in str(outcome.error)
    assert "/wiki/" in str(outcome.error)


def test_a_wiki_page_that_shows_something_else_is_named(job):
    job.feishu.state.nodes["wikcnDocument00000000000001"] = ("docx", "doxcnX")
    link = "https://x.feishu.cn/wiki/wikcnDocument00000000000001"
    outcome = job.run(job.schema(), bitable=link)
    assert "docx" in str(outcome.error)


def test_the_table_of_the_link_is_used(job):
    table = job.make_table(name="另一张")
    link = f"https://x.feishu.cn/base/{FEISHU_BASE}?table={table.id}"
    job.load(job.row("2026-11-01", 1), bitable=link, table="")
    assert len(table) == 1
    assert job.requests.count("/tables", method="GET") == 1  # its columns; no list of tables


def test_columns_are_found_beyond_the_first_page_of_the_list(job):
    table = job.make_table()
    for number in range(150):
        table.add_field({"field_name": f"x{number}", "type": 1})
    table.delete_field("clicks")
    table.add_field({"field_name": "clicks", "type": 2})
    job.load(job.row("2026-11-01", 1))
    assert job.cells()[0]["clicks"] == 1


def test_a_table_that_does_not_exist_is_an_error_with_its_id(job):
    outcome = job.run(job.schema(), table="tblDoesNotExist01")
    assert "tblDoesNotExist01" in str(outcome.error)
    assert job.requests.writes == 0


def test_a_missing_table_is_made_with_the_key_first_and_no_blank_rows(job):
    job.feishu.switch(rows_in_new_table=7)
    outcome = job.load(job.row("2026-11-01", 1))
    fields = job.table.fields
    assert [one["field_name"] for one in fields] == ["day", "unit_id", "name", "cost", "clicks"]
    assert fields[0]["is_primary"]
    assert [one["property"].get("formatter") for one in fields[3:]] == ["0.00", "0"]
    assert len(job.table) == outcome.counts["rows_in_table"] == 1


def test_blank_rows_of_an_existing_table_are_left_alone(job):
    job.make_table([{}, {}])
    job.load(job.row("2026-11-01", 1))
    assert len(job.table) == 3


def test_nothing_is_made_when_it_may_not_be(job):
    outcome = job.run(job.schema(), create_missing=False)
    assert "create_missing is off" in str(outcome.error)
    job.make_table(columns=[{"field_name": "unit_id", "type": 1}])
    outcome = job.run(job.schema(), create_missing=False)
    for name in ("day", "name", "cost", "clicks"):
        assert f"{name}:" in str(outcome.error)
    assert job.requests.writes == 0


def test_two_streams_need_two_tables(job):
    other = job.schema("other", keys=["unit_id"])
    outcome = job.run(job.schema(), other)
    assert "would write one table" in str(outcome.error)


def test_streams_without_a_table_get_one_of_their_name(job):
    outcome = job.run(
        job.schema("a/b"), job.record({"day": "2026-11-01", "unit_id": "1"}, "a/b"), table=""
    )
    assert outcome.error is None
    assert len(job.feishu.base().table("a_b")) == 1


def test_a_table_name_that_the_platform_refuses_is_told_before_any_write(job):
    outcome = job.run(job.schema(), table="a/b")
    assert "'a/b'" in str(outcome.error)
    assert job.requests.writes == 0
