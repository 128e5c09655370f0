"""Which shard an account belongs to, and what the run of a shard or of a base is told."""

from __future__ import annotations

import json
from collections import defaultdict
from hashlib import sha256
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TAP = "TAP_OCEANENGINE_LOCAL_"
FORGOTTEN = "2000-01-01"
"""A day that no report reaches back to."""


def shard_of(account_id: str, shards: int) -> int:
    """Return the number of an account's shard: the same on every machine and in every version."""
    return int.from_bytes(sha256(account_id.encode()).digest()[:8]) % shards


def suffix(shard: int, shards: int) -> str:
    """Return what a shard's state is called; it names their number, so that no two layouts mix."""
    return f"shard-{shard}-of-{shards}"


def rate(requests_per_second: int, shards: int, parallel: int) -> int:
    """Return what one shard may ask for, so that all that run at once keep the developer's limit.

    At least one request a second: no more shards may run at once than requests are granted.
    """
    return max(1, requests_per_second // min(shards, parallel))


def days(first: str | None, last: str | None) -> dict[str, str]:
    """Return what a run is told to read a range again, without touching a bookmark.

    Args:
        first: First day; None for the daily run.
        last: Last day; None means yesterday.

    Raises:
        ValueError: Only the last day is given.
    """
    if not first:
        if last:
            raise ValueError(f"Say from which day too, not only up to {last}.")
        return {}
    told = {f"{TAP}START_DATE": first, "MELTANO_RUN_NO_STATE_UPDATE": "true"}
    return told | ({f"{TAP}END_DATE": last} if last else {})


def shard_runs(
    accounts: Iterable[Mapping[str, Any]], shards: int, requests_per_second: int
) -> list[dict[str, str]]:
    """Return the environment of each shard's run; shards without accounts have none.

    Args:
        accounts: What `meltano invoke tap-oceanengine-local:accounts --json` lists.
        shards: How many there are.
        requests_per_second: What one shard may ask for.
    """
    members: defaultdict[int, list[Mapping[str, Any]]] = defaultdict(list)
    for account in accounts:
        members[shard_of(account["local_account_id"], shards)].append(account)
    return [
        {
            "MELTANO_RUN_STATE_ID_SUFFIX": suffix(shard, shards),
            f"{TAP}LOCAL_ACCOUNT_IDS": ",".join(one["local_account_id"] for one in accounts_),
            # With every name at hand a shard does not list all accounts once more.
            f"{TAP}ACCOUNT_NAMES": _names(accounts_),
            f"{TAP}REQUESTS_PER_SECOND": str(requests_per_second),
            # The card of a good day is the base's; a shard is heard of only when it fails.
            "FEISHU_NOTIFY": "problems",
        }
        for shard, accounts_ in sorted(members.items())
    ]


def tables_run(first: str) -> dict[str, str]:
    """Return the environment of a run that only makes the warehouse's tables.

    It ends before the days that the platform has kept, and has no first day, without which none is
    missed: a SCHEMA comes, and no row.

    Args:
        first: Expression for the environment of some shard's run, as `shard_runs` returns it.
    """
    names = (f"{TAP}LOCAL_ACCOUNT_IDS", f"{TAP}ACCOUNT_NAMES", f"{TAP}REQUESTS_PER_SECOND")
    run = {name: f"{{{{ {first}['{name}'] }}}}" for name in names}
    # A card would say each morning that nothing was read.
    end = {f"{TAP}START_DATE": "", f"{TAP}END_DATE": FORGOTTEN}
    return run | end | {"MELTANO_RUN_NO_STATE_UPDATE": "true", "FEISHU_NOTIFY": "none"}


def _names(accounts: Iterable[Mapping[str, Any]]) -> str:
    names = {one["local_account_id"]: one.get("local_account_name") for one in accounts}
    return json.dumps({key: name for key, name in names.items() if name}, ensure_ascii=False)


def base_runs(bases: Iterable[Mapping[str, Any]], requests_per_second: int) -> list[dict[str, str]]:
    """Return the environment of each base's run.

    Args:
        bases: `{"name", "bitable", "table", "accounts"}`, each optional: an empty one is the base
            that the Meltano project is configured for, with all accounts and the state it has on
            one machine.
        requests_per_second: What the run may ask for.

    Raises:
        ValueError: Two bases would share one state, or a base is for no account.
    """
    given = [dict(base) for base in bases]
    names = [base.get("name", "") for base in given]
    if len(set(names)) < len(names):
        raise ValueError(f"Every base needs a name of its own: {names}.")
    if idle := [base.get("name", "") for base in given if base.get("accounts") == []]:
        raise ValueError(f"Bases without accounts: {idle}. Leave `accounts` out to mean all.")
    return [_base_run(base, requests_per_second) for base in given]


def _base_run(base: Mapping[str, Any], requests_per_second: int) -> dict[str, str]:
    run = {
        "MELTANO_RUN_STATE_ID_SUFFIX": base.get("name"),
        "TARGET_FEISHU_BITABLE_BITABLE": base.get("bitable"),
        "TARGET_FEISHU_BITABLE_TABLE": base.get("table"),
        f"{TAP}LOCAL_ACCOUNT_IDS": ",".join(map(str, base.get("accounts", ()))),
        f"{TAP}REQUESTS_PER_SECOND": str(requests_per_second),
    }
    return {name: value for name, value in run.items() if value}
