"""The vendor's own client works against the sandbox, and its models understand the answers."""

from __future__ import annotations

import uuid
import warnings

import pytest

from platform_sandbox.defaults import FEISHU_APP_ID, FEISHU_APP_SECRET, FEISHU_BASE

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the client's own imports warn, which is not ours to mend
    import lark_oapi
    from lark_oapi.api.bitable import v1
    from lark_oapi.api.wiki import v2
    from lark_oapi.core.cache import LocalCache
    from lark_oapi.core.token.manager import TokenManager


@pytest.fixture
def sandbox(shared_sandbox):
    return shared_sandbox


@pytest.fixture
def bitable(sandbox, monkeypatch):
    monkeypatch.setattr(TokenManager, "cache", LocalCache())
    return _client(sandbox).bitable.v1


def _client(sandbox, secret=FEISHU_APP_SECRET):
    return (
        lark_oapi.Client.builder()
        .app_id(FEISHU_APP_ID)
        .app_secret(secret)
        .domain(sandbox.url)
        .log_level(lark_oapi.LogLevel.ERROR)
        .build()
    )


def ok(response):
    assert response.success(), (response.code, response.msg, response.get_log_id())
    return response.data


@pytest.fixture
def table(bitable):
    columns = [
        v1.AppTableCreateHeader({"field_name": "单元ID", "type": 1}),
        v1.AppTableCreateHeader({"field_name": "时间", "type": 5}),
        v1.AppTableCreateHeader(
            {"field_name": "消耗(元)", "type": 2, "property": {"formatter": "0.00"}}
        ),
    ]
    wanted = v1.ReqTable.builder().name("日报").default_view_name("全部").fields(columns).build()
    body = v1.CreateAppTableRequestBody.builder().table(wanted).build()
    request = v1.CreateAppTableRequest.builder().app_token(FEISHU_BASE).request_body(body).build()
    return ok(bitable.app_table.create(request)).table_id


@pytest.fixture
def records(bitable, table):
    rows = [
        v1.AppTableRecord({"fields": {"单元ID": str(7604418424915820607 + n), "消耗(元)": n + 0.5}})
        for n in range(25)
    ]
    body = v1.BatchCreateAppTableRecordRequestBody.builder().records(rows).build()
    request = (
        v1.BatchCreateAppTableRecordRequest.builder()
        .app_token(FEISHU_BASE)
        .table_id(table)
        .client_token(str(uuid.uuid4()))
        .ignore_consistency_check(True)
        .request_body(body)
        .build()
    )
    return [
        record.record_id for record in ok(bitable.app_table_record.batch_create(request)).records
    ]


def test_reads_the_base_and_its_tables(bitable, table):
    app = ok(bitable.app.get(v1.GetAppRequest.builder().app_token(FEISHU_BASE).build())).app
    assert (app.app_token, app.time_zone, app.is_advanced) == (FEISHU_BASE, "Asia/Beijing", False)
    request = v1.ListAppTableRequest.builder().app_token(FEISHU_BASE).page_size(100).build()
    listed = ok(bitable.app_table.list(request))
    assert [one.name for one in listed.items] == ["数据表", "日报"]
    assert listed.has_more is False


def test_tables_are_renamed_and_deleted(bitable, table):
    body = v1.PatchAppTableRequestBody.builder().name("周报").build()
    request = (
        v1.PatchAppTableRequest.builder()
        .app_token(FEISHU_BASE)
        .table_id(table)
        .request_body(body)
        .build()
    )
    assert ok(bitable.app_table.patch(request)).name == "周报"
    request = v1.DeleteAppTableRequest.builder().app_token(FEISHU_BASE).table_id(table).build()
    assert bitable.app_table.delete(request).success()


