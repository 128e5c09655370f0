"""`tap | target` as Meltano runs them: files for settings, state and catalog, and a pipe between.

A state is kept as Meltano keeps it: every whole line that the target prints replaces the one
before, however the run ends.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import processes
from kit import selected, tables_of
from shapes import MAIN

from platform_sandbox import defaults

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from kit import Kit
    from processes import Child, Victim

TAP: Final = "tap-oceanengine-local"
TARGET: Final = "target-feishu-bitable"
Span = tuple[dt.date, dt.date]
Bookmarks = dict[str, dict[str, dt.date]]
"""The last complete day by stream and account."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a run is asked for.

    Attributes:
        asked: First and last day by stream and account id.
        keeps_state: A daily run; False for a range without state.
        tap: Settings of the tap.
        target: Settings of the target.
        installed: Start the installed executables instead of forks.
        now: The tap's clock, for forks.
    """

    asked: Mapping[str, Mapping[str, Span]]
    keeps_state: bool
    tap: Mapping[str, Any]
    target: Mapping[str, Any]
    installed: bool = False
    now: float | None = None

    @property
    def name(self) -> str:
        """For the trail."""
        spans = [span for asked in self.asked.values() for span in asked.values()]
        first, last = min(span[0] for span in spans), max(span[1] for span in spans)
        kind = "daily run" if self.keeps_state else "range without state"
        how = " as installed" if self.installed else ""
        return f"{kind} {first}..{last}{how}"


@dataclass(slots=True)
class Run:
    """The processes of a job, under way or ended.

    Attributes:
        job: What was asked for.
        children: The processes that the soak has started and waits for.
        victims: Those that signals go to: tap, target, and Meltano where it runs them.
        folder: Its logs.
    """

    job: Job
    children: Sequence[Child]
    victims: Sequence[Victim]
    folder: Path

    @property
    def is_done(self) -> bool:
        """Whether all said that everything was done."""
        return all(child.code == 0 for child in self.children)

    @property
    def codes(self) -> str:
        """Their exit codes, for the trail."""
        return "|".join(str(child.code) for child in self.children)

    @property
    def orphan(self) -> Child | None:
        """The tap, when its target has failed: Meltano kills it then."""
        has_failed = any(one.name == TARGET and one.code not in {None, 0} for one in self.children)
        return self.children[0] if has_failed else None

    def logs(self) -> str:
        """What they logged, but for the ordinary."""
        lines = []
        for one in self.children:
            text = one.log.read_text("utf-8", "replace") if one.log.exists() else ""
            told = [
                line for line in text.splitlines() if "| INFO " not in line and "[info " not in line
            ]
            lines += [f"--- {one.name} exited {one.code}, {one.log}", *told[-40:]]
        return "\n".join(lines) + "\n"


class Pipeline:
    """Runs jobs in a folder.

    Args:
        folder: Where settings, state, tokens, locks and logs go.
        url: Both platforms.
        kit: What all runs of a soak share.
        streams: What is read.
    """

    def __init__(self, folder: Path, url: str, kit: Kit, streams: Sequence[str]) -> None:
        self.folder = folder
        self.state_file = folder / "state.json"
        self.tokens_file = folder / "tokens" / "tokens.db"
        self._clis = kit.clis
        self._count = 0
        self._catalog = folder / "catalog.json"
        project = kit.project_for(streams)
        self._catalog.write_text(json.dumps(kit.catalog(selected(project))), "utf-8")
        self.environment = environment(folder)
        self._tap = tap_settings(url, self.tokens_file)
        self._target = target_settings(url, tables_of(project))

    def bookmarks(self) -> Bookmarks:
        """The last complete days of the state that the next daily run starts from."""
        if not self.state_file.exists():
            return {}
        return bookmarks_of(json.loads(self.state_file.read_text("utf-8")))

    def start(self, job: Job) -> Run:
        """Start both processes of a job."""
        self._count += 1
        folder = self.folder / f"run-{self._count}"
        folder.mkdir()
        arguments = ["--config", _written(folder / "tap.json", self._tap | dict(job.tap))]
        arguments += ["--catalog", str(self._catalog)]
        if job.keeps_state and self.state_file.exists():
            arguments += ["--state", str(self.state_file)]
        settings = _written(folder / "target.json", self._target | dict(job.target))
        states = folder / "states"
        nothing, out = os.open(os.devnull, os.O_RDONLY), os.open(states, os.O_WRONLY | os.O_CREAT)
        reading, writing = os.pipe()
        try:
            tap = self._process(TAP, arguments, (nothing, writing), folder, job)
            target = self._process(TARGET, ["--config", settings], (reading, out), folder, job)
        finally:
            for descriptor in (nothing, out, reading, writing):
                os.close(descriptor)
        return Run(job, (tap, target), (tap, target), folder)

    def _process(
        self, name: str, arguments: list[str], streams: tuple[int, int], folder: Path, job: Job
    ) -> Child:
        place = processes.Place(streams, folder / f"{name}.log", folder, self.environment)
        if job.installed:
            return processes.start(name, arguments, place)
        cli, now = self._clis[name], job.now

        def work(arguments: list[str], prog_name: str) -> None:
            if now is not None and name == TAP:
                from tap_oceanengine_local.tap import TapOceanEngineLocal  # noqa: PLC0415  a fork

                TapOceanEngineLocal.clock = staticmethod(lambda: now)
            cli(arguments, prog_name=prog_name)

        return processes.fork(name, work, arguments, place)

    def keep(self, run: Run) -> None:
        """Keep the last whole state that the target of a daily run printed."""
        text = (run.folder / "states").read_text("utf-8")
        whole = text.split("\n")[:-1]
        if run.job.keeps_state and whole:
            self.state_file.write_text(whole[-1], "utf-8")

    def authorise(self, code: str) -> None:
        """What a person does when the authorisation has ended."""
        authorise(code, self._tap, self.folder, self.environment)


def tap_settings(url: str, tokens_file: Path) -> dict[str, Any]:
    """Settings of the tap that all jobs share."""
    return {
        "api_url": url,
        "app_id": defaults.OE_APP_ID,
        "app_secret": defaults.OE_APP_SECRET,
        "access_token": defaults.OE_ACCESS_TOKEN,
        "refresh_token": defaults.OE_REFRESH_TOKEN,
        "token_store_uri": f"sqlite:///{tokens_file}",
        "requests_per_second": 100,
        "request_timeout_seconds": 5,
    }


def target_settings(url: str, tables: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of the target that all jobs share."""
    return {
        "api_url": url,
        "app_id": defaults.FEISHU_APP_ID,
        "app_secret": defaults.FEISHU_APP_SECRET,
        "bitable": defaults.FEISHU_BASE,
        "table": MAIN.table,
        "column_names": "title",
        "tables": tables,
        "request_timeout_seconds": 5,
    }


