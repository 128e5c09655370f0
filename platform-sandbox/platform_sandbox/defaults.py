"""Identities both platforms know after a reset: made up, and the same in every sandbox."""

from __future__ import annotations

from typing import Final

HOST: Final = "127.0.0.1"
PORT: Final = 8765

OE_APP_ID: Final = "1800000000000001"
OE_APP_SECRET: Final = "sandbox-oceanengine-secret"  # noqa: S105  made up, valid only here
OE_ACCESS_TOKEN: Final = "sandbox-access-token-0"  # noqa: S105  made up, valid only here
OE_REFRESH_TOKEN: Final = "sandbox-refresh-token-0"  # noqa: S105  made up, valid only here
OE_AUTH_CODE: Final = "sandbox-auth-code"
REDIRECT_URI: Final = "https://example.com/callback"

FEISHU_APP_ID: Final = "cli_a000000000sandbox"
FEISHU_APP_SECRET: Final = "sandbox-feishu-secret"  # noqa: S105  made up, valid only here
FEISHU_BASE: Final = "bascnSandbox0000000000000001"
FEISHU_WIKI_NODE: Final = "wikcnSandbox0000000000000001"
FEISHU_WEBHOOK: Final = "/open-apis/bot/v2/hook/00000000-0000-4000-8000-000000000001"
FEISHU_WEBHOOK_SECRET: Final = "sandbox-webhook-secret"  # noqa: S105  made up, valid only here
