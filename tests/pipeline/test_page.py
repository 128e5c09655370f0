"""The sandbox's page as a person sees it, in Debian's Chromium after a real run.

`make screenshot` runs this test with SCREENSHOT set to the picture that the READMEs show.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from selenium.common.exceptions import WebDriverException
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

from platform_sandbox.defaults import HOST, PORT
from platform_sandbox.testing import SandboxServer

from .conftest import MeltanoProject
from .recipes import Reader, done

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--window-size=1440,1180",
)


@pytest.fixture
def browser(tmp_path: Path, require_service) -> Iterator[Chrome]:
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    require_service(
        bool(chromium and driver),
        "Chromium is missing: apt-get install chromium chromium-driver fonts-noto-cjk",
    )
    options = ChromeOptions()
    options.binary_location = str(chromium)
    for flag in (*FLAGS, f"--user-data-dir={tmp_path / 'browser'}"):
        options.add_argument(flag)
    chrome = Chrome(options=options, service=ChromeService(str(driver)))
    yield chrome
    chrome.quit()


def press(browser: Chrome, button: str) -> None:
    """Press a button and wait for the page it leads to: a click may return before that.

    While one page gives way to the next, the driver answers any question with one of several
    errors, so they only mean "not yet".
    """
    browser.execute_script("window.isLeft = true")
    browser.find_element(By.ID, button).click()
    arrived = "return !window.isLeft && document.readyState === 'complete'"
    wait = WebDriverWait(browser, 30, poll_frequency=0.05, ignored_exceptions=[WebDriverException])
    wait.until(lambda page: page.execute_script(arrived))


def rows(browser: Chrome) -> list[list[str]]:
    lines = browser.find_elements(By.CSS_SELECTOR, "#grid tbody tr")
    return [line.text.split() for line in lines]


def test_page_shows_table_chart_cards_calls_and_moves_the_clock(
    project: MeltanoProject, sandbox: SandboxServer, browser: Chrome
) -> None:
    clock = sandbox.platform.clock
    last = clock.yesterday()
    run = ["run", "tap-oceanengine-local", "target-feishu-bitable"]
    outcome = project.meltano(*run, TAP_OCEANENGINE_LOCAL_END_DATE=last.isoformat())
    assert outcome.returncode == 0, outcome.stderr

    links = sandbox.platform.services.links
    links["public"] = f"http://{HOST}:{PORT}"  # where whoever looks at the picture has it
    browser.get(sandbox.url)
    text = browser.find_element(By.TAG_NAME, "body").text
    assert "单元日报" in text
    assert all(last.isoformat() in row for row in rows(browser))
    assert len(browser.find_elements(By.CSS_SELECTOR, "#chart rect")) >= 31
    assert "巨量本地推【演示】" in browser.find_element(By.ID, "cards").text
    assert "records/batch_create" in browser.find_element(By.ID, "calls").text
    browser.save_screenshot(os.environ.get("SCREENSHOT") or str(Path(project.root) / "page.png"))

    choice = Select(browser.find_element(By.NAME, "account"))
    name = choice.options[2].text
    choice.select_by_index(2)
    press(browser, "filter")
    assert rows(browser)
    assert all(name.split()[0] in " ".join(row) for row in rows(browser))

    links["public"] = sandbox.url
    before = clock.today()
    press(browser, "advance")
    assert (clock.today() - before).days == 1
    assert browser.find_element(By.ID, "today").text == clock.today().isoformat()
    known = {key: value for key, value in project.environment.items() if "API_URL" not in key}
    reader = Reader(replace(project, environment=known), "README.md")
    done(reader.types(browser.find_element(By.ID, "run").text))
    browser.get(sandbox.url)
    assert all(before.isoformat() in row for row in rows(browser))
    card = browser.find_element(By.CSS_SELECTOR, "#cards .message")
    assert card.find_element(By.TAG_NAME, "h3").text == "巨量本地推【演示】同步成功"

    clock.set(clock.host_today())
    browser.get(sandbox.url)
    assert not browser.find_element(By.ID, "advance").is_enabled()
