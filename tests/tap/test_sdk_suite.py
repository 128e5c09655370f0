"""The Singer SDK's own tap suite on every stream, with checks of what it leaves unchecked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from singer_sdk.testing import SuiteConfig, get_tap_test_class
from singer_sdk.testing.suites import SingerTestSuite
from singer_sdk.testing.templates import StreamTestTemplate, TapTestTemplate

from platform_sandbox import World, defaults
from platform_sandbox.testing import SandboxServer
from tap_oceanengine_local.tap import TapOceanEngineLocal

SETTINGS = {
    "app_id": defaults.OE_APP_ID,
    "app_secret": defaults.OE_APP_SECRET,
    "access_token": defaults.OE_ACCESS_TOKEN,
    "refresh_token": defaults.OE_REFRESH_TOKEN,
    "requests_per_second": 1000,
}
"""Completed by the sandbox before the first test runs; the suite is collected without it."""
LIMIT = 100_000
PLATFORM = []


class KeysAreUniqueTest(StreamTestTemplate):
    """The SDK checks that keys are there, not that they tell records apart."""

    name = "keys_are_unique"

    def test(self):
        assert self.stream.primary_keys

    def validate(self):
        keys = [
            tuple(record[name] for name in self.stream.primary_keys)
            for record in self.stream_records
        ]
        assert len(keys) == len(set(keys))


class IdsAreTextTest(StreamTestTemplate):
    """No id ever becomes a number, which would lose digits."""

    name = "ids_are_text"

    def test(self):
        for name, schema in self.stream.schema["properties"].items():
            if name.endswith("_id"):
                assert "string" in schema["type"], name

    def validate(self):
        for record in self.stream_records:
            for name, value in record.items():
                if name.endswith("_id"):
                    assert value is None or isinstance(value, str)


class RowsAreThePlatformsTest(TapTestTemplate):
    """Every row of the main stream, and no other, with the platform's numbers."""

    name = "rows_are_the_platforms"

    def test(self):
        assert self.runner.records["promotion_report"]

    def validate(self):
        (platform,) = PLATFORM
        yesterday = platform.clock.yesterday()
        truth = {
            (row["stat_time_day"], str(row["promotion_id"])): row
            for account in platform.oceanengine.accounts
            for row in platform.oceanengine.truth(
                account.id, yesterday - timedelta(days=2), yesterday
            )
        }
        found = {
            (row["stat_time_day"], row["promotion_id"]): row
            for row in self.runner.records["promotion_report"]
        }
        assert found.keys() == truth.keys()
        for key, row in found.items():
            for name in ("stat_cost", "convert_cnt", "show_cnt", "attribution_convert_cnt"):
                assert row[name] == pytest.approx(truth[key][name], abs=0.005), (key, name)


class StateIsCompleteTest(TapTestTemplate):
    """The last state has a bookmark for every account and stream that has bookmarks."""

    name = "state_is_complete"

    def test(self):
        assert self.runner.state_messages

    def validate(self):
        bookmarks = self.runner.state_messages[-1]["value"]["bookmarks"]
        for name in ("promotion_report", "account_report", "promotion_report_hourly", "leads"):
            assert len(bookmarks[name]["partitions"]) >= 3, name


def everything():
    """Return a catalog that selects every stream with all its properties."""
    catalog = TapOceanEngineLocal(config=SETTINGS).catalog_dict
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            item["metadata"]["selected"] = True
    return catalog


Suite = get_tap_test_class(
    TapOceanEngineLocal,
    config=SETTINGS,
    catalog=everything(),
    parse_env_config=False,
    suite_config=SuiteConfig(max_records_limit=LIMIT),
    custom_suites=[
        SingerTestSuite(kind="tap", tests=[RowsAreThePlatformsTest, StateIsCompleteTest]),
        SingerTestSuite(kind="tap_stream", tests=[KeysAreUniqueTest, IdsAreTextTest]),
    ],
)


class TestTap(Suite):
    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def world(cls, tmp_path_factory):
        home = tmp_path_factory.mktemp("suite")
        world = World(accounts=4, active=3, units=(2, 6), big_units=0, days=30)
        with SandboxServer(data_dir=home / "sandbox", world=world) as sandbox:
            yesterday = sandbox.platform.clock.yesterday()
            PLATFORM[:] = [sandbox.platform]
            SETTINGS.update(
                api_url=sandbox.url,
                token_store_uri=f"sqlite:///{home / 'tokens.db'}",
                start_date=(yesterday - timedelta(days=2)).isoformat(),
                end_date=yesterday.isoformat(),
            )
            yield sandbox
