"""What can go wrong, grouped by what the caller does next.

TargetError                       the run ends; the message says what a person does next
├── ConfigError                   a setting is wrong
├── SchemaMismatch                columns can't hold the stream; all of them are listed
├── AccessError                   credentials, scopes, or the app's right to the base
├── LimitReached                  rows, columns or calls of the plan are used up
├── LockedError                   another writer of the same base did not finish in time
├── RowError                      a row that can't be written; names stream, key, column, kind
├── Unavailable                   no proper answer within the bounds of attempts and waiting
└── ApiError                      the platform refused a call
    ├── BadBatch                  one row of the batch is not acceptable (the platform names none)
    ├── TooMuch                   the request is too heavy: send less at once
    ├── RowGone                   a row of the batch was deleted meanwhile
    └── UnknownOutcome            the call may have been carried out: look before anything else
"""

from __future__ import annotations


class TargetError(Exception):
    """Any failure that the target explains in words.

    Args:
        message: What happened, where, and what to do next.
        code: The platform's business code, when it gave one.
        log_id: The platform's id of the request, for its support.
    """

    def __init__(self, message: str, *, code: int | None = None, log_id: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.log_id = log_id


class ConfigError(TargetError):
    """A setting is wrong; the message names it."""


class SchemaMismatch(TargetError):  # noqa: N818  says what happened
    """Columns of the table can't hold the stream."""


class AccessError(TargetError):
    """The app may not do this."""


class LimitReached(TargetError):  # noqa: N818  says what happened
    """A limit of the plan or the platform is reached."""


class LockedError(TargetError):
    """Another writer holds the base."""


class RowError(TargetError):
    """One row can't be written.

    Attributes:
        number: Its place among all records of the run; those before it are stored.
    """

    def __init__(
        self,
        message: str,
        *,
        number: int,
        code: int | None = None,
        log_id: str | None = None,
    ) -> None:
        super().__init__(message, code=code, log_id=log_id)
        self.number = number


class Unavailable(TargetError):  # noqa: N818  says what happened
    """The platform gave no proper answer within the bounds."""


class ApiError(TargetError):
    """The platform refused a call."""


class BadBatch(ApiError):  # noqa: N818  says what happened
    """One cell of the batch is not acceptable; which one is not said."""


class TooMuch(ApiError):  # noqa: N818  says what happened
    """The request is too heavy; half of it may pass."""


class RowGone(ApiError):  # noqa: N818  says what happened
    """A row of the batch does not exist any more."""


class UnknownOutcome(ApiError):  # noqa: N818  says what happened
    """The call may or may not have been carried out."""
