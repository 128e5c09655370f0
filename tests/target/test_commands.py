"""The commands against the sandbox, with settings from the environment alone."""

from __future__ import annotations

import io
import json
from datetime import date
from types import SimpleNamespace

import pytest

from platform_sandbox import Fault
from platform_sandbox.defaults import FEISHU_APP_ID, FEISHU_APP_SECRET, FEISHU_BASE
from platform_sandbox.testing import SandboxServer
from target_feishu_bitable import lock
from target_feishu_bitable.commands import main
from target_feishu_bitable.console import Console

COLUMNS = {
    "stat_time_day": "时间",
    "local_account_id": "账户ID",
    "local_account_name": "账户名称",
    "promotion_id": "单元ID",
    "stat_cost": "消耗(元)",
}
TABLES = {
    "tables": {
        "promotion_report": {
            "key": ["stat_time_day", "promotion_id"],
            "date": "stat_time_day",
            "account": "local_account_id",
            "account_name": "local_account_name",
            "columns": COLUMNS,
        }
    }
}
FIELDS = [
    {"field_name": "账户名称", "type": 1},
    {"field_name": "时间", "type": 1},
    {"field_name": "单元ID", "type": 1},
    {"field_name": "账户ID", "type": 1},
    {"field_name": "消耗(元)", "type": 1},
    {"field_name": "备注", "type": 1},
    {"field_name": "负责人", "type": 1},
]


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with SandboxServer(data_dir=tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(server, tmp_path, monkeypatch):
    server.platform.reset()
    monkeypatch.setattr(lock, "user_state_path", lambda _name: tmp_path / "state")
    return server


@pytest.fixture
def base(sandbox):
    return sandbox.platform.feishu.base()


def row(day, unit, name="一店", account="1", **more):
    return {"时间": day, "单元ID": unit, "账户名称": name, "账户ID": account, **more}


@pytest.fixture
def table(base):
    return base.create_table("单元日报", FIELDS)


@pytest.fixture
def run(sandbox):
    def command(*argv, answer=None, terminal=None, **settings):
        flat = {
            f"promotion_report.{name}": value
            for name, value in TABLES["tables"]["promotion_report"].items()
            if name != "columns"
        } | {f"promotion_report.columns.{name}": column for name, column in COLUMNS.items()}
        environ = {
            "TARGET_FEISHU_BITABLE_APP_ID": FEISHU_APP_ID,
            "TARGET_FEISHU_BITABLE_APP_SECRET": FEISHU_APP_SECRET,
            "TARGET_FEISHU_BITABLE_BITABLE": FEISHU_BASE,
            "TARGET_FEISHU_BITABLE_TABLE": "单元日报",
            "TARGET_FEISHU_BITABLE_TABLES": json.dumps(flat),
            "TARGET_FEISHU_BITABLE_API_URL": sandbox.url,
        }
        environ |= {f"TARGET_FEISHU_BITABLE_{k.upper()}": v for k, v in settings.items()}
        out, err = io.StringIO(), io.StringIO()
        answers = terminal or (io.StringIO() if answer is None else Terminal(answer + "\n"))
        code = main(argv, environ=environ, console=Console(out, err, answers))
        return SimpleNamespace(
            code=code,
            out=out.getvalue(),
            err=err.getvalue(),
            json=json.loads(out.getvalue()) if "--json" in argv else None,
        )

    return command


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


def test_an_account_can_not_be_told_apart_without_its_column(base, run):
    table = base.create_table("单元日报", [one for one in FIELDS if one["field_name"] != "账户ID"])
    table.add([{"时间": "2026-02-11", "单元ID": "1"}])

    result = run("clean-date", "2026-02-11", "--account", "1", "--yes")

    assert result.code == 1
    assert "no column “账户ID”" in result.err
    assert len(table) == 1


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["clean-date"],
        ["clean-date", "11.02.2026"],
        ["check-duplicates", "--date", "today"],
        ["check-duplicates", "--key", ","],
        ["nonsense"],
        ["views", "--yes"],
    ],
)
def test_misuse_exits_2(run, argv, capsys):
    with pytest.raises(SystemExit) as caught:
        run(*argv)

    assert caught.value.code == 2
    assert "usage: feishu-bitable" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command", ["", "check-duplicates", "clean-duplicates", "clean-date", "views", "doctor"]
)
def test_every_command_explains_itself(run, command, capsys):
    with pytest.raises(SystemExit) as caught:
        run(*filter(None, [command]), "--help")

    assert caught.value.code == 0
    text = capsys.readouterr().out
    assert all(option in text for option in ("--stream", "--key", "--date-column") if command)


def test_a_wrong_setting_is_one_sentence_and_exit_1(run, sandbox):
    result = run("check-duplicates", "--json", bitable="what?")

    assert result.code == 1
    assert "Setting bitable" in result.err
    assert "Setting bitable" in result.json["error"]
    assert sandbox.platform.requests.count() == 0


def test_several_streams_need_a_choice(run, table):
    tables = json.dumps({"a.key": ["x"], "b.key": ["y"]})

    result = run("check-duplicates", tables=tables)

    assert (result.code, "--stream with one of a, b" in result.err) == (1, True)
    assert "not in the setting tables" in run("check-duplicates", "--stream", "c").err


def test_an_unknown_table_lists_those_there_are(run, base):
    result = run("check-duplicates")

    assert result.code == 1
    assert "it has 数据表" in result.err


def test_a_stream_can_be_named_without_any_mapping(run, table):
    table.add([row("2026-02-11", "1")] * 2)

    result = run("check-duplicates", "--key", "时间,单元ID", "--date-column", "时间", tables="{}")

    assert result.code == 1


