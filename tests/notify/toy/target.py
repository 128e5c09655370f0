"""A target that writes nothing and logs like ours. What happens to it is in TOY_TARGET."""

import os
import sys

from plainlog import log

sys.stdin.read()
if os.environ.get("TOY_TARGET") == "fail":
    refused = "code 1254302, no permission (log id 20260211070003CCCC)"
    text = f"<at id=all></at> The table 单元日报 cannot be written: {refused}"
    log("critical", text, ("PermissionDenied", refused))
    sys.exit(1)

arrived = os.environ.get("TOY_TAP") != "all"
stream = {
    "table": "tblToy",
    "table_url": "https://feishu.cn/base/bascnToy?table=tblToy",
    "read": 75 * arrived,
    "created": 25 * arrived,
    "updated": 31 * arrived,
    "unchanged": 1694 * arrived,
    "duplicates": 0,
    "rows_in_table": 2000,
}
totals = {"streams": {"promotion_report": stream}, "requests": 9, "write_calls": 2}
log("info", "run summary", summary=totals)
