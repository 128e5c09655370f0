"""The page for people, without a browser."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import requests

from platform_sandbox import Fault
from platform_sandbox.defaults import FEISHU_BASE
from platform_sandbox.page.cards import card_view
from platform_sandbox.page.chart import Day, draw, nice_top
from platform_sandbox.page.markup import card_markdown

COLUMNS = [
    {"field_name": "单元名称", "type": 1},
    {"field_name": "时间", "type": 5},
    {"field_name": "账户名称", "type": 1},
    {"field_name": "消耗(元)", "type": 2, "property": {"formatter": "0.00"}},
    {"field_name": "转化数", "type": 2, "property": {"formatter": "0"}},
]


@pytest.fixture
def page(shared_sandbox):
    base = shared_sandbox.platform.feishu.base()
    last = shared_sandbox.platform.clock.yesterday()
    table = base.create_table("单元日报", COLUMNS)
    table.add(
        {
            "单元名称": f"单元{number:03d}",
            "时间": last - timedelta(days=number % 6),
            "账户名称": "杭州·火锅" if number % 2 else "<b>成都</b>",
            "消耗(元)": number * 10 + 0.5,
            "转化数": number % 4,
        }
        for number in range(120)
    )

    def get(**query):
        answer = requests.get(shared_sandbox.url, params=query, timeout=9)
        assert answer.status_code == 200
        return answer.text

    get.url = shared_sandbox.url
    get.platform = shared_sandbox.platform
    get.table = table
    return get


def cells(html):
    body = html.partition("<tbody>")[2].partition("</tbody>")[0]
    return [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in body.split("</tr>")[:-1]]


def test_shows_the_fullest_table_as_a_grid_in_pages(page):
    html = page()
    rows = cells(html)
    assert len(rows) == 50
    assert rows[0][2] == str(page.platform.clock.yesterday())
    assert rows[0][4].endswith(".50")
    assert "第 1 / 3 页" in html
    assert len(cells(page(page=3))) == 20
    assert len(cells(page(page=99))) == 20


def test_sorts_by_any_column_both_ways(page):
    costs = [float(row[4].replace(",", "")) for row in cells(page(sort="消耗(元)"))]
    assert costs == sorted(costs, reverse=True)
    costs = [float(row[4].replace(",", "")) for row in cells(page(sort="消耗(元)", dir="asc"))]
    assert costs == sorted(costs)
    assert cells(page(sort="no such column"))


def test_filters_by_account_and_date(page):
    day = page.platform.clock.yesterday()
    html = page(account="杭州·火锅", **{"from": str(day), "to": str(day)})
    assert "没有符合条件的行" in html, "this account has rows on other days only"
    before = day - timedelta(days=1)
    rows = cells(page(account="杭州·火锅", **{"from": str(before), "to": str(day)}))
    assert {(row[2], row[3]) for row in rows} == {(str(before), "杭州·火锅")}
    assert "没有符合条件的行" in page(account="nobody")


def test_cells_are_text_whatever_they_hold(page):
    html = page()
    assert "&lt;b&gt;成都&lt;/b&gt;" in html
    assert "<b>成都</b>" not in html


def test_needs_no_script_and_no_other_host(page):
    answer = requests.get(page.url, timeout=9)
    assert "<script" not in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', answer.text)


def test_draws_a_bar_per_day_and_the_totals(page):
    html = page()
    assert html.count('class="bar"') == 6
    assert html.count('class="dot"') == 6
    assert "71,460.00" in html


def test_an_empty_base_says_what_to_do(shared_sandbox):
    html = requests.get(shared_sandbox.url, timeout=9).text
    assert "make demo" in html
    assert "还没有消息" in html


def test_the_button_moves_the_clock_a_day_but_never_past_today(page):
    clock = page.platform.clock
    today = clock.today()
    answer = requests.post(f"{page.url}/page/clock", timeout=9)
    assert clock.today() == today + timedelta(days=1)
    assert str(clock.today()) in answer.text
    clock.set(clock.host_today())
    assert 'id="advance" class="primary" disabled' in page()
    refused = requests.post(f"{page.url}/page/clock", timeout=9)
    assert "不能再往前走" in refused.text
    assert clock.today() == clock.host_today()


def test_the_clock_comes_with_the_command_of_a_run_up_to_its_yesterday(page, monkeypatch):
    run = ".venv/bin/meltano --environment sandbox run tap-oceanengine-local target-feishu-bitable"

    def command(html):
        return re.findall(r'<code id="run">(.*?)</code>', html)

    day = page.platform.clock.yesterday()
    there = f"TAP_OCEANENGINE_LOCAL_API_URL={page.url} TARGET_FEISHU_BITABLE_API_URL={page.url}"
    assert command(page()) == [f"{there} TAP_OCEANENGINE_LOCAL_END_DATE={day} {run}"]
    monkeypatch.setitem(page.platform.services.links, "public", "http://127.0.0.1:8765")
    assert command(page()) == [f"TAP_OCEANENGINE_LOCAL_END_DATE={day} {run}"]
    moved = requests.post(f"{page.url}/page/clock", timeout=9).text
    after = day + timedelta(days=1)
    assert command(moved) == [f"TAP_OCEANENGINE_LOCAL_END_DATE={after} {run}"]


def test_the_reset_button_empties_everything(page):
    page.platform.clock.advance(days=2)
    answer = requests.post(f"{page.url}/page/reset", timeout=9)
    assert "都已清空" in answer.text
    assert "单元日报" not in [table.name for table in page.platform.feishu.base().tables]


@pytest.mark.parametrize("button", ["clock", "reset"])
def test_foreign_pages_cannot_press_the_buttons(page, button):
    before = page.platform.clock.now()
    headers = {"Origin": "https://evil.example"}
    answer = requests.post(f"{page.url}/page/{button}", headers=headers, timeout=9)
    assert answer.status_code == 403
    assert page.platform.clock.now() == before
    assert requests.post(f"{page.url}/page/clock", headers={"Origin": page.url}, timeout=9).history


def test_lists_the_last_calls_with_failures(page):
    page.platform.faults.add(Fault(path="user/info", code=40110))
    requests.get(f"{page.url}/open_api/2/user/info/", timeout=9)
    html = page()
    assert "user/info" in html
    assert "40110" in html


def test_links_into_a_bitable_lead_to_the_page(page):
    link = f"{page.url}/base/{FEISHU_BASE}"
    answer = requests.get(link, params={"table": page.table.id, "view": "vew1"}, timeout=9)
    assert answer.history
    assert "单元日报" in answer.text
    assert requests.get(f"{page.url}/base/unknown", timeout=9).status_code == 200


def test_shows_cards_as_feishu_would(page):
    payload = {
        "msg_type": "interactive",
        "card": {
            "schema": "2.0",
            "header": {"title": {"content": "巨量本地推 同步完成"}, "template": "green"},
            "body": {
                "elements": [
                    {"tag": "markdown", "content": "**消耗**：1 元\n- 一条 `code`"},
                    {"tag": "hr"},
                    {
                        "tag": "column_set",
                        "columns": [{"elements": [{"tag": "markdown", "content": "内"}]}],
                    },
                    {
                        "tag": "button",
                        "text": {"content": "打开表格"},
                        "behaviors": [{"type": "open_url", "default_url": "http://127.0.0.1/x"}],
                    },
                    {
                        "tag": "button",
                        "text": {"content": "坏"},
                        "behaviors": [{"default_url": "javascript:alert(1)"}],
                    },
                ]
            },
        },
    }
    view = card_view(payload, "2026-02-11T07:00:00+08:00")
    assert (view.title, view.colour, view.time) == (
        "巨量本地推 同步完成",
        "green",
        "2026-02-11 07:00",
    )
    assert [piece.kind for piece in view.pieces] == ["text", "rule", "text", "button", "button"]
    assert view.pieces[0].html == (
        '<div><b>消耗</b>：1 元</div><div class="item">一条 <code>code</code></div>'
    )
    assert [piece.url for piece in view.pieces[3:]] == ["http://127.0.0.1/x", ""]
    plain = card_view({"msg_type": "text", "content": {"text": "你好"}}, "2026-02-11T07:00:00")
    assert plain.pieces[0].html == "<div>你好</div>"


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("<script>x</script>", "<div>&lt;script&gt;x&lt;/script&gt;</div>"),
        ("<font color='red'>急</font>", '<div><span class="ink-red">急</span></div>'),
        ("&#42;&#42;不粗&#42;&#42;", "<div>&#42;&#42;不粗&#42;&#42;</div>"),
        ("a & b", "<div>a &amp; b</div>"),
        ("[看](https://x.cn/a?b=1)", '<div><a href="https://x.cn/a?b=1">看</a></div>'),
        ("[看](javascript:alert(1))", "<div>[看](javascript:alert(1))</div>"),
        ("# 题", '<div class="heading">题</div>'),
        ("", "<div>&nbsp;</div>"),
    ],
)
def test_card_markdown_trusts_nothing(markdown, html):
    assert str(card_markdown(markdown)) == html


@pytest.mark.parametrize(
    ("value", "top"), [(0, 4), (7, 8), (71_460, 80_000), (0.03, 0.04), (100, 100), (101, 200)]
)
def test_axes_end_at_round_numbers(value, top):
    assert nice_top(value) == pytest.approx(top)


def test_a_chart_of_nothing_is_none_and_of_one_day_a_bar(shared_sandbox):
    assert draw([]) is None
    chart = draw([Day(shared_sandbox.platform.clock.today(), 0, 0)])
    assert len(chart.bars) == 1
    assert chart.bars[0].height == 0
