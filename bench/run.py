"""Measure tap and target against both platforms on this machine: `python bench/run.py`.

Prints a line per load as it is done, then the whole table, and writes `bench/results.json`.
`python bench/run.py tap` measures only that part; there are ceiling, startup, tap and target.
"""

from __future__ import annotations

import datetime as dt
import os
import platform
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import ceiling_loads
import report
import startup_loads
import tap_loads
import target_loads

PARTS = {
    "ceiling": ceiling_loads.loads,
    "startup": startup_loads.loads,
    "tap": tap_loads.loads,
    "target": target_loads.loads,
}


def main(names: list[str]) -> int:
    """Run the parts that are named, or all."""
    if unknown := sorted(set(names) - set(PARTS)):
        print(f"Unknown: {', '.join(unknown)}. There are {', '.join(PARTS)}.", file=sys.stderr)
        return 2
    begin, results = time.monotonic(), []
    print(machine(), flush=True)
    with TemporaryDirectory(prefix="bench-") as folder:
        for name in names or PARTS:
            for result in PARTS[name](Path(folder)):
                results.append(result)
                print(f"{time.monotonic() - begin:4.0f} s  " + "  ".join(report.cells(result)))
                print(f"        {result.note}", flush=True)
    report.save(results, Path(__file__).with_name("results.json"))
    print("\n" + report.markdown(results))
    load = os.getloadavg()[0]
    print(f"\n{time.monotonic() - begin:.0f} s altogether; load average at the end {load:.1f}")
    return 0


def machine() -> str:
    """Where and when this ran."""
    now = dt.datetime.now(tz=dt.UTC)
    python, load = platform.python_version(), os.getloadavg()[0]
    return (
        f"{now:%Y-%m-%d %H:%M} UTC, {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} cores, Python {python}, load average at the start {load:.1f}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