def test_a_formula_can_not_be_a_key(run, base):
    table = base.create_table(
        "单元日报", [{"field_name": "单元ID", "type": 1}, {"field_name": "时间", "type": 1005}]
    )
    assert len(table) == 0

    result = run("check-duplicates")

    assert result.code == 1
    assert "automatic number" in result.err


def test_a_running_writer_is_waited_for(run, table, sandbox):
    table.add([row("2026-02-11", "1")] * 2)
    with lock.exclusive(sandbox.url, FEISHU_BASE, timeout=0, started="now"):
        result = run("clean-duplicates", "--yes", lock_timeout_seconds="0")

    assert result.code == 1
    assert "Another run on this host" in result.err
    assert len(table) == 2


def filters(table):
    return {
        view["view_name"]: (view["property"] or {}).get("filter_info")
        for view in table.views
        if view["view_name"] != "表格"
    }


def account_filter(table, value, column="账户ID"):
    condition = {
        "field_id": table.field(column).id,
        "operator": "is",
        "value": json.dumps([value], ensure_ascii=False),
    }
    (shown,) = [
        view["property"]["filter_info"]["conditions"][0]
        for view in table.views
        if view["view_name"] != "表格"
    ]
    return condition.items() <= shown.items()


def test_makes_one_filtered_grid_view_per_account(table, run):
    table.add(
        [
            row("2026-02-10", "1", name="旧名", account="1790000000000001"),
            row("2026-02-11", "1", name="一店", account="1790000000000001"),
            row("2026-02-09", "1", name="错名", account="1790000000000001"),
        ]
    )

    result = run("views")

    assert result.code == 0
    assert list(filters(table)) == ["一店"]
    assert account_filter(table, "1790000000000001")
    assert "can't set the sorting" in result.out


def test_running_views_twice_changes_nothing(table, run, sandbox):
    table.add([row("2026-02-11", str(n), name=f"{n}店", account=str(n)) for n in range(12)])
    assert run("views").code == 0
    before = table.views
    sandbox.platform.requests.clear()

    result = run("views", "--json")

    assert {one["outcome"] for one in result.json["views"]} == {"unchanged"}
    assert table.views == before
    assert sandbox.platform.requests.writes == 0


def test_a_view_that_a_person_renamed_is_still_the_accounts(table, run, sandbox):
    table.add([row("2026-02-11", "1")])
    run("views")
    with sandbox.platform.feishu.state.lock:
        table.model.views[-1].name = "老板看这里"

    result = run("views", "--json")

    assert [one["outcome"] for one in result.json["views"]] == ["unchanged"]
    assert list(filters(table)) == ["老板看这里"]


def test_a_view_that_was_cut_off_before_its_filter_is_completed(table, run, sandbox):
    table.add([row("2026-02-11", "1")])
    sandbox.platform.faults.add(Fault(path="/views/", method="PATCH", code=1254301))

    assert run("views").code == 1
    assert filters(table) == {"一店": None}
    result = run("views", "--json")

    assert [one["outcome"] for one in result.json["views"]] == ["completed"]
    assert account_filter(table, "1")


def test_a_persons_view_of_the_same_name_is_left_alone(table, run, sandbox):
    table.add([row("2026-02-11", "1")])
    run("views")
    hidden = [table.field("备注").id]
    with sandbox.platform.feishu.state.lock:
        table.model.views[-1].property = {"hidden_fields": hidden}
    before = table.views

    result = run("views", "--json")

    assert result.code == 1
    assert result.json["views"][0]["outcome"] == "blocked"
    assert "rename it" in result.json["views"][0]["why"]
    assert table.views == before


def test_accounts_that_share_a_name_get_a_view_each(table, run):
    table.add(
        [
            row("2026-02-11", "1", name="[总]店", account="1"),
            row("2026-02-11", "2", name="[总]店", account="2"),
            row("2026-02-11", "3", name="", account="3"),
        ]
    )

    run("views")

    assert list(filters(table)) == ["（总）店 1", "（总）店 2", "3"]


def test_without_an_id_column_the_name_is_filtered_on(base, run):
    table = base.create_table("单元日报", [one for one in FIELDS if one["field_name"] != "账户ID"])
    table.add([{"账户名称": "一店", "时间": "2026-02-11", "单元ID": "1"}])

    assert run("views").code == 0
    assert list(filters(table)) == ["一店"]
    assert account_filter(table, "一店", "账户名称")


def test_an_option_is_filtered_on_by_its_id(base, run):
    fields = [{**one, "type": 3} if one["field_name"] == "账户ID" else one for one in FIELDS]
    table = base.create_table("单元日报", fields)
    table.add([row("2026-02-11", "1", account="甲")])

    assert run("views").code == 0
    (option,) = table.field("账户ID").property["options"]
    assert account_filter(table, option["id"])
    assert run("views", "--json").json["views"][0]["outcome"] == "unchanged"


def test_says_when_no_more_views_fit(table, run, monkeypatch):
    monkeypatch.setattr("target_feishu_bitable.commands_views.MOST_VIEWS", 2)
    table.add([row("2026-02-11", str(n), name=f"{n}店", account=str(n)) for n in range(3)])

    result = run("views", "--json")

    assert result.code == 1
    assert [one["outcome"] for one in result.json["views"]] == ["created", "blocked", "blocked"]
    assert "the table has 2 views" in result.json["views"][1]["why"]
    assert len(table.views) == 2


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


def test_views_needs_an_account_column(base, run):
    base.create_table("单元日报", [{"field_name": "x", "type": 1}])

    result = run("views")

    assert result.code == 1
    assert "column with the account" in result.err


def states(result):
    return {check["name"]: check["state"] for check in result.json["checks"]}


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
    file.write_text("hello", "utf-8")
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
