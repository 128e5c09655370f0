"""Record writes: all or nothing, value by value as strict as the platform."""

from __future__ import annotations

import threading
import time
import uuid

import pytest
import requests

from platform_sandbox.defaults import FEISHU_BASE

COLUMNS = [
    {"field_name": "单元ID", "type": 1},
    {"field_name": "消耗", "type": 2},
    {"field_name": "状态", "type": 3},
    {"field_name": "标签", "type": 4},
    {"field_name": "日期", "type": 5},
    {"field_name": "核对", "type": 7},
    {"field_name": "负责人", "type": 11},
    {"field_name": "电话", "type": 13},
    {"field_name": "链接", "type": 15},
    {"field_name": "附件", "type": 17},
    {"field_name": "位置", "type": 22},
    {"field_name": "群", "type": 23},
    {"field_name": "邮箱", "type": 1, "ui_type": "Email"},
    {"field_name": "创建时间", "type": 1001},
    {"field_name": "修改时间", "type": 1002},
    {"field_name": "创建人", "type": 1003},
    {"field_name": "修改人", "type": 1004},
    {"field_name": "编号", "type": 1005},
    {"field_name": "双倍", "type": 20, "property": {"formula_expression": "[消耗]*2"}},
]
DAY = 1_770_739_200_000


@pytest.fixture
def sandbox(shared_sandbox):
    return shared_sandbox


@pytest.fixture
def table(feishu_api):
    return feishu_api.table(*COLUMNS)


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("单元ID", 7604418424915820607, 1254060),
        ("单元ID", [{"text": "x", "type": "text"}], 1254060),
        ("单元ID", "x" * 100_001, 1254130),
        ("消耗", "700.0", 1254061),
        ("消耗", True, 1254061),
        ("状态", ["投放"], 1254062),
        ("标签", "投放", 1254063),
        ("标签", [1], 1254063),
        ("日期", "2026-02-11", 1254064),
        ("日期", 1_770_739_200, 1254064),
        ("日期", 1.770739200000e12, 1254064),
        ("日期", -1, 1254064),
        ("核对", "true", 1254065),
        ("核对", 1, 1254065),
        ("负责人", {"id": "ou_1"}, 1254066),
        ("负责人", [{"id": "zhang"}], 1254066),
        ("电话", "139-0000", 1254072),
        ("电话", "1" * 65, 1254072),
        ("链接", "https://example.com", 1254068),
        ("链接", {"link": "https://example.com"}, 1254068),
        ("附件", ["boxcn"], 1254069),
        ("附件", [{"file_token": "boxcnElsewhere"}], 1254303),
        ("位置", "here", 1254015),
        ("群", [{"id": "ou_1"}], 1254015),
        ("创建时间", DAY, 1254015),
        ("编号", "1", 1254015),
        ("双倍", 4, 1254015),
        ("没有", "x", 1254045),
    ],
)
def test_refuses_what_does_not_fit_the_column_and_writes_nothing(
    feishu_api, table, column, value, code
):
    reply = feishu_api.create(table, {"单元ID": "1"}, {"单元ID": "2", column: value})
    assert reply.code == code
    assert "2" not in reply.envelope["msg"]
    assert feishu_api.cells(table) == []


