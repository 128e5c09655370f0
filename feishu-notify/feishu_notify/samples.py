"""One sample of each kind of card, for ``feishu-notify test``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from feishu_notify.story import Block, PluginStory, RunStory, Trouble
from feishu_notify.summaries import Day, TapStream, TapSummary, TargetStream, TargetSummary
from feishu_notify.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from feishu_notify.texts import Texts

_TAP = "tap-oceanengine-local"
_TARGET = "target-feishu-bitable"
_STREAM = "promotion_report"


def samples(say: Texts) -> Iterator[tuple[RunStory, Outcome]]:
    """Yield a story and its outcome: success, warnings, partial failure, failed authorisation."""
    yield _story(), Outcome.SUCCESS
    yield _story(duplicates=3, days_left=5), Outcome.SUCCESS
    failed = {"1800000000000001": say("test_error")}
    block = Block(success=False, error="Extractor failed", exit_codes={"extractors": 1})
    yield _story(failed=failed, block=block), Outcome.PARTIAL
    trouble = Trouble(say("test_error"), (("ReauthorisationNeeded", ""),))
    yield (
        RunStory(
            plugins=(PluginStory(_TAP, "extractors", errors=(trouble,)),),
            blocks=(block,),
            status="failure",
            duration=2,
        ),
        Outcome.REAUTHORISE,
    )


def _story(
    *,
    duplicates: int = 0,
    days_left: int = 29,
    failed: dict[str, str] | None = None,
    block: Block | None = None,
) -> RunStory:
    day = Day("2026-02-11", rows=25, cost=2957.6, conversions=12, average_cost=246.47)
    tap = TapStream(_STREAM, 7, failed or {}, 750, "2026-01-13", "2026-02-11", (day,))
    target = TargetStream(_STREAM, created=25, updated=31, unchanged=694, duplicates=duplicates)
    errors = tuple(Trouble(text) for text in (failed or {}).values())
    return RunStory(
        plugins=(PluginStory(_TAP, "extractors", errors=errors), PluginStory(_TARGET, "loaders")),
        summaries=(TapSummary((tap,), days_left), TargetSummary((target,))),
        blocks=(block or Block(success=True),),
        status="failure" if block else "success",
        duration=42,
    )
