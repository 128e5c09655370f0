"""One search and one write for every row: the upsert that a Bitable does not offer, by hand."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from bare_feishu import BareTable
from messages import cells, records


def main(config: dict[str, Any]) -> None:
    """Bring the rows of stdin into the table."""
    table = BareTable(config["bitable"], config["app_id"], config["app_secret"])
    for one in records(sys.stdin):
        row = cells(one)
        day = ["ExactDate", str(row["stat_time_day"])]
        there = table.search(("stat_time_day", day), ("promotion_id", [row["promotion_id"]]))
        if there:
            table.ask("PUT", f"{table.records}/{there[0]['record_id']}", {"fields": row})
        else:
            table.ask("POST", table.records, {"fields": row})


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text("utf-8")))
