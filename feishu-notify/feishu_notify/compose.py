"""From the story of a run to its card. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from feishu_notify import card, verdict
from feishu_notify.card import Button, Card, literal
from feishu_notify.facts import Facts
from feishu_notify.findings import findings, main_stream
from feishu_notify.texts import Texts
from feishu_notify.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from feishu_notify.card import Room
    from feishu_notify.findings import Finding
    from feishu_notify.settings import Appearance
    from feishu_notify.story import RunStory, Trouble
    from feishu_notify.verdict import Failure

_MAX_BUTTONS = 3
_SAYS_NOTHING = "An unhandled error occurred while syncing"
_TROUBLE_CHARACTERS = 1000
_READ_CHARACTERS = 20_000
_AUTHORISE_LINK = re.compile(r"https?://[^\s\"'<>，。]{0,200}oauth[^\s\"'<>，。]{0,1000}")


@dataclass(frozen=True, slots=True)
class Composer:
    """Writes cards in one language, under one title, with everything foreign redacted."""

    look: Appearance
    redact: Callable[[str], str]
    anomaly_percent: int = 200

    @property
    def say(self) -> Texts:
        """The texts in the language of the cards."""
        return Texts(self.look.language)

    @property
    def facts(self) -> Facts:
        """Writes the lines that all cards share."""
        return Facts(self.say)

    def run(self, story: RunStory, outcome: Outcome) -> Card:
        """Return the card of a run that has ended."""
        found = findings(story, self.anomaly_percent)
        if outcome is Outcome.SUCCESS:
            return card.fitting(lambda room: self._success(story, found, room))
        return card.fitting(lambda room: self._failure(story, outcome, found, room))

    def overdue(
        self,
        hours: float,
        last_success: datetime | None,
        job: str | None,
        trouble: str | None = None,
    ) -> Card:
        """Return the card that says that no run has succeeded for too long, or that none is known.

        Args:
            hours: how old the last success may be.
            last_success: when it was.
            job: state id or environment that was looked at.
            trouble: why the run history could not be read.
        """
        say = self.say
        error = trouble and literal(_clipped(self._clean(trouble), _TROUBLE_CHARACTERS))
        lines = [
            self.facts.line("error", error or say("overdue_value", hours=f"{hours:g}")),
            self.facts.line(
                "last_success", self.facts.moment(last_success) if last_success else say("never")
            ),
            *([self.facts.line("job", literal(job))] if job else []),
            self.facts.line("advice", say("advice_overdue")),
        ]
        return Card(self.look.headline(say("title_overdue")), "red", ("\n".join(lines),))

    def _success(self, story: RunStory, found: Sequence[Finding], room: Room) -> Card:
        streams = story.target_streams
        if streams and all(stream.dry_run for stream in streams):
            title = self.say("title_trial_attention" if found else "title_trial")
        else:
            title = self.say("title_attention" if found else "title_success")
        return Card(
            title=self.look.headline(title),
            colour="orange" if found else "green",
            paragraphs=tuple(
                filter(None, (self.facts.all(story, room.items), self._warnings(found, room)))
            ),
            buttons=self._table_buttons(story),
            note=self.say("stable_note") if main_stream(story) else None,
        )

    def _failure(
        self, story: RunStory, outcome: Outcome, found: Sequence[Finding], room: Room
    ) -> Card:
        errors = "\n".join(self._failures(story, outcome, room))
        accounts = self._failed_accounts(story, room)
        advice = "\n".join(self._advice(story, outcome))
        facts = self.facts.all(story, room.items)
        paragraphs = (errors, accounts, advice, facts, self._warnings(found, room))
        buttons = self._table_buttons(story)
        if outcome is Outcome.REAUTHORISE:
            buttons = (*self._authorise_button(story), *buttons)
        return Card(
            title=self.look.headline(self.say(f"title_{outcome.value}")),
            colour="red",
            paragraphs=tuple(filter(None, paragraphs)),
            buttons=buttons,
        )

    def _failures(self, story: RunStory, outcome: Outcome, room: Room) -> Iterator[str]:
        if outcome in (Outcome.STOPPED, Outcome.TIMED_OUT):
            return
        for failure in verdict.failures(story):
            yield self.facts.line("failed_part", self._part(failure))
            texts = self._error_texts(failure.errors) or [self.say("no_error_text")]
            yield from self._listed("error", self._without_accounts(texts, story), room)

    def _part(self, failure: Failure) -> str:
        key = f"part_{failure.part}"
        if failure.part == "meltano" and failure.exit_code:
            key = "part_meltano_exit"
        elif failure.part not in ("extractor", "loader", "meltano"):
            key = "part_plugin"
        plugin = literal(failure.plugin or failure.part)
        return self.say(key, plugin=plugin, code=str(failure.exit_code))

    def _error_texts(self, errors: Sequence[Trouble]) -> list[str]:
        """Error texts without repetitions; the exception's own message counts when it says more."""
        texts: list[str] = []
        for error in errors:
            for text in (error.text, *(f"{kind}: {why}" for kind, why in error.exceptions if why)):
                clean = self._clean(text)
                core = clean.partition(": ")[2] or clean
                if clean and not any(core in t or clean in t for t in texts):
                    texts.append(clean)
        return [text for text in texts if not text.startswith(_SAYS_NOTHING)] or texts

    def _without_accounts(self, texts: Sequence[str], story: RunStory) -> list[str]:
        """Error texts that say more than the list of failed accounts does."""
        failed = verdict.failed_accounts(story)
        told = [(account, self._clean(why)) for account, why in failed.items() if why]
        return [text for text in texts if not any(a in text and y in text for a, y in told)]

    def _failed_accounts(self, story: RunStory, room: Room) -> str:
        called = {
            account: self.say("account_named", name=name, id=account)
            for account, name in verdict.account_names(story).items()
        }
        texts = [
            f"{called.get(account, account)}{self.say.colon}{reason}"
            for account, reason in verdict.failed_accounts(story).items()
        ]
        return "\n".join(self._listed("failed_accounts", texts, room))

    def _advice(self, story: RunStory, outcome: Outcome) -> Iterator[str]:
        environment = f" --environment {story.environment}" if story.environment else ""
        tap = next((p.name for p in story.plugins if p.kind == "extractors"), "TAP")
        command = f"meltano{environment} invoke {tap}:authorize"
        advice = self.say(f"advice_{outcome.value}", command=command, timeout=str(story.timeout))
        yield self.facts.line("advice", advice)
        if story.run_id and story.job:
            yield self.facts.line("log", f"`meltano{environment} logs show {story.run_id}`")

    def _warnings(self, found: Sequence[Finding], room: Room) -> str:
        texts = [self.say(finding.key, **finding.values) for finding in found]
        return "\n".join(self._listed("warnings", texts, room))

    def _table_buttons(self, story: RunStory) -> tuple[Button, ...]:
        streams = {s.url: s for s in story.target_streams if s.url}
        say = self.say
        return tuple(
            Button(
                say("open_table")
                if len(streams) == 1
                else f"{say('open_table')} {s.table or s.name}",
                url,
            )
            for url, s in list(streams.items())[:_MAX_BUTTONS]
            if url
        )

    def _authorise_button(self, story: RunStory) -> tuple[Button, ...]:
        words = (
            text
            for trouble in verdict.troubles(story)
            for text in (trouble.text, *(why for _, why in trouble.exceptions))
        )
        links = (link.rstrip(".,;:)") for text in words for link in _AUTHORISE_LINK.findall(text))
        public = next((link for link in links if self.redact(link) == link), None)
        return (Button(self.say("open_authorise"), public),) if public else ()

    def _listed(self, label: str, texts: Sequence[str], room: Room) -> Iterator[str]:
        """Lines of a list of foreign texts, as many and as long as there is room for."""
        clean = map(self._clean, texts[: room.items])
        shown = [literal(_clipped(text, room.characters)) for text in clean]
        if len(texts) == 1:
            yield self.facts.line(label, shown[0])
        elif texts:
            yield self.facts.line(label, "")
            yield from (f"• {text}" for text in shown)
            if len(texts) > len(shown):
                yield f"• {self.say('more', count=str(len(texts) - len(shown)))}"

    def _clean(self, text: str) -> str:
        """Foreign text on one line, redacted; of a very long one no more than can be shown."""
        if len(text) > _READ_CHARACTERS:
            beginning, _, cut_word = text[:_READ_CHARACTERS].rpartition(" ")
            text = beginning or cut_word  # half a secret would not be known as one
        return " ".join(self.redact(text).split())


def _clipped(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
