"""Opens the base that the settings name, and holds it against other writers."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from target_feishu_bitable import lock
from target_feishu_bitable.base import Base
from target_feishu_bitable.client import BitableClient
from target_feishu_bitable.locate import app_token_of
from target_feishu_bitable.recent import Recent, recent_path

if TYPE_CHECKING:
    from contextlib import ExitStack

    from target_feishu_bitable.session import Session
    from target_feishu_bitable.settings import Settings
    from target_feishu_bitable.stopping import Stop

logger = logging.getLogger(__name__)


def open_base(settings: Settings, session: Session, stop: Stop, held: ExitStack) -> Base:
    """Open the base; a dry run holds nobody up and notes nothing.

    Args:
        settings: Name it.
        session: Sends.
        stop: When a signal may end the run.
        held: Lets the base go when it is closed.

    Raises:
        TargetError: It can't be opened, or another writer holds it; see errors.py.
    """
    logger.info("Writing to %s", settings.api_url)
    app_token = app_token_of(settings.place, session)
    recent = Recent(None, session.clock)
    if not settings.dry_run:
        started = datetime.fromtimestamp(session.clock(), UTC).isoformat(timespec="seconds")
        held.enter_context(
            lock.exclusive(
                settings.api_url, app_token, timeout=settings.lock_timeout_seconds, started=started
            )
        )
        recent = Recent(recent_path(settings.api_url, app_token), session.clock)
    return Base(BitableClient(session, app_token), settings, recent, stop)
