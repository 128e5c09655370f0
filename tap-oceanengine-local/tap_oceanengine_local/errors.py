"""What can go wrong, grouped by what the caller does next.

TapError
├── FatalError                    the run ends; a person or the next run must act
│   ├── ConfigError               a setting is wrong
│   ├── ReauthorisationNeeded     only a person's new authorisation helps
│   ├── TokenStoreError           the token store can't be read or written
│   ├── RequestRefused            the platform refuses the request itself (a bug, or a changed API)
│   └── QuotaUsedUp               the developer's daily calls are used up
└── AccountError                  this account only; the others go on
    ├── AccessDenied              no permission for the account
    └── PlatformUnavailable       the platform did not answer properly within the bounds
"""

from __future__ import annotations


class TapError(Exception):
    """Any failure that the tap explains in words.

    Args:
        message: What happened, where, and what to do next.
        code: The platform's business code, when it gave one.
        request_id: The platform's id of the request, for its support.
    """

    def __init__(
        self, message: str, *, code: int | None = None, request_id: str | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.request_id = request_id


class FatalError(TapError):
    """The run can't go on."""


class ConfigError(FatalError):
    """A setting is wrong; the message names it."""


class ReauthorisationNeeded(FatalError):  # noqa: N818  the name says what to do
    """The authorisation is gone; the message carries the link and the command."""


class TokenStoreError(FatalError):
    """The token store can't be read or written."""


class RequestRefused(FatalError):  # noqa: N818  the platform's own word
    """The platform refuses the request whatever the account."""


class QuotaUsedUp(FatalError):  # noqa: N818  says what happened
    """The developer's calls of the day are used up, or the developer is restricted."""


class AccountError(TapError):
    """One account can't be read; the others can."""


class AccessDenied(AccountError):  # noqa: N818  says what happened
    """The authorisation does not cover this account or this data of it."""


class PlatformUnavailable(AccountError):  # noqa: N818  says what happened
    """No proper answer within the bounds of attempts and waiting."""
