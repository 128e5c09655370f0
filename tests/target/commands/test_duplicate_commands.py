"""check-duplicates and clean-duplicates: what repeats a key, and what may be deleted of it."""

from __future__ import annotations

import json
from datetime import date

import pytest

from platform_sandbox import Fault

from .conftest import FIELDS, TABLES, Terminal, row


def units(table):
    return sorted((cells["时间"], cells["单元ID"]) for _, cells in table.rows())


def test_a_clean_table_has_no_duplicates(table, run):
    table.add([row("2026-02-11", "11"), row("2026-02-12", "11")])

    result = run("check-duplicates")

    assert result.code == 0
    assert "0 keys stand in several rows" in result.out


def test_lists_each_key_with_its_rows(table, run):
    ids = table.add(
        [
            row("2026-02-11", "7604418424915820607"),
            row("2026-02-11", "7604418424915820608"),
            row(
                "2026/2/11",
                [{"type": "text", "text": "7604418424"}, {"type": "text", "text": "915820607"}],
            ),
            row("2026-02-13", "5"),
            row("2026-02-13", "5"),
            {"备注": "a blank one"},
        ]
    )

    result = run("check-duplicates", "--json")

    assert result.code == 1
    assert result.json["rows"] == 6
    assert result.json["rows_without_key"] == 1
    assert result.json["surplus"] == 2
    assert result.json["duplicates"][0] == {
        "key": {"时间": "2026-02-11", "单元ID": "7604418424915820607"},
        "rows": 2,
        "stays": ids[0],
        "surplus": [ids[2]],
    }


def test_looks_at_one_day_only_when_asked(table, run):
    table.add([row("2026-02-11", "1")] * 2 + [row("2026-02-12", "1")] * 2)

    result = run("check-duplicates", "--date", "2026-02-12", "--json")

    assert result.json["rows"] == 2
    assert [one["key"]["时间"] for one in result.json["duplicates"]] == ["2026-02-12"]


def test_a_date_column_is_asked_by_day_and_compared_in_the_bases_zone(base, run):
    table = base.create_table(
        "单元日报", [{"field_name": "单元ID", "type": 1}, {"field_name": "时间", "type": 5}]
    )
    table.add([{"单元ID": "1", "时间": date(2026, 2, day)} for day in (10, 11, 11, 12)])

    result = run("check-duplicates", "--date", "2026-02-11", "--json")

    assert result.json["rows"] == 2
    assert result.json["duplicates"][0]["key"] == {"时间": "2026-02-11", "单元ID": "1"}


def test_the_hours_of_a_day_are_no_copies_of_each_other(base, run):
    table = base.create_table(
        "单元日报", [{"field_name": "单元ID", "type": 1}, {"field_name": "时间", "type": 5}]
    )
    midnight = 1_770_739_200_000
    table.add([{"单元ID": "1", "时间": midnight + hour * 3_600_000} for hour in (0, 9, 10, 10)])

    result = run("check-duplicates", "--json")

    assert [one["key"]["时间"] for one in result.json["duplicates"]] == ["2026-02-11 10:00:00"]


def test_key_columns_can_be_named_on_the_command_line(table, run):
    table.add([row("2026-02-11", "1", 备注="x"), row("2026-02-12", "2", 备注="x")])

    assert run("check-duplicates", "--key", "备注").code == 1
    assert run("check-duplicates", "--key", "promotion_id,备注").code == 0
    assert run("check-duplicates", "--key", "nix").code == 1
    assert "no column “nix”" in run("check-duplicates", "--key", "nix").err


def test_keeps_the_row_with_the_most_human_content_then_the_oldest(table, run):
    ids = table.add(
        [
            row("2026-02-11", "1"),
            row("2026-02-11", "1", 备注="call back"),
            row("2026-02-11", "1", 备注="call back", 负责人="李四"),
            row("2026-02-12", "2"),
            row("2026-02-12", "2"),
            row("2026-02-13", "3"),
        ]
    )

    result = run("clean-duplicates", "--yes")

    assert result.code == 0
    assert "3 rows deleted" in result.out
    assert [identifier for identifier, _ in table.rows()] == [ids[2], ids[3], ids[5]]
    assert "also holds 备注" in result.out


