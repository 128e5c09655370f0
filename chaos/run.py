"""A seeded soak: the pipeline in small worlds where everything goes wrong that can.

    make chaos                     five minutes, from a seed of the clock
    make chaos SECONDS_=1800       half an hour
    make chaos SEED=42 RUNS=1      one episode again

An episode is a world of a few accounts and days, and rounds in it. In a round people change the
table, the clock moves, tokens end; then the daily run, sometimes beside a run over a range, meets
faults of both platforms and signals. `oracle` says what must hold after every run. Then, faults
cleared, a clean run has to bring the table in line with the source, and one more has nothing to do.

The seed fixes everything but the turns that processes take, so a failure that hangs on a race may
need some tries. On a failure the seed, the trail of what was done and the logs are printed, and the
folder is kept.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import processes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from episode import Episode, Tally

_SLOWER = 3
"""An episode with Meltano has so many times fewer rounds."""
ROOT = Path(__file__).resolve().parents[1]


def main(arguments: Sequence[str]) -> int:
    """Run episodes until runs or seconds are used up; 0 when all held, 1 when one did not."""
    options = _options(arguments)
    processes.hurry()
    clis = processes.plugins()
    from episode import Episode, Tally  # noqa: PLC0415  what it imports finds waits shortened
    from kit import assemble  # noqa: PLC0415  see above

    kit = assemble(ROOT, clis)
    begin, tally, episodes = time.monotonic(), Tally(), 0
    while episodes < options.runs and time.monotonic() - begin < options.seconds:
        seed = options.seed + episodes
        folder = Path(tempfile.mkdtemp(prefix=f"chaos-{seed}-"))
        episode = Episode(seed, folder, kit, tally, meltano=options.meltano)
        rounds = -(-options.rounds // _SLOWER) if episode.uses_meltano else options.rounds
        if not _holds(episode, rounds, folder, until=begin + options.seconds):
            print(f"Again: make chaos SEED={seed} RUNS=1 ROUNDS={options.rounds}", flush=True)
            return 1
        episodes += 1
        passed = time.monotonic() - begin
        print(f"{passed:5.0f} s  seed {seed} held: {tally.rounds} rounds, {tally.runs} runs so far")
    _report(tally, episodes, options.seed)
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="chaos", description="A seeded soak of the pipeline.")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--runs", type=int, default=10**9, help="episodes, a seed each")
    parser.add_argument("--rounds", type=int, default=12, help="rounds of an episode")
    parser.add_argument("--seconds", type=float, default=300, help="bound on the whole soak")
    parser.add_argument(
        "--meltano",
        action=argparse.BooleanOptionalAction,
        help="let Meltano run the plugins in every episode, or in none; default: in a tenth",
    )
    return parser.parse_args(arguments)


def _holds(episode: Episode, rounds: int, folder: Path, *, until: float) -> bool:
    from episode import ViolationError  # noqa: PLC0415  see `main`

    with episode.platforms:
        try:
            for _ in episode.run(rounds):
                if time.monotonic() > until:
                    break
        except ViolationError as violation:
            print(f"In {folder}:")
            print("\n".join(f"  {line}" for line in episode.trail))
            print(violation)
            return False
    shutil.rmtree(folder)
    return True


def _report(tally: Tally, episodes: int, seed: int) -> None:
    from oracle import counted  # noqa: PLC0415  see `main`

    print(
        f"\n{episodes} episodes from seed {seed}: {tally.rounds} rounds, {tally.runs} runs.\n"
        f"streams: {counted(tally.streams)}\n"
        f"exit codes tap|target, or of Meltano: {counted(tally.codes)}\n"
        f"faults thrown: {counted(tally.thrown)}\n"
        f"signals: {counted(tally.signals)}\n"
        f"authorised again by a person: {tally.reauthorised}\n"
        f"load average {os.getloadavg()[0]:.1f}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
