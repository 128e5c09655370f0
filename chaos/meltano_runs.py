"""Real `meltano run`, in a project of its own that uses the plugins as installed."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import processes
import yaml
from pipeline import TAP, TARGET, Run, authorise, bookmarks_of, environment, tap_settings

from platform_sandbox import defaults

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kit import Kit
    from pipeline import Bookmarks, Job
    from processes import Child

_LINKED: Final = (
    "tap-oceanengine-local",
    "target-feishu-bitable",
    "feishu-notify",
    "platform-sandbox",
    "README.md",
    "README.zh-CN.md",
)
_COPIED: Final = ("logging.yaml", "constraints.txt", "constraints-jsonl.txt")
_STATE: Final = "sandbox:tap-oceanengine-local-to-target-feishu-bitable"


@dataclass(slots=True)
class Grandchild:
    """A plugin that Meltano has started.

    Attributes:
        name: Its executable.
        parent: Meltano.
        sent: Signals that it got from us.
    """

    name: str
    parent: Child
    sent: list[int] = field(default_factory=list)

    def send(self, number: int) -> bool:
        """Send a signal, unless it does not run."""
        for pid in _children(self.parent.pid):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                if any(word.endswith(f"/{self.name}".encode()) for word in words):
                    os.kill(pid, number)
                    self.sent.append(number)
                    return True
        return False


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (thread / "children").read_text("ascii").split())
    return found


class MeltanoProject:
    """Runs jobs with Meltano; see `pipeline.Pipeline` for its members.

    Args:
        folder: Where the project goes.
        url: Both platforms.
        kit: What all runs of a soak share, with the project to copy.
        streams: What is read.
    """

    def __init__(self, folder: Path, url: str, kit: Kit, streams: Sequence[str]) -> None:
        self.folder = folder
        self._url = url
        self._root = folder / "project"
        self._root.mkdir()
        self._count = 0
        self.environment = environment(folder) | {
            "TAP_OCEANENGINE_LOCAL_API_URL": url,
            "TARGET_FEISHU_BITABLE_API_URL": url,
            "FEISHU_WEBHOOK_URL": f"{url}{defaults.FEISHU_WEBHOOK}",
        }
        for name in _LINKED:
            (self._root / name).symlink_to(kit.root / name)
        for name in _COPIED:
            shutil.copy(kit.root / name, self._root / name)
        project = yaml.safe_dump(kit.project_for(streams), allow_unicode=True, sort_keys=False)
        (self._root / "meltano.yml").write_text(project, "utf-8")
        (self._root / ".meltano").mkdir()
        for kind in ("extractors", "loaders", "utilities"):
            (self._root / ".meltano" / kind).symlink_to(kit.root / ".meltano" / kind)

    @property
    def tokens_file(self) -> Path:
        """The token store."""
        return self._root / ".oceanengine" / "sandbox-tokens.db"

    def start(self, job: Job) -> Run:
        """Start Meltano for a job; one that was killed shall not be waited for."""
        self._count += 1
        folder = self.folder / f"run-{self._count}"
        folder.mkdir()
        mode = "--force" if job.keeps_state else "--no-state-update"
        with Path(os.devnull).open("rb") as nothing, (folder / "out").open("wb") as out:
            place = processes.Place(
                (nothing.fileno(), out.fileno()),
                folder / "meltano.log",
                self._root,
                self.environment | _variables(TAP, job.tap) | _variables(TARGET, job.target),
            )
            meltano = processes.start("meltano", ["run", mode, TAP, TARGET], place)
        victims = (Grandchild(TAP, meltano), Grandchild(TARGET, meltano), meltano)
        return Run(job, (meltano,), victims, folder)

    def keep(self, run: Run) -> None:
        """Meltano itself has kept the state."""

    def bookmarks(self) -> Bookmarks:
        """The last complete days, as Meltano has them."""
        path = self._root / ".meltano" / "meltano.db"
        if not path.exists():
            return {}
        with contextlib.closing(sqlite3.connect(path, timeout=10)) as database:
            found = database.execute(
                "SELECT partial_state, completed_state FROM state WHERE state_id = ?", (_STATE,)
            ).fetchone()
        marks: Bookmarks = {}
        for text in reversed(found or ()):
            for stream, days in bookmarks_of(
                json.loads(text or "{}").get("singer_state", {})
            ).items():
                marks[stream] = marks.get(stream, {}) | days
        return marks

    def authorise(self, code: str) -> None:
        """What a person does when the authorisation has ended."""
        settings = tap_settings(self._url, self.tokens_file)
        authorise(code, settings, self.folder, self.environment)


def _variables(plugin: str, settings: Mapping[str, Any]) -> dict[str, str]:
    prefix = plugin.replace("-", "_").upper()
    return {
        f"{prefix}_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in settings.items()
    }
