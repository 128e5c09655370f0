"""The state of a run: which day of which account was read completely last. Pure.

Shape (Singer SDK): `{"bookmarks": {stream: {"partitions": [{"context": {"local_account_id": id},
"replication_key": key, "replication_key_value": value}]}}}`. A bookmark never goes back.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from tap_oceanengine_local.errors import FatalError
from tap_oceanengine_local.records import encode
from tap_oceanengine_local.times import read_day, read_moment
from tap_oceanengine_local.windows import ZONE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ACCOUNT: Final = "local_account_id"
_START_AGAIN: Final = (
    "Remove the stream from the state (`meltano state edit`); the next run then starts at "
    "start_date."
)
_EARLIEST: Final = date(1970, 1, 1)
"""What is before is some program's way to say "never", and too early to look back from."""
_PLACE: Final = "\0 partitions of the stream \0"
#: Last instant of a day that a bookmark of each replication key names.
_DAY_ENDS: Final[dict[str, str]] = {
    "stat_time_day": "",
    "stat_time_hour": "T23:00:00+08:00",
    "create_time_detail": "T23:59:59+08:00",
}


class StateError(FatalError):
    """A state that this tap did not write and cannot read."""


def bookmark_value(replication_key: str, day: date) -> str:
    """Return how a completely read day is written down."""
    return f"{day}{_DAY_ENDS[replication_key]}"


def bookmark_day(stream: str, replication_key: str, value: object) -> date:
    """Return the last complete day that a bookmark stands for.

    Raises:
        StateError: The value is no time.
    """
    try:
        day = _complete_day(replication_key, str(value))
    except ValueError:
        day = date.min
    if day < _EARLIEST:
        raise StateError(f"The state of {stream} holds a bookmark that is no time. {_START_AGAIN}")
    return day


def _complete_day(replication_key: str, text: str) -> date:
    if len(text) <= len("2026-02-11"):
        return date.fromisoformat(read_day(text))
    moment = datetime.fromisoformat(read_moment(text)).astimezone(ZONE)
    end = _DAY_ENDS[replication_key]
    if not end or f"{moment:%H:%M:%S}" >= end[1:9] or moment.date() < _EARLIEST:
        return moment.date()
    return moment.date() - timedelta(days=1)  # a day read in part is read again


def clean_state(
    state: Mapping[str, Any], replication_keys: Mapping[str, str | None]
) -> dict[str, Any]:
    """Return a state in the shape above, from whatever an earlier version may have left.

    A bookmark for the whole stream becomes the one of every account without its own. Markers of an
    interrupted run are dropped. Streams that this tap does not know are kept as they are.

    Args:
        state: State as it was handed to the tap.
        replication_keys: Replication key by stream, None for streams without bookmarks.

    Raises:
        StateError: The state cannot be read.
    """
    bookmarks = state.get("bookmarks", {})
    if not isinstance(bookmarks, dict):
        raise StateError(f'The state has no "bookmarks" object. {_START_AGAIN}')
    cleaned: dict[str, Any] = {}
    for stream, content in bookmarks.items():
        if not isinstance(content, dict):
            raise StateError(f"The state of {stream} is not an object. {_START_AGAIN}")
        if stream not in replication_keys:
            cleaned[stream] = content
            continue
        key = replication_keys[stream]
        cleaned[stream] = {} if key is None else _clean_stream(stream, key, content)
    try:
        encode(cleaned)
    except (ValueError, RecursionError):
        raise StateError(
            f"The state of a stream that this version does not know is no JSON. {_START_AGAIN}"
        ) from None
    return {"bookmarks": cleaned}


def _clean_stream(stream: str, key: str, content: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    cleaned: dict[str, Any] = {}
    if content.get("replication_key_value") is not None:
        cleaned = _entry(stream, key, content)
    partitions = content.get("partitions", [])
    if not isinstance(partitions, list):
        raise StateError(f"The state of {stream} has no list of partitions. {_START_AGAIN}")
    for partition in partitions:
        account = _account(stream, partition)
        if partition.get("replication_key_value") is None:
            continue
        entry = _entry(stream, key, partition)
        if account in found:  # the earlier one loses no day
            entry = min(entry, found[account], key=lambda one: str(one["replication_key_value"]))
        found[account] = entry
    if found:
        cleaned["partitions"] = [
            {"context": {ACCOUNT: account}, **entry} for account, entry in found.items()
        ]
    return cleaned


def _entry(stream: str, key: str, content: Mapping[str, Any]) -> dict[str, str]:
    other = content.get("replication_key", key)
    if other != key:
        raise StateError(
            f"The state of {stream} is kept by {other}, this version keeps it by {key}. "
            f"{_START_AGAIN}"
        )
    day = bookmark_day(stream, key, content["replication_key_value"])
    return {"replication_key": key, "replication_key_value": bookmark_value(key, day)}


def _account(stream: str, partition: object) -> str:
    context = partition.get("context") if isinstance(partition, dict) else None
    account = context.get(ACCOUNT) if isinstance(context, dict) else None
    if isinstance(account, bool) or not isinstance(account, int | str) or not str(account).strip():
        raise StateError(f"The state of {stream} has a partition without {ACCOUNT}. {_START_AGAIN}")
    return str(account).strip()


class Bookmarks:
    """Reads and moves the bookmarks of one stream inside the state that the tap emits."""

    def __init__(self, stream: str, replication_key: str, stream_state: dict[str, Any]) -> None:
        """Work on the live state of a stream, cleaned by `clean_state`."""
        self._stream = stream
        self._key = replication_key
        self._state = stream_state
        self._entries: dict[str, dict[str, Any]] = {
            partition["context"][ACCOUNT]: partition
            for partition in stream_state.get("partitions", [])
        }
        self._texts = {account: encode(entry) for account, entry in self._entries.items()}
        self._frame: tuple[str, str] | None = None

    def others(self, accounts: Iterable[str]) -> list[str]:
        """Return the accounts with a bookmark that are not among these, in order."""
        return sorted(self._entries.keys() - set(accounts))

    def get(self, account: str) -> date | None:
        """Return the last complete day of an account, None when it was never read."""
        value = self._entries.get(account, self._state).get("replication_key_value")
        return None if value is None else bookmark_day(self._stream, self._key, value)

    def advance(self, account: str, day: date) -> None:
        """Note that an account was read completely up to a day; an earlier day changes nothing."""
        known = self.get(account)
        day = day if known is None else max(day, known)
        entry = self._entries.get(account)
        if entry is None:
            entry = {"context": {ACCOUNT: account}}
            self._entries[account] = entry
            self._state.setdefault("partitions", []).append(entry)
        entry["replication_key"] = self._key
        entry["replication_key_value"] = bookmark_value(self._key, day)
        self._texts[account] = encode(entry)

    def text_in(self, state: Mapping[str, Any]) -> str:
        """Return the tap's whole state as JSON, put together from texts that are there already.

        Of a thousand bookmarks one has moved; to encode all of them behind each window took a fifth
        of the tap's time. Other streams must not have changed since the first call.

        Args:
            state: The live state that holds the stream's.
        """
        if not self._texts:
            return encode(state)
        if self._frame is None:
            own = {**self._state, "partitions": [_PLACE]}
            around = {**state, "bookmarks": {**state["bookmarks"], self._stream: own}}
            before, _, after = encode(around).partition(encode(_PLACE))
            self._frame = before, after
        before, after = self._frame
        return f"{before}{','.join(self._texts.values())}{after}"
