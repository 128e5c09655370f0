"""Which accounts a run reads: found under every kind of subject, merged, named, paged."""

from __future__ import annotations

import logging

import pytest

from platform_sandbox import Fault
from tap_oceanengine_local.accounts import (
    AGENT_PATH,
    CUSTOMER_CENTER_PATH,
    EBP_PATH,
    LIFE_PATH,
    SUBJECTS_PATH,
    Account,
    discover,
    select_accounts,
    subjects,
)
from tap_oceanengine_local.auth import build_client
from tap_oceanengine_local.errors import (
    AccessDenied,
    AccountError,
    PlatformUnavailable,
    ReauthorisationNeeded,
    RequestRefused,
)

EBP = "PLATFORM_ROLE_ENTERPRISE_BP_ADMIN"


class Lists:
    """Answers like the platform from lists per path, and notes what was asked."""

    def __init__(self, *subjects):
        self.subjects = [
            {"account_id": number, "account_type": kind, "is_valid": True}
            for number, kind in subjects
        ]
        self.answers, self.errors, self.asked = {}, {}, []

    def get(self, path, params):
        self.asked.append((path, dict(params)))
        if path in self.errors:
            raise self.errors[path]
        if path == SUBJECTS_PATH:
            return {"list": self.subjects}
        answer = self.answers.get(path, {})
        return answer(params) if callable(answer) else answer


def row(number, name=None, **more):
    return {"account_id": number, "account_name": name, "account_type": "LOCAL", **more}


def page(rows):
    return {"account_list": rows, "page_info": {"total_page": 1, "total_number": len(rows)}}


def test_every_account_of_the_sandbox_is_found_once(sandbox, sandbox_config, tmp_path):
    client = build_client(
        {
            **sandbox_config,
            "authorization": "default",
            "request_timeout_seconds": 5,
            "max_parallel_requests": 1,
        }
    )
    found = discover(client)
    assert {int(account.id) for account in found} == {
        account.id for account in sandbox.platform.oceanengine.accounts
    }
    assert found == sorted(found, key=lambda account: int(account.id))
    assert sandbox.platform.requests.count() == client.requests == 5


@pytest.mark.parametrize(
    ("kind", "path", "answer", "asked"),
    [
        (EBP, EBP_PATH, page([row(11)]), {"enterprise_organization_id": 7}),
        (
            "PLATFORM_ROLE_ENTERPRISE_BP_CUSTOM",
            EBP_PATH,
            page([row(11)]),
            {"account_source": "LOCAL"},
        ),
        (
            "CUSTOMER_ADMIN",
            CUSTOMER_CENTER_PATH,
            {"accounts": [row(11)]},
            {"account_id": 7, "filter": {"account_type": "LOCAL"}},
        ),
        ("CUSTOMER_OPERATOR", CUSTOMER_CENTER_PATH, {"accounts": [row(11)]}, {"page_size": 100}),
        (
            "PLATFORM_ROLE_LIFE",
            LIFE_PATH,
            {"adv_list": [{"local_account_id": 11, "local_account_role": "DIRECT_ACCOUNT"}]},
            {"life_account_id": 7},
        ),
        *(
            (kind, AGENT_PATH, {"list": [11], "account_source": "LOCAL"}, {"advertiser_id": 7})
            for kind in ("AGENT", "CHILD_AGENT", "PLATFORM_ROLE_LOCAL_AGENT")
        ),
    ],
)
def test_each_kind_of_subject_has_its_list(kind, path, answer, asked):
    lists = Lists((7, kind))
    lists.answers[path] = answer
    [account] = discover(lists)
    assert (account.id, account.source, account.organization_id) == ("11", kind, "7")
    assert lists.asked[1][0] == path
    assert asked.items() <= lists.asked[1][1].items()
    assert len(lists.asked) == 2


