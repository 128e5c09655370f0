"""The way of scripts without a plan: day by day, delete what is there, write it again.

For every account and day one page of the report; where it has rows, the rows of that account and
day are searched, deleted and appended. Nothing is known from one run to the next.
Kinder than such scripts are: one connection, whole batches, no call for days without rows.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bare_feishu import Bare, BareTable
from messages import midnight

_PAGE = 100


def main(config: dict[str, Any]) -> None:
    """Bring the days of all accounts into the table."""
    source = Bare(config["url"], **{"Access-Token": config["access_token"]})
    table = BareTable(config["bitable"], config["app_id"], config["app_secret"])
    first, last = (dt.date.fromisoformat(config[name]) for name in ("first", "last"))
    days = [first + dt.timedelta(days=place) for place in range((last - first).days + 1)]
    names = config["names"]
    for account, name in config["accounts"]:
        for day in days:
            rows = _page(source, account, day, list(config["metrics"]))
            if not rows:
                continue
            there = table.search(
                (names["stat_time_day"], ["ExactDate", str(midnight(day.isoformat()))]),
                (names["local_account_id"], [account]),
            )
            if there:
                table.delete([one["record_id"] for one in there])
            known = {"local_account_id": account, "local_account_name": name}
            table.create([_cells(row | known, names) for row in rows])


def _page(source: Bare, account: str, day: dt.date, metrics: list[str]) -> list[dict[str, Any]]:
    query = {
        "local_account_id": account,
        "start_date": day.isoformat(),
        "end_date": day.isoformat(),
        "time_granularity": "TIME_GRANULARITY_DAILY",
        "metrics": json.dumps(metrics),
        "page": 1,
        "page_size": _PAGE,
    }
    path = "/open_api/v3.0/local/report/promotion/get/?" + urlencode(query)
    rows: list[dict[str, Any]] = source.ask("GET", path).get("promotion_list") or []
    return rows


def _cells(row: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    cells = {}
    for name, column in names.items():
        value = row[name]
        if name == "stat_time_day":
            value = midnight(value[:10])
        elif name.endswith("_id"):
            value = str(value)
        elif isinstance(value, float):
            value = round(value, 2)
        cells[column] = value
    return cells


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text("utf-8")))
