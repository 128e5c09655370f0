"""The commands about tokens and accounts: what they print, how they exit, what they never show."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from platform_sandbox import Fault, World, defaults
from platform_sandbox.testing import SandboxServer
from tap_oceanengine_local.client import Client
from tap_oceanengine_local.commands import main
from tap_oceanengine_local.console import Console
from tap_oceanengine_local.token_row import Authorization, Pair
from tap_oceanengine_local.tokens import TokenStore

from .sending import emptied

PREFIX = "TAP_OCEANENGINE_LOCAL_"
NOW = 1_770_782_400.0
"""2026-02-11 12:00 in Asia/Shanghai."""
DAY = 86_400
COMMANDS = (
    "authorize",
    "token-status",
    "token-refresh",
    "token-get",
    "token-import",
    "accounts",
    "doctor",
)


@pytest.fixture(scope="module")
def running():
    with SandboxServer(world=World(accounts=4, active=1, units=(2, 3), days=5)) as server:
        yield server


@pytest.fixture
def platform(running):
    return emptied(running)


@pytest.fixture
def environ(running, platform, tmp_path):
    settings = {
        "app_id": defaults.OE_APP_ID,
        "app_secret": defaults.OE_APP_SECRET,
        "access_token": defaults.OE_ACCESS_TOKEN,
        "refresh_token": defaults.OE_REFRESH_TOKEN,
        "token_store_uri": f"sqlite:///{tmp_path / 'store' / 'tokens.db'}",
        "redirect_uri": defaults.REDIRECT_URI,
        "api_url": running.url,
        "end_date": platform.clock.yesterday().isoformat(),
        "requests_per_second": "1000",
    }
    return {PREFIX + name.upper(): value for name, value in settings.items()}


class Said:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def run(environ):
    """Run a command as at noon of 2026-02-11: `run("token-status", "--json")`."""

    def call(*argv, now=NOW, **changed):
        out, err = io.StringIO(), io.StringIO()
        console = Console(out=out, err=err, clock=lambda: now)
        given = environ | {PREFIX + name.upper(): value for name, value in changed.items()}
        code = main(argv, environ=given, console=console)
        return Said(code, out.getvalue(), err.getvalue())

    return call


@pytest.fixture
def store(environ, running):
    """The store's row as a process beside the command sees it."""
    key = Authorization(running.url, defaults.OE_APP_ID, "default")
    uri = environ[PREFIX + "TOKEN_STORE_URI"]

    def put(*pair):
        with TokenStore(uri, Path.cwd()).exclusive(key) as row:
            if pair:
                row.put(Pair(*pair), NOW)
                row.mark_seen(Pair(defaults.OE_ACCESS_TOKEN, defaults.OE_REFRESH_TOKEN))
            return row.pair()

    return put


def test_authorize_prints_the_link_and_the_two_traps(run, platform):
    said = run("authorize")
    assert said.code == 0
    assert "https://open.oceanengine.com/audit/oauth.html?app_id=1800000000000001" in said.out
    assert "Tick **all** accounts again: a new authorisation replaces the old selection" in said.out
    assert "The code in it lives 10 minutes, once" in said.out
    assert run("authorize", "--json").json["link"].startswith("https://open.oceanengine.com/")
    assert platform.requests.count() == 0


def test_authorize_without_redirect_uri_names_the_setting(run):
    said = run("authorize", redirect_uri="")
    assert said.code == 1
    assert "redirect_uri" in said.err


@pytest.mark.parametrize(
    "code",
    [
        "sandbox-auth-code",
        "https://example.com/callback?app_id=18&auth_code=sandbox-auth-code&state=tap&uid=7",
        "https://example.com/callback?state=tap&auth_code=sandbox-auth-code",
        "?auth_code=sandbox-auth-code&scope=%5B5%5D",
        "auth_code=sandbox-auth-code",
    ],
)
def test_authorize_exchanges_a_code_or_a_link(run, store, platform, code):
    said = run("authorize", "--code", code, "--json")
    assert said.code == 0
    pair = platform.oceanengine.tokens.current
    assert store() == Pair(pair.access, pair.refresh, int(NOW) + 86_399, int(NOW) + 2_591_999)
    assert len(said.json["subjects"]) == 7
    assert said.json["refresh_expires_at"] == "2026-03-13T11:59:59+08:00"


