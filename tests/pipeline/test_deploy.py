"""The templates for cron and systemd do what they say, in an environment as bare as theirs."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from platform_sandbox.testing import SandboxServer

from .conftest import ROOT, MeltanoProject
from .recipes import bot, fill_in, filled

CRONTAB = (ROOT / "deploy/crontab").read_text("utf-8")
UNITS = sorted((ROOT / "deploy/systemd").iterdir())
HOME = "/opt/local-promotion"
MISSING = "systemd-analyze is missing: apt-get install systemd"


def settings_of_crontab() -> dict[str, str]:
    return dict(re.findall(r"^([A-Z_]+)=(.*)$", CRONTAB, re.MULTILINE))


def lines_of_crontab() -> list[tuple[tuple[str, ...], str]]:
    """Return each job: its five fields, and its command."""
    jobs = []
    for line in CRONTAB.splitlines():
        if line and not line.startswith("#") and not re.match(r"[A-Z_]+=", line):
            *fields, command = line.split(maxsplit=5)
            jobs.append((tuple(fields), command))
    return jobs


DAILY, CHECK = (command for _fields, command in lines_of_crontab())


def production(project: MeltanoProject, sandbox: SandboxServer) -> None:
    """Make the project one of production whose platforms are the sandbox."""
    addresses = {
        "TAP_OCEANENGINE_LOCAL_API_URL": sandbox.url,
        "TARGET_FEISHU_BITABLE_API_URL": sandbox.url,
    }
    fill_in(project, filled(sandbox) | bot(sandbox) | addresses)
    (project.root / ".env").chmod(0o600)
    (project.root / ".venv").symlink_to(sys.prefix)


def as_cron(project: MeltanoProject, command: str) -> subprocess.CompletedProcess[str]:
    """Run a job as cron does: a bare environment, in the home folder, by the shell it is told."""
    settings = settings_of_crontab() | {"PROJECT": str(project.root)}
    bare = {"HOME": str(project.root.parent), "LOGNAME": "somebody", "PATH": "/usr/bin:/bin"}
    return subprocess.run(
        [settings["SHELL"], "-c", command], cwd=project.root.parent, env=bare | settings,
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def titles(sandbox: SandboxServer) -> list[str]:
    return [
        message.payload["card"]["header"]["title"]["content"]
        for message in sandbox.platform.feishu.cards
    ]


def test_crontab_runs_daily_and_checks_later_in_beijing_time() -> None:
    assert settings_of_crontab() == {
        "CRON_TZ": "Asia/Shanghai",
        "SHELL": "/bin/bash",
        "PROJECT": HOME,
    }
    (daily, _), (check, _) = lines_of_crontab()
    assert daily == ("0", "7", "*", "*", "*")
    assert check == ("30", "9", "*", "*", "*")
    assert "meltano --environment prod run tap-oceanengine-local target-feishu-bitable" in DAILY
    assert "MELTANO_ENVIRONMENT=prod .venv/bin/feishu-notify check --max-age-hours 26" in CHECK
    # cron reads a % as the end of the line
    assert "%" not in DAILY + CHECK


def test_lines_of_the_crontab_run_the_job_and_keep_what_they_write_private(
    project: MeltanoProject, sandbox: SandboxServer
) -> None:
    production(project, sandbox)
    daily = as_cron(project, DAILY)
    log = project.root / ".meltano/cron.log"
    assert daily.returncode == 0, log.read_text("utf-8")
    assert (daily.stdout, daily.stderr) == ("", "")
    assert len(sandbox.platform.feishu.base().table("单元日报").rows()) > 0
    assert len(titles(sandbox)) == 1

    written = [log, project.root / ".meltano/meltano.db", project.root / ".oceanengine/tokens.db"]
    assert {path.name: oct(mode(path)) for path in written} == {
        path.name: oct(0o600) for path in written
    }
    assert mode(project.root / ".oceanengine") == 0o700

    check = as_cron(project, CHECK)
    assert check.returncode == 0, log.read_text("utf-8")
    assert len(titles(sandbox)) == 1


def test_check_line_of_the_crontab_sends_a_card_when_the_job_never_ran(
    project: MeltanoProject, sandbox: SandboxServer
) -> None:
    production(project, sandbox)
    check = as_cron(project, CHECK)
    assert check.returncode == 1
    log = (project.root / ".meltano/cron.log").read_text("utf-8")
    assert log == "No successful run is on record\n"
    (title,) = titles(sandbox)
    assert title.startswith("巨量本地推")


def test_check_line_of_the_crontab_sends_a_card_when_meltano_itself_cannot_start(
    project: MeltanoProject, sandbox: SandboxServer
) -> None:
    production(project, sandbox)
    described = project.root / "meltano.yml"
    slip = described.read_text("utf-8").replace("plugins:", "plugins\n :: -")
    described.write_text(slip, "utf-8")
    assert as_cron(project, DAILY).returncode == 1
    assert titles(sandbox) == []  # Meltano has not come as far as logging.yaml

    assert as_cron(project, CHECK).returncode == 1
    (message,) = sandbox.platform.feishu.cards
    text = message.payload["card"]["body"]["elements"][0]["content"]
    assert "meltano.yml" in text
    assert "could not find expected ':'" in text


@pytest.fixture
def units(tmp_path: Path, require_service) -> Path:
    """Return the units as they are after the folder was put in, in a folder of their own."""
    require_service(shutil.which("systemd-analyze") is not None, MISSING)
    folder = tmp_path / "units"
    folder.mkdir()
    for unit in UNITS:
        text = unit.read_text("utf-8")
        assert HOME in text or unit.suffix == ".timer"
        (folder / unit.name).write_text(text.replace(HOME, str(ROOT)), "utf-8")
    return folder


def test_systemd_finds_nothing_wrong_with_the_units(units: Path) -> None:
    found = subprocess.run(
        ["systemd-analyze", "verify", *sorted(units.iterdir())],
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{units}:"},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


def test_systemd_would_find_a_wrong_unit(units: Path) -> None:
    unit = units / "local-promotion.service"
    unit.write_text(unit.read_text("utf-8").replace("ExecStart=/", "ExecStart=/nowhere/"), "utf-8")
    found = subprocess.run(
        ["systemd-analyze", "verify", unit],
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{units}:"},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert found.returncode != 0


def test_units_run_what_the_crontab_runs(units: Path) -> None:
    for unit, line in (("local-promotion", DAILY), ("local-promotion-check", CHECK)):
        text = (units / f"{unit}.service").read_text("utf-8")
        (command,) = re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)
        (in_cron,) = re.findall(r"\.venv/bin/.*?(?= >>)", line)
        assert command == f"{ROOT}/{in_cron}"
        assert ("MELTANO_ENVIRONMENT=prod" in text) == ("MELTANO_ENVIRONMENT=prod" in line)
        assert f"WorkingDirectory={ROOT}\n" in text
        assert "UMask=0077\n" in text
        assert re.search(r"^User=(?!root$)\S+$", text, re.MULTILINE)
    # what a failure starts is there
    text = (units / "local-promotion.service").read_text("utf-8")
    (started,) = re.findall(r"^OnFailure=(.*)$", text, re.MULTILINE)
    assert (units / started).exists()


@pytest.mark.parametrize(
    ("timer", "at"), [("local-promotion", (7, 0)), ("local-promotion-check", (9, 30))]
)
def test_timers_elapse_every_day_in_beijing_time(
    timer: str, at: tuple[int, int], units: Path
) -> None:
    text = (units / f"{timer}.timer").read_text("utf-8")
    (calendar,) = re.findall(r"^OnCalendar=(.*)$", text, re.MULTILINE)
    assert "Persistent=true\n" in text
    shown = subprocess.run(
        ["systemd-analyze", "calendar", "--iterations=3", calendar],
        env={**os.environ, "TZ": "UTC", "LC_ALL": "C"},
        capture_output=True, text=True, check=True, timeout=60,
    ).stdout  # fmt: skip
    stamps = re.findall(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC", shown)
    moments = [
        datetime.fromisoformat(stamp).replace(tzinfo=UTC).astimezone(ZoneInfo("Asia/Shanghai"))
        for stamp in dict.fromkeys(stamps)
    ]
    assert len(moments) == 3
    assert {(moment.hour, moment.minute, moment.second) for moment in moments} == {(*at, 0)}
    assert moments[1] - moments[0] == moments[2] - moments[1] == timedelta(days=1)
