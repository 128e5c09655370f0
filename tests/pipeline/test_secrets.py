"""Nothing secret or personal is left behind or told, also not by runs that fail at debug level."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from platform_sandbox import Fault, World, defaults
from platform_sandbox.oceanengine.lead_records import leads_of
from platform_sandbox.testing import SandboxServer

from .conftest import ROOT, MeltanoProject

SECRETS = {
    "OE_APP_SECRET": "mark-of-the-oceanengine-app-secret",
    "OE_ACCESS_TOKEN": "mark-of-the-first-access-token",
    "OE_REFRESH_TOKEN": "mark-of-the-first-refresh-token",
    "FEISHU_APP_SECRET": "mark-of-the-feishu-app-secret",
    "FEISHU_WEBHOOK_SECRET": "mark-of-the-webhook-secret",
}
HOOK = "mark-of-the-webhook-itself"
PHONE = "13812345678"
RUN = ("--log-level", "debug", "run", "tap-oceanengine-local")
TO_TABLE = (*RUN, "target-feishu-bitable")
PLUGINS = {
    "tap_oceanengine_local.tap": (
        "TapOceanEngineLocal", "extractors/tap-oceanengine-local",
        "oceanengine", "app_id", "app_secret", "access_token", "refresh_token",
    ),
    "target_feishu_bitable.target": (
        "TargetFeishuBitable", "loaders/target-feishu-bitable",
        "feishu", "app_id", "app_secret", "bitable",
    ),
}  # fmt: skip


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxServer]:
    """The platforms with secrets that stand nowhere else, and a first token that has run out."""
    for name, mark in SECRETS.items():
        monkeypatch.setattr(defaults, name, mark)
    world = World(accounts=3, active=2, units=(1, 3), big_units=0, days=40)
    with SandboxServer(data_dir=tmp_path / "platforms", world=world) as server:
        server.platform.feishu.app(secret=SECRETS["FEISHU_APP_SECRET"])
        server.platform.feishu.bot(HOOK, secret=SECRETS["FEISHU_WEBHOOK_SECRET"])
        server.platform.oceanengine.tokens.expire_access()
        yield server


@pytest.fixture
def production(project: MeltanoProject, sandbox: SandboxServer) -> MeltanoProject:
    """A project of production with its secrets in .env, reading reports and leads."""
    values = {
        "MELTANO_ENVIRONMENT": "prod",
        "OCEANENGINE_APP_ID": defaults.OE_APP_ID,
        "OCEANENGINE_APP_SECRET": SECRETS["OE_APP_SECRET"],
        "OCEANENGINE_ACCESS_TOKEN": SECRETS["OE_ACCESS_TOKEN"],
        "OCEANENGINE_REFRESH_TOKEN": SECRETS["OE_REFRESH_TOKEN"],
        "FEISHU_APP_ID": defaults.FEISHU_APP_ID,
        "FEISHU_APP_SECRET": SECRETS["FEISHU_APP_SECRET"],
        "FEISHU_BITABLE": defaults.FEISHU_BASE,
        "FEISHU_WEBHOOK_URL": f"{sandbox.url}/open-apis/bot/v2/hook/{HOOK}",
        "FEISHU_WEBHOOK_SECRET": SECRETS["FEISHU_WEBHOOK_SECRET"],
        "TAP_OCEANENGINE_LOCAL__SELECT": json.dumps(["promotion_report.stat_cost", "leads.*"]),
        "TAP_OCEANENGINE_LOCAL_API_URL": sandbox.url,
        "TARGET_FEISHU_BITABLE_API_URL": sandbox.url,
    }
    (project.root / ".env").write_text("".join(f"{k}={v}\n" for k, v in values.items()), "utf-8")
    return project


def secrets(sandbox: SandboxServer) -> dict[str, str]:
    """Return everything that must stay where it is: what was configured, what was issued since."""
    found = SECRETS | {"hook": HOOK, "echoed phone": PHONE}
    for pair in sandbox.platform.oceanengine.tokens.pairs[1:]:
        found |= {f"access {pair.number}": pair.access, f"refresh {pair.number}": pair.refresh}
    for token in sandbox.platform.feishu.tokens._ends:
        found[f"tenant {token[:6]}"] = token
    return found


def persons(sandbox: SandboxServer) -> set[str]:
    """Return the telephone numbers and WeChat names of all leads that the run can read."""
    platform, now = sandbox.platform, sandbox.platform.clock.now()
    days = [now.date() - timedelta(days=age) for age in range(40)]
    leads = [
        lead
        for account in platform.oceanengine.accounts
        for day in days
        for _created, lead in leads_of(platform.oceanengine.world, account, day, now)
    ]
    return {lead[name] for lead in leads for name in ("telephone", "weixin") if lead[name]}


def traces(project: MeltanoProject) -> dict[str, str]:
    """Return every file that a run has written, but not the token store."""
    given = {".env", "meltano.yml", "logging.yaml", "tokens.db"}
    places = [project.root, Path(project.environment["XDG_STATE_HOME"])]
    return {
        str(path): path.read_bytes().decode("utf-8", "replace")
        for place in places
        for path in place.rglob("*")
        if path.is_file() and not path.is_symlink() and path.name not in given
    }


def assert_untold(
    project: MeltanoProject, sandbox: SandboxServer, outcome: subprocess.CompletedProcess[str]
) -> None:
    """Look for every secret and every person in all that the run has said, sent and left."""
    cards = [message.payload for message in sandbox.platform.feishu.cards]
    told = traces(project) | {
        "stdout": outcome.stdout,
        "stderr": outcome.stderr,
        "cards": json.dumps(cards, ensure_ascii=False),
    }
    hidden = secrets(sandbox) | {f"lead's {one}": one for one in persons(sandbox)}
    assert len(hidden) > 30
    found = {
        (name, place) for place, text in told.items() for name, one in hidden.items() if one in text
    }
    assert found == set()
    for store in project.root.glob(".oceanengine/*"):
        assert stat.S_IMODE(store.stat().st_mode) == 0o600
    assert stat.S_IMODE((project.root / ".oceanengine").stat().st_mode) == 0o700


def test_a_run_that_succeeds_tells_nothing(
    production: MeltanoProject, sandbox: SandboxServer
) -> None:
    outcome = production.meltano(*TO_TABLE)
    assert outcome.returncode == 0, outcome.stderr[-3000:]
    assert len(sandbox.platform.feishu.base().table("leads").rows()) > 0
    assert len(sandbox.platform.oceanengine.tokens.pairs) == 2
    assert len(sandbox.platform.feishu.cards) == 1
    assert_untold(production, sandbox, outcome)


@pytest.mark.parametrize("refusing", ["oauth2/refresh_token", "report/promotion", "clue/life"])
def test_a_platform_that_repeats_secrets_in_its_refusals_is_not_quoted(
    refusing: str, production: MeltanoProject, sandbox: SandboxServer
) -> None:
    tokens = sandbox.platform.oceanengine.tokens
    # What the run will send: the refreshed pair, known beforehand.
    pair = tokens.refresh(tokens.current.refresh) if "oauth2" not in refusing else tokens.current
    seeds = {
        "OCEANENGINE_ACCESS_TOKEN": pair.access,
        "OCEANENGINE_REFRESH_TOKEN": pair.refresh,
    }
    env = production.root / ".env"
    lines = [
        f"{name}={seeds.get(name, value)}"
        for name, _, value in (line.partition("=") for line in env.read_text("utf-8").splitlines())
    ]
    env.write_text("\n".join(lines), "utf-8")
    sent = f"{pair.refresh} {SECRETS['OE_APP_SECRET']}" if "oauth2" in refusing else pair.access
    words = f"{sent} {PHONE}"
    fault = Fault(path=refusing, code=40001, times=None, message=f"not accepted: {words}")
    sandbox.platform.faults.add(fault)

    outcome = production.meltano(*TO_TABLE)
    assert outcome.returncode == 1
    assert "40001" in outcome.stderr
    (card,) = sandbox.platform.feishu.cards
    assert "40001" in json.dumps(card.payload)
    assert_untold(production, sandbox, outcome)


def test_a_run_that_fails_while_writing_tells_nothing(
    production: MeltanoProject, sandbox: SandboxServer
) -> None:
    sandbox.platform.faults.add(Fault(path="batch_create", code=1254061, times=None, skip=1))
    outcome = production.meltano(*TO_TABLE)
    assert outcome.returncode == 1
    assert "1254061" in outcome.stderr
    assert len(sandbox.platform.feishu.cards) == 1
    assert_untold(production, sandbox, outcome)


def test_a_lost_authorisation_tells_nothing(
    production: MeltanoProject, sandbox: SandboxServer
) -> None:
    sandbox.platform.oceanengine.tokens.kill()
    outcome = production.meltano(*TO_TABLE)
    assert outcome.returncode == 1
    (card,) = sandbox.platform.feishu.cards
    assert "authorize" in json.dumps(card.payload)
    assert_untold(production, sandbox, outcome)


@pytest.mark.parametrize("target", ["csv", "jsonl"])
def test_exported_files_hold_nothing(
    target: str, production: MeltanoProject, sandbox: SandboxServer
) -> None:
    variables = {
        "TARGET_CSV_OUTPUT_PATH": str(production.root),
        "TARGET_JSONL_DESTINATION_PATH": str(production.root),
    }
    outcome = production.meltano(*RUN, f"target-{target}", **variables)
    assert outcome.returncode == 0, outcome.stderr[-3000:]
    assert list(production.root.glob("leads*"))
    assert_untold(production, sandbox, outcome)


@pytest.mark.parametrize("module", PLUGINS)
def test_a_plugin_that_crashes_shows_neither_settings_nor_environment(
    module: str, production: MeltanoProject, sandbox: SandboxServer, tmp_path: Path
) -> None:
    name, folder, prefix, *settings = PLUGINS[module]
    lines = (production.root / ".env").read_text("utf-8").splitlines()
    environment = dict(line.split("=", 1) for line in lines)
    config = {"api_url": sandbox.url} | {
        setting: environment[f"{prefix}_{setting}".upper()] for setting in settings
    }
    (tmp_path / "config.json").write_text(json.dumps(config), "utf-8")
    crash = (
        f"import sys; sys.argv = ['plugin', '--config', '{tmp_path / 'config.json'}']\n"
        "import requests\n"
        "def crash(*given, **more): raise SystemError('a bug')\n"
        "requests.Session.request = crash\n"
        f"from {module} import {name}\n{name}.cli()\n"
    )
    schema = {"type": "object", "properties": {"id": {"type": "string"}}}
    messages = (
        {"type": "SCHEMA", "stream": "s", "schema": schema, "key_properties": ["id"]},
        {"type": "RECORD", "stream": "s", "record": {"id": PHONE}},
    )
    outcome = subprocess.run(
        [ROOT / ".meltano" / folder / "venv/bin/python", "-c", crash],
        input="".join(json.dumps(message) + "\n" for message in messages),
        cwd=production.root, env=production.variables(**environment),
        capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    assert outcome.returncode != 0
    assert "a bug" in outcome.stderr
    told = outcome.stdout + outcome.stderr
    assert {name for name, one in secrets(sandbox).items() if one in told} == set()


def test_what_a_killed_meltano_leaves_is_for_its_owner_only(
    production: MeltanoProject, sandbox: SandboxServer
) -> None:
    """Meltano hands settings over in a file; SIGKILL leaves it behind, the umask protects it."""
    sandbox.platform.faults.add(Fault(path="records", kind="slow", seconds=3, times=1))
    running = subprocess.Popen(
        ["/bin/sh", "-c", 'umask 077; exec "$@"', "sh", *production.command(*TO_TABLE)],
        cwd=production.root, env=production.variables(), start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    sandbox.platform.requests.wait_for("records")
    os.killpg(running.pid, signal.SIGKILL)
    running.wait(30)
    left = list(production.root.glob(".meltano/run/*/*.config.json"))
    assert len(left) == 2
    assert SECRETS["OE_APP_SECRET"] in "".join(path.read_text("utf-8") for path in left)
    assert {stat.S_IMODE(path.stat().st_mode) for path in left} == {0o600}


def test_what_the_page_says_is_shown_by_a_test_is_there() -> None:
    page = (ROOT / "docs/security.md").read_text("utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", page)
    assert len(named) > 20
    missing = [
        (file, test)
        for file, test in named
        if not (ROOT / file).exists()
        or (test and f"def {test}(" not in (ROOT / file).read_text("utf-8"))
    ]
    assert missing == []