@pytest.mark.parametrize("code", ["", " ", "two words", "https://example.com/callback?state=tap"])
def test_authorize_without_a_code_in_it_is_misuse(run, platform, code, capsys):
    with pytest.raises(SystemExit) as caught:
        run("authorize", "--code", code)
    assert caught.value.code == 2
    assert "no auth_code" in capsys.readouterr().err
    assert platform.requests.count() == 0


def test_authorize_says_why_a_code_is_not_taken(run):
    run("authorize", "--code", "sandbox-auth-code")
    said = run("authorize", "--code", "sandbox-auth-code", "--json")
    assert said.code == 1
    assert said.json["code"] == 40115
    assert "10 minutes, once" in said.err


def test_authorize_does_not_spend_the_code_when_the_store_is_broken(run, tmp_path, platform):
    (tmp_path / "file").touch()
    said = run(
        "authorize", "--code", "x", token_store_uri=f"sqlite:///{tmp_path / 'file' / 'tokens.db'}"
    )
    assert said.code == 1
    assert platform.requests.count() == 0


def test_status_shows_the_absolute_path_and_changes_nothing(run, tmp_path, platform, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MELTANO_PROJECT_ROOT", raising=False)
    said = run("token-status", token_store_uri="sqlite:///.oceanengine/tokens.db")
    assert said.code == 0
    assert f"{tmp_path}/.oceanengine/tokens.db  (not there yet)" in said.out
    assert "The configured tokens will be taken" in said.out
    assert not (tmp_path / ".oceanengine").exists()
    assert platform.requests.count() == 0


def test_status_without_any_token_is_a_finding(run):
    said = run("token-status", access_token="", refresh_token="")
    assert said.code == 1
    assert "There is no token" in said.out
    assert "authorize" in said.out


@pytest.mark.parametrize(
    ("access", "refresh", "expected"),
    [
        (24 * 3600, 30 * DAY, ([], 0)),
        (6 * 3600 + 60, 7 * DAY + 60, ([], 0)),
        (6 * 3600 - 60, 30 * DAY, (["access_ending"], 0)),
        (-60, 30 * DAY, (["access_ended"], 0)),
        (24 * 3600, 7 * DAY - 60, (["refresh_ending"], 1)),
        (-60, -60, (["access_ended", "refresh_ended"], 1)),
    ],
)
def test_status_marks_what_ends_soon(run, store, access, refresh, expected):
    marks, code = expected
    store("the-access", "the-refresh", int(NOW) + access, int(NOW) + refresh)
    said = run("token-status")
    assert said.code == code
    assert ("less than 6 hours" in said.out) is ("access_ending" in marks)
    assert ("less than 7 days" in said.out) is ("refresh_ending" in marks)
    assert run("token-status", "--json").json["marks"] == marks


def test_status_of_an_ended_access_token_without_a_refresh_token_is_a_finding(run, store):
    store("the-access", None, int(NOW) - 60)
    assert run("token-status").code == 1


def test_status_tells_of_a_refresh_that_never_came_back(run, store, environ, running):
    from tap_oceanengine_local.token_row import Attempt

    store("the-access", "the-refresh")
    key = Authorization(running.url, defaults.OE_APP_ID, "default")
    with TokenStore(environ[PREFIX + "TOKEN_STORE_URI"], Path.cwd()).exclusive(key) as row:
        row.begin_refresh(Attempt(int(NOW), "host:17"))
    assert "A refresh begun at 2026-02-11T12:00:00+08:00 by host:17" in run("token-status").out


def test_status_tells_of_a_new_seed(run, store):
    store("the-access", "the-refresh")
    assert "takes them instead" not in run("token-status").out
    assert "takes them instead" in run("token-status", refresh_token="another").out


def test_refresh_renews_now(run, store, platform):
    said = run("token-refresh")
    assert said.code == 0
    assert platform.oceanengine.tokens.refreshes == 1
    assert store().access_token == platform.oceanengine.tokens.current.access
    assert "2026-02-12T11:59:59+08:00 (24.0 h)" in said.out


def test_refresh_of_a_dead_authorisation_says_what_to_do(run, platform):
    platform.oceanengine.tokens.kill()
    said = run("token-refresh", "--json")
    assert said.code == 1
    assert said.json["code"] == 40107
    assert "authorize --code 'CALLBACK LINK'" in said.err
    assert "No token store was found at" in said.err


def test_get_prints_the_token_and_nothing_else(run, platform):
    assert run("token-get").out == f"{defaults.OE_ACCESS_TOKEN}\n"
    run("token-refresh")
    said = run("token-get", "--json")
    assert said.json == {
        "access_token": platform.oceanengine.tokens.current.access,
        "expires_at": "2026-02-12T11:59:59+08:00",
    }


def test_get_renews_a_token_with_less_than_an_hour(run, platform):
    run("token-refresh")
    said = run("token-get", now=NOW + 23.5 * 3600)
    assert platform.oceanengine.tokens.refreshes == 2
    assert said.out.strip() == platform.oceanengine.tokens.current.access


@pytest.fixture
def token_file(tmp_path):
    def write(**content):
        path = tmp_path / "tokens.json"
        path.write_text(
            json.dumps({"access_token": "f-access", "refresh_token": "f-refresh"} | content),
            encoding="utf-8",
        )
        os.utime(path, (NOW - 100, NOW - 100))
        return str(path)

    return write


@pytest.mark.parametrize(
    ("content", "ends"),
    [
        (
            {
                "expires_at": "2026-02-12T09:00:00",
                "refresh_expires_at": "2026-03-12T09:00:00",
                "updated_at": "2026-02-11T09:00:00",
            },
            (int(NOW) + 21 * 3600, int(NOW) + 29 * DAY - 3 * 3600),
        ),
        ({"expires_at": int(NOW) + 500, "updated_at": int(NOW)}, (int(NOW) + 500, None)),
        ({"expires_in": 86_399}, (int(NOW) + 86_299, None)),
    ],
)
def test_import_reads_the_known_shapes(run, store, token_file, content, ends):
    said = run("token-import", token_file(**content))
    assert said.code == 0
    assert store() == Pair("f-access", "f-refresh", *ends)
    assert "must not run any more" in said.out
    assert run("token-get", now=NOW - 7200).out == "f-access\n"


def test_import_does_not_bring_back_tokens_that_were_renewed(run, store, token_file):
    path = token_file()
    assert run("token-import", path).code == 0
    assert run("token-import", path).code == 0
    store("newer-access", "newer-refresh")
    said = run("token-import", path, "--json")
    assert said.code == 1
    assert said.json["imported"] is False
    assert store().access_token == "newer-access"
    assert run("token-import", path, "--force").code == 0
    assert store().access_token == "f-access"


def test_import_does_not_take_an_ended_pair(run, store, token_file):
    said = run("token-import", token_file(refresh_expires_at="2026-02-11T11:00:00"))
    assert said.code == 1
    assert "has ended" in said.err
    assert store() is None


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"[]"])
def test_import_of_no_token_file_is_said_in_words(run, tmp_path, content):
    path = tmp_path / "odd.json"
    if content is not None:
        path.write_bytes(content)
    said = run("token-import", str(path))
    assert said.code == 1
    assert "token file" in said.err


