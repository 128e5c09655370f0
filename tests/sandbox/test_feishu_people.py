"""What tests and pages see and do without the API, and what outlives a restart."""

from __future__ import annotations

import datetime as dt
import uuid
from zoneinfo import ZoneInfo

import pytest
import requests

from platform_sandbox import Fault, Switches
from platform_sandbox.defaults import FEISHU_BASE
from platform_sandbox.feishu import FeishuSwitches
from platform_sandbox.testing import SandboxServer

COLUMNS = [
    {"field_name": "单元ID", "type": 1},
    {"field_name": "时间", "type": 5},
    {"field_name": "消耗(元)", "type": 2, "property": {"formatter": "0.00"}},
    {"field_name": "状态", "type": 3},
    {"field_name": "标签", "type": 4},
    {"field_name": "链接", "type": 15},
    {"field_name": "成本", "type": 20, "property": {"formula_expression": "[消耗(元)]/2"}},
]


@pytest.fixture
def sandbox(shared_sandbox):
    return shared_sandbox


@pytest.fixture
def table(sandbox):
    return sandbox.platform.feishu.base().create_table("日报", COLUMNS)


def test_people_see_plain_values_by_column_name(table):
    day = dt.date(2026, 2, 11)
    (record,) = table.add(
        [
            {
                "单元ID": "7604418424915820607",
                "时间": day,
                "消耗(元)": 700.0,
                "状态": "投放",
                "标签": ["甲", "乙"],
                "链接": {"text": "看", "link": "https://example.com"},
            }
        ]
    )
    midnight = dt.datetime(2026, 2, 11, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert table.rows() == [
        (
            record,
            {
                "单元ID": "7604418424915820607",
                "时间": int(midnight.timestamp() * 1000),
                "消耗(元)": 700,
                "状态": "投放",
                "标签": ["甲", "乙"],
                "链接": {"text": "看", "link": "https://example.com"},
                "成本": 350,
            },
        )
    ]


def test_people_change_and_delete_rows(table):
    first, second = table.add([{"单元ID": "1", "消耗(元)": 1}, {"单元ID": "2"}])
    table.set(first, {"消耗(元)": None, "状态": "暂停"})
    assert table.rows()[0] == (first, {"单元ID": "1", "状态": "暂停", "成本": 0})
    table.delete([first])
    assert [identifier for identifier, _ in table.rows()] == [second]
    table.clear()
    assert len(table) == 0


def test_people_change_columns(table, feishu_api):
    table.add([{"单元ID": "1", "状态": "投放"}])
    made = table.add_field({"field_name": "备注", "type": 1})
    table.rename_field("状态", "投放状态")
    table.delete_field("标签")
    names = [column["field_name"] for column in table.fields]
    assert names == ["单元ID", "时间", "消耗(元)", "投放状态", "链接", "成本", "备注"]
    assert table.field("备注").id == made
    assert feishu_api.create(table.id, {"备注": "x", "投放状态": "投放"}).code == 0
    with pytest.raises(KeyError, match="投放状态"):
        table.field("状态")


def test_api_and_people_share_one_table(sandbox, feishu_api, table):
    feishu_api.create(table.id, {"单元ID": "1"})
    (record,) = [identifier for identifier, _ in table.rows()]
    table.set(record, {"单元ID": "2"})
    assert feishu_api.cells(table.id)[0]["单元ID"][0]["text"] == "2"
    sandbox.platform.feishu.base().delete_table("日报")
    assert feishu_api.search(table.id).code == 1254041


def test_unknown_table_lists_those_there_are(sandbox, table):
    with pytest.raises(KeyError, match="数据表, 日报"):
        sandbox.platform.feishu.base().table("周报")


def test_rows_over_http(sandbox, table):
    table.add([{"单元ID": "1", "消耗(元)": 5}])
    url = f"{sandbox.url}/_sandbox/feishu/rows"
    answer = requests.get(url, params={"base": FEISHU_BASE, "table": "日报"}, timeout=9).json()
    (row,) = answer["rows"]
    assert row.pop("record_id").startswith("rec")
    assert row == {"单元ID": "1", "消耗(元)": 5, "成本": 2.5}
    missing = requests.get(url, params={"table": "周报"}, timeout=9)
    assert missing.status_code == 404
    assert "日报" in missing.json()["error"]


def test_second_base_with_a_wiki_node(sandbox, feishu_api):
    other = sandbox.platform.feishu.add_base("另一个", wiki_node="wikcnOther")
    node = "/open-apis/wiki/v2/spaces/get_node"
    assert feishu_api.send("GET", node, token="wikcnOther").data["node"]["obj_token"] == other.token
    other.set(time_zone="America/New_York")
    app = feishu_api.send("GET", f"/open-apis/bitable/v1/apps/{other.token}").data["app"]
    assert (app["name"], app["time_zone"]) == ("另一个", "America/New_York")


def test_reset_goes_back_to_the_first_day(sandbox, feishu_api, table):
    sandbox.platform.feishu.app(rights="none")
    sandbox.platform.feishu.switch(batch_cap=5)
    sandbox.platform.reset()
    assert [one.name for one in sandbox.platform.feishu.base().tables] == ["数据表"]
    assert sandbox.platform.feishu.switches.batch_cap == 1000
    assert feishu_api.send("GET", "").code == 99991663
    feishu_api.log_in()
    assert feishu_api.send("GET", "").code == 0


# ---------------------------------------------------------------- failures on demand


def test_lost_answer_is_replayed_by_its_client_token(sandbox, feishu_api, table):
    sandbox.platform.faults.add(Fault(path="batch_create", kind="cut_after"))
    token = str(uuid.uuid4())
    with pytest.raises(requests.ConnectionError):
        feishu_api.create(table.id, {"单元ID": "1"}, client_token=token)
    again = feishu_api.create(table.id, {"单元ID": "1"}, client_token=token)
    assert [record["record_id"] for record in again.data["records"]] == [table.rows()[0][0]]
    assert len(table) == 1


def test_lost_answer_without_a_client_token_makes_a_second_row(sandbox, feishu_api, table):
    sandbox.platform.faults.add(Fault(path="batch_create", kind="cut_after"))
    with pytest.raises(requests.ConnectionError):
        feishu_api.create(table.id, {"单元ID": "1"})
    feishu_api.create(table.id, {"单元ID": "1"})
    assert len(table) == 2


@pytest.mark.parametrize(
    ("code", "status"),
    [(1254291, 200), (1254607, 400), (1255001, 200), (1255040, 504), (99991400, 429)],
)
@pytest.mark.parametrize(("kind", "rows"), [("code", 0), ("code_after", 1)])
def test_failures_speak_as_the_platform_does(sandbox, feishu_api, table, code, status, kind, rows):  # noqa: PLR0917  two tables of cases
    sandbox.platform.faults.add(Fault(path="batch_create", kind=kind, code=code))
    reply = feishu_api.create(table.id, {"单元ID": "1"})
    assert (reply.status, reply.code) == (status, code)
    assert reply.envelope["error"]["log_id"] == reply.headers["x-tt-logid"]
    assert len(table) == rows


# ---------------------------------------------------------------- restarts


def test_everything_but_tokens_outlives_a_restart(tmp_path):
    with SandboxServer(tmp_path) as first:
        base = first.platform.feishu.base()
        base.add_file("boxcn1")
        table = base.create_table("日报", [*COLUMNS, {"field_name": "附件", "type": 17}])
        table.add(
            [
                {"单元ID": [{"type": "mention", "text": "@张三"}, {"type": "text", "text": "!"}]},
                {"单元ID": "1", "标签": ["甲"], "附件": [{"file_token": "boxcn1"}]},
            ]
        )
        before = table.rows()
        ids = (table.id, [column["field_id"] for column in table.fields])
    with SandboxServer(tmp_path) as second:
        table = second.platform.feishu.base().table("日报")
        assert table.rows() == before
        assert (table.id, [column["field_id"] for column in table.fields]) == ids
        (third,) = table.add([{"单元ID": "2"}])
        assert third not in {identifier for identifier, _ in before}
        assert table.model.records[third].serial == 3


def test_deleted_rows_and_tables_stay_deleted_after_a_restart(tmp_path):
    with SandboxServer(tmp_path) as first:
        base = first.platform.feishu.base()
        table = base.create_table("日报", COLUMNS, [{"单元ID": "1"}, {"单元ID": "2"}])
        table.delete([table.rows()[0][0]])
        base.delete_table("数据表")
    with SandboxServer(tmp_path) as second:
        (table,) = second.platform.feishu.base().tables
        assert [values["单元ID"] for _, values in table.rows()] == ["2"]


def test_switches_can_be_set_from_the_start():
    switches = Switches(feishu=FeishuSwitches(rows_in_new_base=3))
    with SandboxServer(switches=switches) as server:
        assert len(server.platform.feishu.base().tables[0]) == 3


def test_thousands_of_rows_are_paged_and_filtered(sandbox, feishu_api, table):
    table.add({"单元ID": str(n), "消耗(元)": n % 100} for n in range(5000))
    seen, token = 0, ""
    while True:
        reply = feishu_api.search(table.id, page_size=500, page_token=token)
        seen += len(reply.data["items"])
        if not reply.data["has_more"]:
            break
        token = reply.data["page_token"]
    assert seen == 5000
    condition = {"field_name": "消耗(元)", "operator": "isGreaterEqual", "value": ["98"]}
    body = {"filter": {"conjunction": "and", "conditions": [condition]}}
    assert feishu_api.search(table.id, body).data["total"] == 100
