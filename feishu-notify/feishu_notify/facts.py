"""The plain facts of a run, line by line: the same on every card, as far as known. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

from feishu_notify import verdict
from feishu_notify.card import literal
from feishu_notify.findings import main_stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from feishu_notify.story import RunStory
    from feishu_notify.summaries import TapStream
    from feishu_notify.texts import Texts

_BEIJING = timezone(timedelta(hours=8))


@dataclass(frozen=True, slots=True)
class Facts:
    """Writes the facts in one language, as Feishu markdown."""

    say: Texts

    def all(self, story: RunStory, most_streams: int) -> str:
        """Return what was read and written, how long it took and when it ended."""
        say = self.say
        lines = [*self._read_lines(story), *self._written_lines(story, most_streams)]
        if story.job:
            lines.append(self.line("job", literal(story.job)))
        if story.duration is not None:
            lines.append(self.line("duration", _duration(say, story.duration)))
        if story.time is not None:
            lines.append(self.line("ended", self.moment(datetime.fromtimestamp(story.time, UTC))))
        return "\n".join(lines)

    def _read_lines(self, story: RunStory) -> Iterator[str]:
        say = self.say
        streams = story.tap_streams
        firsts = [s.first_day for s in streams if s.first_day]
        lasts = [s.last_day for s in streams if s.last_day]
        if firsts and lasts:
            first, last = min(firsts), max(lasts)
            span = first if first == last else say("date_range", first=first, last=last)
            yield self.line("dates", literal(span))
        total = max((s.accounts for s in streams if s.accounts), default=None)
        failed = len(verdict.failed_accounts(story))
        if total is not None:
            key = "accounts_value" if failed else "accounts_all_read"
            yield self.line("accounts", say(key, total=str(total), failed=str(failed)))
        stream = main_stream(story)
        if stream and stream.days:
            yield self._day_line(stream)
        counted = sum(p.records or 0 for p in story.plugins if p.kind == "extractors")
        if not streams and counted:
            yield self.line("read", say("read_value", count=f"{counted:,}"))

    def _day_line(self, stream: TapStream) -> str:
        day = stream.days[-1]
        average = day.average_cost
        if average is None and day.cost is not None and day.conversions is not None:
            average = day.cost / day.conversions if day.conversions else 0.0
        label = self.say("day", date=literal(day.date))
        value = self.say(
            "day_value",
            cost=_money(day.cost),
            conversions="–" if day.conversions is None else f"{day.conversions:,.0f}",
            average=_money(average),
        )
        return f"**{label}**{self.say.colon}{value}"

    def _written_lines(self, story: RunStory, most: int) -> Iterator[str]:
        say = self.say
        streams = story.target_streams
        values = [
            say(
                "rows_value",
                created=f"{s.created or 0:,}",
                updated=f"{s.updated or 0:,}",
                unchanged=f"{s.unchanged or 0:,}",
            )
            for s in streams
        ]
        if len(streams) > 1:
            values = [
                say("rows_of_stream", stream=literal(s.name), value=value)
                for s, value in zip(streams, values, strict=True)
            ]
        for s, value in list(zip(streams, values, strict=True))[:most]:
            yield self.line("rows_planned" if s.dry_run else "rows", value)
        if len(values) > most:
            yield self.line("rows", say("more", count=str(len(values) - most)))

    def moment(self, moment: datetime) -> str:
        """Return a moment as the readers' clocks show it, to the minute."""
        return self.say("moment", moment=f"{moment.astimezone(_BEIJING):%Y-%m-%d %H:%M}")

    def line(self, label: str, value: str) -> str:
        """Return a line that begins with a label."""
        return f"**{self.say(label)}**{self.say.colon}{value}"


def _money(value: float | None) -> str:
    return "–" if value is None else f"{value:,.2f}"


def _duration(say: Texts, seconds: float) -> str:
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return say("hours", hours=str(hours), minutes=str(minutes))
    if minutes:
        return say("minutes", minutes=str(minutes), seconds=str(rest))
    return say("seconds", seconds=str(whole))