def test_accounts_lists_what_a_run_reads(run, platform):
    said = run("accounts")
    assert said.code == 0
    assert "4 account(s)." in said.out
    listed = run("accounts", "--json").json
    assert [entry["local_account_id"] for entry in listed] == sorted(
        str(account.id) for account in platform.oceanengine.accounts
    )
    assert {*listed[0]} == {
        "local_account_id",
        "local_account_name",
        "source",
        "organization_id",
        "account_type",
    }


def test_accounts_shows_configured_ones_as_configured(run):
    said = run("accounts", local_account_ids="1790000000000099")
    assert "1790000000000099" in said.out
    assert "configured" in said.out


def test_accounts_finding_none_is_a_finding(run, platform):
    directory = platform.oceanengine.directory
    directory.withdrawn.update(account.id for account in platform.oceanengine.accounts)
    said = run("accounts")
    assert said.code == 1
    assert "covers no 本地推 account" in said.err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command, capsys):
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code == 0
    assert "--json" in capsys.readouterr().out


@pytest.mark.parametrize("argv", [[], ["unknown"], ["token-import"], ["token-get", "x"], ["-x"]])
def test_misuse_exits_2(argv, capsys):
    with pytest.raises(SystemExit) as caught:
        main(argv, environ={})
    assert caught.value.code == 2
    assert "usage:" in capsys.readouterr().err