def test_says_whose_numbers_may_be_old(table, run, sandbox):
    table.add([row("2026-02-11", "1")])
    sandbox.platform.clock.advance(days=1)
    table.add([row("2026-02-11", "1", 备注="typed here")])

    result = run("clean-duplicates", "--yes")

    assert "1 of the rows that stay are not the oldest" in result.out
    assert [cells["备注"] for _, cells in table.rows()] == ["typed here"]


def test_shows_first_and_changes_nothing_when_the_answer_is_no(table, run, sandbox):
    table.add([row("2026-02-11", "1")] * 2)

    result = run("clean-duplicates", answer="n")

    assert result.code == 0
    assert "Delete these 1 surplus rows? [y/N]" in result.err
    assert len(table) == 2
    assert run("clean-duplicates", answer="y").code == 0
    assert len(table) == 1
    assert sandbox.platform.requests.count("batch_delete") == 1


@pytest.mark.parametrize("argv", [["clean-duplicates"], ["clean-date", "2026-02-11"]])
def test_without_yes_and_without_a_terminal_nothing_is_changed(table, run, sandbox, argv):
    table.add([row("2026-02-11", "1")] * 2)

    result = run(*argv)

    assert result.code == 2
    assert "Add --yes" in result.err
    assert len(table) == 2
    assert sandbox.platform.requests.writes == 0


def test_rows_that_changed_after_they_were_shown_are_looked_at_again(table, run):
    ids = table.add([row("2026-02-11", "1")] * 3)

    class Meanwhile(Terminal):
        def readline(self):
            table.set(ids[2], {"单元ID": "9"})
            table.delete([ids[1]])
            return "y\n"

    result = run("clean-duplicates", terminal=Meanwhile())

    assert "0 rows deleted" in result.out
    assert [identifier for identifier, _ in table.rows()] == [ids[0], ids[2]]


def test_deletes_more_than_one_call_takes_and_survives_an_unclear_answer(table, run, sandbox):
    table.add([row("2026-02-11", "1")] * 1201)
    sandbox.platform.faults.add(Fault(path="batch_delete", kind="cut_after", times=1))

    result = run("clean-duplicates", "--yes")

    assert result.code == 0
    assert len(table) == 1


def test_cleans_one_day_of_one_account_and_nothing_else(table, run):
    table.add(
        [
            row("2026-02-11", "1", account="1"),
            row("2026-02-11", "2", account="2"),
            row("2026-02-12", "1", account="1"),
            {"时间": "2026-02-11", "备注": "a note of the day", "账户ID": "1"},
        ]
    )

    result = run("clean-date", "2026-02-11", "--account", "1", "--yes", "--json")

    assert result.code == 0
    assert (result.json["deleted"], result.json["kept"]) == (1, 1)
    assert len(table) == 3
    assert ("2026-02-11", "2") in [
        (cells["时间"], cells.get("单元ID")) for _, cells in table.rows()
    ]


def test_nothing_to_clean_is_in_order_without_being_asked(table, run):
    table.add([row("2026-02-11", "1")])

    assert run("clean-date", "2026-02-12").code == 0
    assert run("clean-duplicates").code == 0
    assert len(table) == 1


@pytest.mark.parametrize("account", ["1", "一店"])
def test_an_account_goes_by_its_id_or_its_name(table, run, account):
    rows = [row("2026-02-11", "1"), row("2026-02-11", "2", name="二店", account="2")]
    table.add(rows)

    assert run("clean-date", "2026-02-11", "--account", account, "--yes").code == 0
    assert [cells["账户名称"] for _, cells in table.rows()] == ["二店"]


