"""What must hold after a run, whatever happened in it. Pure: compares what was before and after.

Every check returns sentences, one per violation; none means that all is well. A `Sheet` is one
stream with its table, so every check is made of each of them.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from shapes import ACCOUNT, ALWAYS, HOUR

if TYPE_CHECKING:
    import datetime as dt
    from collections import Counter
    from collections.abc import Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from pipeline import Run, Span
    from shapes import Key
    from sight import Sheet

_CENT: Final = 0.005 + 1e-9


@dataclass(slots=True)
class Memory:
    """What the oracle knows from earlier rounds.

    Attributes:
        missed: Keys that the source once left out of its pages, or has brought after the day was
            bookmarked: no run need know of them until it reads the day again.
        deleted: Keys whose rows people deleted or made their own.

    Both are forgotten when they are stored.
    """

    missed: set[Key] = field(default_factory=set)
    deleted: set[Key] = field(default_factory=set)


def keys_of(sheet: Sheet) -> dict[Key, list[str]]:
    """Record ids by key, the oldest first; rows without a whole key are left out."""
    found: defaultdict[Key, list[str]] = defaultdict(list)
    for record in sheet.rows:
        key = sheet.shape.key_of(sheet.named(record))
        if all(key):
            found[key].append(record)
    return found


def is_asked(key: Key, sheet: Sheet, runs: Sequence[Run]) -> bool:
    """Whether any of the runs was asked for a key of the source."""
    row = sheet.truth.get(key)
    return row is not None and any(_covers(run.job.asked[sheet.stream], key, row) for run in runs)


def _covers(asked: Mapping[str, Span], key: Key, row: Mapping[str, Any]) -> bool:
    span = asked.get(str(row[ACCOUNT]))
    if span is None or key[0] == ALWAYS:
        return span is not None
    return span[0].isoformat() <= key[0][:10] <= span[1].isoformat()


def equal(sheet: Sheet, column: str, cell: object, value: object) -> bool:
    """Whether a cell shows what the source says."""
    if column not in sheet.shape.numbers:
        return cell == value
    if cell is None and value == 0:
        return True  # a ratio without a base may come as nothing
    number = isinstance(cell, int | float) and not isinstance(cell, bool)
    return number and abs(cell - value) < _CENT  # type: ignore[operator]  # both are numbers


def differences(sheet: Sheet, record: str, row: dict[str, Any]) -> list[str]:
    """Synced columns in which a row differs from the source."""
    if sheet.is_open(row):
        return []
    cells = sheet.named(record)
    return [
        f"{column}: {cells.get(column)!r} for {value!r}"
        for column, value in row.items()
        if not equal(sheet, column, cells.get(column), value)
    ]


def untouched(
    before: Sheet, after: Sheet, runs: Sequence[Run], *, is_born: bool = False
) -> Iterator[str]:
    """Nothing of people's, and nothing that was not asked for, is changed.

    Of a table that was born in these runs the empty rows that it came with may go.
    """
    for column, name in before.columns.items():
        if after.columns.get(column) != name:
            yield f"Column {name} became {after.columns.get(column)!r}."
    owners = {record: key for key, records in keys_of(before).items() for record in records}
    for record, old in before.rows.items():
        new = after.rows.get(record)
        if new is None and is_born and not old:
            continue
        if new is None:
            yield f"Row {record} is gone: {old}."
            continue
        may_change = record in owners and is_asked(owners[record], after, runs)
        for column in old.keys() | new.keys():
            if old.get(column) == new.get(column):
                continue
            name = after.columns.get(column, column)
            truth = after.truth.get(owners.get(record, ("", "")), {})
            if not (
                may_change
                and name in after.shape.columns
                and (after.is_open(truth) or equal(after, name, new.get(column), truth[name]))
            ):
                yield (
                    f"Row {record} {owners.get(record)}: {name} was {old.get(column)!r} and is "
                    f"{new.get(column)!r}."
                )


def single(
    before: Sheet, after: Sheet, runs: Sequence[Run], *, is_born: bool = False
) -> Iterator[str]:
    """New rows are of keys that were asked for, each once, and are whole.

    Of a table that was born in these runs the empty rows that it came with may be left.
    """
    had, has = keys_of(before), keys_of(after)
    keyed = {record for records in has.values() for record in records}
    for record in after.rows.keys() - before.rows.keys() - keyed:
        if is_born and not after.rows[record]:
            continue
        yield f"New row {record} has no key: {after.rows[record]}."
    for key, records in has.items():
        new = [record for record in records if record not in before.rows]
        if len(records) > max(1, len(had.get(key, ()))):
            yield f"Key {key} stands in {records}, before in {had.get(key, [])}."
        for record in new:
            if not is_asked(key, after, runs):
                yield f"New row {record} {key} was not asked for."
            elif wrong := differences(after, record, after.truth[key]):
                yield f"New row {record} {key} is wrong: {wrong}."


def honest(run: Run, after: Sheet, missed: AbstractSet[Key]) -> Iterator[str]:
    """A run that says it was done has everything in the table that it was asked for.

    But for the hours of the open day, which come one by one.
    """
    if not run.is_done:
        return
    has = keys_of(after)
    for key, row in after.truth.items():
        if not _covers(run.job.asked[after.stream], key, row):
            continue
        if key not in has:
            if key not in missed and not (after.shape.moment == HOUR and after.is_open(row)):
                yield f"{run.job.name} exited 0 without storing {key}."
            continue
        wrong = [differences(after, record, row) for record in has[key]]
        if all(wrong) and key not in missed:
            yield f"{run.job.name} exited 0 with wrong cells in {has[key]} {key}: {wrong}."


def changed_keys(before: Sheet, after: Sheet) -> set[Key]:
    """Keys of rows that people changed, made or deleted while a run was under way."""
    if before.columns != after.columns:
        return set(after.truth)
    return {
        key
        for sight in (before, after)
        for key, records in keys_of(sight).items()
        if any(before.rows.get(record) != after.rows.get(record) for record in records)
    }


def learn(
    after: Sheet, used: Sequence[Mapping[str, Any]], runs: Sequence[Run], memory: Memory
) -> set[Key]:
    """Note what is stored, and what the source's pages left out with the faults that were used.

    Returns:
        Keys that these runs need not have stored, nor have the newest numbers of.
    """
    stored = keys_of(after).keys()
    memory.deleted -= stored
    memory.missed -= stored
    thrown = {one["kind"] for one in used if one["path"] == after.shape.endpoint}
    lost: set[Key] = set()
    if thrown & {"missing_row", "duplicate_row"}:
        lost = {key for key in after.truth if is_asked(key, after, runs)}
    if (
        "missing_row" not in thrown
    ):  # a row that stands in another's place is noticed on closed days
        lost = {key for key in lost if key[0][:10] == after.today.isoformat()}
    memory.missed |= lost - stored
    return lost | memory.missed


def bookmarked(
    bookmarks: Mapping[str, dt.date], first: dt.date, after: Sheet, memory: Memory
) -> Iterator[str]:
    """Everything up to a bookmark is stored, but for what people deleted."""
    has = keys_of(after)
    for key, row in after.truth.items():
        until = bookmarks.get(str(row[ACCOUNT]))
        if until is None or not first.isoformat() <= key[0][:10] <= until.isoformat():
            continue
        if key not in has and key not in memory.deleted | memory.missed:
            yield f"The bookmark of {row[ACCOUNT]} is {until}, but {key} is not stored."


def ended_well(run: Run) -> Iterator[str]:
    """Exit codes are among those promised, failures are told in words, nobody is left over."""
    sent = {number for victim in run.victims for number in victim.sent}
    for child in run.children:
        log = child.log.read_text("utf-8", "replace") if child.log.exists() else ""
        code = child.code
        if child.left_others:
            yield f"{child.name} left processes behind."
        # Meltano's own: it does not expect a target that dies before its input is closed.
        is_meltanos = child.name == "meltano" and "close_stdin" in log and "BrokenPipe" in log
        if "Traceback" in log and not (is_meltanos and sent):
            yield f"{child.name} crashed."
        if code not in {0, 1} | {128 + number for number in sent} | {-number for number in sent}:
            yield f"{child.name} exited {code} after signals {child.sent}."
        if code == 1 and "error" not in log.lower():
            yield f"{child.name} exited 1 without a word."


def tokens(
    pairs: Sequence[tuple[str, str, str]],
    stored: tuple[str, str] | None,
    *,
    may_be_lost: bool = False,
) -> Iterator[str]:
    """Exactly one pair lives on the platform, and it is the one in the store.

    Args:
        pairs: See `sight.Snapshot`.
        stored: The store's; None as long as the first one was not refreshed.
        may_be_lost: The answer to a refresh may have got lost: the store may have the pair before.
    """
    live = sum(state == "live" for state, _, _ in pairs)
    kept = [pair[1:] for pair in pairs[-2 if may_be_lost else -1 :]]
    if live != 1:
        yield f"{live} token pairs are live."
    elif (stored or pairs[0][1:]) not in kept:
        yield "The store's token pair is not the live one."


def counted(found: Counter[str]) -> str:
    """What was counted, in a line."""
    return ", ".join(f"{name} ×{times}" for name, times in found.most_common())