@pytest.mark.parametrize("command", [c for c in COMMANDS if c != "token-import"])
def test_a_wrong_setting_is_one_sentence(run, command):
    said = run(command, app_id="abc")
    assert said.code == 1
    assert said.out == ""
    assert said.err == ("Setting app_id must be the number of the app on open.oceanengine.com.\n")


@pytest.mark.parametrize("command", ["authorize", "token-status", "token-get", "accounts"])
def test_a_missing_app_is_named(run, command):
    said = run(command, app_secret="")
    assert said.code == 1
    assert "app_secret" in said.err


def test_only_token_get_prints_a_token(run, platform, token_file):
    platform.faults.add(Fault(path="user/info", code=50000, message=defaults.OE_APP_SECRET))
    said = [
        run(*argv)
        for argv in (
            ["token-status"],
            ["token-status", "--json"],
            ["token-refresh"],
            ["token-refresh", "--json"],
            ["authorize", "--code", "sandbox-auth-code"],
            ["authorize", "--code", "sandbox-auth-code", "--json"],
            ["doctor"],
            ["doctor", "--json"],
            ["accounts", "--json"],
            ["token-import", token_file(), "--json"],
            ["token-refresh", "--json"],
        )
    ]
    secrets = {defaults.OE_APP_SECRET, defaults.OE_AUTH_CODE, "f-access", "f-refresh"}
    for pair in platform.oceanengine.tokens.pairs:
        secrets |= {pair.access, pair.refresh}
    for one in said:
        assert not any(secret in one.out + one.err for secret in secrets)