def test_an_id_counts_before_a_name_and_a_shared_name_is_refused(table, run):
    table.add(row("2026-02-11", unit, "一店", account=unit) for unit in ("1", "2"))
    table.add([row("2026-02-11", "3", name="1", account="3")])

    result = run("clean-date", "2026-02-11", "--account", "一店", "--yes")

    assert result.code == 1
    assert "“一店” is the name of several accounts: 1、2. Give --account the id" in result.err
    assert len(table) == 3
    assert run("clean-date", "2026-02-11", "--account", "1", "--yes").code == 0
    assert [cells["账户ID"] for _, cells in table.rows()] == ["2", "3"]


def test_an_empty_account_deletes_nothing(table, run):
    table.add([row("2026-02-11", "1", name=None), {"时间": "2026-02-11", "单元ID": "2"}])

    result = run("clean-date", "2026-02-11", "--account", "", "--yes")

    assert result.code == 1
    assert "--account is empty" in result.err
    assert len(table) == 2


@pytest.mark.parametrize("kind", [20, 11, 17, 1003])
def test_a_name_that_can_not_be_compared_leaves_the_id(base, run, kind):
    others = [one for one in FIELDS if one["field_name"] != "账户名称"]
    table = base.create_table("单元日报", [*others, {"field_name": "账户名称", "type": kind}])
    table.add([{"时间": "2026-02-11", "单元ID": unit, "账户ID": unit} for unit in ("1", "2")])

    assert run("clean-date", "2026-02-11", "--account", "1", "--yes").code == 0
    assert [cells["账户ID"] for _, cells in table.rows()] == ["2"]


def test_an_account_that_is_not_there_is_told_with_some_that_are(table, run):
    table.add(row("2026-02-11", str(n), f"{n}店", account=f"10{n}") for n in range(1, 8))

    result = run("clean-date", "2026-02-11", "--account", "八店", "--yes")

    assert result.code == 0
    assert (
        "No row of 2026-02-11 has the account “八店” in the column 账户ID or 账户名称" in result.out
    )
    assert (
        "The day has 101 (1店)、102 (2店)、103 (3店)、104 (4店)、105 (5店) and 2 more."
        in result.out
    )
    empty = run("clean-date", "2026-02-12", "--account", "八店", "--yes")
    assert "2026-02-12: 0 rows" in empty.out
    assert "account “八店”" not in empty.out


def test_a_table_with_names_only_shows_names(table, run):
    table.add([row("2026-02-11", "1")])
    settings = TABLES["tables"]["promotion_report"] | {"account": "local_account_name"}
    tables = json.dumps({"promotion_report": settings})

    result = run("clean-date", "2026-02-11", "--account", "1", "--yes", tables=tables)

    assert "in the column 账户名称" in result.out
    assert "The day has 一店." in result.out


def test_an_account_can_not_be_told_apart_without_its_column(base, run):
    table = base.create_table("单元日报", [one for one in FIELDS if one["field_name"] != "账户ID"])
    table.add([{"时间": "2026-02-11", "单元ID": "1"}])

    result = run("clean-date", "2026-02-11", "--account", "1", "--yes")

    assert result.code == 1
    assert "no column “账户ID”" in result.err
    assert len(table) == 1


def test_keys_of_every_comparable_type_are_told_apart(base, run):
    fields = [
        {"field_name": "n", "type": 2},
        {"field_name": "选", "type": 3},
        {"field_name": "多", "type": 4},
        {"field_name": "话", "type": 13},
    ]
    table = base.create_table("单元日报", fields)
    table.add(
        [
            {"n": 1.5, "选": "a", "多": ["x", "y"], "话": "1"},
            {"n": 1.5, "选": "a", "多": ["y", "x"], "话": "1"},
            {"n": 1.5, "选": "a", "多": ["x"], "话": "1"},
        ]
    )

    result = run("check-duplicates", "--key", "n,选", "--key", "多,话", "--json")

    assert [one["key"] for one in result.json["duplicates"]] == [
        {"n": "1.5", "选": "a", "多": "x、y", "话": "1"}
    ]
