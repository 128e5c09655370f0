"""What is to be read in which order, with what follows up behind an account's last window. Pure."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_oceanengine_local.accounts import Account
    from tap_oceanengine_local.windows import Window


@dataclass(frozen=True, slots=True)
class Task:
    """A window of an account, or what follows behind its last window (None)."""

    account: Account
    window: Window | None = None


class Agenda:
    """Hands out tasks in order; an account's follow-up comes before further windows of others.

    Attributes:
        taken: Tasks handed out whose outcome is still to come, in order.
    """

    def __init__(self, work: Sequence[tuple[Account, Window]]) -> None:
        """Take the windows of all accounts."""
        self.taken: deque[Task] = deque()
        self._tasks = deque(Task(account, window) for account, window in work)
        self._left = Counter(account.id for account, _ in work)

    def __iter__(self) -> Agenda:
        """Return itself."""
        return self

    def __next__(self) -> Task:
        """Return the next task; behind the end there may be one again, see `done`.

        Raises:
            StopIteration: There is none at the moment.
        """
        if not self._tasks:
            raise StopIteration
        task = self._tasks.popleft()
        self.taken.append(task)
        return task

    def is_last(self, task: Task) -> bool:
        """Note that a window is done and return whether it was the last one of its account."""
        self._left[task.account.id] -= 1
        return not self._left[task.account.id]

    def follow_up(self, account: Account) -> None:
        """Put an account's follow-up in front."""
        self._tasks.appendleft(Task(account))
