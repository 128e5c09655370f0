"""A platform of canned lists instead of the network, and runs of the tap against it."""

from __future__ import annotations

import io
import json
from collections import defaultdict
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest

import tap_oceanengine_local.tap as tap_module
from tap_oceanengine_local.accounts import Account
from tap_oceanengine_local.tap import TapOceanEngineLocal

NOON = 1_773_979_200.0
"""2026-03-20 12:00 in Asia/Shanghai."""
TODAY = date(2026, 3, 20)
LISTS = {
    "account": "data_list",
    "project": "project_list",
    "promotion": "promotion_list",
    "material": "material_list",
}


@dataclass
class CannedPlatform:
    """Answers like the platform, from rows kept per account; notes every call.

    Attributes:
        accounts: Accounts that the run reads.
        rows: Report rows per (level, account id); a row has its day, ids and metrics.
        errors: Errors to raise, by account id.
        before: Called with (path, parameters) ahead of each answer.
    """

    accounts: list = field(default_factory=list)
    rows: dict = field(default_factory=lambda: defaultdict(list))
    errors: dict = field(default_factory=dict)
    calls: list = field(default_factory=list)
    before: object = None
    tokens: object = None

    @property
    def requests(self):
        return len(self.calls)

    def asked(self, path=""):
        return [params for called, params in self.calls if path in called]

    def account(self, number, name=None, **more):

        account = Account(
            **{
                "id": str(1790000000000000 + number),
                "name": name,
                "source": None,
                "organization_id": None,
                "account_type": None,
                **more,
            }
        )
        self.accounts.append(account)
        return account

    def unit_rows(self, account, days, units=1, **metrics):
        """Add rows of units for each of the last days before today, with their account rows."""
        given = {"stat_cost": 10.0, "convert_cnt": 2, "show_cnt": 100, **metrics}
        for offset in range(days, 0, -1):
            day = (TODAY - timedelta(days=offset)).isoformat()
            for unit in range(units):
                self.rows["promotion", account.id].append(
                    {
                        "stat_time_day": day,
                        "promotion_id": 7604418424915820607 + unit,
                        "promotion_name": f"单元{unit}",
                        "project_id": 7604417730327199784,
                        "project_name": "项目",
                        **given,
                    }
                )
            self.rows["account", account.id].append(
                {
                    "stat_time_day": day,
                    "local_account_id": int(account.id),
                    "stat_cost": given["stat_cost"] * units,
                }
            )

    def get(self, path, params):
        self._note(path, params)
        account = str(params["local_account_id"])
        if account in self.errors:
            raise self.errors[account]
        level = path.split("/")[-3] if "report" in path else path.split("/")[-3] + "s"
        rows = [
            row
            for row in self.rows[level, account]
            if "start_date" not in params
            or params["start_date"] <= str(row["stat_time_day"])[:10] <= params["end_date"]
        ]
        asked = {*params.get("metrics", ())}
        shown = [
            {
                name: value
                for name, value in row.items()
                if "metrics" not in params or name in asked or name not in METRICS
            }
            for row in rows
        ]
        key = LISTS.get(level, level.removesuffix("s") + "_list")
        return page(shown, params["page"], key, ("total_number", "total_page"))

    def try_get(self, path, params):
        return self.get(path, params)

    def post(self, path, body):
        self._note(path, body)
        asked = [str(account) for account in body["local_account_ids"]]
        for account in asked:
            if account in self.errors:
                raise self.errors[account]
        rows = [
            row
            for row in self.rows["leads", ""]
            if str(row.get("local_account_id")) in asked
            and body["start_time"] <= row["create_time_detail"] <= body["end_time"]
        ]
        rows.sort(key=lambda row: row["create_time_detail"], reverse=True)
        return page(rows, body["page"], "list", ("total", "page_total"))

    def _note(self, path, params):
        self.calls.append((path, dict(params)))
        if self.before:
            self.before(path, params)