def test_the_program_prints_chinese_in_any_locale_and_exits_as_said(environ):
    program = Path(sys.executable).with_name("oceanengine-local")
    done = subprocess.run(
        [program, "accounts"],
        env={**os.environ, **environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert b"\\u" in done.stdout


def test_doctor_of_a_healthy_project_is_all_green(run):
    said = run("doctor", "--json")
    assert said.code == 0
    report = said.json
    assert report["ok"] is True
    assert [finding["what"] for finding in report["findings"][:5]] == [
        "settings",
        "token store",
        "token",
        "refresh token",
        "scopes",
    ]
    assert sum(finding["detail"] == "readable" for finding in report["findings"]) == 4
    assert all(finding["status"] != "red" for finding in report["findings"])
    assert "Everything is in order." in run("doctor").out


def test_doctor_asks_each_account_once(run, platform):
    run("doctor")
    assert platform.requests.count("report/account") == 4
    assert platform.requests.count("user/info") == 1


def red(said):
    return [finding for finding in said.json["findings"] if finding["status"] == "red"]


def test_doctor_names_the_account_that_is_lost(run, platform):
    lost = platform.oceanengine.accounts[0].id
    ids = ",".join(str(account.id) for account in platform.oceanengine.accounts)
    platform.oceanengine.directory.withdrawn.add(lost)
    said = run("doctor", "--json", local_account_ids=ids)
    assert said.code == 1
    [finding] = red(said)
    assert str(lost) in finding["what"]
    assert "40002" in finding["detail"]
    assert "Tick it" in finding["next_step"]
    assert sum(one["detail"] == "readable" for one in said.json["findings"]) == 3
    table = run("doctor", local_account_ids=ids).out
    assert "✘" in table
    assert "→ Tick it" in table
    assert "1 finding(s) need a person." in table


def test_doctor_says_that_the_authorisation_is_gone(run, platform):
    platform.oceanengine.tokens.kill()
    said = run("doctor", "--json")
    [finding] = red(said)
    assert finding["what"] == "token"
    assert "authorize --code 'CALLBACK LINK'" in finding["detail"]


@pytest.mark.parametrize("command", ["doctor", "token-status", "token-refresh"])
def test_nobody_is_told_that_tokens_were_used_when_none_are_configured(run, command):
    said = run(command, access_token="", refresh_token="")
    assert said.code == 1
    told = said.out + said.err
    assert "There is no token" in told
    assert "tokens.db, and no tokens are configured: is this the right project and place?" in told
    assert "tokens were used" not in told


def test_doctor_says_that_the_store_is_broken(run, tmp_path, platform):
    path = tmp_path / "broken.db"
    path.write_bytes(b"no database" * 500)
    [finding] = red(run("doctor", "--json", token_store_uri=f"sqlite:///{path}"))
    assert finding["what"] == "token store"
    assert str(path) in finding["detail"]
    assert platform.requests.count() == 0


def test_doctor_says_which_setting_is_missing(run):
    [finding] = red(run("doctor", "--json", app_secret=""))
    assert finding["what"] == "settings"
    assert "app_secret" in finding["detail"]
    assert ".env" in finding["next_step"]


def test_doctor_says_that_a_scope_is_missing(run, monkeypatch):
    from platform_sandbox.oceanengine import oauth

    paths = [path for path in oauth.API_LIST if "report/promotion" not in path]
    monkeypatch.setattr(oauth, "API_LIST", paths)
    [finding] = red(run("doctor", "--json"))
    assert finding["what"] == "scopes"
    assert "权限点" in finding["detail"]


def test_doctor_says_that_the_token_is_of_another_app(run, monkeypatch):
    whole = Client.get

    def of_another(client, path, params):
        answer = whole(client, path, params)
        return {**answer, "app_id": 7} if "user/info" in path else answer

    monkeypatch.setattr(Client, "get", of_another)
    [finding] = red(run("doctor", "--json"))
    assert (finding["what"], finding["detail"]) == ("app", "the token belongs to app 7")


def test_doctor_says_that_no_account_is_covered(run, platform):
    directory = platform.oceanengine.directory
    directory.withdrawn.update(account.id for account in platform.oceanengine.accounts)
    [finding] = red(run("doctor", "--json"))
    assert finding["what"] == "accounts"
    assert "covers none" in finding["detail"]


def test_doctor_asks_no_further_account_when_the_day_is_used_up(run, platform):
    platform.faults.add(Fault(path="local/report", code=61002, times=None))
    [finding] = red(run("doctor", "--json"))
    assert finding["what"] == "accounts"
    assert "61002" in finding["detail"]
    assert platform.requests.count("local/report") == 1


def test_doctor_says_when_the_refresh_token_ends(run, store, platform):
    pair = platform.oceanengine.tokens.current
    store(pair.access, pair.refresh, int(NOW) + DAY, int(NOW) + 3 * DAY)
    [finding] = red(run("doctor", "--json"))
    assert finding["what"] == "refresh token"
    assert finding["detail"] == "3 day(s) left"


def test_doctor_notes_what_only_leads_need(run, platform):
    platform.services.switches.oe_leads_entity_mismatch_code = 40119
    said = run("doctor", "--json", redirect_uri="")
    assert said.code == 0
    notes = {f["what"] for f in said.json["findings"] if f["status"] == "note"}
    assert {"敏感物料授权", "redirect_uri"} <= notes
