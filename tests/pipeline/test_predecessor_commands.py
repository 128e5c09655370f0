"""What users of the old scripts type by hand, in its new words, through `meltano invoke`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from platform_sandbox import Fault, World
from platform_sandbox.testing import SandboxServer

from . import predecessor_settings as settings
from . import predecessor_table as scripts
from .conftest import MeltanoProject
from .recipes import Reader, done
from .table_witness import Witness, key_of

TAP = ".venv/bin/meltano invoke tap-oceanengine-local:"
TARGET = ".venv/bin/meltano invoke target-feishu-bitable:"
NOTIFY = ".venv/bin/meltano invoke feishu-notify:"
RUN = ".venv/bin/meltano run tap-oceanengine-local target-feishu-bitable"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxServer]:
    world = World(accounts=4, active=3, units=(2, 4), big_units=0, days=60)
    with SandboxServer(tmp_path / "platforms", world) as server:
        yield server


@pytest.fixture
def old(sandbox: SandboxServer) -> scripts.OldTable:
    last = sandbox.platform.clock.yesterday()
    return scripts.build(sandbox, last - timedelta(days=4), last)


@pytest.fixture
def reader(old: scripts.OldTable, project: MeltanoProject, sandbox: SandboxServer) -> Reader:
    """Somebody who has come from the old scripts, with their tokens in .env."""
    theirs = settings.old_settings(sandbox) | settings.old_tokens(sandbox)
    settings.fill_in(project, theirs, OCEANENGINE_REDIRECT_URI="https://example.com/callback")
    reader = Reader(project, "docs/migration.md")
    done(reader.follows("enable"))
    return reader


def titles(sandbox: SandboxServer) -> list[tuple[str, str]]:
    headers = [one.payload["card"]["header"] for one in sandbox.platform.feishu.cards]
    return [(header["title"]["content"], header["template"]) for header in headers]


def test_token_manager_and_first_authorisation(reader: Reader, sandbox: SandboxServer) -> None:
    tokens = sandbox.platform.oceanengine.tokens
    link = done(reader.types(f"{TAP}authorize"))
    assert "redirect_uri=https%3A%2F%2Fexample.com%2Fcallback" in link
    callback = f"https://example.com/callback?auth_code={tokens.new_code()}&state=x"
    assert "Authorised" in done(reader.types(f"{TAP}authorize --code '{callback}'"))
    assert tokens.refreshes == 1

    done(reader.types(f"{TAP}token-refresh"))
    assert tokens.refreshes == 2
    status = done(reader.types(f"{TAP}token-status"))
    assert "access token   until" in status
    assert "refresh token  until" in status
    printed = reader.types(f"{TAP}token-get")
    assert printed.stdout.strip() == tokens.current.access, printed.stderr
    assert tokens.refreshes == 2


def test_dedup_of_one_day_spares_other_accounts_rows(
    reader: Reader, old: scripts.OldTable, sandbox: SandboxServer
) -> None:
    witness = Witness(sandbox)
    (day,) = {day for day, _unit in old.repeated}
    listed = reader.types(f"{TARGET}check-duplicates --date {day}")
    assert listed.returncode == 1, listed.stdout + listed.stderr
    assert all(
        f"{day} · {unit}: {scripts.TIMES_WRITTEN} rows" in listed.stdout for _, unit in old.repeated
    )

    done(reader.types(f"{TARGET}clean-duplicates --date {day} --yes"))
    clean = witness.rows()
    assert len(clean) == len(witness.before) - len(witness.copies(old.repeated))
    assert "0 keys stand" in done(reader.types(f"{TARGET}check-duplicates --date {day}"))

    name = next(cells["账户名称"] for cells in clean.values() if key_of(cells) in old.repeated)
    done(reader.types(f"{TARGET}clean-date {day} --account '{name}' --yes"))
    gone = {one: cells for one, cells in clean.items() if one not in witness.rows()}
    assert gone
    assert gone == {
        one: cells
        for one, cells in clean.items()
        if key_of(cells)[0] == day and cells.get("账户名称") == name
    }
    assert len(gone) < len([cells for cells in clean.values() if cells.get("时间") == day])


def test_views_per_account_are_filtered_on_the_name(reader: Reader, sandbox: SandboxServer) -> None:
    witness = Witness(sandbox)
    by_hand = witness.table.views
    done(reader.types(f"{TARGET}views"))

    made = [view for view in witness.table.views if view not in by_hand]
    names = {cells["账户名称"] for cells in witness.before.values() if "账户名称" in cells}
    assert {view["view_name"] for view in made} == names
    column = witness.table.field("账户名称").id
    for view in made:
        (condition,) = view["property"]["filter_info"]["conditions"]
        assert condition["field_id"] == column
        assert view["view_name"] in condition["value"]
    assert witness.table.views[: len(by_hand)] == by_hand
    assert witness.rows() == witness.before


def test_notifier_and_the_check_for_a_job_that_never_ran(
    reader: Reader, sandbox: SandboxServer
) -> None:
    done(reader.types(f"{NOTIFY}test"))
    shown = titles(sandbox)
    assert {colour for _title, colour in shown} == {"green", "red", "orange"}
    assert all(title.startswith("巨量本地推") for title, _colour in shown)

    checked = reader.types(f"{NOTIFY}check --max-age-hours 26")
    assert checked.returncode == 1, checked.stdout + checked.stderr
    (alarm,) = titles(sandbox)[len(shown) :]
    assert alarm[1] == "red"


def test_all_accounts_failing_is_a_failure_with_a_card(
    reader: Reader, sandbox: SandboxServer
) -> None:
    witness = Witness(sandbox)
    sandbox.platform.faults.add(Fault(path="report/promotion", code=40002, times=None))
    last = sandbox.platform.clock.yesterday().isoformat()
    outcome = reader.types(RUN, TAP_OCEANENGINE_LOCAL_END_DATE=last)

    assert outcome.returncode == 1
    ((title, colour),) = titles(sandbox)
    assert (title, colour) == ("巨量本地推 同步失败", "red")
    card = str(sandbox.platform.feishu.cards[0].payload)
    accounts = len(sandbox.platform.oceanengine.accounts)
    assert f"共 {accounts} 个，失败 {accounts} 个" in card
    assert "40002" in card
    assert witness.rows() == witness.before