@pytest.mark.parametrize(
    "kind", ["ADVERTISER", "PLATFORM_ROLE_STAR", "PLATFORM_ROLE_AWEME", "PLATFORM_ROLE_NEW", ""]
)
def test_other_subjects_cost_no_request(kind):
    lists = Lists((7, kind))
    assert discover(lists) == []
    assert len(lists.asked) == 1


def test_subjects_without_validity_are_skipped():
    lists = Lists((7, EBP), (8, EBP))
    lists.subjects[0]["is_valid"] = False
    lists.answers[EBP_PATH] = page([row(11)])
    assert [account.organization_id for account in discover(lists)] == ["8"]


def test_deprecated_names_of_fields_are_read_too():
    lists = Lists()
    lists.subjects = [{"advertiser_id": 7, "account_role": EBP}]
    lists.answers[EBP_PATH] = page([row(11)])
    assert [account.id for account in discover(lists)] == ["11"]


def test_all_pages_are_read():
    lists = Lists((7, EBP))
    lists.answers[EBP_PATH] = lambda params: {
        "account_list": [
            row(1000 + params["page"] * 100 + n) for n in range(100 if params["page"] < 3 else 5)
        ],
        "page_info": {"total_page": 3},
    }
    assert len(discover(lists)) == 205
    assert [params.get("page") for _, params in lists.asked] == [None, 1, 2, 3]


def test_without_page_info_a_short_page_is_the_last():
    lists = Lists((7, EBP))
    lists.answers[EBP_PATH] = lambda params: {
        "account_list": [
            row(params["page"] * 1000 + n) for n in range(100 if params["page"] == 1 else 3)
        ]
    }
    assert len(discover(lists)) == 103


@pytest.mark.parametrize(
    "info",
    [
        {"total_page": 0},
        {"total_page": "3"},
        {"total_page": 1, "total_number": 250},
        {"total_page": -1, "total_number": "250"},
        {"total_page": "many"},
        [],
    ],
)
def test_an_odd_number_of_pages_loses_no_account(info):
    lists = Lists((7, EBP))
    rows = [row(1 + number) for number in range(250)]
    lists.answers[EBP_PATH] = lambda params: {
        "account_list": rows[100 * params["page"] - 100 : 100 * params["page"]],
        "page_info": info,
    }
    assert len(discover(lists)) == 250


def test_a_list_without_end_is_read_up_to_the_platforms_own_bound(caplog):
    lists = Lists((7, EBP))
    lists.answers[EBP_PATH] = lambda params: {
        "account_list": [row(params["page"])],
        "page_info": {"total_page": 10**9},
    }
    assert len(discover(lists)) == 100
    assert "local_account_ids" in caplog.text


def test_an_agents_list_is_read_by_cursor():
    lists = Lists((7, "AGENT"))
    lists.answers[AGENT_PATH] = lambda params: {
        "list": [params["cursor"] + 1, params["cursor"] + 2],
        "account_source": "LOCAL",
        "cursor_page_info": {"cursor": params["cursor"] + 2, "has_more": params["cursor"] < 4},
    }
    assert [account.id for account in discover(lists)] == ["1", "2", "3", "4", "5", "6"]


def test_a_cursor_may_come_as_text():
    lists = Lists((7, "AGENT"))
    lists.answers[AGENT_PATH] = lambda params: {
        "list": [int(params["cursor"]) + 1],
        "account_source": "LOCAL",
        "cursor_page_info": {
            "cursor": str(int(params["cursor"]) + 1),
            "has_more": int(params["cursor"]) < 4,
        },
    }
    assert [account.id for account in discover(lists)] == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize("cursor", [None, 0, "2", -1, "x"])
def test_a_cursor_that_does_not_move_ends_the_list_with_a_warning(cursor, caplog):
    lists = Lists((7, "AGENT"))
    lists.answers[AGENT_PATH] = {
        "list": [11],
        "account_source": "LOCAL",
        "cursor_page_info": {"cursor": cursor, "has_more": True},
    }
    assert len(discover(lists)) == 1
    assert "the list of agent 7 goes on" in caplog.text