def test_shows_every_type_in_the_shape_of_search(sandbox, feishu_api, table):
    sandbox.platform.feishu.base().add_file("boxcnHere", name="a.txt", size=3)
    sent = {
        "单元ID": "7604418424915820607",
        "消耗": 700.5,
        "状态": "投放",
        "标签": ["甲", "乙"],
        "日期": DAY,
        "核对": False,
        "负责人": [{"id": "ou_1"}],
        "电话": "+8613900000000",
        "链接": {"text": "看", "link": "https://example.com"},
        "附件": [{"file_token": "boxcnHere"}],
        "位置": "116.4,39.9",
        "群": [{"id": "oc_1"}],
        "邮箱": "a@example.com",
    }
    created = feishu_api.create(table, sent)
    (echo,) = created.data["records"]
    assert echo == {"fields": sent, "id": echo["record_id"], "record_id": echo["record_id"]}
    (cells,) = feishu_api.cells(table)
    assert cells["单元ID"] == [{"text": "7604418424915820607", "type": "text"}]
    assert cells["消耗"] == 700.5
    assert (cells["状态"], cells["标签"], cells["日期"]) == ("投放", ["甲", "乙"], DAY)
    assert cells["核对"] is False
    assert cells["负责人"][0]["id"] == "ou_1"
    assert cells["电话"] == "+8613900000000"
    assert cells["链接"] == {"text": "看", "link": "https://example.com"}
    assert (cells["附件"][0]["name"], cells["附件"][0]["size"]) == ("a.txt", 3)
    assert cells["位置"]["location"] == "116.4,39.9"
    assert cells["群"][0]["id"] == "oc_1"
    assert cells["邮箱"] == [
        {"text": "a@example.com", "link": "mailto:a@example.com", "type": "url"}
    ]
    assert cells["创建时间"] == cells["修改时间"] == sandbox.platform.clock.now_ms()
    assert cells["创建人"][0]["id"].startswith("ou_")
    assert cells["编号"] == "1"
    assert cells["双倍"] == {"type": 2, "ui_type": "Number", "value": [1401]}


def test_leaves_empty_cells_out(feishu_api, table):
    feishu_api.create(table, {"单元ID": "", "标签": [], "消耗": None, "状态": "投放"})
    (cells,) = feishu_api.cells(table)
    assert not {"单元ID", "标签", "消耗", "核对", "日期"} & cells.keys()


@pytest.mark.parametrize("number", [0, 3, 0.1, -2.5, 2**53, 1e308, 5e-324, 118.36])
def test_keeps_numbers_as_64_bit_floats(feishu_api, table, number):
    feishu_api.create(table, {"消耗": number})
    assert feishu_api.cells(table)[0]["消耗"] == number


def test_integers_beyond_a_float_lose_digits(feishu_api, table):
    feishu_api.create(table, {"消耗": 7604418424915820607})
    assert feishu_api.cells(table)[0]["消耗"] == 7604418424915820544


def test_update_is_incremental_and_null_clears(feishu_api, table):
    (record,) = feishu_api.create(table, {"单元ID": "1", "消耗": 5, "状态": "投放"}).data["records"]
    reply = feishu_api.update(table, [(record["record_id"], {"消耗": None, "状态": "暂停"})])
    assert reply.data["records"][0]["fields"] == {"消耗": None, "状态": "暂停"}
    (cells,) = feishu_api.cells(table)
    assert (cells["单元ID"][0]["text"], cells["状态"]) == ("1", "暂停")
    assert "消耗" not in cells


def test_unknown_record_rejects_the_whole_batch_and_is_named(feishu_api, table):
    (record,) = feishu_api.create(table, {"单元ID": "1"}).data["records"]
    reply = feishu_api.update(table, [(record["record_id"], {"单元ID": "2"}), ("recGone", {})])
    assert (reply.status, reply.code) == (200, 1254043)
    assert reply.envelope["msg"] == "record not found,id = recGone"
    assert feishu_api.cells(table)[0]["单元ID"][0]["text"] == "1"


def test_same_record_twice_in_a_batch_ends_with_the_last(feishu_api, table):
    (record,) = feishu_api.create(table, {"单元ID": "1"}).data["records"]
    identifier = record["record_id"]
    reply = feishu_api.update(table, [(identifier, {"消耗": 1}), (identifier, {"消耗": 2})])
    assert [one["fields"]["消耗"] for one in reply.data["records"]] == [1, 2]
    assert feishu_api.cells(table)[0]["消耗"] == 2


def test_single_record_endpoints(feishu_api, table):
    records = f"tables/{table}/records"
    created = feishu_api.send("POST", records, {"fields": {"单元ID": "1"}}).data["record"]
    identifier = created["record_id"]
    path = f"{records}/{identifier}"
    updated = feishu_api.send("PUT", path, {"fields": {"消耗": 2}}).data["record"]
    assert updated == {"fields": {"消耗": 2}, "id": identifier, "record_id": identifier}
    gone = feishu_api.send("DELETE", path)
    assert gone.data == {"deleted": True, "record_id": identifier}
    assert feishu_api.send("DELETE", path).code == 1254043


