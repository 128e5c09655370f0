"""What the tap sends and reads is called as the vendor's lists call it.

`vendor_names.json` holds the parameters and properties that the vendor's official SDK declares. The
requests are those that the tap really sends: every stream, every column, a run with a refresh.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from contextlib import redirect_stdout
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from platform_sandbox import World, defaults
from platform_sandbox.testing import SandboxServer
from tap_oceanengine_local.metrics import entity_fields, metrics
from tap_oceanengine_local.streams import ALL
from tap_oceanengine_local.tap import TapOceanEngineLocal

ENDPOINTS = json.loads(Path(__file__).with_name("vendor_names.json").read_text("utf-8"))[
    "endpoints"
]
LEVELS = ("account", "project", "promotion", "material", "audience")
LISTS = {
    "projects": "/open_api/v3.0/local/project/list/",
    "promotions": "/open_api/v3.0/local/promotion/list/",
    "leads": "/open_api/2/tools/clue/life/get/",
}
KINDS = {
    "integer": {"count", "id"},
    "number": {"yuan", "rate", "ratio"},
    "string": {"text", "day", "moment", "id", "yuan"},
    "array<integer>": {"numbers"},
    "array<string>": {"texts"},
}
#: Declared as numbers, seen as texts as well: kept as what both can be.
EITHER = {"opt_status"}
TYPES = {"integer": int, "number": float, "string": str, "boolean": bool, "object": dict}


def report(level: str) -> str:
    return f"/open_api/v3.0/local/report/{level}/get/"


def row(path: str) -> dict[str, str]:
    """Return the properties of a row: path and type, containers left out."""
    types = ENDPOINTS[path]["row"]
    return {name: kind for kind, names in types.items() if kind != "object" for name in names}


@pytest.fixture(scope="module")
def requests(tmp_path_factory):
    """Everything that a run of all streams with all columns asks of the platform."""
    folder = tmp_path_factory.mktemp("vendor")
    world = World(accounts=12, active=3, units=(2, 4), big_units=0, days=20)
    with SandboxServer(data_dir=folder / "sandbox", world=world) as server:
        server.platform.oceanengine.tokens.expire_access()
        yesterday = server.platform.clock.yesterday()
        config = {
            "app_id": defaults.OE_APP_ID,
            "app_secret": defaults.OE_APP_SECRET,
            "access_token": defaults.OE_ACCESS_TOKEN,
            "refresh_token": defaults.OE_REFRESH_TOKEN,
            "token_store_uri": f"sqlite:///{folder / 'tokens.db'}",
            "api_url": server.url,
            "start_date": (yesterday - timedelta(days=1)).isoformat(),
            "end_date": yesterday.isoformat(),
            "requests_per_second": 1000,
        }
        catalog = TapOceanEngineLocal(config=config, validate_config=False).catalog_dict
        for entry in catalog["streams"]:
            for item in entry["metadata"]:
                item["metadata"]["selected"] = True
        with redirect_stdout(io.StringIO()):
            TapOceanEngineLocal(config=config, catalog=catalog).sync_all()
        return [entry for entry in server.platform.requests.entries if entry.half == "oceanengine"]


def read(kind: str, text: str) -> Any:
    """Return the value that a query's text stands for: texts raw, everything else as JSON."""
    return text if kind == "string" else json.loads(text)


def faults(known: Mapping[str, Any], given: Mapping[str, Any], where: str) -> list[str]:
    """Return what is wrong with parameters: unknown, missing, of another type, or not allowed."""
    found = [f"{where}: {name} is unknown" for name in given if name not in known]
    for name, wanted in known.items():
        if name not in given:
            found += [f"{where}: {name} is missing"] if wanted["required"] else []
            continue
        value = given[name]
        kind = wanted["type"].removeprefix("array<").removesuffix(">")
        values = value if wanted["type"].startswith("array<") else [value]
        if not isinstance(values, list) or not all(type(one) is TYPES[kind] for one in values):
            found.append(f"{where}: {name} is no {wanted['type']}: {value!r}")
        elif "inside" in wanted:
            found += faults(wanted["inside"], value, f"{where}: {name}")
        for limit in ("enum", "allowed"):
            if limit in wanted and not set(values) <= set(wanted[limit]):
                found.append(f"{where}: {name} can't be {value!r}")
    return found


def given(entry) -> dict[str, Any]:
    """Return the parameters of a request with their types."""
    if entry.method == "POST":
        return entry.body
    known = ENDPOINTS[entry.path]["params"]
    return {
        name: read(known[name]["type"], text) if name in known else text
        for name, text in entry.query.items()
    }


def test_only_endpoints_of_the_vendor_are_asked(requests) -> None:
    asked = {(entry.method, entry.path) for entry in requests}
    assert asked <= {(one["method"], path) for path, one in ENDPOINTS.items()}
    assert {path for _, path in asked} >= {
        *(report(level) for level in LEVELS),
        *LISTS.values(),
        "/open_api/oauth2/refresh_token/",
        "/open_api/oauth2/advertiser/get/",
        "/open_api/2/ebp/advertiser/list/",
        "/open_api/v3.0/customer_center/account/list/",
        "/open_api/2/agent/advertiser/select/",
        "/open_api/v3.0/local/life/advertiser/list/",
    }


def test_parameters_are_the_vendors(requests) -> None:
    found = {
        fault
        for entry in requests
        for fault in faults(ENDPOINTS[entry.path]["params"], given(entry), entry.path)
    }
    assert sorted(found) == []


@pytest.mark.parametrize("level", LEVELS)
def test_every_metric_that_is_asked_for_is_one_of_the_report(level: str, requests) -> None:
    known = row(report(level))
    prefix, parameter = ("fields.", "fields") if level == "audience" else ("", "metrics")
    asked = {
        name
        for entry in requests
        if entry.path == report(level)
        for name in given(entry)[parameter]
    }
    assert {name for name in asked if prefix + name not in known} == set()
    assert asked == {field.name for field in metrics(level)}


@pytest.mark.parametrize("level", LEVELS)
def test_catalogue_of_a_report_is_the_vendors(level: str) -> None:
    known = row(report(level))
    fields = {".".join(field.path): field.kind for field in metrics(level)}
    # What is left of the vendor's rows says what a row is about.
    others = known.keys() - fields.keys()
    assert others == {name for name in known if known[name] == "string" or name.endswith("_id")}
    wrong = {name for name, kind in fields.items() if kind not in KINDS[known[name]]}
    assert wrong == set()


@pytest.mark.parametrize("stream", LISTS)
def test_catalogue_of_a_list_is_the_vendors(stream: str) -> None:
    known = row(LISTS[stream])
    fields = {".".join(field.path): field.kind for field in entity_fields(stream)}
    assert fields.keys() == known.keys()
    wrong = {name for name, kind in fields.items() if kind not in KINDS[known[name]]}
    assert wrong == EITHER & fields.keys()
    assert {fields[name] for name in wrong} <= {"text"}


def test_every_stream_was_read(requests) -> None:
    reports = [entry for entry in requests if "/report/" in entry.path]
    hourly = {e.path for e in reports if "HOURLY" in e.query.get("time_granularity", "")}
    daily = {e.path for e in reports if "DAILY" in e.query.get("time_granularity", "")}
    assert hourly == daily == {report(level) for level in LEVELS if level != "audience"}
    assert len(ALL) == 4 + 4 + 1 + 1 + 3
