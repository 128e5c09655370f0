from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_feishu_bitable.errors import ConfigError
from target_feishu_bitable.mapping import StreamMapping, read_tables, unflatten
from target_feishu_bitable.settings import PREFIX, SCHEMA, Settings, load

GIVEN = {"app_id": "cli_1", "app_secret": "s", "bitable": "bascnSandbox0000000000000001"}
NESTED = {
    "promotion_report": {
        "table": "日报",
        "key": ["stat_time_day", "promotion_id"],
        "date": "stat_time_day",
        "account": "local_account_id",
        "account_name": "local_account_name",
        "columns": {"stat_cost": "消耗(元)", "show_cnt": False},
    }
}
names = st.text("abc", min_size=1, max_size=3)
trees = st.recursive(
    st.integers(), lambda inner: st.dictionaries(names, inner, min_size=1, max_size=3)
)


def flat(value, prefix=""):
    if not isinstance(value, dict):
        return {prefix: value}
    return {
        key: one
        for name, inner in value.items()
        for key, one in flat(inner, f"{prefix}.{name}" if prefix else name).items()
    }


@given(st.dictionaries(names, trees, min_size=1, max_size=4))
def test_dotted_keys_and_nested_objects_are_the_same(tree):
    assert unflatten(flat(tree)) == tree
    assert unflatten(tree) == tree


def test_tables_are_read_alike_from_a_run_and_from_the_environment():
    expected = {
        "promotion_report": StreamMapping(
            table="日报",
            key=("stat_time_day", "promotion_id"),
            date="stat_time_day",
            account="local_account_id",
            account_name="local_account_name",
            columns={"stat_cost": "消耗(元)", "show_cnt": False},
        )
    }
    assert read_tables(NESTED) == expected
    assert read_tables(flat(NESTED)) == expected
    environ = {PREFIX + name.upper(): value for name, value in GIVEN.items()}
    environ[PREFIX + "TABLES"] = json.dumps(flat(NESTED))
    assert Settings.from_environment(environ).tables == expected
    assert load(GIVEN | {"tables": NESTED}).tables == expected
    dotted = {f"tables.{name}": value for name, value in flat(NESTED).items()}
    assert load(GIVEN | dotted).tables == expected


@pytest.mark.parametrize(
    ("tables", "place"),
    [
        ("x", "tables"),
        ({"s": 1}, "tables.s"),
        ({"s": {"tabel": "x"}}, "tables.s.tabel"),
        ({"s": {"table": 5}}, "tables.s.table"),
        ({"s": {"date": ["x"]}}, "tables.s.date"),
        ({"s": {"key": []}}, "tables.s.key"),
        ({"s": {"key": [1]}}, "tables.s.key"),
        ({"s": {"columns": ["x"]}}, "tables.s.columns"),
        ({"s": {"columns": {"a": True}}}, "tables.s.columns.a"),
        ({"s": {"columns": {"a": ""}}}, "tables.s.columns.a"),
    ],
)
def test_a_wrong_mapping_is_one_sentence_that_names_the_place(tables, place):
    with pytest.raises(ConfigError, match=f"Setting {place}\\b") as caught:
        load(GIVEN | {"tables": tables})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["app_id", "app_secret", "bitable"])
@pytest.mark.parametrize("value", [None, "", "  "])
def test_what_is_needed_is_missed_by_name(name, value):
    with pytest.raises(ConfigError, match=f"^Setting {name} is missing.$"):
        load(GIVEN | {name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rows_per_request", 0),
        ("rows_per_request", 1001),
        ("rows_per_request", "500"),
        ("rows_per_request", 1.5),
        ("rows_per_request", True),
        ("batch_size_rows", 0),
        ("checkpoint_seconds", -1),
        ("request_timeout_seconds", 0),
        ("lock_timeout_seconds", -1),
        ("row_limit", 0),
        ("dry_run", "perhaps"),
        ("create_missing", 1),
        ("load_method", "replace"),
        ("duplicate_rows", "ignore"),
        ("column_names", "titles"),
        ("api_url", "http://open.feishu.cn"),
        ("api_url", "open.feishu.cn"),
        ("bitable", "https://example.feishu.cn/docx/abcdefghijkl"),
        ("bitable", "short"),
        ("app_id", 5),
    ],
)
def test_a_wrong_setting_is_one_sentence_that_names_it(name, value):
    with pytest.raises(ConfigError, match=f"^Setting {name} ") as caught:
        load(GIVEN | {name: value})
    assert "\n" not in str(caught.value)


def test_overwrite_is_refused_with_words():
    with pytest.raises(ConfigError, match="a run deletes no rows"):
        load(GIVEN | {"load_method": "overwrite"})


def test_an_unknown_setting_is_named_with_the_one_that_was_meant():
    with pytest.raises(ConfigError, match=r"rows_per_requests is unknown.*rows_per_request\?"):
        load(GIVEN | {"rows_per_requests": 5})


def test_no_message_repeats_a_secret():
    with pytest.raises(ConfigError) as caught:
        load(GIVEN | {"app_secret": 12345})
    assert "12345" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"), [("true", True), ("0", False), ("YES", True), ("off", False)]
)
def test_booleans_of_the_environment_are_words(text, expected):
    environ = {PREFIX + name.upper(): value for name, value in GIVEN.items()}
    settings = Settings.from_environment(environ | {PREFIX + "DRY_RUN": text})
    assert settings.dry_run is expected


@pytest.mark.parametrize("name", ["TABLES", "ROW_LIMIT", "DRY_RUN"])
def test_an_unreadable_text_of_the_environment_is_named(name):
    environ = {PREFIX + key.upper(): value for key, value in GIVEN.items()}
    with pytest.raises(ConfigError, match=f"Setting {name.lower()} "):
        Settings.from_environment(environ | {PREFIX + name: "{"})


def test_every_setting_has_the_documented_default():
    settings = load(GIVEN)
    for name, schema in SCHEMA["properties"].items():
        if "default" in schema:
            assert getattr(settings, name) == schema["default"], name