def test_batch_delete_is_all_or_nothing_and_takes_500(feishu_api, table):
    made = feishu_api.create(table, *[{"单元ID": str(n)} for n in range(501)]).data["records"]
    ids = [record["record_id"] for record in made]
    path = f"tables/{table}/records/batch_delete"
    assert feishu_api.send("POST", path, {"records": ids}).code == 1254104
    assert feishu_api.send("POST", path, {"records": [ids[0], "recGone"]}).code == 1254043
    assert feishu_api.search(table).data["total"] == 501
    reply = feishu_api.send("POST", path, {"records": ids[:500]})
    assert reply.data["records"][0] == {"deleted": True, "record_id": ids[0]}
    assert feishu_api.search(table).data["total"] == 1


@pytest.mark.parametrize("cap", [500, 1000])
def test_batch_cap(sandbox, feishu_api, table, cap):
    sandbox.platform.feishu.switch(batch_cap=cap)
    rows = [{"单元ID": str(n)} for n in range(cap + 1)]
    assert feishu_api.create(table, *rows).code == 1254104
    assert feishu_api.create(table, *rows[:cap]).code == 0


def test_empty_batch_is_an_error(feishu_api, table):
    assert feishu_api.create(table).code == 1254001


def test_duplicates_are_accepted_without_complaint(feishu_api, table):
    assert feishu_api.create(table, {"单元ID": "1"}, {"单元ID": "1"}).code == 0
    assert feishu_api.search(table).data["total"] == 2


def test_unknown_options_come_into_being(feishu_api, table):
    feishu_api.create(table, {"状态": "投放", "标签": ["新", "新"]}, {"状态": "投放"})
    listed = feishu_api.send("GET", f"tables/{table}/fields", page_size=100).data["items"]
    options = {
        field["field_name"]: [option["name"] for option in field["property"]["options"]]
        for field in listed
        if field["type"] in {3, 4}
    }
    assert options == {"状态": ["投放"], "标签": ["新", "新"]}


def test_row_limit_refuses_the_whole_batch(sandbox, feishu_api, table):
    sandbox.platform.feishu.app(row_limit=2)
    assert feishu_api.create(table, {}, {}, {}).code == 1254103
    assert feishu_api.create(table, {}, {}).code == 0
    sandbox.platform.feishu.switch(row_limit_code=1254306)
    reply = feishu_api.create(table, {})
    assert (reply.status, reply.code) == (403, 1254306)


def test_too_large_a_change_is_refused(sandbox, feishu_api, table):
    sandbox.platform.feishu.switch(changeset_limit=100)
    reply = feishu_api.create(table, {"单元ID": "x" * 200})
    assert reply.code == 1254002
    assert reply.envelope["msg"].startswith("changeset size exceed the limit, len:")


# ---------------------------------------------------------------- client_token


def test_repeated_client_token_gets_the_first_reply_and_adds_no_row(feishu_api, table):
    token = str(uuid.uuid4())
    first = feishu_api.create(table, {"单元ID": "1"}, client_token=token)
    second = feishu_api.create(table, {"单元ID": "1"}, client_token=token)
    assert first.data == second.data
    assert feishu_api.search(table).data["total"] == 1


def test_client_token_with_another_body_conflicts(sandbox, feishu_api, table):
    token = str(uuid.uuid4())
    first = feishu_api.create(table, {"单元ID": "1"}, client_token=token)
    reply = feishu_api.create(table, {"单元ID": "2"}, client_token=token)
    assert (reply.status, reply.code) == (400, 1255006)
    sandbox.platform.feishu.switch(other_payload="reply")
    assert feishu_api.create(table, {"单元ID": "2"}, client_token=token).data == first.data