def authorise(
    code: str, settings: Mapping[str, Any], folder: Path, environment: Mapping[str, str]
) -> None:
    """Exchange an authorisation code, as a person does with the tap's command."""
    named = {f"TAP_OCEANENGINE_LOCAL_{name.upper()}": str(one) for name, one in settings.items()}
    subprocess.run(
        [str(processes.PROGRAMS / "oceanengine-local"), "authorize", "--code", code],
        env={**environment, **named},
        cwd=folder,
        check=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )


def bookmarks_of(state: Mapping[str, Any]) -> Bookmarks:
    """The last complete day by stream and account of a state."""
    return {
        stream: {
            one["context"]["local_account_id"]: dt.date.fromisoformat(
                one["replication_key_value"][:10]
            )
            for one in marks.get("partitions", [])
            if one.get("replication_key_value")
        }
        for stream, marks in state.get("bookmarks", {}).items()
    }


def environment(folder: Path) -> dict[str, str]:
    """What every process gets: nothing of the soak's own environment but the way to programs."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "XDG_STATE_HOME": str(folder / "locks"),
        "HTTP_PROXY": "http://127.0.0.1:9",
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "NO_PROXY": "127.0.0.1",
    }


def _written(path: Path, settings: Mapping[str, Any]) -> str:
    path.write_text(json.dumps(settings, ensure_ascii=False), "utf-8")
    return str(path)