def test_columns_come_and_go(bitable, table):
    field = v1.AppTableField(
        {"field_name": "状态", "type": 3, "property": {"options": [{"name": "投放"}]}}
    )
    request = (
        v1.CreateAppTableFieldRequest.builder()
        .app_token(FEISHU_BASE)
        .table_id(table)
        .client_token(str(uuid.uuid4()))
        .request_body(field)
        .build()
    )
    made = ok(bitable.app_table_field.create(request)).field
    assert made.property.options[0].name == "投放"
    renamed = v1.AppTableField({"field_name": "投放状态", "type": 3})
    request = (
        v1.UpdateAppTableFieldRequest.builder()
        .app_token(FEISHU_BASE)
        .table_id(table)
        .field_id(made.field_id)
        .request_body(renamed)
        .build()
    )
    assert ok(bitable.app_table_field.update(request)).field.field_name == "投放状态"
    request = (
        v1.ListAppTableFieldRequest.builder()
        .app_token(FEISHU_BASE)
        .table_id(table)
        .text_field_as_array(True)
        .page_size(2)
        .build()
    )
    first = ok(bitable.app_table_field.list(request))
    assert [(one.field_name, one.is_primary) for one in first.items] == [
        ("单元ID", True),
        ("时间", False),
    ]
    assert (first.has_more, first.total, first.page_token) == (True, 4, first.items[-1].field_id)
    request = (
        v1.DeleteAppTableFieldRequest.builder()
        .app_token(FEISHU_BASE)
        .table_id(table)
        .field_id(made.field_id)
        .build()
    )
    assert ok(bitable.app_table_field.delete(request)).deleted is True


def test_searches_page_by_page(bitable, table, records):
    seen = []
    token = ""
    while True:
        body = (
            v1.SearchAppTableRecordRequestBody.builder()
            .field_names(["单元ID"])
            .automatic_fields(True)
            .build()
        )
        request = (
            v1.SearchAppTableRecordRequest.builder()
            .app_token(FEISHU_BASE)
            .table_id(table)
            .page_size(10)
            .page_token(token)
            .request_body(body)
            .build()
        )
        page = ok(bitable.app_table_record.search(request))
        seen += [item.record_id for item in page.items]
        if not page.has_more:
            break
        token = page.page_token
    assert seen == records
    assert page.total == 25
    assert page.items[0].fields["单元ID"][0]["text"].startswith("76044184249158206")
    assert page.items[0].created_by.id.startswith("ou_")


def test_searches_by_filter_and_sort(bitable, table, records):
    wanted = v1.FilterInfo(
        {
            "conjunction": "and",
            "conditions": [
                {"field_name": "消耗(元)", "operator": "isGreater", "value": ["20"]},
                {"field_name": "时间", "operator": "isEmpty", "value": []},
            ],
        }
    )
    sort = [v1.Sort({"field_name": "消耗(元)", "desc": True})]
    body = v1.SearchAppTableRecordRequestBody.builder().filter(wanted).sort(sort).build()
    request = (
        v1.SearchAppTableRecordRequest.builder()
        .app_token(FEISHU_BASE)
        .table_id(table)
        .request_body(body)
        .build()
    )
    items = ok(bitable.app_table_record.search(request)).items
    assert [item.fields["消耗(元)"] for item in items] == [24.5, 23.5, 22.5, 21.5, 20.5]


def test_updates_gets_and_deletes_records(bitable, table, records):
    changed = v1.AppTableRecord({"fields": {"消耗(元)": 700}, "record_id": records[0]})
    body = v1.BatchUpdateAppTableRecordRequestBody.builder().records([changed]).build()
    request = (
        v1.BatchUpdateAppTableRecordRequest.builder()
        .app_token(FEISHU_BASE)
        .table_id(table)
        .request_body(body)
        .build()
    )
    (updated,) = ok(bitable.app_table_record.batch_update(request)).records
    assert (updated.record_id, updated.fields) == (records[0], {"消耗(元)": 700})
    request = (
        v1.UpdateAppTableRecordRequest.builder()
        .app_token(FEISHU_BASE)
        .table_id(table)
        .record_id(records[1])
        .request_body(v1.AppTableRecord({"fields": {"消耗(元)": 5}}))
        .build()
    )
    assert ok(bitable.app_table_record.update(request)).record.fields == {"消耗(元)": 5}
    body = (
        v1.BatchGetAppTableRecordRequestBody.builder()
        .record_ids([records[0], records[1], "recGone"])
        .build()
    )
    request = (
        v1.BatchGetAppTableRecordRequest.builder()
        .app_token(FEISHU_BASE)
        .table_id(table)
        .request_body(body)
        .build()
    )
    got = ok(bitable.app_table_record.batch_get(request))
    assert [record.fields["消耗(元)"] for record in got.records] == [700, 5]
    assert got.absent_record_ids == ["recGone"]
    body = v1.BatchDeleteAppTableRecordRequestBody.builder().records(records[1:]).build()
    request = (
        v1.BatchDeleteAppTableRecordRequest.builder()
        .app_token(FEISHU_BASE)
        .table_id(table)
        .request_body(body)
        .build()
    )
    assert len(ok(bitable.app_table_record.batch_delete(request)).records) == 24
    request = (
        v1.DeleteAppTableRecordRequest.builder()
        .app_token(FEISHU_BASE)
        .table_id(table)
        .record_id(records[0])
        .build()
    )
    assert ok(bitable.app_table_record.delete(request)).deleted is True


