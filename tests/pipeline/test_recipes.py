"""No code block that claims to be run is left out, and old settings lead to new ones."""

from __future__ import annotations

import re

import pytest

from . import predecessor_settings as settings
from .conftest import ROOT
from .recipes import recipes

PAGES = ("docs/migration.md", "docs/operations.md")


@pytest.mark.parametrize("page", PAGES)
def test_every_recipe_is_followed_by_a_test_of_its_page(page: str) -> None:
    blocks = recipes(page)
    assert len(blocks) == (ROOT / page).read_text("utf-8").count("<!-- recipe: ")
    followed: set[str] = set()
    for file in (ROOT / "tests/pipeline").glob("test_*.py"):
        text = file.read_text("utf-8")
        if page in text:
            followed |= set(re.findall(r'(?:follows\(|blocks\[)"([^"]+)"', text))
    assert blocks.keys() - followed == set()


def test_every_old_setting_has_its_new_name_in_the_guide() -> None:
    text = (ROOT / "docs/migration.md").read_text("utf-8")
    table = text.partition("| 旧名字 | 新名字 |\n|---|---|\n")[2].partition("\n\n")[0]
    offered = (ROOT / ".env.example").read_text("utf-8")
    named: dict[str, str] = {}
    for line in table.splitlines():
        old, new = re.fullmatch(r"\| (.+?) \| (.+) \|", line).groups()
        olds, news = re.findall(r"`([A-Z_]+)`", old), re.findall(r"`([A-Z_]+)`", new)
        if "不变" in new:
            news = olds
        named |= dict(zip(olds, news if len(news) == len(olds) else news * len(olds), strict=False))
    assert named.pop("JULIANG_APP_SECRET") == named["JULIANG_SECRET"]
    assert named == settings.RENAMED
    assert all(f"\n{new}=" in offered for new in named.values())
    assert "| `START_DATE` |" in table
