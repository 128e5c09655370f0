"""doctor: every line, and the next step for each red one."""

from __future__ import annotations

import json

import pytest

from .conftest import FIELDS, row


def states(result):
    return {check["name"]: check["state"] for check in result.json["checks"]}


def test_doctor_says_when_it_can_not_look_for_duplicates(table, run):
    result = run("doctor", "--json", tables='{"promotion_report.date": "时间"}')

    assert result.code == 0
    assert states(result)["duplicates"] == "note"


def test_doctor_names_mapped_columns_that_are_computed(base, run):
    fields = [one for one in FIELDS if one["field_name"] != "消耗(元)"]
    base.create_table("单元日报", [*fields, {"field_name": "消耗(元)", "type": 1005}])

    result = run("doctor")

    assert result.code == 0
    assert "never written: 消耗(元)" in result.out


def test_doctor_counts_no_property_that_is_dropped(table, run):
    result = run("doctor", tables='{"promotion_report.columns": {"a": "时间", "b": false}}')

    assert "1 mapped columns are there" in result.out


def test_doctor_finds_a_good_table_good(table, run, sandbox):
    table.add([row("2026-02-11", "1")])

    result = run("doctor", "--json")

    assert result.code == 0
    assert states(result) == {
        "credentials": "ok",
        "base": "ok",
        "table": "ok",
        "columns": "ok",
        "read access": "ok",
        "capacity": "ok",
        "duplicates": "ok",
        "write access": "note",
    }
    assert sandbox.platform.requests.writes == 0


def test_doctor_gives_a_next_step_for_each_red_line(table, run):
    table.add([row("2026-02-11", "1")] * 2 + [{}, {"备注": "note"}] + [row("2026-02-12", "1")] * 5)

    result = run("doctor", row_limit="10")

    assert result.code == 1
    assert "✘ capacity: The table '单元日报' holds 9 of 10 rows" in result.out
    assert "✘ duplicates: 2 keys stand in several rows, 5 surplus" in result.out
    assert "→ See check-duplicates" in result.out
    assert "• blank rows: 1 rows are blank" in result.out
    assert "• rows without a key: 1 rows" in result.out


def test_a_row_with_nothing_but_computed_cells_is_blank(base, run):
    number = {"field_name": "编号", "type": 1005}
    table = base.create_table("单元日报", [*FIELDS, number])
    table.add([{}, row("2026-02-11", "1")])

    result = run("doctor", "--json")

    assert states(result)["blank rows"] == "note"
    assert "rows without a key" not in states(result)


def test_doctor_stops_at_wrong_credentials(run, sandbox):
    result = run("doctor", "--json", app_secret="wrong")

    assert (result.code, states(result)) == (1, {"credentials": "red"})
    assert "app_secret" in result.json["checks"][0]["told"]


@pytest.mark.parametrize(
    ("app", "red", "advice"),
    [
        ({"scopes": []}, "base", "scope bitable:app"),
        ({"rights": "none"}, "base", "添加文档应用"),
        ({"advanced": "refused"}, "read access", "可管理"),
    ],
)
def test_doctor_names_the_right_that_is_missing(table, run, sandbox, *, app, red, advice):
    table.add([row("2026-02-11", "1")])
    sandbox.platform.feishu.app(**app)

    result = run("doctor", "--json")

    assert result.code == 1
    (line,) = [check for check in result.json["checks"] if check["state"] == "red"]
    assert line["name"] == red
    assert advice in line["told"]


def test_doctor_warns_that_a_table_may_only_look_empty(table, run, sandbox):
    table.add([row("2026-02-11", "1")])
    sandbox.platform.feishu.app(advanced="denied")

    result = run("doctor")

    assert "• advanced permission" in result.out
    assert "no row is visible" in result.out


def test_doctor_names_a_base_the_app_may_not_see(run):
    result = run("doctor", "--json", bitable="bascnSomethingElse0000000001")

    assert (result.code, states(result)) == (1, {"credentials": "ok", "base": "red"})


def test_doctor_tells_of_a_table_that_will_be_created(run, base):
    assert run("doctor").code == 0
    refused = run("doctor", "--json", create_missing="false")
    assert (refused.code, states(refused)["table"]) == (1, "red")


def test_doctor_lists_missing_columns(base, run):
    base.create_table(
        "单元日报", [{"field_name": "时间", "type": 1}, {"field_name": "单元ID", "type": 1}]
    )

    created = run("doctor")
    refused = run("doctor", create_missing="false")

    assert created.code == 0
    assert "the next run creates 账户ID、账户名称、消耗(元)" in created.out
    assert refused.code == 1
    assert "✘ columns: missing: 账户ID、账户名称、消耗(元)" in refused.out


def test_doctor_holds_a_taps_output_against_the_columns(table, run, tmp_path):
    schema = {
        "properties": {
            "stat_time_day": {"type": "string", "format": "date"},
            "promotion_id": {"type": "string"},
            "stat_cost": {"type": ["number", "null"]},
            "new": {"type": "boolean"},
        }
    }
    messages = [
        {"type": "SCHEMA", "stream": "promotion_report", "schema": schema, "key_properties": []},
        {
            "type": "RECORD",
            "stream": "promotion_report",
            "record": {"stat_time_day": "2026-02-11", "promotion_id": "1", "stat_cost": 1.5},
        },
        {"type": "STATE", "value": {}},
    ]
    file = tmp_path / "tap.jsonl"
    file.write_text("\n".join(map(json.dumps, messages)), "utf-8")

    good = run("doctor", "--input", str(file))
    messages[1]["record"]["stat_time_day"] = "soon"
    file.write_text("\n".join(map(json.dumps, messages)), "utf-8")
    bad = run("doctor", "--input", str(file))
    file.write_text("[" * 100_000, "utf-8")
    no_messages = run("doctor", "--input", str(file))

    assert good.code == 0
    assert "3 properties of promotion_report fit; to be created: new" in good.out
    assert "1 records fit their columns" in good.out
    assert bad.code == 1
    assert "stat_time_day, record 1: column '时间': a text of 4 characters is not a date" in bad.out
    assert no_messages.code == 1
    assert "line 1: not a Singer message" in no_messages.err
    assert run("doctor", "--input", str(tmp_path / "none")).code == 1


def test_doctor_lists_impossible_columns_with_their_cure(base, run, tmp_path):
    base.create_table(
        "单元日报", [{"field_name": "单元ID", "type": 1}, {"field_name": "消耗(元)", "type": 5}]
    )
    message = {
        "type": "SCHEMA",
        "stream": "promotion_report",
        "schema": {
            "properties": {"promotion_id": {"type": "string"}, "stat_cost": {"type": "number"}}
        },
        "key_properties": ["promotion_id"],
    }
    file = tmp_path / "tap.jsonl"
    file.write_text(json.dumps(message), "utf-8")

    result = run("doctor", "--input", str(file), "--key", "promotion_id")

    assert result.code == 1
    assert (
        "“消耗(元)” is a date (日期) column, but the property holds numbers; change it to"
        in result.out
    )
