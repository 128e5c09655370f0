"""The handler in its place: when it speaks, and that it never harms."""

from __future__ import annotations

import logging
import logging.config
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from feishu_notify import FeishuBotHandler, handler
from feishu_notify.card import MAX_BYTES, size
from feishu_notify.compose import Composer
from feishu_notify.events import from_record
from feishu_notify.meltano_process import MeltanoProcess
from feishu_notify.redaction import Redactor
from feishu_notify.settings import Appearance
from feishu_notify.story import RunStory, after
from feishu_notify.verdict import Outcome, judge
from feishu_notify.webhook import Bots

README = (Path(__file__).parents[2] / "feishu-notify" / "README.md").read_text()


@pytest.fixture
def listening(bot, monkeypatch, tmp_path):
    """A handler in a folder without a project, and its bot."""
    for name in ("MELTANO_PROJECT_ROOT", "MELTANO_ENVIRONMENT", "FEISHU_NOTIFY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FEISHU_WEBHOOK_URL", bot.url)
    return FeishuBotHandler(bots=Bots(sleep=lambda _: None))


@pytest.fixture
def good_run(recorded):
    return (recorded.active(), recorded.job(), recorded.block(), recorded.end())


def tell(listening, *records):
    for record in records:
        listening.handle(record)


def test_speaks_once_at_the_end(listening, bot, good_run):
    tell(listening, *good_run)
    assert bot.messages == []
    listening.close()
    listening.close()
    assert bot.only()[0] == "巨量本地推 同步成功"


def test_is_silent_when_closed_by_a_new_configuration(listening, bot, recorded):
    tell(listening, recorded.active())
    listening.close()
    assert bot.messages == []


def test_title_of_another_project(bot, listening, good_run):
    other = FeishuBotHandler(title="Warehouse", bots=Bots(sleep=lambda _: None))
    tell(other, *good_run)
    other.close()
    assert bot.titles == ["Warehouse 同步成功"]


def test_can_be_configured_by_dictconfig(bot, listening, good_run):
    logger = logging.getLogger("meltano.cli.run")
    config = {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {"feishu": {"class": "feishu_notify.FeishuBotHandler", "level": "INFO"}},
        "loggers": {logger.name: {"handlers": ["feishu"], "level": "INFO"}},
    }
    logging.config.dictConfig(config)
    try:
        for record in good_run:
            logger.handle(record)
        logger.handlers[0].close()
    finally:
        logger.handlers.clear()
    assert bot.only()[1] == "green"


def test_sends_what_is_wanted(listening, bot, recorded, monkeypatch):
    for notify, colours in {
        "always": ["green", "red"],
        "": ["green", "red"],
        "problems": ["red"],
        "none": [],
    }.items():
        monkeypatch.setenv("FEISHU_NOTIFY", notify)
        for status in ("success", "failure"):
            tell(listening, recorded.job(), recorded.end(status))
            listening.close()
        assert [card["header"]["template"] for card in bot.cards] == colours
        bot.messages.clear()


def test_without_a_webhook_it_is_silent(listening, good_run, monkeypatch, caplog):
    monkeypatch.delenv("FEISHU_WEBHOOK_URL")
    tell(listening, *good_run)
    listening.close()
    assert caplog.text == ""


def test_any_error_of_its_own_is_one_warning(listening, good_run, monkeypatch, caplog):
    monkeypatch.setattr(handler, "deliver", lambda *_: 1 / 0)
    tell(listening, *good_run)
    listening.close()
    warnings = [r for r in caplog.records if r.name == "feishu_notify"]
    assert [r.levelno for r in warnings] == [logging.WARNING]
    assert "No Feishu card was sent: ZeroDivisionError" in caplog.text


def test_record_that_cannot_be_formatted_costs_only_itself(listening, bot, good_run, capsys):
    broken = logging.LogRecord("library", logging.INFO, __file__, 1, "%d", ("no number",), None)
    listening.emit(broken)
    assert "Logging error" in capsys.readouterr().err
    tell(listening, *good_run)
    listening.close()
    assert bot.only()[1] == "green"


def test_wrong_settings_are_one_warning_and_the_card_is_sent(
    listening, bot, good_run, monkeypatch, caplog
):
    monkeypatch.setenv("FEISHU_NOTIFY", "sometimes")
    monkeypatch.setenv("FEISHU_NOTIFY_LANGUAGE", "fr")
    tell(listening, *good_run)
    listening.close()
    assert len([r for r in caplog.records if r.name == "feishu_notify"]) == 1
    assert "FEISHU_NOTIFY is 'sometimes'" in caplog.text
    assert len(bot.messages) == 1


