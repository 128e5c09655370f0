"""What people need to look up stands in the docs, and links lead somewhere."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from types import ModuleType

import pytest

from tap_oceanengine_local import bookmarks, pages, tap
from tap_oceanengine_local import errors as tap_errors
from tap_oceanengine_local import streams as tap_streams
from target_feishu_bitable import errors as target_errors

from .conftest import ROOT

DOCS = [
    ROOT / "README.md",
    ROOT / "README.zh-CN.md",
    ROOT / "CONTRIBUTING.md",
    *ROOT.glob("docs/*.md"),
]
ROOTS = {"TapError", "TargetError"}


def errors_of(module: ModuleType) -> set[str]:
    return {
        name
        for name, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Exception) and kind.__module__ == module.__name__
    }


@pytest.mark.parametrize("module", [tap_errors, target_errors, bookmarks, pages, tap])
def test_every_error_class_has_an_entry(module: ModuleType) -> None:
    text = (ROOT / "docs/errors.md").read_text("utf-8")
    names = errors_of(module) - ROOTS
    assert names
    assert {name for name in names if f"`{name}`" not in text} == set()


def test_every_stream_has_an_entry() -> None:
    text = (ROOT / "tap-oceanengine-local/README.md").read_text("utf-8")
    assert {one.name for one in tap_streams.ALL if f"`{one.name}`" not in text} == set()


@pytest.mark.parametrize("page", DOCS, ids=lambda path: path.name)
def test_links_lead_to_files(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
