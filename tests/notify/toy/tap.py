"""A tap that reads nothing and logs like ours. What happens to it is in TOY_TAP."""

import os
import signal
import sys

from plainlog import log

ACCOUNTS = ("1800000000000001", "1800000000000002", "1800000000000003")
NO_RIGHT = "code 40002, no permission (request id 202602110700031A2B3C4D5E6F708192A3)"
LINK = "https://open.oceanengine.com/audit/oauth.html?app_id=1800000000000009&state=x"


def day(date, cost, conversions):
    return {
        "date": date,
        "rows": 25,
        "stat_cost": cost,
        "convert_cnt": conversions,
        "conversion_cost": round(cost / conversions, 2),
    }


def summary(*, failed=(), rows=75, read=True):
    days = [day(f"2026-02-{number:02d}", 900.5, 9) for number in range(4, 11)]
    stream = {
        "accounts": len(ACCOUNTS),
        "accounts_failed": dict.fromkeys(failed, NO_RIGHT),
        "rows": rows,
        "from": "2026-01-12",
        "to": "2026-02-11",
        "days": [*days, day("2026-02-11", 1234.5, 10)] if read else None,
    }
    streams = {"promotion_report": stream}
    totals = {"streams": streams, "requests": 7, "refresh_token_days_left": 29}
    log("info", "run summary", summary=totals)


def broken():
    wrong = "code 40104, app_id or secret is wrong (request id 20260211070003AAAA)"
    log("critical", "app_secret=do-not-show-this was refused", ("FatalError", wrong))
    sys.exit(1)


def reauthorise():
    text = "The refresh token is no longer valid (code 40103, request id 20260211070003BBBB)"
    log("critical", text, ("ReauthorisationNeeded", f"authorise again: {LINK}"))
    sys.exit(1)


def sleep():
    log("info", "sleeping")
    signal.pause()


def some_accounts():
    log("error", f"Account {ACCOUNTS[2]} failed: {NO_RIGHT}")
    summary(failed=ACCOUNTS[2:], rows=50)
    sys.exit(1)


def all_accounts():
    summary(failed=ACCOUNTS, rows=0, read=False)
    log("critical", "All 3 accounts failed", ("AllAccountsFailed", NO_RIGHT))
    sys.exit(1)


def unlevelled():
    sys.stderr.write("Traceback (most recent call last):\n")
    sys.stderr.write("ValueError: call 13912345678 about account 1800000000000001\n")
    sys.exit(3)


def warnings():
    log("warning", "Cost of 2026-02-11 differs from the account report by 12.00 yuan")
    summary()


log("info", "talking to http://127.0.0.1")
STORIES = {
    "broken": broken,
    "reauthorise": reauthorise,
    "sleep": sleep,
    "some": some_accounts,
    "all": all_accounts,
    "unlevelled": unlevelled,
    "warnings": warnings,
}
STORIES.get(os.environ.get("TOY_TAP"), summary)()