def test_single_create_and_the_historic_list(bitable, table):
    request = (
        v1.CreateAppTableRecordRequest.builder()
        .app_token(FEISHU_BASE)
        .table_id(table)
        .request_body(v1.AppTableRecord({"fields": {"单元ID": "1", "消耗(元)": 5}}))
        .build()
    )
    made = ok(bitable.app_table_record.create(request)).record
    request = (
        v1.ListAppTableRecordRequest.builder()
        .app_token(FEISHU_BASE)
        .table_id(table)
        .text_field_as_array(True)
        .page_size(500)
        .build()
    )
    (item,) = ok(bitable.app_table_record.list(request)).items
    assert item.record_id == made.record_id
    assert item.fields == {"单元ID": [{"text": "1", "type": "text"}], "消耗(元)": "5"}


def test_views_are_created_filtered_and_deleted(bitable, table):
    request = (
        v1.CreateAppTableViewRequest.builder()
        .app_token(FEISHU_BASE)
        .table_id(table)
        .request_body(v1.ReqView({"view_name": "账户甲", "view_type": "grid"}))
        .build()
    )
    view = ok(bitable.app_table_view.create(request)).view
    request = v1.ListAppTableFieldRequest.builder().app_token(FEISHU_BASE).table_id(table).build()
    field = ok(bitable.app_table_field.list(request)).items[0]
    settings = v1.AppTableViewProperty(
        {
            "filter_info": {
                "conjunction": "and",
                "conditions": [{"field_id": field.field_id, "operator": "is", "value": '["1"]'}],
            }
        }
    )
    body = v1.PatchAppTableViewRequestBody.builder().property(settings).build()
    request = (
        v1.PatchAppTableViewRequest.builder()
        .app_token(FEISHU_BASE)
        .table_id(table)
        .view_id(view.view_id)
        .request_body(body)
        .build()
    )
    patched = ok(bitable.app_table_view.patch(request)).view
    (condition,) = patched.property.filter_info.conditions
    assert (condition.field_type, condition.value) == (1, '["1"]')
    request = v1.ListAppTableViewRequest.builder().app_token(FEISHU_BASE).table_id(table).build()
    listed = ok(bitable.app_table_view.list(request)).items
    assert [one.view_name for one in listed] == ["全部", "账户甲"]
    request = (
        v1.DeleteAppTableViewRequest.builder()
        .app_token(FEISHU_BASE)
        .table_id(table)
        .view_id(view.view_id)
        .build()
    )
    assert bitable.app_table_view.delete(request).success()


def test_wiki_node_is_resolved(sandbox, bitable):
    request = v2.GetNodeSpaceRequest.builder().token("wikcnSandbox0000000000000001").build()
    node = ok(_client(sandbox).wiki.v2.space.get_node(request)).node
    assert (node.obj_type, node.obj_token) == ("bitable", FEISHU_BASE)


def test_refusals_carry_code_and_log_id(bitable, table):
    request = (
        v1.CreateAppTableRecordRequest.builder()
        .app_token(FEISHU_BASE)
        .table_id(table)
        .request_body(v1.AppTableRecord({"fields": {"消耗(元)": "700.0"}}))
        .build()
    )
    refused = bitable.app_table_record.create(request)
    assert (refused.code, refused.msg) == (1254061, "NumberFieldConvFail")
    assert refused.error["log_id"] == refused.get_log_id()


def test_wrong_secret_is_named(sandbox, bitable):
    request = v1.GetAppRequest.builder().app_token(FEISHU_BASE).build()
    with pytest.raises(lark_oapi.core.exception.ObtainAccessTokenException) as caught:
        _client(sandbox, secret="wrong").bitable.v1.app.get(request)
    assert caught.value.code == 10014
