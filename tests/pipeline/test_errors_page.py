"""docs/errors.md is what `make docs` writes from the error classes, and leaves none out."""

from __future__ import annotations

import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from types import ModuleType

import pytest

from tap_oceanengine_local.errors import AccountError
from target_feishu_bitable.codes import meaning

from .conftest import ROOT

GENERATOR = ROOT / ".ci/errors-page"
PAGE = (ROOT / "docs/errors.md").read_text("utf-8")


@pytest.fixture
def generator(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    loader = SourceFileLoader("errors_page", str(GENERATOR))
    spec = spec_from_loader("errors_page", loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def line(name: str, part: str) -> list[str]:
    """Return the cells of a class's row in the part of the page about a package."""
    (section,) = [one for one in PAGE.split("\n## ") if f"（{part}）" in one.partition("\n")[0]]
    (found,) = [one for one in section.splitlines() if one.startswith(f"| `{name}` |")]
    return [cell.strip() for cell in found.strip("|").split("|")]


def test_page_is_what_the_classes_say() -> None:
    done = subprocess.run(
        [sys.executable, GENERATOR, "--check"],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_page_that_differs_is_told(
    generator: ModuleType, tmp_path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    page = tmp_path / "errors.md"
    page.write_text(PAGE.replace("40119", "40118"), "utf-8")
    monkeypatch.setattr(generator, "PAGE", page)
    monkeypatch.setattr(sys, "argv", ["errors-page", "--check"])
    assert generator.main() == 1
    assert "make docs" in capsys.readouterr().out

    monkeypatch.setattr(sys, "argv", ["errors-page"])
    assert generator.main() == 0
    assert page.read_text("utf-8") == PAGE


def test_a_class_without_words_stops_the_page(
    generator: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NewTroubleError(AccountError):
        pass

    found = generator.classes("tap_oceanengine_local") | {"NewTroubleError": NewTroubleError}
    monkeypatch.setattr(generator, "classes", lambda _package: found)
    with pytest.raises(SystemExit, match="NewTroubleError"):
        generator.page()


def test_codes_are_those_the_clients_act_upon() -> None:
    assert line("AccessDenied", "tap-oceanengine-local")[1] == "40002、40119、40130"
    assert line("QuotaUsedUp", "tap-oceanengine-local")[1] == "61002、61003"
    assert "5xxxx" in line("PlatformUnavailable", "tap-oceanengine-local")[1]
    refused = line("AccessError", "target-feishu-bitable")[1].split("、")
    assert {meaning(int(code))[0].__name__ for code in refused} == {"AccessError"}
    assert "91403" in refused


def test_what_an_error_does_to_the_run_follows_from_its_base() -> None:
    assert line("IncompleteWindowError", "tap-oceanengine-local")[2] == "只影响一个账户"
    assert line("StateError", "tap-oceanengine-local")[2] == "运行停止"
    assert line("RowGone", "target-feishu-bitable")[2] == "运行停止"
