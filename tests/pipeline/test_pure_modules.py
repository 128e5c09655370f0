"""Modules that call themselves pure ask nobody: no network, no file, no clock, no chance."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import ROOT

PACKAGES = ("tap_oceanengine_local", "target_feishu_bitable", "feishu_notify")
OUTSIDE = {
    "asyncio", "http", "io", "os", "pathlib", "random", "requests", "secrets", "shutil", "socket",
    "sqlite3", "subprocess", "tempfile", "threading", "time", "urllib3", "uuid",
}  # fmt: skip
ASKED = {"now", "today", "utcnow"}


def modules() -> Iterator[Path]:
    for package in PACKAGES:
        (folder,) = ROOT.glob(f"*/{package}")
        yield from sorted(folder.rglob("*.py"))


def is_pure(path: Path) -> bool:
    text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return "Pure." in text


PURE = [path for path in modules() if is_pure(path)]


def imported(path: Path) -> Iterator[str]:
    """Modules that are imported at run time, dotted."""
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def asks(path: Path) -> Iterator[str]:
    """What a module reaches for outside, itself or through a module of its package."""
    seen, waiting = set(), [path]
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        for name in imported(one):
            first, *rest = name.split(".")
            if first in OUTSIDE:
                yield f"{one.name} imports {name}"
            elif first in PACKAGES:
                (folder,) = ROOT.glob(f"*/{first}")
                inner = folder.joinpath(*rest).with_suffix(".py")
                waiting += [inner] if inner.is_file() else []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Call(func=ast.Attribute(attr=name)) if name in ASKED:
                yield f"{path.name}:{node.lineno} calls {name}()"


@pytest.mark.parametrize("path", PURE, ids=lambda path: path.stem)
def test_a_pure_module_asks_nobody(path: Path) -> None:
    assert list(asks(path)) == []


def test_there_are_pure_modules_in_every_package() -> None:
    assert {path.relative_to(ROOT).parts[1] for path in PURE} == set(PACKAGES)
