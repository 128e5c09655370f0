"""Leads: groups of accounts, refusals, shifting pages, personal data."""

from __future__ import annotations

import pytest

from tap_oceanengine_local.errors import AccessDenied, AccountError, FatalError

YESTERDAY = "2026-03-19"
FIRST = "1790000000000001"
SECOND = "1790000000000002"
PHONE = "13812345678"


def lead(number, account=FIRST, **more):
    return {
        "clue_id": str(7604418424915820000 + number),
        "local_account_id": account,
        "create_time_detail": f"{YESTERDAY} 10:{number % 60:02d}:00",
        "name": "王小明",
        "telephone": PHONE,
        "promotion_id": 7604418424915820607,
        "tags": ["熟客"],
        **more,
    }


def asked_accounts(platform):
    """Accounts by first moment, since requests that are under way together come in any order."""
    return {
        call["start_time"]: [str(account) for account in call["local_account_ids"]]
        for call in platform.asked()
    }


def test_accounts_with_the_same_start_are_asked_together(platform, run_tap):
    for number in range(1, 61):
        platform.account(number)
    platform.rows["leads", ""] = [lead(1), lead(2, SECOND)]
    run = run_tap("leads")
    assert run.error is None
    assert sorted(len(call["local_account_ids"]) for call in platform.asked()) == [10, 50]
    assert platform.asked()[0]["start_time"] == "2026-02-17 00:00:00"
    assert platform.asked()[0]["end_time"] == "2026-03-19 23:59:59"
    assert {record["local_account_id"] for record in run.records("leads")} == {FIRST, SECOND}
    assert len(run.bookmarks("leads")) == 60
    assert set(run.bookmarks("leads").values()) == {"2026-03-19T23:59:59+08:00"}


def test_accounts_with_other_starts_are_asked_apart(platform, run_tap):
    for number in (1, 2, 3):
        platform.account(number)
    platform.rows["leads", ""] = [lead(1)]
    bookmark = {
        "context": {"local_account_id": SECOND},
        "replication_key": "create_time_detail",
        "replication_key_value": "2026-03-18T23:59:59+08:00",
    }
    run_tap("leads", state={"bookmarks": {"leads": {"partitions": [bookmark]}}}, lookback_days=2)
    assert asked_accounts(platform) == {
        "2026-02-17 00:00:00": [FIRST, "1790000000000003"],
        "2026-03-17 00:00:00": [SECOND],
    }


@pytest.mark.parametrize("refused", [1, 2, 5, 8])
def test_a_refusal_splits_the_group_until_the_account_is_alone(platform, run_tap, refused):
    for number in range(1, 9):
        platform.account(number)
        platform.rows["leads", ""].append(lead(number, str(1790000000000000 + number)))
    bad = str(1790000000000000 + refused)
    platform.errors[bad] = AccountError("no permission (code 40002)")
    run = run_tap("leads")
    assert bad in str(run.error)
    assert "1 account(s) failed" in str(run.error)
    assert len(run.records("leads")) == 7
    assert len(run.bookmarks("leads")) == 7
    assert bad not in run.bookmarks("leads")
    assert platform.requests == 7


def test_a_fatal_error_splits_nothing(platform, run_tap):
    for number in (1, 2):
        platform.account(number)
    platform.errors[SECOND] = FatalError("re-authorise")
    run = run_tap("leads")
    assert str(run.error) == "re-authorise"
    assert platform.requests == 1


def test_leads_that_arrive_while_paging_do_not_come_twice(platform, run_tap):
    platform.account(1)
    platform.rows["leads", ""] = [lead(number) for number in range(250)]

    def arrive(path, body):
        if body["page"] == 2:
            platform.rows["leads", ""].append(
                lead(900 + platform.requests, create_time_detail=f"{YESTERDAY} 23:00:00")
            )

    platform.before = arrive
    run = run_tap("leads")
    assert run.error is None
    ids = [record["clue_id"] for record in run.records("leads")]
    assert len(ids) == len(set(ids))
    assert {lead(number)["clue_id"] for number in range(250)} <= set(ids)


