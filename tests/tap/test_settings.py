"""Every wrong setting is one sentence that names it; right ones come typed, with defaults."""

from __future__ import annotations

from datetime import date

import pytest

from tap_oceanengine_local.errors import ConfigError
from tap_oceanengine_local.setting_schema import SCHEMA
from tap_oceanengine_local.settings import Settings, environment_config, load

TODAY = date(2026, 3, 20)


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"app_id": "abc"}, "Setting app_id must be the number of the app"),
        ({"app_id": True}, "Setting app_id must be the number of the app"),
        ({"app_id": "1" * 20}, "Setting app_id must be the number of the app"),
        ({"app_secret": 7}, "Setting app_secret must be a text."),
        ({"refresh_token": ["s3cret"]}, "Setting refresh_token must be a text."),
        ({"local_account_ids": []}, "Setting local_account_ids is an empty list"),
        ({"local_account_ids": ["x"]}, 'Setting local_account_ids holds "x", which is not an'),
        ({"local_account_ids": "1,zwei"}, 'Setting local_account_ids holds "zwei"'),
        ({"local_account_ids": [1.5]}, "Setting local_account_ids holds 1.5"),
        ({"local_account_ids": "1" * 20}, "Setting local_account_ids holds"),
        ({"local_account_ids": "[" * 99_999}, "Setting local_account_ids holds"),
        ({"local_account_ids": {"1": 2}}, "Setting local_account_ids must be a list"),
        ({"account_names": ["x"]}, "Setting account_names must be an object of names"),
        ({"account_names": {"1": 2}}, "Setting account_names must be an object of names"),
        ({"start_date": "soon"}, 'Setting start_date must be a day like 2026-02-11, not "soon"'),
        ({"start_date": 20260211}, "Setting start_date must be a text, not 20260211."),
        ({"start_date": "2026-02-30"}, "Setting start_date must be a day"),
        ({"end_date": "2026-03-21"}, "Setting end_date is 2026-03-21, a day of the future"),
        ({"start_date": "2027-01-01"}, "Setting start_date is 2027-01-01, a day of the future"),
        (
            {"start_date": "2026-03-02", "end_date": "2026-03-01"},
            "Setting start_date 2026-03-02 lies after end_date 2026-03-01.",
        ),
        ({"start_date": "2026-03-20"}, "Setting start_date 2026-03-20 is today"),
        ({"include_today": "yes"}, 'Setting include_today must be true or false, not "yes".'),
        ({"lookback_days": "thirty"}, 'Setting lookback_days must be a whole number, not "thirty"'),
        ({"lookback_days": -1}, "Setting lookback_days must be between 0 and 365, not -1."),
        ({"window_days": 0}, "Setting window_days must be between 1 and 365, not 0."),
        ({"window_days": 1.5}, "Setting window_days must be a whole number, not 1.5."),
        ({"window_days": 10**99}, "Setting window_days must be between 1 and 365, not 1000000"),
        ({"window_days": True}, "Setting window_days must be a whole number, not true."),
        ({"max_parallel_requests": 0}, "Setting max_parallel_requests must be between 1 and 64"),
        ({"requests_per_second": 0}, "Setting requests_per_second must be between 1 and"),
        ({"leads_contact": "show"}, "Setting leads_contact must be one of mask, plain, omit"),
        ({"audience_dimensions": ["SEX"]}, 'Setting audience_dimensions holds "SEX"; possible are'),
        ({"audience_dimensions": []}, "Setting audience_dimensions is an empty list"),
        ({"audience_dimensions": "AGE"}, "Setting audience_dimensions must be a list"),
        ({"reconcile": 1}, "Setting reconcile must be true or false, not 1."),
        ({"startdate": "2026-01-01"}, "Setting startdate is unknown. Did you mean start_date?"),
        ({"zzz": 1}, "Setting zzz is unknown."),
    ],
)
def test_a_wrong_setting_is_one_sentence_that_names_it(config, sentence):
    with pytest.raises(ConfigError) as raised:
        load(config, today=TODAY)
    assert str(raised.value).startswith(sentence)
    assert "\n" not in str(raised.value)
    assert "s3cret" not in str(raised.value)
    assert len(str(raised.value)) < 250


def test_defaults_are_those_of_the_schema():
    settings = load({})
    assert settings.lookback_days == 30
    assert settings.window_days == 31
    assert settings.max_parallel_requests == 4
    assert settings.requests_per_second == 10
    assert settings.request_timeout_seconds == 30
    assert settings.authorization == "default"
    assert settings.token_store_uri == "sqlite:///.oceanengine/tokens.db"
    assert settings.audience_dimensions == ("GENDER", "AGE")
    assert settings.leads_contact == "mask"
    assert settings.reconcile is True
    assert settings.include_today is False
    assert settings.api_url == "https://api.oceanengine.com"
    assert settings.local_account_ids is None
    assert settings.start_date is settings.end_date is settings.app_id is None


