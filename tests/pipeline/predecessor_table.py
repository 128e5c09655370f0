"""The table of the scripts that this project replaces, as months of their runs have left it.

Every column is text, the numbers and the date too. Formula columns compute from them; people have
columns of their own beside them. Rows stand several times, are wrong, are missing, are blank.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from platform_sandbox.testing import SandboxServer

NAME = "单元日报"
WRITTEN = (
    "账户名称", "时间", "单元ID", "单元名称", "消耗(元)", "转化数", "转化成本(元)", "团购线索数",
)  # fmt: skip
WANTED = ("项目状态", "投放目的", "项目预算", "单元出价")
COMPUTED = ("客资数量", "实际获客成本", "客资转化率(%)")
HUMAN = ("备注", "跟进链接", "关联客资")
NUMBERS = {
    "消耗(元)": "stat_cost", "转化数": "convert_cnt", "转化成本(元)": "conversion_cost",
    "团购线索数": "clue_pay_order_cnt",
}  # fmt: skip
TIMES_WRITTEN = 5
Key = tuple[str, str]
Cells = dict[str, Any]


def columns(known: Key) -> list[dict[str, Any]]:
    """The columns; `known` is the row that the first formula finds by its text."""
    found = f'[时间]&[单元ID]="{known[0]}{known[1]}"'
    formulas = (
        f"IF({found}, 2, 0)",
        f"IF({found}, ROUND([消耗(元)]/2, 2), 0)",
        "IF([转化数]>0, ROUND(200/[转化数], 1), 0)",
    )
    return [
        *({"field_name": name, "type": 1} for name in (*WRITTEN, *WANTED)),
        *(
            {"field_name": name, "type": 20, "property": {"formula_expression": formula}}
            for name, formula in zip(COMPUTED, formulas, strict=True)
        ),
        {"field_name": "备注", "type": 1},
        {"field_name": "跟进链接", "type": 15},
    ]


def truth(sandbox: SandboxServer, first: date, last: date) -> dict[Key, Cells]:
    """What the platform says now: the eight columns of each unit's day, numbers as numbers."""
    source = sandbox.platform.oceanengine
    return {
        (row["stat_time_day"][:10], str(row["promotion_id"])): {
            "账户名称": account.name,
            "时间": row["stat_time_day"][:10],
            "单元ID": str(row["promotion_id"]),
            "单元名称": row["promotion_name"],
            **{column: round(row[name] + 1e-9, 2) for column, name in NUMBERS.items()},
        }
        for account in source.accounts
        for row in source.truth(account.id, first, last)
    }


def as_written(cells: Cells) -> Cells:
    """A row in the old scripts' hand: `700.0`, `3`, `233.33`, `0` for no cost."""
    return {
        **cells,
        "消耗(元)": str(float(cells["消耗(元)"])),
        "转化数": str(int(cells["转化数"])),
        "转化成本(元)": str(float(cells["转化成本(元)"])) if cells["转化成本(元)"] else "0",
        "团购线索数": str(int(cells["团购线索数"])),
    }


@dataclass
class OldTable:
    """The table, and what is special in it.

    Attributes:
        equal: Keys whose only row is right already.
        wrong: Keys whose only row is not.
        repeated: Keys that stand in several rows: those of one day.
        absent: Keys of units that the scripts lost.
        noted: The later row of a repeated key, into which somebody wrote a note.
        foreign: Rows that no run may touch: blank ones and rows of a trial.
    """

    equal: set[Key] = field(default_factory=set)
    wrong: set[Key] = field(default_factory=set)
    repeated: set[Key] = field(default_factory=set)
    absent: set[Key] = field(default_factory=set)
    noted: str = ""
    foreign: set[str] = field(default_factory=set)


def build(sandbox: SandboxServer, first: date, last: date) -> OldTable:
    """Write the table as it stands on the day of the change; clock moves as time went by."""
    platform, old = sandbox.platform, OldTable()
    rows = truth(sandbox, first, last)
    late = {key for key in rows if key[0] == last.isoformat()}
    base = platform.feishu.base()
    table = base.create_table(NAME, columns(min(rows)))
    leads = base.create_table("客资明细", [{"field_name": "客资", "type": 1}])
    (lead,) = leads.add([{"客资": "李女士"}])
    table.add_field({"field_name": "关联客资", "type": 18, "property": {"table_id": leads.id}})
    repeated_day = (first + timedelta(days=2)).isoformat()
    for number, (key, cells) in enumerate(sorted(rows.items())):
        if key in late or number % 7 == 3:
            old.absent.add(key)
            continue
        row = as_written(cells)
        if key[0] == repeated_day:
            old.repeated.add(key)
        elif number % 3 and not cells["消耗(元)"].is_integer():
            old.wrong.add(key)
            row |= spoiled(number)
        else:
            old.equal.add(key)
            row |= {"备注": f"第{number}行已核对"}
        table.add([row])
        platform.clock.advance(seconds=1)
    for _ in range(TIMES_WRITTEN - 1):
        copies = table.add(
            as_written(rows[key]) | {"转化成本(元)": "0"} for key in sorted(old.repeated)
        )
        platform.clock.advance(seconds=1)
    old.noted = copies[0]
    contract = {"link": "https://example.com/1", "text": "合同"}
    note = {"备注": "客户要求保留", "跟进链接": contract, "关联客资": [lead]}
    table.set(old.noted, note)
    old.foreign = set(table.add(foreign_rows(first)))
    return old


def spoiled(number: int) -> Cells:
    """A mistake of the scripts."""
    mistakes = (
        {"转化成本(元)": "0", "转化数": "9"},
        {"账户名称": "张冠李戴的门店"},
        {"消耗(元)": "0.5", "转化数": "0", "转化成本(元)": "0"},
        {"单元名称": "改名以前的单元"},
    )
    return mistakes[number % len(mistakes)]


def foreign_rows(day: date) -> Iterable[Cells]:
    """Rows that no unit of the platform stands behind."""
    yield from ({}, {}, {"备注": "本月小结"})
    trial = {
        "账户名称": "测试",
        "时间": day.isoformat(),
        "单元ID": "123456",
        "单元名称": "测试单元",
    }
    yield from (
        trial,
        trial | {"单元ID": "123457", "消耗(元)": "1.0"},
        {"单元名称": "测试：没有日期", "单元ID": "1"},
    )
