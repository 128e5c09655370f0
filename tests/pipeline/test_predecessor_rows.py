"""Everything that users of the old scripts could do: its line in the guide, and what proves it.

Left: how the guide's table calls it. Right: the tests that would fail if the new way did not work.
"""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest
import yaml

from .conftest import ROOT

PROVED_BY = {
    "每天 07:00 的任务": {
        "pipeline/test_daily_run.py": [
            "test_three_daily_runs_keep_the_table_equal_to_the_platform",
        ],
        "pipeline/test_migration_heals.py": [
            "test_the_table_is_healed_in_place_and_then_left_alone",
        ],
        "tap/test_windows.py": [
            "test_today_is_a_day_in_shanghai_whatever_the_hosts_zone",
        ],
        "tap/test_promotion_report.py": [
            "test_pages_are_read_to_the_last_row",
        ],
        "tap/test_against_sandbox.py": [
            "test_a_run_three_days_later_brings_new_days_and_late_conversions",
        ],
        "pipeline/test_deploy.py": [
            "test_crontab_runs_daily_and_checks_later_in_beijing_time",
        ],
    },
    "`sync_data.py`、`run.sh`": {
        "pipeline/test_daily_run.py": [
            "test_three_daily_runs_keep_the_table_equal_to_the_platform",
        ],
        "target/test_upsert.py": [
            "test_creates_what_is_missing_and_leaves_what_is_equal",
        ],
    },
    "`token_manager.py status` / `refresh` / `get`": {
        "pipeline/test_predecessor_commands.py": [
            "test_token_manager_and_first_authorisation",
        ],
        "tap/test_commands.py": [
            "test_status_marks_what_ends_soon",
        ],
        "tap/test_auth_processes.py": [
            "test_eight_processes_on_an_expired_token_refresh_once",
        ],
        "tap/test_auth_refresh.py": [
            "test_a_new_pair_is_stored_before_it_is_used",
            "test_an_answer_lost_before_the_rotation_costs_one_more_try",
        ],
    },
    "`get_token.py CODE`、`generate_auth_url.py`": {
        "pipeline/test_predecessor_commands.py": [
            "test_token_manager_and_first_authorisation",
        ],
        "tap/test_commands.py": [
            "test_authorize_exchanges_a_code_or_a_link",
        ],
    },
    "`dedup.py check DATE`": {
        "pipeline/test_predecessor_commands.py": [
            "test_dedup_of_one_day_spares_other_accounts_rows",
        ],
        "pipeline/test_migration.py": [
            "test_checks_and_dry_run_tell_what_is_wrong_and_write_nothing",
        ],
    },
    "`dedup.py clean DATE`": {
        "pipeline/test_predecessor_commands.py": [
            "test_dedup_of_one_day_spares_other_accounts_rows",
        ],
        "target/commands/test_duplicate_commands.py": [
            "test_shows_first_and_changes_nothing_when_the_answer_is_no",
        ],
    },
    "`force_sync.py DATE`": {
        "pipeline/test_resync_recipe.py": [
            "test_days_are_read_again_and_only_what_differs_is_written",
        ],
    },
    "`download_all_data.py`": {
        "pipeline/test_predecessor_exports.py": [
            "test_day_range_and_month_hold_all_accounts_and_print_totals",
        ],
    },
    "`batch_download.py START END`": {
        "pipeline/test_predecessor_exports.py": [
            "test_day_range_and_month_hold_all_accounts_and_print_totals",
        ],
    },
    "`export_month.py YEAR MONTH`": {
        "pipeline/test_predecessor_exports.py": [
            "test_day_range_and_month_hold_all_accounts_and_print_totals",
        ],
        "pipeline/test_export.py": [
            "test_range_holds_every_row_of_the_platform_and_leaves_the_state_alone",
        ],
    },
    "`notifier.py`": {
        "pipeline/test_predecessor_commands.py": [
            "test_notifier_and_the_check_for_a_job_that_never_ran",
        ],
        "notify/test_notify_commands.py": [
            "test_test_sends_one_card_of_each_kind",
        ],
    },
    "机器人卡片": {
        "pipeline/test_predecessor_commands.py": [
            "test_all_accounts_failing_is_a_failure_with_a_card",
        ],
        "notify/test_notify_runs.py": [
            "test_scheduled_success_is_one_green_card_and_the_commands_know_of_it",
            "test_each_way_of_failing_is_red_and_says_what_failed",
            "test_failed_token_refresh_says_how_to_authorise_again",
        ],
    },
    "账户 Excel": {
        "tap/test_accounts.py": [
            "test_every_account_of_the_sandbox_is_found_once",
            "test_configured_names_win",
            "test_configured_accounts_come_in_their_order_also_when_not_found",
        ],
    },
    "每个账户的视图、公式列": {
        "pipeline/test_predecessor_commands.py": [
            "test_views_per_account_are_filtered_on_the_name",
        ],
        "pipeline/test_migration_heals.py": [
            "test_the_table_is_healed_in_place_and_then_left_alone",
        ],
        "target/test_upsert.py": [
            "test_formula_columns_are_left_alone_and_named_once",
        ],
    },
    "健康检查": {
        "pipeline/test_migration.py": [
            "test_checks_and_dry_run_tell_what_is_wrong_and_write_nothing",
        ],
        "pipeline/test_predecessor_commands.py": [
            "test_notifier_and_the_check_for_a_job_that_never_ran",
        ],
        "tap/test_commands.py": [
            "test_doctor_of_a_healthy_project_is_all_green",
        ],
        "target/commands/test_doctor_of_target.py": [
            "test_doctor_gives_a_next_step_for_each_red_line",
        ],
        "pipeline/test_deploy.py": [
            "test_check_line_of_the_crontab_sends_a_card_when_the_job_never_ran",
        ],
    },
}


