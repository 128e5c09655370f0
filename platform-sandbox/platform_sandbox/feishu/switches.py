"""Choices that the vendor's documentation leaves open, or that a test wants to see both ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class FeishuSwitches:
    """How strict, fast and consistent this Feishu is.

    Attributes:
        batch_cap: Most records per batch_create and batch_update (documents say 500 and 1,000).
        rows_in_new_base: Empty rows in the default table of a new base.
        rows_in_new_table: Empty rows that a table created by API brings along.
        row_order: Order of rows in a search without sort: as created, or scattered by record id.
        row_limit: Most records per table; None for no limit.
        row_limit_code: 1254103 (record limit) or 1254306 (plan limit, HTTP 403).
        status_mode: HTTP statuses of business errors: as documented page by page, or all 200.
        throttle_status: HTTP status of 1254290; measured 200, documented 200, 400 and 429.
        rate_limits: Token buckets per endpoint (429, 99991400). They count real seconds.
        base_calls_per_second: Bitable's own throttle per base (1254290); None for none.
        monthly_quota: Calls of the tenant per month before 99991403; None for no end.
        write_seconds: How long a write holds its table; overlaps are answered 1254291.
        conflict_scope: Whether writes collide per table or per base.
        replay: Same client_token again: the first reply, or 1254608 while nothing else changed.
        other_payload: Same client_token, other body: 1255006, or the first reply.
        replica_lag_seconds: How long a new record stays invisible to reads by the sandbox clock.
        replica_lag_reads: How many reads of the table miss a new record.
        read_only_code: Refusal of a value for a formula, lookup, auto number or system column.
        oversized_page: page_size above the maximum: refused (99992402), or cut to the maximum.
        text_is: `is` on text: exact, or folded (case and surrounding blanks do not count).
        date_compare: isGreater and isLess on dates: by day in the base's zone, or by instant.
        contains_many: `contains` with several values: any of them, or all of them.
        negative_dates: Whether instants before 1970 are accepted.
        changeset_limit: Largest body of a write in bytes before 1254002; None for no limit.
        response_limit: Largest search answer in bytes before 1254030; None for no limit.
        webhook_body_limit: Largest message of a custom bot in bytes (guide: 20 KB).
        webhook_limits: 5 messages a second and 100 a minute per bot. They count real seconds.
    """

    batch_cap: int = 1000
    rows_in_new_base: int = 10
    rows_in_new_table: int = 0
    row_order: Literal["created", "scattered"] = "created"
    row_limit: int | None = None
    row_limit_code: Literal[1254103, 1254306] = 1254103
    status_mode: Literal["docs", "ok"] = "docs"
    throttle_status: Literal[200, 400, 429] = 200
    rate_limits: bool = False
    base_calls_per_second: int | None = None
    monthly_quota: int | None = None
    write_seconds: float = 0.0
    conflict_scope: Literal["table", "base"] = "table"
    replay: Literal["reply", "resubmitted"] = "reply"
    other_payload: Literal["conflict", "reply"] = "conflict"
    replica_lag_seconds: float = 0.0
    replica_lag_reads: int = 0
    read_only_code: int = 1254015
    oversized_page: Literal["refuse", "cap"] = "refuse"
    text_is: Literal["exact", "folded"] = "exact"
    date_compare: Literal["day", "instant"] = "day"
    contains_many: Literal["any", "all"] = "any"
    negative_dates: bool = False
    changeset_limit: int | None = None
    response_limit: int | None = None
    webhook_body_limit: int = 20 * 1024
    webhook_limits: bool = False
