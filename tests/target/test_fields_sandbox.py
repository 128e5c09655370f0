"""Round trips value → cell → value through the sandbox, which checks cells as the platform does."""

from __future__ import annotations

import random
import uuid
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platform_sandbox.defaults import FEISHU_APP_ID, FEISHU_APP_SECRET, FEISHU_BASE
from platform_sandbox.testing import SandboxServer
from target_feishu_bitable.client import BitableClient
from target_feishu_bitable.fields import Column, codec, field_for
from target_feishu_bitable.session import Session
from target_feishu_bitable.transport import Transport

ZONE = ZoneInfo("Asia/Shanghai")
TEXT, DAY = {"type": "string"}, {"type": "string", "format": "date"}
INTEGER, NUMBER = {"type": "integer"}, {"type": "number"}
MOMENT = {"type": "string", "format": "date-time"}
LIST = {"type": "array", "items": {"type": "string"}}
EVER = {"min_value": -(2**53), "max_value": 2**53}
RATING = {"formatter": "0", "min": 1, "max": 5, "rating": {"symbol": "star"}}
MONEY = {"formatter": "0.00", "currency_code": "CNY"}
PROGRESS = {"formatter": "0%", "range_customize": False}

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)
names = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8)
numbers = st.decimals(**EVER, places=4)
# Column name → (what to create, schema of the property, values).
CASES = {
    "text": ({"type": 1}, TEXT, texts),
    "number as text": ({"type": 1}, NUMBER, numbers),
    "id as text": ({"type": 1}, INTEGER, st.integers(0, 2**80)),
    "day as text": ({"type": 1}, DAY, st.dates()),
    "list as text": ({"type": 1}, LIST, st.lists(texts, max_size=3)),
    "nested as text": ({"type": 1}, {"type": "object"}, st.dictionaries(texts, texts, max_size=3)),
    "barcode": ({"type": 1, "ui_type": "Barcode"}, TEXT, names),
    "mail": ({"type": 1, "ui_type": "Email"}, TEXT, st.emails()),
    "number": ({"type": 2, "property": {"formatter": "0.00"}}, NUMBER, numbers),
    "count": ({"type": 2, "property": {"formatter": "0"}}, INTEGER, st.integers(**EVER)),
    "money": ({"type": 2, "ui_type": "Currency", "property": MONEY}, NUMBER, numbers),
    "progress": (
        {"type": 2, "ui_type": "Progress", "property": PROGRESS},
        NUMBER,
        st.decimals(0, 1, places=4),
    ),
    "rating": ({"type": 2, "ui_type": "Rating", "property": RATING}, INTEGER, st.integers(1, 5)),
    "choice": ({"type": 3}, TEXT, names),
    "choices": ({"type": 4}, LIST, st.lists(names, max_size=4)),
    "day": ({"type": 5}, DAY, st.dates(date(1971, 1, 1), date(2200, 1, 1))),
    "moment": (
        {"type": 5},
        MOMENT,
        st.datetimes(
            datetime(1971, 1, 1),  # noqa: DTZ001  the strategy adds the zone
            datetime(2200, 1, 1),  # noqa: DTZ001  the strategy adds the zone
            timezones=st.just(UTC),
        ),
    ),
    "ticked": ({"type": 7}, {"type": "boolean"}, st.booleans()),
    "phone": ({"type": 13}, TEXT, st.from_regex(r"\A\+?[0-9]{1,20}\Z")),
    "link": (
        {"type": 15},
        {"type": "string", "format": "uri"},
        names.map("https://e.cn/{}".format),
    ),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with SandboxServer(data_dir=tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


def no_wait(_seconds):
    raise AssertionError("no call of these tests is refused, so none waits")


@pytest.fixture(scope="module")
def client(server):
    session = Session(
        Transport(server.url, timeout=30),
        app_id=FEISHU_APP_ID,
        app_secret=FEISHU_APP_SECRET,
        sleep=no_wait,
        rng=random.Random(1),  # noqa: S311  no secret depends on it
    )
    yield BitableClient(session, FEISHU_BASE)
    session.transport.close()


@pytest.fixture(scope="module")
def table(client):
    fields = [{"field_name": name} | made for name, (made, _, _) in CASES.items()]
    return client.create_table("every type", fields)


@pytest.fixture(scope="module")
def codecs(client, table):
    columns = {one["field_name"]: Column.from_wire(one) for one in client.list_fields(table)}
    return {
        name: codec(columns[name], schema, property_name=name, is_key=False, zone=ZONE)
        for name, (_, schema, _) in CASES.items()
    }


ROWS = st.lists(
    st.fixed_dictionaries({name: st.none() | values for name, (_, _, values) in CASES.items()}),
    min_size=1,
    max_size=8,
)


@settings(
    max_examples=30,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(ROWS)
def test_what_the_platform_stored_is_equal_to_what_the_stream_said(client, table, codecs, rows):
    before = {record["record_id"] for page in client.search(table, {}) for record in page.records}
    created = client.batch_create(
        table,
        [
            {"fields": {name: codecs[name].encode(value) for name, value in row.items()}}
            for row in rows
        ],
        client_token=str(uuid.uuid4()),
    )

    found = {
        record["record_id"]: record["fields"]
        for page in client.search(table, {})
        for record in page.records
    }

    assert found.keys() - before == set(created)
    for record_id, row in zip(created, rows, strict=True):
        for name, value in row.items():
            cell = found[record_id].get(name)
            assert codecs[name].same(value, cell), (name, value, cell)
    client.batch_delete(table, created)


def test_every_kind_of_column_that_streams_need_can_be_created(client, server):
    schemas = {
        "key": TEXT,
        "count": INTEGER,
        "amount": NUMBER,
        "any_id": INTEGER,
        "ticked": {"type": "boolean"},
        "day": DAY,
        "moment": MOMENT,
        "clock": {"type": "string", "format": "time"},
        "site": {"type": "string", "format": "uri"},
        "mail": {"type": "string", "format": "email"},
        "list": LIST,
        "object": {"type": "object"},
        "any": {},
    }
    specs = [
        field_for(name, schema, is_key=name == "key", property_name=name)
        for name, schema in schemas.items()
    ]

    table = client.create_table("from schemas", [spec.to_wire() for spec in specs])

    made = [Column.from_wire(one) for one in client.list_fields(table)]
    assert [(one.name, one.type, one.ui_type) for one in made] == [
        (spec.name, spec.type, spec.ui_type) for spec in specs
    ]
    assert {one.name: (one.properties or {}).get("formatter") for one in made if one.type == 2} == {
        "count": "0",
        "amount": "0.00",
    }
    for column in made:
        codec(
            column,
            schemas[column.name],
            property_name=column.name,
            is_key=column.name == "key",
            zone=ZONE,
        )


@pytest.mark.parametrize("field_type", [1, 2, 5, 13, 15])
def test_every_type_that_may_come_first_does(client, field_type):
    assert client.create_table(f"first {field_type}", [{"field_name": "a", "type": field_type}])
