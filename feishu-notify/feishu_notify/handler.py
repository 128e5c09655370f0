"""The logging handler: it listens to a ``meltano run`` and sends one card when the process ends."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from feishu_notify import meltano_process, settings
from feishu_notify.compose import Composer
from feishu_notify.delivery import deliver, wanted
from feishu_notify.events import from_record
from feishu_notify.meltano_process import LOGGER, warn
from feishu_notify.redaction import Redactor
from feishu_notify.story import RunStory, after
from feishu_notify.verdict import judge
from feishu_notify.webhook import Bots

if TYPE_CHECKING:
    from collections.abc import Mapping

    from feishu_notify.settings import Settings


class FeishuBotHandler(logging.Handler):
    """Sends one Feishu card per ``meltano run``, at the very end, whatever the end is.

    Meltano's last word about a failure comes after its "Run completed", so the card is sent when
    `logging` closes its handlers at the exit of the process. Whatever goes wrong with a card is one
    warning in the log; it never changes the run.

    Args:
        level: as for every handler.
        title: how all titles begin.
        environments: Meltano environments with a webhook of their own, which use nothing of
            ``.env``: name → ``label`` (such as 演示), ``webhook_url``, ``webhook_secret``.
        bots: what sends; for tests.
    """

    def __init__(
        self,
        level: int | str = logging.NOTSET,
        *,
        title: str = settings.TITLE,
        environments: Mapping[str, Mapping[str, str]] | None = None,
        bots: Bots | None = None,
    ) -> None:
        super().__init__(level)
        self._title = title
        self._sections = environments or {}
        self._bots = bots or Bots()
        self._process = meltano_process.observe()
        self._story = RunStory()

    def emit(self, record: logging.LogRecord) -> None:
        """Take note of one record."""
        if not self._process.runs or record.name.startswith((LOGGER, "urllib3")):
            return
        try:
            self._story = after(self._story, from_record(record))
        except Exception:  # noqa: BLE001  a handler reports through handleError, it never raises
            self.handleError(record)

    def close(self) -> None:
        """Send the card of the run, if there was one, and close."""
        story = replace(self._story, exit_code=self._process.exit_code)
        self._story = RunStory()
        super().close()
        if not self._process.runs or not story.begun:
            return
        try:
            self._tell(story)
        except Exception as error:  # noqa: BLE001  a card never changes the result of a run
            warn(f"No Feishu card was sent: {type(error).__name__}: {error}")

    def _tell(self, story: RunStory) -> None:
        outcome = judge(story)
        if outcome is None:
            return
        chosen = self._settings(story)
        composer = Composer(chosen.look, Redactor(chosen.secrets), chosen.anomaly_percent)
        card = composer.run(story, outcome)
        if not wanted(chosen, card):
            return
        problems = [*chosen.problems, *deliver(self._bots, chosen, card)]
        if problems:
            warn(f"Feishu card: {'; '.join(problems)}")

    def _settings(self, story: RunStory) -> Settings:
        process = settings.process_environment()
        root = self._process.project_root or settings.find_project(Path.cwd(), process)
        dotenv = settings.read_dotenv(self._process.env_file or (root / ".env" if root else None))
        environment = story.environment or self._process.environment
        if environment is None and not self._process.no_environment:
            environment = settings.selected_environment(process, dotenv)
        return settings.load(environment, process, dotenv, self._sections, self._title)