@pytest.mark.parametrize("token", ["abc", "00000000-0000-1000-8000-000000000000"])
def test_client_token_must_be_a_uuid4(feishu_api, table, token):
    reply = feishu_api.create(table, {}, client_token=token)
    assert (reply.status, reply.code) == (400, 1254037)


def test_empty_client_token_means_none(feishu_api, table):
    for _ in range(2):
        assert feishu_api.create(table, {}, client_token="").code == 0
    assert feishu_api.search(table).data["total"] == 2


def test_resubmission_on_an_unchanged_base_can_be_refused(sandbox, feishu_api, table):
    sandbox.platform.feishu.switch(replay="resubmitted")
    token = str(uuid.uuid4())
    first = feishu_api.create(table, {}, client_token=token)
    reply = feishu_api.create(table, {}, client_token=token)
    assert (reply.status, reply.code) == (403, 1254608)
    feishu_api.create(table, {})
    assert feishu_api.create(table, {}, client_token=token).data == first.data


def test_refused_create_leaves_its_client_token_unused(feishu_api, table):
    token = str(uuid.uuid4())
    assert feishu_api.create(table, {"消耗": "1"}, client_token=token).code == 1254061
    assert feishu_api.create(table, {"消耗": 1}, client_token=token).code == 0


# ---------------------------------------------------------------- overlapping writes


def _while_writing(sandbox, api, path, body, token=""):
    """Start a slow write on its own connection, and wait until it is under way."""
    sandbox.platform.feishu.switch(write_seconds=0.4)
    thread = threading.Thread(
        target=requests.post,
        args=(sandbox.url + path,),
        kwargs={
            "json": body,
            "params": {"client_token": token},
            "headers": api.headers,
            "timeout": 9,
        },
    )
    thread.start()
    deadline = time.monotonic() + 5
    while not sandbox.platform.feishu.gateway.writing and time.monotonic() < deadline:
        threading.Event().wait(0.005)
    assert sandbox.platform.feishu.gateway.writing
    return thread


@pytest.fixture
def path(table):
    return f"/open-apis/bitable/v1/apps/{FEISHU_BASE}/tables/{table}/records/batch_create"


def test_overlapping_writes_to_a_table_conflict(sandbox, feishu_api, table, path):
    writer = _while_writing(sandbox, feishu_api, path, {"records": [{"fields": {}}]})
    reply = feishu_api.create(table, {})
    writer.join()
    assert (reply.status, reply.code) == (200, 1254291)
    assert feishu_api.search(table).data["total"] == 1


def test_same_client_token_in_flight_is_a_resubmission(sandbox, feishu_api, table, path):
    token = str(uuid.uuid4())
    writer = _while_writing(sandbox, feishu_api, path, {"records": [{"fields": {}}]}, token)
    reply = feishu_api.create(table, {}, client_token=token)
    writer.join()
    assert (reply.status, reply.code) == (403, 1254608)


@pytest.mark.parametrize(("scope", "code"), [("table", 0), ("base", 1254291)])
def test_writes_to_two_tables_of_a_base(sandbox, feishu_api, path, scope, code):
    other = feishu_api.table({"field_name": "a", "type": 1}, name="另一张")
    sandbox.platform.feishu.switch(conflict_scope=scope)
    writer = _while_writing(sandbox, feishu_api, path, {"records": [{"fields": {}}]})
    reply = feishu_api.create(other, {})
    writer.join()
    assert reply.code == code


def test_many_writers_at_once_lose_nothing_and_are_told_of_conflicts(sandbox, feishu_api, table):
    codes: list[int] = []

    def write(number):
        from_thread = type(feishu_api)(sandbox.url)
        for turn in range(10):
            rows = [{"单元ID": f"{number}-{turn}-{n}"} for n in range(100)]
            codes.append(from_thread.create(table, *rows).code)
        from_thread.session.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(codes) == {0, 1254291}
    rows = sandbox.platform.feishu.base().table("日报").rows()
    keys = [values["单元ID"] for _, values in rows]
    assert len(keys) == len(set(keys)) == 100 * codes.count(0)
    assert sandbox.platform.requests.max_overlap > 1
