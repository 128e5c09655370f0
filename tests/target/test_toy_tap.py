"""A tap made of everything a source can do wrong, piped into the target."""

from __future__ import annotations

import contextlib
import io
import json
from types import SimpleNamespace

import pytest
from singer_sdk import Stream, Tap
from singer_sdk import typing as th

from platform_sandbox.defaults import FEISHU_APP_ID, FEISHU_APP_SECRET, FEISHU_BASE
from platform_sandbox.testing import SandboxServer
from target_feishu_bitable import lock
from target_feishu_bitable.errors import RowError, SchemaMismatch, TargetError
from target_feishu_bitable.target import TargetFeishuBitable

TEXTS = [
    "🙂👩‍👩‍👧 𝄞",
    "line\nbreak\ttab\r\n",
    "=1+1",
    "007",
    " blanks around ",
    "'quoted\" \\ back",
    "</td><script>alert(1)</script>",
    "null",
    "1e5",
    "中文，全角　空格",
    "e\u0301 \u00e9",
    "\u202eright to left",
    "x" * 100_000,
]


class ToyStream(Stream):
    name = "toy"
    primary_keys = ("key",)
    schema = th.PropertiesList(
        th.Property("key", th.StringType, required=True),
        th.Property("text", th.StringType),
        th.Property("mixed", th.CustomType({"type": ["string", "integer", "object", "boolean"]})),
        th.Property("amount", th.NumberType),
        th.Property("count", th.IntegerType),
        th.Property("big_id", th.IntegerType),
        th.Property("ticked", th.BooleanType),
        th.Property("day", th.DateType),
        th.Property("moment", th.DateTimeType),
        th.Property("clock", th.TimeType),
        th.Property("site", th.URIType),
        th.Property("mail", th.EmailType),
        th.Property("tags", th.ArrayType(th.StringType)),
        th.Property("nested", th.ObjectType(additional_properties=True)),
        th.Property("列 🙂 (元) / = '\"", th.StringType),
        th.Property("two\nlines", th.StringType),
        th.Property("choice", th.StringType(allowed_values=["a", "b"])),
        th.Property(
            "either",
            th.CustomType({"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        ),
    ).to_dict()

    def get_records(self, context):
        for number, text in enumerate(TEXTS):
            yield {
                "key": f"{number}{text[:50]}",
                "text": text,
                "mixed": [text[:9], number, {"a": [1, None]}, True][number % 4],
                "amount": [0.1 + 0.2, 1e15, -1e-9, 0.0][number % 4],
                "count": [0, -1, 2**53, None][number % 4],
                "big_id": 2**63 + number,
                "ticked": [True, False, None][number % 3],
                "day": ["1970-01-02", "2026-02-11", "2199-12-31"][number % 3],
                "moment": ["2026-02-11T10:00:00+08:00", "1999-12-31T23:59:59.999Z"][number % 2],
                "clock": "08:30:00",
                "site": "https://例子.cn/?q=1&x=%20",
                "mail": "someone@example.com",
                "tags": [["a", "a", ""], [], None][number % 3],
                "nested": {"z": {"y": [text[:9]]}, "a": 0.1},
                "列 🙂 (元) / = '\"": text[:9],
                "two\nlines": "yes",
                "choice": "a",
                "either": number,
            }


class ToyTap(Tap):
    name = "tap-toy"
    config_jsonschema = th.PropertiesList().to_dict()

    def discover_streams(self):
        return [ToyStream(self)]


def tapped():
    """Everything that the toy tap says, as text."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with contextlib.redirect_stdout(out):
        ToyTap(parse_env_config=False).sync_all()
    out.flush()
    return out.buffer.getvalue().decode()


def messages(*records, keys=("key",), state=True, **properties):
    schema = {"type": "object", "properties": {"key": {"type": "string"}} | properties}
    lines = [{"type": "SCHEMA", "stream": "toy", "schema": schema, "key_properties": keys}]
    for number, record in enumerate(records, 1):
        lines.append({"type": "RECORD", "stream": "toy", "record": record})
        if state:
            lines.append({"type": "STATE", "value": {"toy": number}})
    return "".join(json.dumps(line) + "\n" for line in lines)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with SandboxServer(data_dir=tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture
def platform(server, tmp_path, monkeypatch):
    server.platform.reset()
    server.platform.requests.clear()
    monkeypatch.setattr(lock, "user_state_path", lambda _name: tmp_path)
    return server.platform


@pytest.fixture
def load(server, platform):
    def run(text, **settings):
        config = {
            "app_id": FEISHU_APP_ID,
            "app_secret": FEISHU_APP_SECRET,
            "bitable": FEISHU_BASE,
            "api_url": server.url,
            **settings,
        }
        out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
        error = None
        target = TargetFeishuBitable(config=config, parse_env_config=False)
        with contextlib.redirect_stdout(out):
            try:
                target.listen(io.StringIO(text))
            except TargetError as caught:
                error = caught
        out.flush()
        states = [json.loads(line) for line in out.buffer.getvalue().decode().splitlines()]
        return SimpleNamespace(error=error, states=states, target=target)

    return run


def rows(platform, table="toy"):
    return [cells for _, cells in platform.feishu.base().table(table).rows()]


def test_hostile_values_arrive_as_they_were_sent(platform, load):
    assert load(tapped()).error is None

    stored = rows(platform)

    assert [cells["text"] for cells in stored] == TEXTS
    assert [cells["big_id"] for cells in stored] == [str(2**63 + n) for n in range(len(TEXTS))]
    assert stored[0]["列 🙂 (元) / = '\""] == TEXTS[0][:9]
    assert stored[0]["two lines"] == "yes"
    assert stored[0]["site"] == {
        "text": "https://例子.cn/?q=1&x=%20",
        "link": "https://例子.cn/?q=1&x=%20",
    }
    assert [cells["mixed"] for cells in stored[:4]] == [TEXTS[0][:9], "1", '{"a":[1,null]}', "true"]
    assert stored[0]["tags"] == '["a","a",""]'
    assert json.loads(stored[1]["nested"]) == {"a": 0.1, "z": {"y": [TEXTS[1][:9]]}}
    assert [cells.get("count") for cells in stored[:4]] == [0, -1, 2**53, None]
    assert stored[0]["day"] == 16 * 3_600_000
    assert stored[0]["moment"] == 1_770_775_200_000


def test_the_same_hostile_values_again_write_nothing(platform, load):
    load(tapped())
    platform.requests.clear()

    assert load(tapped()).error is None

    assert platform.requests.writes == 0
    assert len(rows(platform)) == len(TEXTS)


def test_a_text_that_is_too_long_stops_the_run_and_keeps_what_came_before(platform, load):
    result = load(
        messages(
            {"key": "1", "text": "good"},
            {"key": "2", "text": "秘" * 100_001},
            {"key": "3", "text": "later"},
            text={"type": "string"},
        )
    )

    assert isinstance(result.error, RowError)
    for part in ("toy", "2", "text", "100,001 characters"):
        assert part in str(result.error)
    assert "秘" not in str(result.error)
    assert [cells["key"] for cells in rows(platform)] == ["1"]
    assert result.states[-1] == {"toy": 1}


@pytest.mark.parametrize("value", [1e308, 2**63, 2**53 + 1, -(2**60)])
def test_a_number_beyond_2_53_is_named(platform, load, value):
    result = load(messages({"key": "1", "n": 1}, {"key": "2", "n": value}, n={"type": "number"}))

    assert isinstance(result.error, RowError)
    assert "beyond 2^53" in str(result.error)
    assert "'n'" in str(result.error)
    assert rows(platform) == [{"key": "1", "n": 1}]


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("kind", ["number", "object"])
def test_what_is_no_json_is_never_stored(platform, load, literal, kind):
    bad = f'{{"type": "RECORD", "stream": "toy", "record": {{"key": "2", "n": {literal}}}}}\n'
    good = {"key": "1", "n": {"a": 1} if kind == "object" else 1}

    with contextlib.suppress(Exception):
        load(messages(good, n={"type": kind}) + bad)

    assert len(rows(platform)) <= 1


@pytest.mark.parametrize("key", ["", None])
def test_an_empty_key_is_an_error_that_names_the_row(platform, load, key):
    result = load(
        messages(
            {"key": "1", "n": 1},
            {"key": key, "n": 2},
            n={"type": "integer"},
            key={"type": ["string", "null"]},
        )
    )

    assert isinstance(result.error, RowError)
    assert "key is empty" in str(result.error)
    assert rows(platform) == [{"key": "1", "n": 1}]


def test_400_columns_are_refused_before_anything_is_made(platform, load):
    many = {f"p{number}": {"type": "string"} for number in range(399)}

    result = load(messages({"key": "1"}, **many))

    assert isinstance(result.error, SchemaMismatch)
    assert "300 is the most there can be" in str(result.error)
    assert platform.requests.writes == 0


def test_300_columns_are_made_and_filled(platform, load):
    many = {f"p{number}": {"type": "string"} for number in range(299)}

    result = load(messages({"key": "1"} | dict.fromkeys(many, "x"), **many))

    assert result.error is None
    assert rows(platform) == [{"key": "1"} | dict.fromkeys(many, "x")]


@pytest.mark.parametrize("names", [("a", " a "), ("a b", "a\nb"), ("", "a")])
def test_names_that_can_not_be_told_apart_are_refused_before_anything_is_made(
    platform, load, names
):
    result = load(messages({"key": "1"}, **{name: {"type": "string"} for name in names}))

    assert isinstance(result.error, SchemaMismatch)
    assert "name" in str(result.error)
    assert platform.requests.writes == 0


def test_keys_are_told_apart_to_the_last_character(platform, load):
    keys = ["007", "7", "07", "7.0", "a", "A", "ａ", "a ", "é", "e\u0301", "=1", "🙂"]

    load(messages(*({"key": key, "n": 1} for key in keys), n={"type": "integer"}))
    load(messages(*({"key": key, "n": 2} for key in keys), n={"type": "integer"}))

    assert [(cells["key"], cells["n"]) for cells in rows(platform)] == [(key, 2) for key in keys]


def test_mixed_types_in_one_property_are_text(platform, load):
    values = ["a", 1, 1.5, True, None, {"b": [1]}, ["x"]]

    result = load(
        messages(*({"key": str(n), "any": value} for n, value in enumerate(values)), any={})
    )

    assert result.error is None
    assert [cells.get("any") for cells in rows(platform)] == [
        "a",
        "1",
        "1.5",
        "true",
        None,
        '{"b":[1]}',
        '["x"]',
    ]