def test_other_commands_than_run_are_not_listened_to(listening, bot, good_run):
    listening._process = MeltanoProcess(command="invoke")
    tell(listening, *good_run)
    listening.close()
    assert bot.messages == []


def test_own_warnings_do_not_become_part_of_the_story(listening, recorded, bot):
    own = recorded.record("feishu_notify", logging.ERROR, "Feishu card: x", string_id="tap-x")
    tell(listening, own)
    listening.close()
    assert bot.messages == []


def test_failed_run_of_an_unknown_environment_asks_for_the_selected_one(
    listening, recorded, bot, monkeypatch
):
    monkeypatch.setenv("MELTANO_ENVIRONMENT", "sandbox")
    section = {"sandbox": {"label": "演示", "webhook_url": bot.url}}
    monkeypatch.setenv("FEISHU_WEBHOOK_URL", "http://bot.invalid/hook/real")
    closed = FeishuBotHandler(environments=section, bots=Bots(sleep=lambda _: None))
    tell(closed, recorded.cli_error("database is locked"))
    closed.close()
    title, _, text = bot.only()
    assert title == "巨量本地推【演示】同步失败"
    assert "database is locked" in text


def test_exit_code_is_read_only_inside_meltano():
    assert MeltanoProcess().exit_code is None
    assert MeltanoProcess(no_environment=True, asked_environment="prod").environment is None
    assert MeltanoProcess(asked_environment="prod").environment == "prod"
    selection = {"selected_environment": "sandbox"}
    assert MeltanoProcess(asked_environment="prod", selection=selection).environment == "sandbox"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
loggers = st.sampled_from(
    ["meltano.cli.run", "meltano.plugin.stderr.extractors.tap-x", "meltano.cli.utils", "root"]
)
texts = st.sampled_from(["run summary", "Block run completed", "Run completed", "Run timed out"])
names = st.sampled_from(
    ["summary", "exit_codes", "err", "duration_seconds", "timeout_seconds", "metric_info"]
)
streams = st.dictionaries(
    st.sampled_from(["accounts", "accounts_failed", "days", "created", "table_url", "to"]),
    json_values,
)
summaries = st.builds(lambda stream: {"streams": {"promotion_report": stream}}, streams)


@given(loggers, texts, st.dictionaries(names, json_values | summaries, max_size=4))
def test_no_event_of_any_shape_breaks_a_card(logger, event, fields):
    fields = {"string_id": "tap-x", **fields, "event": event}
    record = logging.LogRecord(logger, logging.ERROR, __file__, 1, fields, (), None)
    story = after(RunStory(), from_record(record))
    outcome = judge(story)
    assert outcome is not Outcome.SUCCESS
    card = Composer(Appearance(), Redactor()).run(story, outcome or Outcome.FAILED)
    assert size(card.payload()) < MAX_BYTES


@pytest.mark.parametrize("as_field", [True, False])
def test_exceptions_are_read_with_their_causes_but_not_for_ever(recorded, as_field):
    error = None
    for depth in range(9):
        outer = RuntimeError(f"depth {depth}")
        outer.__cause__ = error
        error = outer
    record = recorded.cli_error("the run failed")
    if as_field:
        record.msg["exc_info"] = error
    else:
        record.exc_info = (RuntimeError, error, None)
    found = from_record(record).exceptions
    assert found == tuple(("RuntimeError", f"depth {depth}") for depth in (8, 7, 6, 5, 4))


def test_exception_of_a_plugin_in_an_unknown_form_is_left_out(recorded):
    line = recorded.line("tap-toy", "broken", logging.ERROR, plugin_exception="ValueError")
    assert from_record(line).exceptions == ()


def test_ordinary_records_with_arguments_are_read():
    record = logging.LogRecord("root", logging.ERROR, __file__, 1, "%s failed", ("Loader",), None)
    assert from_record(record).text == "Loader failed"


def test_logging_yaml_can_be_read_in_every_locale():
    text = (Path(__file__).parents[2] / "logging.yaml").read_text(encoding="ascii")
    handlers = yaml.safe_load(text)["handlers"]
    assert handlers["feishu"]["environments"]["sandbox"]["label"] == "演示"


def test_readme_names_every_setting():
    used = set()
    for module in Path(handler.__file__).parent.glob("*.py"):
        used |= set(re.findall(r'"(FEISHU_\w+)"', module.read_text()))
    assert used
    assert used == set(re.findall(r"\| `(FEISHU_\w+)` \|", README))
