"""Credentials as the scripts that this project replaces keep them, and their way into .env."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from platform_sandbox.defaults import (
    FEISHU_APP_ID,
    FEISHU_APP_SECRET,
    FEISHU_BASE,
    FEISHU_WEBHOOK,
    FEISHU_WEBHOOK_SECRET,
    OE_APP_ID,
    OE_APP_SECRET,
)
from platform_sandbox.testing import SandboxServer

from . import recipes
from .conftest import MeltanoProject
from .predecessor_table import NAME

SHANGHAI = ZoneInfo("Asia/Shanghai")
RENAMED = {
    "JULIANG_APP_ID": "OCEANENGINE_APP_ID",
    "JULIANG_SECRET": "OCEANENGINE_APP_SECRET",
    "JULIANG_ACCESS_TOKEN": "OCEANENGINE_ACCESS_TOKEN",
    "JULIANG_REFRESH_TOKEN": "OCEANENGINE_REFRESH_TOKEN",
    "FEISHU_APP_ID": "FEISHU_APP_ID",
    "FEISHU_APP_SECRET": "FEISHU_APP_SECRET",
    "FEISHU_APP_TOKEN": "FEISHU_BITABLE",
    "FEISHU_TABLE_ID": "FEISHU_TABLE",
    "FEISHU_WEBHOOK_URL": "FEISHU_WEBHOOK_URL",
}


def old_settings(sandbox: SandboxServer) -> dict[str, str]:
    """Their .env, without tokens."""
    return {
        "JULIANG_APP_ID": OE_APP_ID,
        "JULIANG_SECRET": OE_APP_SECRET,
        "FEISHU_APP_ID": FEISHU_APP_ID,
        "FEISHU_APP_SECRET": FEISHU_APP_SECRET,
        "FEISHU_APP_TOKEN": FEISHU_BASE,
        "FEISHU_TABLE_ID": sandbox.platform.feishu.base().table(NAME).id,
        "FEISHU_WEBHOOK_URL": sandbox.url + FEISHU_WEBHOOK,
    }


def old_tokens(sandbox: SandboxServer) -> dict[str, str]:
    """The tokens of their .env."""
    pair = sandbox.platform.oceanengine.tokens.current
    return {"JULIANG_ACCESS_TOKEN": pair.access, "JULIANG_REFRESH_TOKEN": pair.refresh}


def fill_in(project: MeltanoProject, old: Mapping[str, str], **added: str) -> None:
    """Write .env with the old values under their new names, and what is new besides."""
    values = {"MELTANO_ENVIRONMENT": "prod", "FEISHU_WEBHOOK_SECRET": FEISHU_WEBHOOK_SECRET}
    values |= {RENAMED[name]: value for name, value in old.items()}
    recipes.fill_in(project, values | added)


def token_file(sandbox: SandboxServer) -> str:
    """Their token file: times without a zone."""
    pair = sandbox.platform.oceanengine.tokens.current
    now = datetime.now(SHANGHAI).replace(tzinfo=None)
    return json.dumps(
        {
            "access_token": pair.access,
            "refresh_token": pair.refresh,
            "expires_at": (now + timedelta(hours=20)).isoformat(),
            "refresh_expires_at": (now + timedelta(days=29)).isoformat(),
            "updated_at": now.isoformat(),
        }
    )
