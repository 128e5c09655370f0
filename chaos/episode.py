"""One seeded episode: a small world, and rounds of mischief, runs and checks in it."""

from __future__ import annotations

import datetime as dt
import signal
from collections import Counter
from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING, Any, Final

import custody
import draws
import faults
import oracle
import processes
from commotion import Commotion
from draws import Disturbance, Moment, chance
from jobs import Jobs
from judge import Judge
from meltano_runs import MeltanoProject
from pipeline import Pipeline
from platforms import Platforms
from shapes import SHAPES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kit import Kit
    from pipeline import Job, Run
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
    streams: Counter[str] = field(default_factory=Counter)
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
        self._streams = streams = draws.streams(rng)
        self.platforms = Platforms(folder, world, switches)
        url = self.platforms.url
        self.pipeline: MeltanoProject | Pipeline = (
            MeltanoProject(folder, url, kit, streams)
            if self.uses_meltano
            else Pipeline(folder, url, kit, streams)
        )
        self._first = self._today - rng.randint(4, 12) * _DAY
        settings = draws.settings(rng)
        accounts = self.platforms.ask("sight.accounts")
        self._jobs = Jobs(
            rng, streams, accounts, self._first, settings=settings, forked=not self.uses_meltano
        )
        self._judge = Judge(streams, self._first)
        tally.streams.update(streams)
        self.platforms.ask("sight.set_up", app=app)
        how = "Meltano" if self.uses_meltano else "tap | target"
        self._say(f"{how}, {streams}, {world}, {switches}, {app}, {settings}, from {self._first}")

    @property
    def _today(self) -> dt.date:
        today: dt.date = self.platforms.ask("sight.today")
        return today

    @property
    def _view(self) -> dict[str, Any]:
        return {"first": self._first, "streams": self._streams}

    def _say(self, line: str) -> None:
        self.trail.append(line)

    def _sight(self) -> Snapshot:
        seen: Snapshot = self.platforms.ask("sight.snapshot", **self._view)
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
            before = self._sight()
            now = ask("sight.advance", days=rng.choice((0, 1, 1, 2)), seconds=rng.randrange(40000))
            self._judge.clock_moved(before, self._sight())
            self._say(f"the clock shows {now}")
        for share, what in ((0.4, "end_access"), (0.2, "end_tenant_tokens"), (0.05, "rotate")):
            if chance(rng, share):
                ask(f"sight.{what}")
                self._say(f"tokens: {what}")

    def _people(self, times: int, *, upheaval: bool = False) -> tuple[Snapshot, Snapshot]:
        """Let people change the table; returns what was before and after."""
        seed = self._rng.randrange(2**32)
        lines, before, after = self.platforms.ask(
            "people.act", seed=seed, times=times, view=self._view, upheaval=upheaval
        )
        for line in lines:
            self._say(line)
        self._judge.people_acted(before, after)
        return before, after

    def _disturbed(self) -> None:
        """One run, or two at once, with faults, signals and people."""
        rng = self._rng
        jobs = [self._jobs.daily(self._today, self.pipeline.bookmarks())]
        lists = [SHAPES[stream].endpoint for stream in self._streams]
        planned = faults.draw(rng, 4, lists, short=jobs[0].installed)
        if chance(rng, 0.35):
            jobs.insert(rng.randrange(2), self._jobs.range(self._today))
        signals = [draws.kills(rng, meltano=self.uses_meltano) for _ in jobs]
        people = draws.moment(rng, meltano=self.uses_meltano) if chance(rng, 0.2) else None
        disturbance = Disturbance(signals, people, kills_tap=chance(rng, 0.5))
        if chance(rng, 0.25):
            disturbance = self._token_ends(disturbance, planned, lists)
        for one in planned:
            self._say(f"fault: {faults.in_words(one)}")
        if chance(rng, 0.7):
            self._authorise()
        self.platforms.ask("sight.plan_faults", faults=planned)
        self._checked(jobs, disturbance)

    def _token_ends(
        self, disturbance: Disturbance, planned: list[dict[str, Any]], lists: list[str]
    ) -> Disturbance:
        """Let the access token run out while the tap reads and the target gets to work."""
        calls = self._rng.randint(1, 8)
        planned[:0] = faults.around_refresh(self._rng, calls, lists)
        self._say(f"tokens: the access token runs out at call {calls} to Feishu")
        return replace(disturbance, tokens=Moment(table_calls=calls))

    def _settle(self) -> None:
        """A clean run, which has to bring everything, and one more, which has nothing to do."""
        self.platforms.ask("sight.plan_faults", faults=[])
        self._say("settle")
        self._authorise()
        quiet = Disturbance([()])
        self._checked([self._jobs.daily(self._today, self.pipeline.bookmarks())], quiet, must=True)
        _, writes, _ = self.platforms.ask("sight.progress")
        again = self._jobs.daily(self._today, self.pipeline.bookmarks(), may_read_today=False)
        self._checked([again], quiet, must=True)
        _, more, _ = self.platforms.ask("sight.progress")
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
        sights, bookmarks = (before, *between, after), self.pipeline.bookmarks()
        problems = list(self._judge.problems(runs, sights, bookmarks, must=must))
        problems += custody.held_locks(self.pipeline.folder)
        if not was_authorised:
            problems += [f"{run.job.name} had no tokens." for run in runs if run.is_done]
        else:
            stored = self._stored_pair()
            may_be_lost = stored is not None and custody.may_have_lost_pair(
                runs, after, self.pipeline.tokens_file
            )
            problems += oracle.tokens(after.pairs, stored, may_be_lost=may_be_lost)
        if problems:
            logs = "".join(run.logs() for run in runs)
            raise ViolationError("\n".join(problems[:20]) + "\n" + logs[-20000:])

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
        commotion = Commotion(self.platforms, disturbance, lambda: self._people(2), self._count)
        for job, kills in zip(jobs, disturbance.signals, strict=True):
            if commotion.runs and self.uses_meltano:
                self._until_asking(commotion.runs[0])
            commotion.add(self.pipeline.start(job), kills)
        runs = commotion.runs
        try:
            children = [child for run in runs for child in run.children]
            processes.wait(children, _DEADLINE_SECONDS, commotion.turn)
        except processes.TooLongError as error:
            raise ViolationError(f"{error}\n" + "".join(run.logs() for run in runs)) from None
        return runs, commotion.between

    def _count(self, number: int, victim: str, passed: float) -> None:
        name = f"{signal.Signals(number).name} to {victim}"
        self.tally.signals[name] += 1
        self._say(f"{name} after {passed:.3f} s")

    def _until_asking(self, run: Run) -> None:
        """Wait for a run's first request: two that start at once spoil Meltano's catalog file."""
        for _ in range(6000):
            calls, _, _ = self.platforms.ask("sight.progress")
            if calls or all(child.poll() is not None for child in run.children):
                return
            processes.pause(0.01)

    def _quiet(self) -> None:
        """Wait until the platforms have carried out what they were asked."""
        for _ in range(2000):
            if not self.platforms.ask("sight.under_way"):
                return
            processes.pause(0.01)
        raise ViolationError("A request does not end.")
