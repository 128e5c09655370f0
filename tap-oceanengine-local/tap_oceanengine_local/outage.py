"""Notices that nobody is answered any more, so that a run over many accounts ends soon.

Eight attempts for each of 1,000 accounts take hours. When three accounts in a row got no proper
answer, each further one is asked once only, twenty end the run; one answer, for whomever, brings
all attempts back. So a broken account never costs the others their turn.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

from tap_oceanengine_local.errors import FatalError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_oceanengine_local.errors import TapError

SUSPECTED_AFTER: Final = 3
DOWN_AFTER: Final = 20


class Outage:
    """Counts accounts that were given up while nobody was answered; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers = 0
        self._silent: set[str] = set()

    @property
    def is_suspected(self) -> bool:
        """Whether a request is worth one attempt only."""
        return len(self._silent) >= SUSPECTED_AFTER

    @property
    def answers(self) -> int:
        """Answers so far; a request keeps it from its begin for `gave_up`."""
        return self._answers

    def answered(self) -> None:
        """Take note of any proper answer, a refusal too: the platform is there."""
        with self._lock:
            self._answers += 1
            self._silent.clear()

    def gave_up(
        self,
        values: Mapping[str, Any],
        since: int,
        why: TapError,
        *,
        hits_all: bool = False,
    ) -> TapError:
        """Return the error of a request that was given up.

        Args:
            values: Its parameters. A list of accounts names none and does not count: configured
                accounts are read without it.
            since: `answers` when the request began. Others were answered meanwhile when it differs.
            why: The error of this request alone.
            hits_all: What stood in the way is no account's own, as the developer's rate limit.
        """
        asked = values.get("local_account_id") or values.get("local_account_ids")
        with self._lock:
            if asked and since == self._answers:
                self._silent.add(str(asked))
            count = len(self._silent)
        if not asked or count < (SUSPECTED_AFTER if hits_all else DOWN_AFTER):
            return why
        return FatalError(
            f"The platform can't be reached: no proper answer for {count} accounts in a row. "
            f"Bookmarks stay where they are; run again later. The last one: {why}",
            code=why.code,
            request_id=why.request_id,
        )