def guide_rows() -> dict[str, str]:
    """The guide's table, old way to new way."""
    text = (ROOT / "docs/migration.md").read_text("utf-8")
    table = text.partition("| 旧 | 新 |\n|---|---|\n")[2].partition("\n\n")[0]
    return dict(re.fullmatch(r"\| (.+?) \| (.+) \|", line).groups() for line in table.splitlines())


@functools.cache
def functions_of(file: Path) -> frozenset[str]:
    tree = ast.parse(file.read_text("utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(one.name for one in ast.walk(tree) if isinstance(one, kinds))


def test_every_row_stands_in_the_guide() -> None:
    assert list(guide_rows()) == list(PROVED_BY)


@pytest.mark.parametrize("row", PROVED_BY)
def test_row_is_proved_by_tests_that_are_there(row: str) -> None:
    assert PROVED_BY[row]
    for file, tests in PROVED_BY[row].items():
        assert tests
        assert set(tests) - functions_of(ROOT / "tests" / file) == set()


@pytest.mark.parametrize("row", PROVED_BY)
def test_what_the_row_says_can_be_typed(row: str) -> None:
    plugins = yaml.safe_load((ROOT / "meltano.yml").read_text("utf-8"))["plugins"]
    commands = {
        name for kind in plugins.values() for one in kind for name in one.get("commands", {})
    }
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    settings = {
        one["name"] for kind in plugins.values() for its in kind for one in its.get("settings", [])
    }
    variables = (ROOT / ".env.example").read_text("utf-8")
    for typed in re.findall(r"`([^`]+)`", guide_rows()[row]):
        first, *more = typed.split()
        if first == "make":
            assert more[0] in targets, typed
        elif first == "meltano":
            assert typed.startswith("meltano run tap-oceanengine-local target-feishu-bitable")
        elif first.isupper():
            assert f"\n{first}=" in variables, typed
        elif "/" in first:
            assert (ROOT / first).exists(), typed
        else:
            assert first in commands | settings, typed
