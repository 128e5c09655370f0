"""One seeded episode: a small world, and rounds of mischief, runs and checks in it."""

from __future__ import annotations

import datetime as dt
import signal
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Final

import custody
import draws
import faults
import oracle
import processes
from draws import Disturbance, chance
from jobs import Jobs
from meltano_runs import MeltanoProject
from pipeline import Pipeline
from platforms import Platforms

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from draws import Kill, Moment
    from pipeline import Job, Kit, Run
    from processes import Child, Victim
    from sight import Snapshot

_DEADLINE_SECONDS: Final = 120.0
_DAY: Final = dt.timedelta(days=1)


class ViolationError(Exception):
    """Something did not hold; the text says what."""


@dataclass(slots=True)
class Tally:
    """What has been done so far, over all episodes."""

    rounds: int = 0
    runs: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    thrown: Counter[str] = field(default_factory=Counter)
    signals: Counter[str] = field(default_factory=Counter)
    reauthorised: int = 0


class Episode:
    """A world and its history.

    Args:
        seed: Everything but the moments at which processes get their turn follows from it.
        folder: Where everything is kept.
        kit: What all runs of a soak share.
        tally: Counts.
        meltano: Whether Meltano runs the plugins; None leaves it to the seed.

    Attributes:
        trail: What was done, a line each.
        uses_meltano: Whether Meltano runs the plugins.
    """

    def __init__(
        self, seed: int, folder: Path, kit: Kit, tally: Tally, *, meltano: bool | None = None
    ) -> None:
        self.trail: list[str] = []
        self.tally = tally
        self._rng = rng = Random(seed)  # noqa: S311  a soak, no secret
        drawn = chance(rng, 0.1)
        self.uses_meltano = drawn if meltano is None else meltano
        world, switches, app = draws.world(rng), draws.switches(rng), draws.app(rng)
        self.platforms = Platforms(folder, world, switches)
        url = self.platforms.url
        self.pipeline: MeltanoProject | Pipeline = (
            MeltanoProject(folder, url, kit.root)
            if self.uses_meltano
            else Pipeline(folder, url, kit)
        )
        self._first = self._today - rng.randint(4, 12) * _DAY
        settings = draws.settings(rng)
        accounts = self.platforms.ask("sight.accounts")
        self._jobs = Jobs(
            rng, accounts, self._first, settings=settings, forked=not self.uses_meltano
        )
        self._memory = oracle.Memory()
        self.platforms.ask("sight.set_up", app=app)
        how = "Meltano" if self.uses_meltano else "tap | target"
        self._say(f"{how}, {world}, {switches}, {app}, {settings}, from {self._first}")

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
        self._people(rng.randint(0, 3), upheaval=chance(rng, 0.5))
        if chance(rng, 0.4):
            known = self._sight().truth.keys()
            now = ask("sight.advance", days=rng.choice((0, 1, 1, 2)), seconds=rng.randrange(40000))
            self._memory.missed |= self._sight().truth.keys() - known
            self._say(f"the clock shows {now}")
        for share, what in ((0.4, "end_access"), (0.2, "end_tenant_tokens"), (0.05, "rotate")):
            if chance(rng, share):
                ask(f"sight.{what}")
                self._say(f"tokens: {what}")

    def _people(self, times: int, *, upheaval: bool = False) -> tuple[Snapshot, Snapshot]:
        """Let people change the table; returns what was before and after."""
        seed, first = self._rng.randrange(2**32), self._first - 90 * _DAY
        lines, before, after = self.platforms.ask(
            "people.act", seed=seed, times=times, first=first, upheaval=upheaval
        )
        for line in lines:
            self._say(line)
        self._memory.deleted |= oracle.keys_of(before).keys() - oracle.keys_of(after).keys()
        return before, after

    def _disturbed(self) -> None:
        """One run, or two at once, with faults, signals and people."""
        rng = self._rng
        jobs = [self._jobs.daily(self._today, self.pipeline.bookmarks())]
        planned = faults.draw(rng, 4, short=jobs[0].installed)
        for one in planned:
            self._say(f"fault: {faults.in_words(one)}")
        if chance(rng, 0.35):
            jobs.insert(rng.randrange(2), self._jobs.range(self._today))
        signals = [draws.kills(rng, meltano=self.uses_meltano) for _ in jobs]
        people = draws.moment(rng, meltano=self.uses_meltano) if chance(rng, 0.2) else None
        if chance(rng, 0.7):
            self._authorise()
        self.platforms.ask("sight.plan_faults", faults=planned)
        self._checked(jobs, Disturbance(signals, people))

    def _settle(self) -> None:
        """A clean run, which has to bring everything, and one more, which has nothing to do."""
        self.platforms.ask("sight.plan_faults", faults=[])
        self._say("settle")
        self._authorise()
        quiet = Disturbance([()])
        self._checked([self._jobs.daily(self._today, self.pipeline.bookmarks())], quiet, must=True)
        _, writes = self.platforms.ask("sight.progress")
        again = self._jobs.daily(self._today, self.pipeline.bookmarks(), may_read_today=False)
        self._checked([again], quiet, must=True)
        _, more = self.platforms.ask("sight.progress")
        if more > writes:
            raise ViolationError(f"A run without news wrote {more - writes} times.")

    def _checked(self, jobs: list[Job], disturbance: Disturbance, *, must: bool = False) -> None:
        """Run jobs and hold what was before against what is after."""
        before = self._sight()
        was_authorised = custody.is_authorised(before, self._stored_pair())
        runs, between = self._together(jobs, disturbance)
        self._quiet()
        for run in runs:
            self.pipeline.keep(run)
            self.tally.runs += 1
            self.tally.codes[run.codes] += 1
            self._say(f"{run.job.name}: {run.codes} (logs in {run.folder.name})")
        after = self._sight()
        for one in after.used:
            self._say(f"thrown: {faults.in_words(one)}")
            self.tally.thrown[f"{one['kind']} of {faults.half(one)}"] += 1
        was_calm = was_authorised and not after.used and not between
        must = must or (was_calm and not any(one.sent for run in runs for one in run.victims))
        problems = list(self._problems(runs, (before, *between, after), must=must))
        if not was_authorised:
            problems += [f"{run.job.name} had no tokens." for run in runs if run.is_done]
        elif not custody.may_have_lost_pair(runs, after):
            problems += oracle.tokens(after, self._stored_pair())
        if problems:
            logs = "".join(run.logs() for run in runs)
            raise ViolationError("\n".join(problems[:20]) + "\n" + logs[-20000:])

    def _problems(
        self, runs: list[Run], sights: tuple[Snapshot, ...], *, must: bool
    ) -> Iterator[str]:
        """What does not hold; runs worked from the first sight to the second, and so on."""
        after = sights[-1]
        excused = oracle.learn(after, runs, self._memory)
        for old, new in zip(sights[::2], sights[1::2], strict=True):
            is_born = not sights[0].columns
            yield from oracle.untouched(old, new, runs, is_born=is_born)
            yield from oracle.single(old, new, runs, is_born=is_born)
        for old, new in zip(sights[1:-1:2], sights[2::2], strict=True):
            excused |= oracle.changed_keys(old, new)
        for run in runs:
            yield from oracle.honest(run, after, set() if must else excused)
            yield from oracle.ended_well(run)
            if must and not run.is_done:
                yield f"{run.job.name} failed without a fault or a signal."
        yield from oracle.bookmarked(self.pipeline.bookmarks(), self._first, after, self._memory)
        yield from custody.held_locks(self.pipeline.folder)

    def _stored_pair(self) -> tuple[str, str] | None:
        return custody.stored_pair(self.pipeline.tokens_file)

    def _authorise(self) -> None:
        """A person authorises again when tokens were lost with a process or an answer."""
        if custody.is_authorised(self._sight(), self._stored_pair()):
            return
        self.pipeline.authorise(self.platforms.ask("sight.new_code"))
        self.tally.reauthorised += 1
        self._say("a person authorises again")

    def _together(
        self, jobs: list[Job], disturbance: Disturbance
    ) -> tuple[list[Run], list[Snapshot]]:
        """Run jobs at once, with what happens to them; returns also what people found and left."""
        children: list[Child] = []
        runs, between = [], []
        pending: list[tuple[Victim, Kill]] = []
        people = [disturbance.people] if disturbance.people else []
        for job, kills in zip(jobs, disturbance.signals, strict=True):
            if runs and self.uses_meltano:
                self._until_asking(runs[0])
            run = self.pipeline.start(job)
            runs.append(run)
            children += run.children
            pending += [(run.victims[kill.victim % len(run.victims)], kill) for kill in kills]

        def each_turn(passed: float) -> None:
            for victim, kill in list(pending):
                if self._is_due(kill.moment, passed):
                    pending.remove((victim, kill))
                    self._send(victim, kill.number, passed)
            if people and self._is_due(people[0], passed):
                people.clear()
                between.extend(self._people(2))

        try:
            processes.wait(children, _DEADLINE_SECONDS, each_turn)
        except processes.TooLongError as error:
            raise ViolationError(f"{error}\n" + "".join(run.logs() for run in runs)) from None
        return runs, between

    def _until_asking(self, run: Run) -> None:
        """Wait for a run's first request: two that start at once spoil Meltano's catalog file."""
        for _ in range(6000):
            calls, _writes = self.platforms.ask("sight.progress")
            if calls or all(child.poll() is not None for child in run.children):
                return
            processes.pause(0.01)

    def _send(self, victim: Victim, number: int, passed: float) -> None:
        if victim.send(number):
            name = f"{signal.Signals(number).name} to {victim.name}"
            self.tally.signals[name] += 1
            self._say(f"{name} after {passed:.3f} s")

    def _is_due(self, moment: Moment, passed: float) -> bool:
        if moment.seconds is not None:
            return passed >= moment.seconds
        calls, writes = self.platforms.ask("sight.progress")
        if moment.calls is not None:
            return bool(calls >= moment.calls)
        return moment.writes is not None and bool(writes >= moment.writes)

    def _quiet(self) -> None:
        """Wait until the platforms have carried out what they were asked."""
        for _ in range(2000):
            if not self.platforms.ask("sight.under_way"):
                return
            processes.pause(0.01)
        raise ViolationError("A request does not end.")
