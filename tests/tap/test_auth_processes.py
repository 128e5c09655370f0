"""Several processes on one authorisation, and processes that die at the worst moment."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import uuid

import pytest

from platform_sandbox import Fault, World, defaults
from platform_sandbox.testing import SandboxServer
from tap_oceanengine_local.auth import build_client, build_tokens
from tap_oceanengine_local.errors import ReauthorisationNeeded
from tap_oceanengine_local.transport import Transport

from .sending import emptied

USER = "/open_api/2/user/info/"
HEAD = """
import json, os, signal, sys, threading
from tap_oceanengine_local.auth import build_client
client = build_client(json.loads(sys.argv[1]))
"""
ASK_TOGETHER = """
print("ready", flush=True)
sys.stdin.readline()
print(client.get("/open_api/2/user/info/", {})["id"])
"""
DIE_WITH_THE_ANSWER = """
ask = client.tokens._oauth.refresh
def ask_and_die(token):
    ask(token)
    os.kill(os.getpid(), signal.SIGKILL)
client.tokens._oauth.refresh = ask_and_die
client.tokens.refresh()
"""
BE_TOLD_TO_STOP = """
def stop(number, frame):
    raise SystemExit(128 + number)
signal.signal(signal.SIGTERM, stop)
ask = client.tokens._oauth.refresh
def ask_and_be_told(token):
    os.kill(os.getpid(), signal.SIGTERM)
    return ask(token)
client.tokens._oauth.refresh = ask_and_be_told
client.tokens.refresh()
print("not reached")
"""


@pytest.fixture(scope="module")
def running():
    with SandboxServer(world=World(accounts=1, active=0, days=1)) as server:
        yield server


@pytest.fixture
def platform(running):
    return emptied(running)


@pytest.fixture(params=["sqlite", "postgresql"])
def config(request, running, platform, tmp_path):
    uri = f"sqlite:///{tmp_path / 'store' / 'tokens.db'}"
    return {
        "app_id": defaults.OE_APP_ID,
        "app_secret": defaults.OE_APP_SECRET,
        "access_token": defaults.OE_ACCESS_TOKEN,
        "refresh_token": defaults.OE_REFRESH_TOKEN,
        "authorization": uuid.uuid4().hex,
        "token_store_uri": uri
        if request.param == "sqlite"
        else request.getfixturevalue("postgres"),
        "redirect_uri": defaults.REDIRECT_URI,
        "api_url": running.url,
        "request_timeout_seconds": 10,
        "requests_per_second": 1000,
        "max_parallel_requests": 2,
    }


def start(script, config):
    return subprocess.Popen(
        [sys.executable, "-c", HEAD + script, json.dumps(config)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ask_together(processes):
    for process in processes:
        assert process.stdout.readline() == "ready\n", process.stderr.read()
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = []
    for process in processes:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        answers.append(out.strip())
    return answers


@pytest.fixture
def tokens(config):
    transport = Transport(config["api_url"], timeout=5, pool=1)
    yield build_tokens(config, transport, sleep=lambda _: None)
    transport.close()


def is_live(platform, pair):
    current = platform.oceanengine.tokens.current
    return (pair.access_token, pair.refresh_token) == (current.access, current.refresh)


def test_eight_processes_on_an_expired_token_refresh_once(platform, config, tokens):
    platform.oceanengine.tokens.expire_access()
    answers = ask_together([start(ASK_TOGETHER, config) for _ in range(8)])
    assert len(set(answers)) == 1
    assert platform.requests.count("oauth2/refresh_token") == 1
    assert is_live(platform, tokens.look().pair)


def test_two_processes_wait_for_a_slow_refresh_of_the_other(platform, config, tokens):
    platform.oceanengine.tokens.expire_access()
    platform.faults.add(Fault(path="refresh_token", kind="slow", seconds=0.5))
    ask_together([start(ASK_TOGETHER, config) for _ in range(2)])
    assert platform.requests.count("oauth2/refresh_token") == 1


def test_a_process_killed_between_answer_and_store_is_explained_by_the_next(
    platform, config, tokens
):
    dead = start(DIE_WITH_THE_ANSWER, config)
    dead.communicate(timeout=60)
    assert dead.returncode == -signal.SIGKILL
    assert platform.oceanengine.tokens.refreshes == 1
    assert not is_live(platform, tokens.look().pair)
    client = build_client(config)
    for _ in range(2):
        with pytest.raises(ReauthorisationNeeded) as caught:
            client.get(USER, {})
        text = str(caught.value)
        assert f":{dead.pid} has not brought its new pair here" in text
        assert "40107" in text
        assert "https://open.oceanengine.com/audit/oauth.html?" in text
        assert "`meltano invoke tap-oceanengine-local:authorize --code 'CALLBACK LINK'`" in text
    assert tokens.look().unanswered.by.endswith(f":{dead.pid}")
    client.tokens.authorise(defaults.OE_AUTH_CODE)
    assert client.get(USER, {})["app_id"] == int(defaults.OE_APP_ID)
    assert tokens.look().unanswered is None


def test_a_process_killed_before_the_answer_leaves_no_lock_behind(platform, config, tokens):
    dead = start(
        "client.tokens._oauth.refresh = lambda _: os._exit(9)\nclient.tokens.refresh()", config
    )
    dead.communicate(timeout=60)
    assert dead.returncode == 9
    tokens.refresh()
    assert is_live(platform, tokens.look().pair)
    assert tokens.look().unanswered is None


def test_a_signal_during_a_refresh_does_not_lose_the_new_pair(platform, config, tokens):
    told = start(BE_TOLD_TO_STOP, config)
    out, err = told.communicate(timeout=60)
    assert told.returncode == 128 + signal.SIGTERM, err
    assert out == ""
    assert platform.oceanengine.tokens.refreshes == 1
    assert is_live(platform, tokens.look().pair)