METRICS = {"stat_cost", "convert_cnt", "show_cnt", "conversion_cost", "click_cnt"}


def page(rows, number, key, info):
    total, pages = info
    return {
        key: rows[100 * number - 100 : 100 * number],
        "page_info": {total: len(rows), pages: -(-len(rows) // 100)},
    }


@dataclass
class Run:
    """The messages of a run."""

    messages: list
    error: Exception | None
    tap: object

    def of(self, kind):
        return [message for message in self.messages if message["type"] == kind]

    def records(self, stream="promotion_report"):
        return [message["record"] for message in self.of("RECORD") if message["stream"] == stream]

    @property
    def state(self):
        return self.of("STATE")[-1]["value"] if self.of("STATE") else None

    def bookmarks(self, stream="promotion_report"):
        partitions = (self.state or {}).get("bookmarks", {}).get(stream, {}).get("partitions", [])
        return {
            partition["context"]["local_account_id"]: partition["replication_key_value"]
            for partition in partitions
        }

    @property
    def summary(self):
        return self.tap.summary.to_dict(requests=0, refresh_token_days_left=None)["streams"]


@pytest.fixture
def platform(monkeypatch):
    """A canned platform in place of client and discovery; noon of 2026-03-20 in Shanghai."""

    canned = CannedPlatform()
    monkeypatch.setattr(tap_module, "build_client", lambda _: canned)
    monkeypatch.setattr(tap_module, "select_accounts", lambda *_: canned.accounts)
    monkeypatch.setattr(tap_module.TapOceanEngineLocal, "clock", staticmethod(lambda: NOON))
    return canned


@pytest.fixture
def run_tap():
    """Run streams in this process: `run_tap("promotion_report", state=…, **settings)`."""
    from tap_oceanengine_local.errors import TapError

    def run(*streams, select=None, state=None, catalog=None, **settings):
        config = {"app_id": "1800000000000001", "app_secret": "secret", **settings}
        if catalog is None:
            catalog = _catalog(
                TapOceanEngineLocal, config, streams or ("promotion_report",), select
            )
        output, error = io.StringIO(), None
        with redirect_stdout(output):
            tap = TapOceanEngineLocal(config=config, catalog=catalog, state=state)
            try:
                tap.sync_all()
            except TapError as raised:
                error = raised
        return Run([json.loads(line) for line in output.getvalue().splitlines()], error, tap)

    return run


def _catalog(tap, config, streams, select):
    catalog = tap(config=config, validate_config=False).catalog_dict
    for entry in catalog["streams"]:
        chosen = entry["tap_stream_id"] in streams
        for item in entry["metadata"]:
            if not item["breadcrumb"]:
                item["metadata"]["selected"] = chosen
            elif select is not None:
                item["metadata"]["selected"] = item["breadcrumb"][-1] in select
    return catalog


@pytest.fixture
def sandbox(tmp_path):
    """The platform sandbox on a free port, with five accounts, two of them silent."""
    from platform_sandbox import World
    from platform_sandbox.testing import SandboxServer

    world = World(accounts=5, active=3, units=(2, 12), big_units=0, days=60)
    with SandboxServer(data_dir=tmp_path / "sandbox", world=world) as server:
        yield server


@pytest.fixture
def sandbox_config(sandbox, tmp_path):
    """Settings for the sandbox, with a token store of the test's own."""
    from platform_sandbox import defaults

    return {
        "app_id": defaults.OE_APP_ID,
        "app_secret": defaults.OE_APP_SECRET,
        "access_token": defaults.OE_ACCESS_TOKEN,
        "refresh_token": defaults.OE_REFRESH_TOKEN,
        "token_store_uri": f"sqlite:///{tmp_path / 'tokens.db'}",
        "api_url": sandbox.url,
        "end_date": sandbox.platform.clock.yesterday().isoformat(),
        "requests_per_second": 1000,
    }
