"""The job as a person runs it: a Meltano project of its own beside the installed plugins."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml
from measure import run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from measure import Usage
    from sandbox import Sandbox

ROOT: Final = Path(__file__).parents[1]
PLUGINS: Final = ("tap-oceanengine-local", "target-feishu-bitable")
_LINKED: Final = (*PLUGINS, "feishu-notify", "platform-sandbox")
_COPIED: Final = ("meltano.yml", "logging.yaml", "constraints.txt", "constraints-jsonl.txt")


def column_names() -> dict[str, str]:
    """What the columns are called in `meltano.yml`, by property."""
    plugins = yaml.safe_load((ROOT / "meltano.yml").read_text("utf-8"))["plugins"]
    names: dict[str, str] = plugins["loaders"][0]["config"]["tables"]["promotion_report"]["columns"]
    return names


def columns() -> list[dict[str, Any]]:
    """The table's columns, as the target makes them: ids and names text, the others numbers."""
    text, number, date = 1, 2, 5
    named = column_names()
    kinds = {name: text if name.endswith(("_id", "_name")) else number for name in named}
    kinds["stat_time_day"] = date
    first = sorted(kinds, key=lambda name: name != "promotion_id")
    return [{"field_name": named[name], "type": kinds[name]} for name in first]


class Pipeline:
    """`meltano run` against one sandbox.

    Args:
        folder: Where the project is made.
        sandbox: Both platforms.
    """

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self._folder = folder
        self._sandbox = sandbox
        (folder / ".meltano").mkdir(parents=True)
        for name in _LINKED:
            (folder / name).symlink_to(ROOT / name)
        for name in _COPIED:
            shutil.copy(ROOT / name, folder / name)
        for kind in ("extractors", "loaders", "utilities"):
            (folder / ".meltano" / kind).symlink_to(ROOT / ".meltano" / kind)

    def run(self, variables: Mapping[str, str]) -> Usage:
        """Run the job once, with settings of its own.

        Raises:
            RunFailedError: It did not succeed.
        """
        here = {f"{name.upper().replace('-', '_')}_API_URL": self._sandbox.url for name in PLUGINS}
        arguments = ["--environment", "sandbox", "run", *PLUGINS]
        return run("meltano", arguments, self._folder, variables=here | dict(variables))


def settings(sandbox: Sandbox, link: str, *, days: int, pacing: int) -> dict[str, str]:
    """Environment variables for the last days of the sandbox and one of its tables."""
    first = sandbox.yesterday.toordinal() - days + 1
    return {
        "TAP_OCEANENGINE_LOCAL_START_DATE": sandbox.yesterday.fromordinal(first).isoformat(),
        "TAP_OCEANENGINE_LOCAL_END_DATE": sandbox.yesterday.isoformat(),
        "TAP_OCEANENGINE_LOCAL_REQUESTS_PER_SECOND": str(pacing),
        "TARGET_FEISHU_BITABLE_BITABLE": link,
        "TARGET_FEISHU_BITABLE_TABLE": link.rpartition("=")[2],
    }
