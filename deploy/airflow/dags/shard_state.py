"""Move the bookmarks of a warehouse's shards to another number of shards.

    python deploy/airflow/dags/shard_state.py --shards 16 [--environment prod] [--dry-run]

The DAG does the same before each run. Bookmarks of all other layouts, and those of a run without
shards, go to the shard that their account belongs to; of two for one account the later one stays,
because a bookmark never goes back. The new states are stored before the old ones are cleared:
broken off half way, it is run once more.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sharding import shard_of, suffix

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TAP = "tap-oceanengine-local"
Bookmark = dict[str, Any]
Place = tuple[str, str]


class UnknownStateError(Exception):
    """A state holds something else than one bookmark per account."""


def bookmarks(state_id: str, state: Mapping[str, Any]) -> Iterator[tuple[Place, Bookmark]]:
    """Yield the bookmarks of a state as ((stream, account), bookmark).

    Raises:
        UnknownStateError: There is something that does not belong to one account.
    """
    for part in ("completed", "partial"):
        singer = (state.get(part) or {}).get("singer_state") or {}
        for stream, held in (singer.get("bookmarks") or {}).items():
            if set(held) - {"partitions"}:
                raise UnknownStateError(f"{state_id} holds more than accounts for {stream}: {held}")
            for bookmark in held.get("partitions", ()):
                if set(bookmark["context"]) != {"local_account_id"}:
                    raise UnknownStateError(f"{state_id} holds for {stream}: {bookmark['context']}")
                yield (stream, bookmark["context"]["local_account_id"]), bookmark


def resharded(
    states: Mapping[str, Mapping[str, Any]], pipeline: str, shards: int
) -> tuple[dict[str, Any], list[str]]:
    """Return the states to store, and the ids of those to clear afterwards.

    Args:
        states: What `meltano state export` prints.
        pipeline: State id without a shard: `prod:tap-oceanengine-local-to-target-postgres`.
        shards: How many there are from now on.

    Raises:
        UnknownStateError: See `bookmarks`.
    """
    shape = re.compile(re.escape(pipeline) + r"(:shard-\d+-of-(?P<shards>\d+))?")
    ours = {key: match for key in sorted(states) if (match := shape.fullmatch(key))}
    old = [key for key, match in ours.items() if match["shards"] != str(shards)]
    latest: dict[Place, Bookmark] = {}
    for key in ours if old else ():
        for place, bookmark in bookmarks(key, states[key]):
            known = latest.get(place)
            if known is None or _value(known) < _value(bookmark):
                latest[place] = bookmark
    new: dict[str, Any] = {}
    for (stream, account), bookmark in sorted(latest.items()):
        key = f"{pipeline}:{suffix(shard_of(account, shards), shards)}"
        entry = new.setdefault(key, _empty())
        streams = entry["completed"]["singer_state"]["bookmarks"]
        streams.setdefault(stream, {"partitions": []})["partitions"].append(bookmark)
    return new, old


def _empty() -> dict[str, Any]:
    # Meltano can't read a state whose partial half is missing.
    return {"completed": {"singer_state": {"bookmarks": {}}}, "partial": {}}


def _value(bookmark: Mapping[str, Any]) -> str:
    return str(bookmark.get("replication_key_value") or "")


def move(
    meltano: Path, project: Path, environment: str, loader: str, shards: int, *, dry: bool = False
) -> None:
    """Read all states, store the new ones, clear the old ones.

    Args:
        meltano: The program.
        project: Folder with meltano.yml.
        environment: Meltano's environment.
        loader: The warehouse's loader.
        shards: How many there are from now on.
        dry: Only say what would be done.

    Raises:
        UnknownStateError: See `bookmarks`; nothing was changed.
    """

    def state(*words: str, given: str | None = None) -> str:
        command = [str(meltano), "--environment", environment, "state", *words]
        return subprocess.run(  # noqa: S603  the project's own program
            command, cwd=project, check=True, text=True, input=given, stdout=subprocess.PIPE
        ).stdout

    pipeline = f"{environment}:{TAP}-to-{loader}"
    new, old = resharded(json.loads(state("export")), pipeline, shards)
    for key, entry in new.items():
        streams = entry["completed"]["singer_state"]["bookmarks"].values()
        print(f"{key}: {sum(len(one['partitions']) for one in streams)} bookmarks")
    print(f"to clear: {', '.join(old) or 'nothing'}")
    if dry or not old:
        return
    if new:
        state("import", given=json.dumps(new))
    for key in old:
        state("clear", "--force", key)


def main() -> int:
    """Run it from a shell; 0 done, 1 nothing was changed because a state is of another form."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--shards", type=int, required=True)
    parser.add_argument("--environment", default="prod")
    parser.add_argument("--loader", default="target-postgres")
    parser.add_argument("--project", type=Path, default=Path(__file__).resolve().parents[3])
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    asked = parser.parse_args()
    if asked.shards < 1:
        parser.error("there is at least one shard")
    program = asked.project / ".venv/bin/meltano"
    try:
        move(
            program, asked.project, asked.environment, asked.loader, asked.shards, dry=asked.dry_run
        )
    except UnknownStateError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