@pytest.mark.parametrize("source", ["AD", "STAR", None])
def test_an_agents_accounts_of_other_products_are_left_out(source):
    lists = Lists((7, "AGENT"))
    lists.answers[AGENT_PATH] = {"list": [11], "account_source": source}
    assert discover(lists) == []


def test_an_agent_limited_to_customers_asks_for_these():
    lists = Lists((7, "AGENT"))
    lists.subjects[0]["company_list"] = [{"customer_company_id": 3}, {"customer_company_name": "x"}]
    discover(lists)
    assert lists.asked[1][1]["company_ids"] == [3]


@pytest.mark.parametrize("order", [("AGENT", EBP), (EBP, "AGENT")])
def test_an_account_found_twice_is_one_and_not_the_agents(order):
    lists = Lists((7, order[0]), (8, order[1]))
    lists.answers[EBP_PATH] = page([row(11, "总店")])
    lists.answers[AGENT_PATH] = {"list": [11, 12], "account_source": "LOCAL"}
    first, second = discover(lists)
    assert (first.id, first.name, first.source) == ("11", "总店", EBP)
    assert (second.id, second.name, second.source) == ("12", None, "AGENT")


def test_a_name_is_taken_from_whoever_knows_it():
    lists = Lists((7, "PLATFORM_ROLE_LIFE"), (8, EBP))
    lists.answers[LIFE_PATH] = {"adv_list": [{"local_account_id": 11}]}
    lists.answers[EBP_PATH] = page([row(11, "总店")])
    [account] = discover(lists)
    assert (account.name, account.source) == ("总店", "PLATFORM_ROLE_LIFE")


def test_a_refused_list_is_a_warning_when_others_answer(caplog):
    lists = Lists((7, "AGENT"), (8, EBP))
    lists.errors[AGENT_PATH] = AccessDenied("no permission", code=40002)
    lists.answers[EBP_PATH] = page([row(11)])
    assert len(discover(lists)) == 1
    assert "AGENT 7 can't be listed: no permission" in caplog.text


def test_only_refused_lists_are_an_error():
    lists = Lists((7, "AGENT"), (8, EBP))
    lists.errors = {
        AGENT_PATH: AccessDenied("no permission", code=40002),
        EBP_PATH: AccessDenied("nor here", code=40002),
    }
    with pytest.raises(AccessDenied, match="no permission"):
        discover(lists)


def test_a_list_that_does_not_come_is_never_taken_for_a_short_one():
    lists = Lists((7, "AGENT"), (8, EBP))
    lists.errors[AGENT_PATH] = PlatformUnavailable("busy", code=50000)
    lists.answers[EBP_PATH] = page([row(11)])
    with pytest.raises(PlatformUnavailable):
        discover(lists)


@pytest.mark.parametrize(
    "answer",
    [
        {"account_list": "none"},
        {"account_list": [1]},
        {"account_list": [{"account_name": "x"}]},
        {"account_list": [{"account_id": "abc"}]},
        {"account_list": [{"account_id": True}]},
        {"account_list": [{"account_id": 1.5}]},
    ],
)
def test_a_list_of_another_form_is_said_in_words(answer):
    lists = Lists((7, EBP))
    lists.answers[EBP_PATH] = answer
    with pytest.raises(AccountError, match="The platform's answer holds"):
        discover(lists)


def test_a_subject_without_an_id_is_said_in_words():
    lists = Lists()
    lists.subjects = [{"account_type": EBP}]
    with pytest.raises(AccountError, match="without account_id"):
        discover(lists)


@pytest.mark.parametrize("empty", [{}, {"account_list": None}, {"account_list": []}])
def test_an_empty_list_may_be_missing(empty):
    lists = Lists((7, EBP))
    lists.answers[EBP_PATH] = empty
    assert discover(lists) == []


def test_subjects_are_told_as_they_come():
    lists = Lists((7, EBP), (8, "AGENT"))
    lists.subjects[1]["is_valid"] = False
    assert [(s.id, s.kind, s.is_valid) for s in subjects(lists)] == [
        ("7", EBP, True),
        ("8", "AGENT", False),
    ]


