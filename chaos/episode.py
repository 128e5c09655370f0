"""One seeded episode: a small world, and rounds of mischief, runs and checks in it."""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import signal
import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any, Final

import draws
import faults
import oracle
import processes
from draws import chance
from pipeline import ZONE, Job, Pipeline
from platforms import Platforms

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from draws import Kill
    from pipeline import Kit, Run, Span
    from processes import Child
    from sight import Snapshot

_DEADLINE_SECONDS: Final = 90.0
_DAY: Final = dt.timedelta(days=1)


class ViolationError(Exception):
    """Something did not hold; the text says what."""


@dataclass(slots=True)
class Tally:
    """What has been done so far, over all episodes."""

    rounds: int = 0
    runs: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    kills: Counter[str] = field(default_factory=Counter)
    reauthorised: int = 0


class Episode:
    """A world and its history.

    Args:
        seed: Everything but the moments at which processes get their turn follows from it.
        folder: Where everything is kept.
        kit: What all runs of a soak share.
        tally: Counts.

    Attributes:
        trail: What was done, a line each.
    """

    def __init__(self, seed: int, folder: Path, kit: Kit, tally: Tally) -> None:
        self.trail: list[str] = []
        self.tally = tally
        self._rng = rng = Random(seed)  # noqa: S311  a soak, no secret
        world = draws.world(rng)
        switches = draws.switches(rng)
        self.platforms = Platforms(folder, world, switches)
        self.pipeline = Pipeline(folder, self.platforms.url, kit)
        self._first = self._today - rng.randint(4, 12) * _DAY
        self._settings = draws.settings(rng)
        self._memory = oracle.Memory()
        self._accounts: list[str] = self.platforms.ask("sight.accounts")
        self._say(f"world {world}, switches {switches}, tap and target {self._settings}")

    @property
    def _today(self) -> dt.date:
        today: dt.date = self.platforms.ask("sight.today")
        return today

    def _say(self, line: str) -> None:
        self.trail.append(line)

    def _sight(self) -> Snapshot:
        seen: Snapshot = self.platforms.ask("sight.snapshot", first=self._first - 90 * _DAY)
        return seen

    def run(self, rounds: int) -> Iterator[int]:
        """Do rounds; yields each one's number after it held.

        Raises:
            ViolationError: A check failed.
        """
        for number in range(rounds):
            self._say(f"round {number}")
            self._mischief()
            self._disturbed()
            if chance(self._rng, 0.5) or number == rounds - 1:
                self._settle()
            self.tally.rounds += 1
            yield number

    def _mischief(self) -> None:
        """People, the clock, and the end of tokens."""
        rng, ask = self._rng, self.platforms.ask
        had = oracle.keys_of(self._sight())
        for line in ask("people.act", seed=rng.randrange(2**32), times=rng.randint(0, 3)):
            self._say(line)
        self._memory.deleted |= had.keys() - oracle.keys_of(self._sight()).keys()
        if chance(rng, 0.4):
            known = self._sight().truth.keys()
            now = ask("sight.advance", days=rng.choice((0, 1, 1, 2)), seconds=rng.randrange(40000))
            self._memory.missed |= self._sight().truth.keys() - known
            self._say(f"the clock shows {now}")
        if chance(rng, 0.3):
            ask("sight.end_access")
            self._say("the access token has ended")
        if chance(rng, 0.2):
            ask("sight.end_tenant_tokens")
            self._say("tenant tokens have ended")

    def _disturbed(self) -> None:
        """One run, or two at once, with faults and signals."""
        rng = self._rng
        jobs = [self._daily()]
        planned = faults.draw(rng, 4, short=jobs[0].installed)
        for one in planned:
            self._say(f"fault: {faults.in_words(one)}")
            self.tally.faults[one["kind"]] += 1
        if chance(rng, 0.25):
            jobs.insert(rng.randrange(2), self._range())
        kills = [draws.kill(rng) if chance(rng, 0.5) else None for _ in jobs]
        self.platforms.ask("sight.plan_faults", faults=planned)
        self._checked(jobs, kills)

    def _settle(self) -> None:
        """A clean run, which has to bring everything, and one more, which has nothing to do."""
        self.platforms.ask("sight.plan_faults", faults=[])
        self._say("settle")
        self._checked([self._daily()], [None], must=True)
        writes = self.platforms.ask("sight.writes")
        self._checked([self._daily(may_read_today=False)], [None], must=True)
        again = self.platforms.ask("sight.writes") - writes
        if again:
            raise ViolationError(f"A run without news wrote {again} times.")

    def _checked(self, jobs: list[Job], kills: list[Kill | None], *, must: bool = False) -> None:
        before = self._sight()
        self._reauthorise(before)
        runs = self._together(jobs, kills)
        self._quiet()
        for run in runs:
            self.pipeline.keep(run)
            outcome = f"{run.tap.code}|{run.target.code}"
            self.tally.runs += 1
            self.tally.codes[outcome] += 1
            self._say(f"{run.job.name}: {outcome} (logs in {run.states.parent.name})")
        after = self._sight()
        for one in after.used:
            self._say(f"thrown: {one['kind']} {one['code']} on {one['path']}")
        problems = list(self._problems(runs, before, after, must=must))
        if must and not runs[0].is_done:
            problems.append("A run without faults failed.")
        if problems:
            logs = "".join(run.logs() for run in runs)
            raise ViolationError("\n".join(problems[:20]) + "\n" + logs[-20000:])

    def _problems(
        self, runs: list[Run], before: Snapshot, after: Snapshot, *, must: bool
    ) -> Iterator[str]:
        missed = oracle.learn(after, runs, self._memory)
        yield from oracle.untouched(before, after, runs)
        yield from oracle.single(before, after, runs)
        for run in runs:
            yield from oracle.honest(run, after, set() if must else missed)
            yield from oracle.ended_well(run)
        yield from oracle.bookmarked(self.pipeline.bookmarks(), self._first, after, self._memory)
        if not self._may_have_lost_tokens(runs, after):
            yield from oracle.tokens(after, self._stored_tokens())
        yield from self._locks()

    def _may_have_lost_tokens(self, runs: list[Run], after: Snapshot) -> bool:
        """Whether the answer to a refresh got lost, on the way or with the process."""
        killed = any(signal.SIGKILL in run.tap.sent for run in runs)
        unanswered = any(
            one["kind"] in faults.AFTER and one["path"] in ("", faults.SOURCE, faults.REFRESH)
            for one in after.used
        )
        return killed or unanswered or any(one["kind"] == "slow" for one in after.used)

    def _stored_tokens(self) -> tuple[str, str] | None:
        path = self.pipeline.tokens_file
        if not path.exists():
            return None
        with contextlib.closing(sqlite3.connect(path)) as store:
            try:
                rows = store.execute("SELECT access_token, refresh_token FROM oceanengine_tokens")
            except sqlite3.OperationalError:  # killed before it made its tables
                return None
            found = rows.fetchall()
        return found[0] if found and found[0][1] else None

    def _reauthorise(self, sight: Snapshot) -> None:
        """A person authorises again when the tokens were lost with a process or an answer."""
        live = [pair[1:] for pair in sight.pairs if pair[0] == "live"]
        stored = self._stored_tokens()
        if stored == live[0] or (stored is None and len(sight.pairs) == 1):
            return
        self.pipeline.authorise(self.platforms.ask("sight.new_code"))
        self.tally.reauthorised += 1
        self._say("a person authorises again")

    def _locks(self) -> Iterator[str]:
        for path in (self.pipeline.folder / "locks").rglob("*.lock"):
            with path.open("r+") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    yield f"The lock {path.name} is still held."

    def _together(self, jobs: list[Job], kills: list[Kill | None]) -> list[Run]:
        children: list[Child] = []
        runs = []
        pending: list[tuple[Child, Kill]] = []
        for job, kill in zip(jobs, kills, strict=True):
            run = self.pipeline.start(job)
            runs.append(run)
            children += [run.tap, run.target]
            if kill is not None:
                pending.append(((run.tap, run.target)[kill.victim], kill))

        def each_turn(passed: float) -> None:
            for child, kill in list(pending):
                if self._is_due(kill, passed):
                    pending.remove((child, kill))
                    if child.send(kill.number):
                        name = f"{signal.Signals(kill.number).name} to {child.name}"
                        self.tally.kills[name] += 1
                        self._say(f"{name} after {passed:.3f} s")

        try:
            processes.wait(children, _DEADLINE_SECONDS, each_turn)
        except processes.TooLongError as error:
            raise ViolationError(f"{error}\n" + "".join(run.logs() for run in runs)) from None
        return runs

    def _is_due(self, kill: Kill, passed: float) -> bool:
        if kill.seconds is not None:
            return passed >= kill.seconds
        return bool(self.platforms.ask("sight.calls") >= kill.calls)

    def _quiet(self) -> None:
        """Wait until the platforms have carried out what they were asked."""
        for _ in range(2000):
            if not self.platforms.ask("sight.under_way"):
                return
            processes.pause(0.01)
        raise ViolationError("A request does not end.")

    def _daily(self, *, may_read_today: bool = True) -> Job:
        rng, today = self._rng, self._today
        bookmarks = self.pipeline.bookmarks()
        installed = chance(rng, 0.05)
        with_today = may_read_today and not installed and chance(rng, 0.2)
        last = today if with_today else today - _DAY
        lookback = self._settings["lookback_days"]
        asked: dict[str, Span] = {}
        for account in self._accounts:
            mark = bookmarks.get(account)
            again = self._first if mark is None else mark - (lookback - 1) * _DAY
            asked[account] = max(again, self._first), last
        tap = self._settings | {"start_date": self._first.isoformat(), "include_today": with_today}
        if installed:
            tap["end_date"] = last.isoformat()
        return self._job(asked, tap, keeps_state=True, installed=installed)

    def _range(self) -> Job:
        rng, today = self._rng, self._today
        first = self._first + rng.randrange((today - self._first).days) * _DAY
        last = first + rng.randrange((today - first).days) * _DAY
        tap = self._settings | {"start_date": first.isoformat(), "end_date": last.isoformat()}
        asked = dict.fromkeys(self._accounts, (first, last))
        return self._job(asked, tap, keeps_state=False, installed=False)

    def _job(
        self,
        asked: Mapping[str, Span],
        tap: Mapping[str, Any],
        *,
        keeps_state: bool,
        installed: bool,
    ) -> Job:
        noon = dt.datetime.combine(self._today, dt.time(12), ZONE)
        target = {"batch_size_rows": self._rng.choice((10000, 7, 40)), "rows_per_request": 500}
        target["checkpoint_seconds"] = self._rng.choice((30, 1))
        return Job(
            asked=asked,
            keeps_state=keeps_state,
            tap=tap,
            target=target,
            installed=installed,
            now=None if installed else noon.timestamp(),
        )
