"""The dimension lists: accounts, projects, units."""

from __future__ import annotations

from tap_oceanengine_local.errors import AccountError

FIRST = "1790000000000001"
SECOND = "1790000000000002"


def test_accounts_show_where_they_were_found(platform, run_tap):
    platform.account(1, "总店", source="EBP", organization_id="77", account_type="LOCAL")
    platform.account(2)
    run = run_tap("accounts")
    assert run.records("accounts") == [
        {
            "local_account_id": FIRST,
            "local_account_name": "总店",
            "source": "EBP",
            "organization_id": "77",
            "account_type": "LOCAL",
        },
        {
            "local_account_id": SECOND,
            "local_account_name": None,
            "source": None,
            "organization_id": None,
            "account_type": None,
        },
    ]
    assert run.of("SCHEMA")[0]["key_properties"] == ["local_account_id"]
    assert run.summary["accounts"]["rows"] == 2
    assert platform.requests == 0


def test_units_of_all_scenes_and_states_are_asked_for(platform, run_tap):
    platform.account(1, "总店")
    platform.rows["promotions", FIRST] = [
        {
            "promotion_id": 7604418424915820607,
            "promotion_name": "单元",
            "project_id": 7604417730327199784,
            "local_account_id": int(FIRST),
            "promotion_status_second": ["AUDIT", "NO_SCHEDULE"],
            "promotion_create_time": "2026-02-11 14:00:00",
            "opt_status": 1,
        }
    ]
    run = run_tap("promotions")
    assert run.error is None
    assert platform.asked("promotion/list")[0]["filtering"] == {
        "local_delivery_scene": "ALL",
        "promotion_status_first": "PROMOTION_STATUS_ALL",
    }
    (record,) = run.records("promotions")
    assert record["promotion_id"] == "7604418424915820607"
    assert record["project_id"] == "7604417730327199784"
    assert record["local_account_id"] == FIRST
    assert record["local_account_name"] == "总店"
    assert record["promotion_status_second"] == ["AUDIT", "NO_SCHEDULE"]
    assert record["promotion_create_time"] == "2026-02-11T14:00:00+08:00"
    assert record["opt_status"] == "1"
    assert record["aweme_id"] is None


def test_projects_bring_their_budget_as_a_number_and_their_shop_flat(platform, run_tap):
    platform.account(1)
    platform.rows["projects", FIRST] = [
        {
            "project_id": 7604417730327199784,
            "name": "项目",
            "project_budget": "300.00",
            "project_bid": "",
            "opt_status": "ENABLE",
            "poi_info": {"poi_id": 6601131399999999999, "poi_name": "门店"},
            "product_info": {},
        }
    ]
    (record,) = run_tap("projects").records("projects")
    assert platform.asked("project/list")[0]["filtering"] == {
        "local_delivery_scene": "ALL",
        "project_status_first": "PROJECT_STATUS_ALL",
    }
    assert record["project_budget"] == 300.0
    assert record["project_bid"] is None
    assert record["opt_status"] == "ENABLE"
    assert record["poi_id"] == "6601131399999999999"
    assert record["poi_name"] == "门店"
    assert record["product_id"] is None


def test_lists_are_paged_and_keep_going_when_an_account_fails(platform, run_tap):
    for number in (1, 2):
        platform.account(number)
    platform.rows["promotions", FIRST] = [{"promotion_id": number} for number in range(1, 231)]
    platform.errors[SECOND] = AccountError("no permission")
    run = run_tap("promotions")
    assert len(run.records("promotions")) == 230
    assert len(platform.asked("promotion/list")) == 4
    assert "promotions, account 1790000000000002: no permission" in str(run.error)
    assert run.state == {"bookmarks": {"promotions": {}}}