def select(lists, **config):
    return select_accounts(lists, config)


@pytest.fixture
def lists():
    lists = Lists((7, EBP))
    lists.answers[EBP_PATH] = page([row(12, "分店"), row(11, "总店")])
    return lists


def test_without_configured_accounts_the_found_ones_are_read(lists):
    assert [(a.id, a.name) for a in select(lists)] == [("11", "总店"), ("12", "分店")]


def test_configured_accounts_come_in_their_order_also_when_not_found(lists):
    chosen = select(lists, local_account_ids=["99", "12"])
    assert [(a.id, a.name, a.source) for a in chosen] == [("99", None, None), ("12", "分店", EBP)]


def test_configured_names_win(lists):
    chosen = select(lists, local_account_ids=["12", "11"], account_names={"12": "旗舰店"})
    assert [account.name for account in chosen] == ["旗舰店", "总店"]
    assert [account.name for account in select(lists, account_names={"11": "x"})] == ["x", "分店"]


def test_nothing_is_asked_when_every_configured_account_has_a_name(lists):
    chosen = select(lists, local_account_ids=["12"], account_names={"12": "旗舰店"})
    assert chosen == [Account("12", "旗舰店")]
    assert lists.asked == []


@pytest.mark.parametrize(
    "error",
    [
        AccessDenied("no", code=40002),
        PlatformUnavailable("busy"),
        RequestRefused("odd", code=40001),
    ],
)
@pytest.mark.parametrize("path", [SUBJECTS_PATH, EBP_PATH])
def test_configured_accounts_do_not_fail_because_the_list_does(lists, error, path, caplog):
    caplog.set_level(logging.WARNING)
    lists.errors[path] = error
    assert select(lists, local_account_ids=["99"]) == [Account("99")]
    assert "can't be listed" in caplog.text


@pytest.mark.parametrize("error", [PlatformUnavailable("busy"), RequestRefused("no")])
def test_a_list_that_fails_takes_no_names_from_the_others(lists, error, caplog):
    caplog.set_level(logging.WARNING)
    lists.subjects.append({"account_id": 8, "account_type": "CUSTOMER_ADMIN"})
    lists.errors[CUSTOMER_CENTER_PATH] = error
    lists.answers[EBP_PATH] = page([row(11, "总店")])
    (account,) = select(lists, local_account_ids=["11"])
    assert account.name == "总店"
    assert "CUSTOMER_ADMIN 8 can't be listed" in caplog.text


def test_a_dead_authorisation_is_told_at_once_also_with_configured_accounts(lists):
    lists.errors[SUBJECTS_PATH] = ReauthorisationNeeded("gone", code=40107)
    with pytest.raises(ReauthorisationNeeded):
        select(lists, local_account_ids=["99"])


def test_more_than_a_hundred_accounts_of_the_sandbox_are_paged(tmp_path):
    from platform_sandbox import World, defaults
    from platform_sandbox.testing import SandboxServer

    with SandboxServer(world=World(accounts=250, active=1, days=1, big_units=0)) as server:
        config = {
            "app_id": defaults.OE_APP_ID,
            "app_secret": defaults.OE_APP_SECRET,
            "access_token": defaults.OE_ACCESS_TOKEN,
            "refresh_token": defaults.OE_REFRESH_TOKEN,
            "authorization": "default",
            "token_store_uri": f"sqlite:///{tmp_path / 'tokens.db'}",
            "api_url": server.url,
            "request_timeout_seconds": 5,
            "requests_per_second": 1000,
            "max_parallel_requests": 1,
        }
        assert len(discover(build_client(config))) == 250
        assert server.platform.requests.count("ebp/advertiser") > 1
        server.platform.faults.add(Fault(path="ebp/advertiser", code=40002))
        assert 0 < len(discover(build_client(config))) < 250
