"""The same rows arrive whatever the host's locale and zone are: tap and target in one pipe."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from platform_sandbox import World, defaults
from platform_sandbox.testing import SandboxServer

from .conftest import ROOT

TAP = ROOT / ".meltano/extractors/tap-oceanengine-local/venv/bin/tap-oceanengine-local"
TARGET = ROOT / ".meltano/loaders/target-feishu-bitable/venv/bin/target-feishu-bitable"
STREAMS = ("promotion_report", "promotion_report_hourly", "leads")
MISSING = "the sources of the locale zh_CN are missing: apt-get install locales"
#: Encoding that Python sees under each locale, when it may not switch to UTF-8 by itself.
LOCALES = {"C": "ascii", "C.UTF-8": "utf-8", "zh_CN.GB18030": "gb18030"}
ZONES = ("UTC", "America/Los_Angeles", "Asia/Shanghai")


@pytest.fixture(scope="module")
def locales(tmp_path_factory, require_service) -> Path:
    """Return a folder with the locale of mainland China's standard encoding, made for the test."""
    made = Path("/usr/share/i18n/locales/zh_CN").exists() and shutil.which("localedef") is not None
    require_service(made, MISSING)
    folder = tmp_path_factory.mktemp("locales")
    subprocess.run(
        ["localedef", "-i", "zh_CN", "-f", "GB18030", folder / "zh_CN.GB18030"],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    world = World(accounts=3, active=2, units=(2, 5), big_units=0, days=30)
    with SandboxServer(data_dir=tmp_path_factory.mktemp("platforms"), world=world) as server:
        yield server


class Host:
    """A host with a locale and a zone, on which both programs run with settings of their own."""

    def __init__(self, sandbox: SandboxServer, folder: Path, **variables: str) -> None:
        self.sandbox, self.folder = sandbox, folder
        kept = ("PATH", "HOME")
        self.environment = {name: os.environ[name] for name in kept} | variables
        # Python would otherwise take UTF-8 where the locale is C.
        self.environment |= {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
        self.environment["XDG_STATE_HOME"] = str(folder)

    def encoding(self) -> str:
        say = "import sys; print(sys.stdout.encoding)"
        program = [TAP.with_name("python"), "-c", say]
        return subprocess.run(
            program, env=self.environment, capture_output=True, text=True, check=True, timeout=60
        ).stdout.strip()

    def pipe(self, table: str) -> None:
        """Run `tap | target` into new tables of the base."""
        yesterday = self.sandbox.platform.clock.yesterday()
        accounts = self.sandbox.platform.oceanengine.accounts
        tap = {
            "app_id": defaults.OE_APP_ID,
            "app_secret": defaults.OE_APP_SECRET,
            "access_token": defaults.OE_ACCESS_TOKEN,
            "refresh_token": defaults.OE_REFRESH_TOKEN,
            "token_store_uri": f"sqlite:///{self.folder}/tokens.db",
            "account_names": {str(accounts[0].id): "总店 𠮷 🙂"},
            "start_date": (yesterday - timedelta(days=2)).isoformat(),
            "end_date": yesterday.isoformat(),
            "api_url": self.sandbox.url,
        }
        columns = {"promotion_name": "单元名称 𠮷", "stat_cost": "消耗(元)"}
        target = {
            "app_id": defaults.FEISHU_APP_ID,
            "app_secret": defaults.FEISHU_APP_SECRET,
            "bitable": defaults.FEISHU_BASE,
            "tables": {
                stream: {"table": f"{stream} 表 {table}", "columns": columns} for stream in STREAMS
            },
            "column_names": "title",
            "api_url": self.sandbox.url,
        }
        for name, content in (("tap", tap), ("target", target), ("catalog", self._catalog(tap))):
            (self.folder / name).write_text(json.dumps(content, ensure_ascii=False), "utf-8")
        reading = [TAP, "--config", self.folder / "tap", "--catalog", self.folder / "catalog"]
        with (self.folder / "log").open("wb") as log:
            first = subprocess.Popen(
                reading, env=self.environment, cwd=self.folder, stdout=subprocess.PIPE, stderr=log
            )
            second = subprocess.run(
                [TARGET, "--config", self.folder / "target"], env=self.environment,
                cwd=self.folder, stdin=first.stdout, capture_output=True, check=False, timeout=120,
            )  # fmt: skip
            first.stdout.close()
            first.wait(60)
        said = (self.folder / "log").read_bytes() + second.stderr
        assert (first.returncode, second.returncode) == (0, 0), said.decode("utf-8", "replace")

    def _catalog(self, config: dict[str, Any]) -> dict[str, Any]:
        (self.folder / "tap").write_text(json.dumps(config, ensure_ascii=False), "utf-8")
        found = subprocess.run(
            [TAP, "--config", self.folder / "tap", "--discover"],
            env=self.environment, cwd=self.folder, capture_output=True, check=True, timeout=60,
        ).stdout  # fmt: skip
        catalog = json.loads(found)
        for entry in catalog["streams"]:
            for item in entry["metadata"]:
                item["metadata"]["selected"] = entry["tap_stream_id"] in STREAMS
        return catalog


def rows(sandbox: SandboxServer, table: str) -> str:
    """Return all rows of a run's tables, as the platform keeps them."""
    base = sandbox.platform.feishu.base()
    stored = {
        stream: [cells for _, cells in base.table(f"{stream} 表 {table}").rows()]
        for stream in STREAMS
    }
    assert all(stored.values())
    return json.dumps(stored, ensure_ascii=False, indent=1)


@pytest.fixture(scope="module")
def expected(sandbox: SandboxServer, tmp_path_factory) -> str:
    """Return the rows of a host as most are: UTF-8 and UTC."""
    folder = tmp_path_factory.mktemp("usual")
    Host(sandbox, folder, LC_ALL="C.UTF-8", TZ="UTC").pipe("usual")
    found = rows(sandbox, "usual")
    assert "总店 𠮷 🙂" in found
    assert "单元名称 𠮷" in found
    return found


@pytest.fixture
def hosts(sandbox: SandboxServer, locales: Path, tmp_path: Path) -> Callable[[str, str], Host]:
    return lambda locale, zone: Host(
        sandbox, tmp_path, LC_ALL=locale, TZ=zone, LOCPATH=str(locales)
    )


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("locale", LOCALES)
def test_rows_are_the_same(
    locale: str, zone: str, hosts: Callable[[str, str], Host], sandbox, expected: str
) -> None:
    host = hosts(locale, zone)
    assert host.encoding().lower().replace("_", "-") == LOCALES[locale]
    table = f"{locale} {zone.replace('/', ' ')}"
    host.pipe(table)
    assert rows(sandbox, table) == expected


def test_a_place_that_the_locale_cannot_express_is_said_in_words(
    hosts: Callable[[str, str], Host], tmp_path: Path
) -> None:
    host = hosts("C", "UTC")
    config = {
        "app_id": defaults.OE_APP_ID,
        "app_secret": defaults.OE_APP_SECRET,
        "token_store_uri": f"sqlite:///{tmp_path}/令牌/tokens.db",
    }
    (tmp_path / "tap").write_text(json.dumps(config), "utf-8")
    outcome = subprocess.run(
        [TAP, "--config", tmp_path / "tap"], env=host.environment, cwd=tmp_path,
        capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    assert outcome.returncode == 1
    assert b"Set LC_ALL=C.UTF-8" in outcome.stderr
    assert b"Traceback" not in outcome.stderr