@pytest.mark.parametrize(
    "given",
    [
        ["1790000000000001", 1790000000000002],
        "1790000000000001,1790000000000002",
        " 1790000000000001 , 1790000000000002,, ",
        "1790000000000001，1790000000000002",
        '["1790000000000001", 1790000000000002]',
        ["1790000000000001", "1790000000000002", "1790000000000001"],
        ["1790000000000001", "01790000000000002", 1790000000000002],
    ],
)
def test_account_ids_come_as_a_list_or_as_text(given):
    assert load({"local_account_ids": given}).local_account_ids == (
        "1790000000000001",
        "1790000000000002",
    )


def test_an_empty_text_means_unset():
    settings = load({"local_account_ids": "", "start_date": " ", "access_token": "", "api_url": ""})
    assert settings.local_account_ids is None
    assert settings.start_date is None
    assert settings.access_token is None
    assert settings.api_url == "https://api.oceanengine.com"


def test_dotted_names_are_nested_again():
    settings = load({"account_names.1": "甲", "account_names.2": "乙"})
    assert settings.account_names == {"1": "甲", "2": "乙"}
    both = load({"account_names": {"1": "甲"}, "account_names.2": "乙"})
    assert both.account_names == {"1": "甲", "2": "乙"}
    other_way = load({"account_names.2": "乙", "account_names": {"1": "甲"}})
    assert other_way.account_names == {"1": "甲", "2": "乙"}


def test_a_single_account_and_names_as_text_are_read_too():
    settings = load({"local_account_ids": 12, "account_names": '{"12": "甲"}'})
    assert settings.local_account_ids == ("12",)
    assert settings.account_names == {"12": "甲"}


def test_today_is_a_possible_end_and_with_it_a_possible_start():
    assert load({"end_date": "2026-03-20", "start_date": "2026-03-20"}, today=TODAY)
    assert load({"include_today": True, "start_date": "2026-03-20"}, today=TODAY)


def test_days_may_come_with_a_time():
    assert load({"start_date": "2026-02-11T00:00:00Z"}).start_date == date(2026, 2, 11)


def test_settings_of_the_sdk_are_left_alone():
    assert load({"stream_maps": {}}, known={"stream_maps"})


def test_the_environment_holds_texts():
    settings = Settings.from_environment(
        {
            "TAP_OCEANENGINE_LOCAL_APP_ID": "1800000000000001",
            "TAP_OCEANENGINE_LOCAL_LOCAL_ACCOUNT_IDS": "[1790000000000001]",
            "TAP_OCEANENGINE_LOCAL_ACCOUNT_NAMES": '{"1790000000000001": "总店"}',
            "TAP_OCEANENGINE_LOCAL_LOOKBACK_DAYS": "7",
            "TAP_OCEANENGINE_LOCAL_INCLUDE_TODAY": "True",
            "TAP_OCEANENGINE_LOCAL_RECONCILE": "off",
            "TAP_OCEANENGINE_LOCAL_AUDIENCE_DIMENSIONS": "AGE, CITY",
            "TAP_OCEANENGINE_LOCAL_START_DATE": "",
            "PATH": "/bin",
        }
    )
    assert settings.app_id == "1800000000000001"
    assert settings.local_account_ids == ("1790000000000001",)
    assert settings.account_names == {"1790000000000001": "总店"}
    assert settings.lookback_days == 7
    assert settings.include_today is True
    assert settings.reconcile is False
    assert settings.audience_dimensions == ("AGE", "CITY")
    assert settings.start_date is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("LOOKBACK_DAYS", "a week"), ("RECONCILE", "perhaps"), ("ACCOUNT_NAMES", "x")),
        *(("LOOKBACK_DAYS", "9" * 5000), ("RECONCILE", "[" * 99_999)),
    ],
)
def test_a_wrong_text_in_the_environment_names_the_setting(name, text):
    with pytest.raises(ConfigError, match=f"Setting {name.lower()} must be"):
        environment_config({f"TAP_OCEANENGINE_LOCAL_{name}": text})


def test_settings_survive_the_way_to_json_and_back():
    settings = load(
        {
            "app_id": 1800000000000001,
            "local_account_ids": "1,2",
            "account_names": {"1": "甲"},
            "start_date": "2026-02-11",
        }
    )
    assert load(settings.to_config()) == settings


def test_every_setting_is_described_and_every_number_is_an_integer():
    for name, schema in SCHEMA["properties"].items():
        assert schema["description"].endswith("."), name
        assert "number" not in schema["type"], name
        assert name in Settings.__dataclass_fields__
    assert list(SCHEMA["properties"]) == list(Settings.__dataclass_fields__)


def test_secrets_are_marked():
    secret = {name for name, schema in SCHEMA["properties"].items() if schema.get("secret")}
    assert secret == {"app_secret", "access_token", "refresh_token", "token_store_uri"}
