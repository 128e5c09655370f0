"""Export unit rows of a day, a range or a month into a file, and print the totals per day.

Used by `make export`. The daily state is neither read nor changed. Rows that two exports share are
read again, so a month's file is always of one moment.
"""

from __future__ import annotations

import argparse
import calendar
import csv
import json
import os
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterable

STREAM = "promotion_report"
CHINA = ZoneInfo("Asia/Shanghai")


@dataclass(slots=True)
class Totals:
    """Sums of one day."""

    units: int = 0
    cost: Decimal = Decimal(0)
    conversions: int = 0
    leads: int = 0

    def add(self, row: dict[str, Any]) -> None:
        """Count one unit's row."""
        self.units += 1
        self.cost += Decimal(str(row.get("stat_cost") or 0))
        self.conversions += int(Decimal(str(row.get("convert_cnt") or 0)))
        self.leads += int(Decimal(str(row.get("clue_pay_order_cnt") or 0)))

    def line(self, day: str) -> str:
        """Return the day as a line of the report."""
        average = self.cost / self.conversions if self.conversions else Decimal(0)
        return (
            f"{day:<10}  {self.units:>6}  {self.cost:>12,.2f}  {self.conversions:>6}  "
            f"{self.leads:>6}  {average:>10,.2f}"
        )


def span(options: argparse.Namespace, yesterday: date) -> tuple[date, date]:
    """Return first and last day; days that are not closed yet are left out.

    Raises:
        ValueError: More than one way to say the days, or an empty span.
    """
    given = [bool(options.month), bool(options.date), bool(options.first or options.last)]
    if sum(given) > 1:
        raise ValueError("Say the days in one way: MONTH=2026-02, DATE=2026-02-11, FROM= and TO=.")
    if options.month:
        first = options.month
        last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    elif options.first or options.last:
        last = options.last or yesterday
        first = options.first or last
    else:
        first = last = options.date or yesterday
    last = min(last, yesterday)
    if first > last:
        raise ValueError(
            f"There is no closed day to export from {first} on; the last one is {yesterday}."
        )
    return first, last


def a_day(text: str) -> date:
    """Read a day.

    Raises:
        argparse.ArgumentTypeError: It is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day: write 2026-02-11") from None


def a_month(text: str) -> date:
    """Read a month; return its first day.

    Raises:
        argparse.ArgumentTypeError: It is none.
    """
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a month: write 2026-02") from None


def run(options: argparse.Namespace, first: date, last: date, folder: Path) -> int:
    """Run the export job of the format; return its exit code."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in written(folder):
        old.unlink()
    environment = os.environ | {
        "TAP_OCEANENGINE_LOCAL_START_DATE": first.isoformat(),
        "TAP_OCEANENGINE_LOCAL_END_DATE": last.isoformat(),
        "TARGET_CSV_OUTPUT_PATH": str(folder),
        "TARGET_JSONL_DESTINATION_PATH": str(folder),
    }
    program = Path(sys.executable).with_name("meltano")
    job = f"export-{options.format}"
    command = [program, "--environment", options.environment, "run", "--no-state-update", job]
    return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603


def written(folder: Path) -> list[Path]:
    """Return the files of the stream in a folder."""
    return sorted(folder.glob(f"{STREAM}*"))


def read(files: Iterable[Path]) -> dict[str, Totals]:
    """Return the totals per day of exported files."""
    totals: defaultdict[str, Totals] = defaultdict(Totals)
    for file in files:
        with file.open(encoding="utf-8", newline="") as lines:
            rows: Iterable[dict[str, Any]] = (
                csv.DictReader(lines) if file.suffix == ".csv" else map(json.loads, lines)
            )
            for row in rows:
                totals[str(row["stat_time_day"])[:10]].add(row)
    return dict(sorted(totals.items()))


def main() -> int:
    """Export, then print the totals per day; the exit code is the job's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--format", choices=("csv", "jsonl"), default="csv")
    parser.add_argument("--environment", default="prod")
    parser.add_argument("--month", type=a_month)
    parser.add_argument("--date", type=a_day)
    parser.add_argument("--from", dest="first", type=a_day)
    parser.add_argument("--to", dest="last", type=a_day)
    parser.add_argument("--folder", type=Path, default=Path("export"))
    parser.add_argument("--yesterday", type=date.fromisoformat, help="last closed day (a test's)")
    options = parser.parse_args()
    yesterday = options.yesterday or datetime.now(CHINA).date() - timedelta(days=1)
    try:
        first, last = span(options, yesterday)
    except ValueError as error:
        parser.error(str(error))
    folder = (options.folder / f"{first}_{last}").resolve()
    code = run(options, first, last, folder)
    files = written(folder)
    totals = read(files)
    print(f"{'day':<10}  {'units':>6}  {'cost':>12}  {'conv.':>6}  {'leads':>6}  {'avg. cost':>10}")
    for day, one in totals.items():
        print(one.line(day))
    print(f"{sum(one.units for one in totals.values())} rows in {', '.join(map(str, files))}")
    return code


if __name__ == "__main__":
    sys.exit(main())
