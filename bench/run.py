"""Measure tap and target against both platforms on this machine: `python bench/run.py`.

Prints the lines of a load as they are done, then the tables, and writes `bench/results.json`.
`python bench/run.py tap target` measures only these parts; `--publish` puts the tables of a whole
run into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import platform
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import ceiling_loads
import daily_loads
import page
import report
import startup_loads
import tap_loads
import target_loads
import ways_loads

PARTS = {
    "ceiling": ceiling_loads.loads,
    "startup": startup_loads.loads,
    "tap": tap_loads.loads,
    "target": target_loads.loads,
    "daily": daily_loads.loads,
    "ways": ways_loads.loads,
}
PAGE = Path(__file__).parents[1] / "docs/benchmarks.md"
_GIB = 1024**3


def main() -> None:
    """Run the parts that are named, or all."""
    wanted = _arguments()
    begin, results = time.monotonic(), []
    where = machine()
    print(where, flush=True)
    with TemporaryDirectory(prefix="bench-") as folder:
        startup_loads.warm_up(Path(folder))
        for name in wanted.parts or PARTS:
            for result in PARTS[name](Path(folder)):
                results.append(result)
                print(f"{time.monotonic() - begin:4.0f} s  " + "  ".join(report.cells(result)))
                print(f"        {result.note}", flush=True)
            report.save(results, Path(__file__).with_name("results.json"))
    seconds, load = time.monotonic() - begin, os.getloadavg()[0]
    where += f"{load:.1f} at the end; {seconds:.0f} s altogether."
    print("\n" + page.block(results, where))
    if wanted.publish:
        page.publish(PAGE, results, where)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure tap and target on this machine.")
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}")
    parser.add_argument(
        "--publish", action="store_true", help="write the tables into docs/benchmarks.md"
    )
    wanted = parser.parse_args()
    if unknown := sorted(set(wanted.parts) - set(PARTS)):
        parser.error(f"unknown part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    if wanted.publish and wanted.parts:
        parser.error("only a whole run is published")
    return wanted


def machine() -> str:
    """Where, when and how this runs; ends where the load at the end belongs."""
    now = dt.datetime.now(tz=dt.UTC)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIB
    return (
        f"`python bench/run.py`, {now:%Y-%m-%d %H:%M} UTC. {platform.system()} "
        f"{platform.machine()}, {os.cpu_count()} cores ({_processor()}), {memory:.0f} GiB, "
        f"Python {platform.python_version()}. Load average {os.getloadavg()[0]:.1f} at the start, "
    )


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown processor"


if __name__ == "__main__":
    main()
