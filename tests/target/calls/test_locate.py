from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platform_sandbox.defaults import FEISHU_BASE, FEISHU_WIKI_NODE
from target_feishu_bitable.client import BitableClient
from target_feishu_bitable.errors import AccessError, ConfigError
from target_feishu_bitable.locate import Place, app_token_of, read_bitable

TOKEN = "bascnAbcdefgh1234567890ab"
NODE = "wikcnAbcdefgh1234567890ab"


@pytest.mark.parametrize(
    ("setting", "place"),
    [
        (TOKEN, Place(TOKEN, None, None)),
        (f"  {TOKEN}\n", Place(TOKEN, None, None)),
        (f"https://acme.feishu.cn/base/{TOKEN}", Place(TOKEN, None, None)),
        (f"https://acme.feishu.cn/base/{TOKEN}/", Place(TOKEN, None, None)),
        (
            f"https://acme.feishu.cn/base/{TOKEN}?table=tblA1b2C3&view=vewX",
            Place(TOKEN, None, "tblA1b2C3"),
        ),
        (
            f"https://acme.larksuite.com/base/{TOKEN}?view=vewX&table=tblA1b2C3#top",
            Place(TOKEN, None, "tblA1b2C3"),
        ),
        (f"acme.feishu.cn/base/{TOKEN}?table=tblA1", Place(TOKEN, None, "tblA1")),
        (f"https://acme.larkoffice.com/bitable/{TOKEN}", Place(TOKEN, None, None)),
        (f"https://acme.feishu.cn/base/{TOKEN}?table=blkDash1", Place(TOKEN, None, None)),
        (f"https://acme.feishu.cn/base/{TOKEN}?table=wkfFlow1", Place(TOKEN, None, None)),
        (f"https://acme.feishu.cn/base/{TOKEN}?table=tbl/../x", Place(TOKEN, None, None)),
        (f"https://acme.feishu.cn/wiki/{NODE}?table=tblA1", Place(None, NODE, "tblA1")),
        (f"https://acme.larksuite.com/wiki/{NODE}", Place(None, NODE, None)),
        (f"{TOKEN}_tblA1b2", Place(TOKEN, None, "tblA1b2")),
    ],
)
def test_tokens_and_links_of_every_kind_are_read(setting: str, place: Place) -> None:
    assert read_bitable(setting) == place


@pytest.mark.parametrize(
    "setting",
    [
        "short",
        "tbl A",
        f"https://acme.feishu.cn/docx/{TOKEN}",
        f"https://acme.feishu.cn/sheets/{TOKEN}?table=tblA1",
        "https://acme.feishu.cn/base/",
        "https://acme.feishu.cn/base/../../secrets",
        "https://acme.feishu.cn/wiki/",
        "https://acme.feishu.cn/",
        "https://[acme.feishu.cn/base/x",
        "多维表格",
    ],
)
def test_anything_else_is_refused_with_where_to_find_it(setting: str) -> None:
    with pytest.raises(ConfigError, match=r"^Setting bitable .*copy the address\.$"):
        read_bitable(setting)


@given(st.text())
def test_no_text_gets_into_a_path_unchecked(text: str) -> None:
    try:
        place = read_bitable(text)
    except ConfigError:
        return
    for part in (place.app_token, place.node_token, place.table_id):
        assert part is None or (part.isascii() and part.isalnum())


def test_a_base_link_needs_no_call(calls: Any) -> None:
    link = f"https://acme.feishu.cn/base/{FEISHU_BASE}?table=tblA1"
    assert app_token_of(read_bitable(link), calls.session) == FEISHU_BASE
    assert calls.requests.count() == 0


def test_a_wiki_page_is_asked_for_the_base_it_shows(calls: Any) -> None:
    link = f"https://acme.feishu.cn/wiki/{FEISHU_WIKI_NODE}"
    assert app_token_of(read_bitable(link), calls.session) == FEISHU_BASE
    assert calls.requests.count("get_node") == 1


def test_a_wiki_page_that_is_not_there_is_explained(calls: Any) -> None:
    with pytest.raises(AccessError, match=r"131005.*the wiki page does not exist"):
        app_token_of(read_bitable(f"https://acme.feishu.cn/wiki/{NODE}"), calls.session)
    assert calls.slept == []


def test_a_wiki_page_of_another_kind_is_explained(calls: Any) -> None:
    calls.feishu.state.nodes[NODE] = ("docx", "doxcnAbcdefgh")
    with pytest.raises(AccessError, match="shows a docx, not a Bitable"):
        app_token_of(read_bitable(f"https://acme.feishu.cn/wiki/{NODE}"), calls.session)


def test_a_wiki_page_without_the_right_to_read_it_is_explained(calls: Any) -> None:
    calls.fail("get_node", code=131006)
    with pytest.raises(AccessError, match="Add the app to the wiki page"):
        app_token_of(read_bitable(f"https://acme.feishu.cn/wiki/{NODE}"), calls.session)


def test_a_wiki_token_given_as_the_base_is_explained(calls: Any) -> None:
    place = read_bitable(FEISHU_WIKI_NODE)
    client = BitableClient(calls.session, app_token_of(place, calls.session))
    with pytest.raises(AccessError, match=r"91402.*the token of a /wiki/ link is not") as caught:
        client.get_app()
    assert caught.value.log_id
    assert calls.slept == []
