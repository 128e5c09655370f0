"""A short soak: the pipeline meets faults, signals, people and a second run. See `chaos/run.py`."""

from __future__ import annotations

import subprocess
import sys

from .conftest import ROOT


def soak(*arguments: str) -> str:
    outcome = subprocess.run(
        [sys.executable, str(ROOT / "chaos" / "run.py"), *arguments],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return outcome.stdout


def test_table_state_and_tokens_hold_through_a_short_soak() -> None:
    report = soak("--seed", "7", "--runs", "2", "--rounds", "6", "--seconds", "240")

    assert "2 episodes from seed 7: 12 rounds" in report
    assert "signals: SIG" in report
