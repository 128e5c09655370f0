"""What the tests of the sending side share: a clock that nobody waits for, and a seeded client."""

from __future__ import annotations

import random

from platform_sandbox import defaults
from tap_oceanengine_local.auth import build_tokens
from tap_oceanengine_local.client import Client
from tap_oceanengine_local.pacing import Pacer
from tap_oceanengine_local.transport import Transport


class Clockwork:
    """A clock that only moves when somebody sleeps."""

    def __init__(self):
        self.seconds = 0.0
        self.slept = []

    def now(self):
        return self.seconds

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.seconds += seconds


def emptied(server):
    """The platform of a server that other tests have used, as it was at first."""
    server.platform.reset()
    server.platform.faults.clear()
    server.platform.requests.clear()
    return server.platform


def seeded(store):
    """Settings of an app that was just authorised, with its token store at a path."""
    return {
        "app_id": defaults.OE_APP_ID,
        "app_secret": defaults.OE_APP_SECRET,
        "access_token": defaults.OE_ACCESS_TOKEN,
        "refresh_token": defaults.OE_REFRESH_TOKEN,
        "authorization": "default",
        "token_store_uri": f"sqlite:///{store}",
        "redirect_uri": defaults.REDIRECT_URI,
    }


def timeless_client(url, store, clockwork, *, timeout, pool):
    """A client whose every wait is the clockwork's, and its transport, which the test closes."""
    transport = Transport(url, timeout=timeout, pool=pool)
    client = Client(
        transport,
        tokens=build_tokens(seeded(store), transport, sleep=clockwork.sleep),
        pacer=Pacer(float("inf"), clock=clockwork.now, sleep=clockwork.sleep),
        sleep=clockwork.sleep,
        rng=random.Random(1),  # noqa: S311  waits, not secrets
    )
    return client, transport
