from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_feishu_bitable.errors import ConfigError
from target_feishu_bitable.settings import SCHEMA, Settings, load

SECRET = "s3cret-do-not-tell"
GOOD = {"app_id": "cli_1", "app_secret": SECRET, "bitable": "bascnAbcdefgh123"}
PREFIX = "TARGET_FEISHU_BITABLE_"
WRONG: list[tuple[str, Any]] = [
    ("app_id", 7),
    ("app_id", ""),
    ("app_secret", ["a"]),
    ("app_secret", None),
    ("bitable", None),
    ("bitable", "https://example.feishu.cn/docx/Abcdefgh12345678"),
    ("bitable", "https://[feishu.cn/base/Abcdefgh12345678"),
    ("table", 12),
    ("tables", "promotion_report"),
    ("tables", ["promotion_report"]),
    ("column_names", "Title"),
    ("create_missing", "yes"),
    ("create_missing", 1),
    ("load_method", "overwrite"),
    ("load_method", "merge"),
    ("duplicate_rows", "delete"),
    ("batch_size_rows", 0),
    ("batch_size_rows", 10.5),
    ("rows_per_request", 1001),
    ("rows_per_request", "many"),
    ("rows_per_request", True),
    ("checkpoint_seconds", -1),
    ("row_limit", 0),
    ("lock_timeout_seconds", -1),
    ("dry_run", "no"),
    ("request_timeout_seconds", 0),
    ("request_timeout_seconds", float("nan")),
    ("api_url", "http://open.feishu.cn"),
    ("api_url", "open.feishu.cn"),
    ("api_url", "https://"),
    ("api_url", "https://[open.feishu.cn"),
    ("api_url", "https://open.feishu.cn:port"),
    ("api_url", f"https://me:{SECRET}@open.feishu.cn"),
    ("api_url", "https://open.feishu.cn/?a=b"),
    ("api_url", 5),
]


def refusal(config: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as caught:
        load(config)
    return str(caught.value)


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_setting_is_named_in_one_sentence(name: str, value: Any) -> None:
    text = refusal(GOOD | {name: value})
    assert text.startswith(f"Setting {name} ")
    assert "\n" not in text
    assert text.endswith(".")
    assert SECRET not in text


def test_every_setting_is_tried_with_something_wrong() -> None:
    assert {name for name, _ in WRONG} == set(SCHEMA["properties"])


@pytest.mark.parametrize("name", ["app_id", "app_secret", "bitable"])
def test_what_is_needed_is_said_when_missing(name: str) -> None:
    assert refusal({k: v for k, v in GOOD.items() if k != name}) == f"Setting {name} is missing."


def test_a_misspelt_setting_gets_a_suggestion() -> None:
    assert refusal(GOOD | {"rows_per_requests": 5}) == (
        "Setting rows_per_requests is unknown. Did you mean rows_per_request?"
    )


def test_settings_of_the_sdk_are_let_through() -> None:
    assert (
        load(GOOD | {"stream_maps": {}}, known={"stream_maps": {"type": "object"}}).app_id
        == "cli_1"
    )


def test_settings_of_the_sdk_are_checked() -> None:
    with pytest.raises(ConfigError, match=r"^Setting stream_maps must be object\.$"):
        load(GOOD | {"stream_maps": "x"}, known={"stream_maps": {"type": "object"}})


def test_defaults_are_those_of_the_schema() -> None:
    settings = load(GOOD)
    for name, schema in SCHEMA["properties"].items():
        if "default" in schema:
            assert getattr(settings, name) == schema["default"], name
    assert settings.table is None


def test_overwrite_is_refused_with_what_to_do_instead() -> None:
    text = refusal(GOOD | {"load_method": "overwrite"})
    assert "a run deletes no rows" in text
    assert "name a new table" in text


def test_an_empty_or_absent_value_means_the_default() -> None:
    settings = load(GOOD | {"table": " ", "rows_per_request": None, "api_url": ""})
    assert settings.table is None
    assert settings.rows_per_request == 500
    assert settings.api_url == "https://open.feishu.cn"


def test_a_trailing_slash_of_the_address_is_dropped() -> None:
    assert load(GOOD | {"api_url": "http://127.0.0.1:8765/"}).api_url == "http://127.0.0.1:8765"


def test_flat_keys_and_nested_objects_say_the_same() -> None:
    nested = {"orders": {"table": "订单", "key": ["id"], "columns": {"name": "名称"}}}
    flat = {
        "tables.orders.table": "订单",
        "tables": {"orders.key": ["id"], "orders.columns.name": "名称"},
    }
    assert load(GOOD | flat).tables == load(GOOD | {"tables": nested}).tables


def test_the_environment_and_a_run_end_in_the_same_settings() -> None:
    given = {"table": "日报", "rows_per_request": 200, "dry_run": True, "tables": {"a.key": ["id"]}}
    environ = {
        PREFIX + name.upper(): value if isinstance(value, str) else json.dumps(value)
        for name, value in (GOOD | given).items()
    }
    assert Settings.from_environment(environ) == load(GOOD | given)


@pytest.mark.parametrize(("text", "value"), [("1", True), ("Yes", True), ("off", False)])
def test_yes_and_no_are_read_from_the_environment(text: str, value: bool) -> None:
    environ = {PREFIX + name.upper(): one for name, one in GOOD.items()}
    settings = Settings.from_environment(environ | {f"{PREFIX}DRY_RUN": text})
    assert settings.dry_run is value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rows_per_request", "many"),
        ("rows_per_request", "1e2"),
        ("rows_per_request", "1" * 5_000),
        ("dry_run", "perhaps"),
        ("tables", "{'a': 1}"),
        ("tables", "[" * 100_000),
        ("tables", "[]"),
    ],
)
def test_a_wrong_text_in_the_environment_is_named(name: str, text: str) -> None:
    environ = {PREFIX + one.upper(): value for one, value in GOOD.items()}
    with pytest.raises(ConfigError, match=f"^Setting {name} "):
        Settings.from_environment(environ | {PREFIX + name.upper(): text})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(name=st.sampled_from(sorted(SCHEMA["properties"])), value=JSON)
def test_whatever_is_given_is_taken_or_refused_by_name(name: str, value: Any) -> None:
    try:
        load(GOOD | {name: value})
    except ConfigError as error:
        assert str(error).startswith(f"Setting {name}")  # noqa: PT017  both outcomes are right