def test_fewer_leads_than_counted_are_a_warning(platform, run_tap, caplog, monkeypatch):
    platform.account(1)
    platform.account(2)
    platform.rows["leads", ""] = [lead(1)]
    whole = platform.post

    def counting_more(path, body):
        data = whole(path, body)
        data["page_info"]["total"] += 2
        return data

    monkeypatch.setattr(platform, "post", counting_more)
    run = run_tap("leads", start_date="2026-03-19")
    assert run.error is None
    assert len(run.records("leads")) == 1
    assert f"account {FIRST}, {SECOND}: 2026-03-19: 2 leads fewer came" in caplog.text


def test_today_ends_now(platform, run_tap):
    platform.account(1)
    run_tap("leads", include_today=True, start_date="2026-03-20")
    assert platform.asked()[0]["start_time"] == "2026-03-20 00:00:00"
    assert platform.asked()[0]["end_time"] == "2026-03-20 12:00:00"


def test_accounts_of_an_agent_are_skipped_with_one_warning(platform, run_tap, caplog):
    platform.account(1, source="PLATFORM_ROLE_ENTERPRISE_BP_ADMIN")
    platform.account(2, source="PLATFORM_ROLE_LOCAL_AGENT")
    platform.account(3, source="AGENT")
    run = run_tap("leads")
    assert run.error is None
    assert list(asked_accounts(platform).values()) == [[FIRST]]
    warnings = [record for record in caplog.records if "only an agent" in record.getMessage()]
    assert len(warnings) == 1
    assert f"{SECOND}, 1790000000000003" in warnings[0].getMessage()


def test_personal_data_is_masked_by_default(platform, run_tap, caplog):
    platform.account(1)
    platform.rows["leads", ""] = [lead(1, promotion_name=f"单元{PHONE}", gender="MALE", age=30)]
    run = run_tap("leads")
    (record,) = run.records("leads")
    assert record["telephone"] == "138******78"
    assert record["name"] == "***"
    assert record["promotion_name"] == "单元138******78"
    assert record["create_time_detail"] == f"{YESTERDAY}T10:01:00+08:00"
    assert record["promotion_id"] == "7604418424915820607"
    assert record["tags"] == ["熟客"]
    assert not {"gender", "age"} & set(record)
    assert not {"gender", "age"} & set(run.of("SCHEMA")[0]["schema"]["properties"])
    assert PHONE not in caplog.text
    assert set(record) == set(run.of("SCHEMA")[0]["schema"]["properties"])


def test_personal_data_may_be_left_out_or_passed_on(platform, run_tap):
    platform.account(1)
    platform.rows["leads", ""] = [lead(1, gender="MALE")]
    (left,) = run_tap("leads", leads_contact="omit").records("leads")
    assert not {"name", "telephone", "gender", "remark"} & set(left)
    (plain,) = run_tap("leads", leads_contact="plain").records("leads")
    assert (plain["name"], plain["telephone"], plain["gender"]) == ("王小明", PHONE, "MALE")


def test_a_lead_that_cannot_be_read_shows_nothing_of_the_person(platform, run_tap, caplog):
    platform.account(1)
    platform.rows["leads", ""] = [lead(1, age=PHONE + "x")]
    run = run_tap("leads", leads_contact="plain")
    assert "age cannot be read" in str(run.error)
    assert PHONE not in str(run.error) + caplog.text


def test_a_failed_account_is_not_asked_for_its_later_windows(platform, run_tap):
    account = platform.account(1)
    platform.errors[account.id] = AccessDenied("no")
    run_tap("leads", start_date="2025-03-21", max_parallel_requests=1)
    assert 1 <= platform.requests < 12


@pytest.mark.parametrize("account", [1.5, [FIRST], True])
def test_a_lead_whose_account_cannot_be_read_fails_its_account(
    platform, run_tap, monkeypatch, account
):
    platform.account(1)
    rows = [{**lead(1), "local_account_id": account}]
    monkeypatch.setattr(platform, "post", lambda *_: {"list": rows})
    run = run_tap("leads")
    assert "local_account_id cannot be read" in str(run.error)
    assert run.records("leads") == []


def test_a_lead_without_its_id_fails_its_account(platform, run_tap):
    platform.account(1)
    platform.rows["leads", ""] = [lead(1, clue_id=None)]
    assert "without clue_id" in str(run_tap("leads").error)
