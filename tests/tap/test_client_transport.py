"""One exchange: what is sent, what is taken for an answer, what never gets into a text."""

from __future__ import annotations

import gzip
import itertools
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

import tap_oceanengine_local.transport as transport_module
from tap_oceanengine_local.errors import ConfigError, RequestRefused
from tap_oceanengine_local.transport import Transport, Unanswered, check_url
from tap_oceanengine_local.wording import cleaned

TOKEN = "the-access-token-itself"


class Canned(ThreadingHTTPServer):
    """Gives every request the same answer and notes it."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status, self.body, self.headers, self.seen = 200, b"", {}, []
        self.peers = set()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.peers.add(self.client_address)
        length = int(self.headers.get("Content-Length") or 0)
        server = self.server
        server.seen.append((self.path, dict(self.headers), self.rfile.read(length)))
        self.send_response(server.status)
        for name, value in server.headers.items():
            self.send_header(name, value)
        if "Content-Length" not in server.headers:
            self.send_header("Content-Length", str(len(server.body)))
        self.end_headers()
        self.wfile.write(server.body)

    do_POST = do_GET  # noqa: N815  the name that http.server looks for

    def log_message(self, *args):
        pass


@pytest.fixture
def canned():
    with Canned() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def transport(canned):
    transport = Transport(canned.url, timeout=5, pool=2)
    yield transport
    transport.close()


def ask(transport, canned, answer=None, **given):
    canned.body = answer if isinstance(answer, bytes) else json.dumps(answer or OK).encode()
    return transport.exchange("GET", "/open_api/x/", token=TOKEN, **given)


OK = {"code": 0, "message": "OK", "request_id": "20260211", "data": {"a": 1}}


def test_strings_go_raw_and_everything_else_as_json_text(transport, canned):
    ask(
        transport,
        canned,
        params={
            "local_account_id": 17900,
            "name": "北京 A&B",
            "metrics": ["stat_cost"],
            "on": True,
        },
    )
    path, headers, _ = canned.seen[0]
    assert parse_qs(urlsplit(path).query) == {
        "local_account_id": ["17900"],
        "name": ["北京 A&B"],
        "metrics": ['["stat_cost"]'],
        "on": ["true"],
    }
    assert headers["Access-Token"] == TOKEN
    assert "Cookie" not in headers


def test_a_body_is_json_and_no_token_means_no_header(transport, canned):
    canned.body = json.dumps(OK).encode()
    transport.exchange("POST", "/open_api/oauth2/refresh_token/", body={"app_id": 18})
    _, headers, body = canned.seen[0]
    assert json.loads(body) == {"app_id": 18}
    assert headers["Content-Type"] == "application/json"
    assert "Access-Token" not in headers


def test_ids_beyond_2_to_the_53_keep_their_digits(transport, canned):
    answer = ask(transport, canned, b'{"code":0,"data":{"id":7604418424915820607}}')
    assert answer.data["id"] == 7604418424915820607


@pytest.mark.parametrize("data", [None, {}])
def test_data_may_be_missing_or_empty(transport, canned, data):
    answer = {"code": 0} if data is None else {"code": 0, "data": data}
    assert ask(transport, canned, answer).data == {}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>502</html>",
        b'{"code": 0, "data"',
        b"[]",
        b'"OK"',
        b'{"data": {}}',
        b'{"code": "0"}',
        b'{"code": false, "data": {}}',
        b'{"code": 0.0}',
        b'{"code": 0, "data": []}',
        b'{"code": 0, "data": {"cost": NaN}}',
        b"[" * 100_000,
        b'{"code": 0, "data": {"n": ' + b"9" * 5000 + b"}}",
        b'{"code": 0, "message": "\xff"}',
    ],
)
def test_anything_but_an_envelope_is_no_answer(transport, canned, body):
    with pytest.raises(Unanswered) as caught:
        ask(transport, canned, body)
    assert caught.value.sent


@pytest.mark.parametrize("status", [200, 429, 500, 502])
def test_the_code_counts_and_not_the_status(transport, canned, status):
    canned.status = status
    answer = ask(transport, canned, {"code": 40110, "message": "slow down"})
    assert (answer.code, answer.message) == (40110, "slow down")


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_failing_status_without_envelope_is_no_answer(transport, canned, status):
    canned.status = status
    with pytest.raises(Unanswered, match=f"HTTP {status}"):
        ask(transport, canned, b"<html>bad gateway</html>")


def test_a_failing_status_with_code_0_is_no_answer(transport, canned):
    canned.status = 500
    with pytest.raises(Unanswered):
        ask(transport, canned, OK)


def test_a_wrong_address_is_said_at_once(transport, canned):
    canned.status = 404
    with pytest.raises(RequestRefused, match=r"HTTP 404.*api_url"):
        ask(transport, canned, b"<html>not found</html>")


def test_a_redirect_is_not_followed(transport, canned):
    with Canned() as other:
        canned.status, canned.headers = 302, {"Location": f"{other.url}/steal"}
        with pytest.raises(RequestRefused, match=r"redirects.*api_url"):
            ask(transport, canned)
        assert other.seen == []


def test_a_cut_answer_is_no_answer(transport, canned):
    canned.headers = {"Connection": "close", "Content-Length": "1000"}
    with pytest.raises(Unanswered, match="broke") as caught:
        ask(transport, canned)
    assert caught.value.sent


def test_an_endless_answer_is_cut_off(transport, canned, monkeypatch):
    monkeypatch.setattr(transport_module, "MAX_ANSWER_BYTES", 1000)
    with pytest.raises(Unanswered, match="more than 1000 bytes"):
        ask(transport, canned, b'{"code":0,"message":"' + b"x" * 2000 + b'"}')


def test_an_answer_that_drips_is_given_up(canned):
    clock = itertools.count(step=400)
    transport = Transport(canned.url, timeout=5, pool=1, clock=lambda: next(clock))
    with pytest.raises(Unanswered, match="did not end within 600 seconds") as caught:
        ask(transport, canned, b'{"code":0}' + b" " * 1_000_000)
    assert caught.value.sent
    transport.close()


def test_an_answer_that_stops_in_its_middle_is_given_up(canned):
    canned.headers = {"Content-Length": "100", "Connection": "keep-alive"}
    transport = Transport(canned.url, timeout=0.2, pool=1)
    with pytest.raises(Unanswered, match=r"no answer within 0\.2 seconds") as caught:
        ask(transport, canned, b'{"code":0}')
    assert caught.value.sent
    transport.close()


@pytest.mark.parametrize("encoding", [None, "gzip"])
def test_one_connection_serves_one_request_after_the_other(transport, canned, encoding):
    body = b'{"code":0,"data":{"words":"' + b"x" * 200_000 + b'"}}'
    if encoding:
        canned.headers = {"Content-Encoding": encoding}
        body = gzip.compress(body)
    for _ in range(3):
        assert len(ask(transport, canned, body).data["words"]) == 200_000
    assert len(canned.peers) == 1


def test_a_closed_port_means_that_nothing_was_sent():
    with socket.socket() as bound:  # and not listening: nobody else can have the port meanwhile
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        transport = Transport(url, timeout=5, pool=1)
        with pytest.raises(Unanswered, match="no connection") as caught:
            transport.exchange("GET", "/open_api/x/", token=TOKEN)
    assert not caught.value.sent
    assert TOKEN not in str(caught.value)


def test_an_unknown_name_means_that_nothing_was_sent():
    transport = Transport("https://no-such-host.invalid", timeout=5, pool=1)
    transport._session.proxies.clear()
    with pytest.raises(Unanswered, match="no connection") as caught:
        transport.exchange("GET", "/open_api/x/")
    assert not caught.value.sent


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("https://api.oceanengine.com/", "https://api.oceanengine.com"),
        ("http://localhost:8765", "http://localhost:8765"),
        ("http://127.0.0.1:1/", "http://127.0.0.1:1"),
        ("http://[::1]:1", "http://[::1]:1"),
    ],
)
def test_https_or_this_machine(given, url):
    assert check_url(given) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://api.oceanengine.com",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "ftp://api.oceanengine.com",
        "api.oceanengine.com",
        "https://",
        "https://api..oceanengine.com",
        "https://api ocean.engine",
        f"https://{'a' * 64}.com",
        "",
    ],
)
def test_any_other_address_is_refused(url):
    with pytest.raises(ConfigError, match="api_url"):
        check_url(url)


def test_a_message_that_repeats_a_secret_is_masked(transport, canned):
    answer = {"code": 40105, "message": f"access_token {TOKEN} 无效", "request_id": TOKEN}
    found = ask(transport, canned, answer)
    assert found.message == "access_token *** 无效"
    assert found.request_id == "***"


@pytest.mark.parametrize("name", ["secret", "auth_code", "refresh_token"])
def test_a_message_that_repeats_the_body_is_masked(transport, canned, name):
    canned.body = json.dumps({"code": 40001, "message": "bad: hush-hush"}).encode()
    answer = transport.exchange("POST", "/open_api/x/", body={name: "hush-hush"})
    assert answer.message == "bad: ***"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("telephone 13812345678 exists", "telephone *** exists"),
        ("account 1790000000000001", "account 1790000000000001"),
        ("a\nb\x1b[31mc", "a b [31mc"),
        (["13812345678"], ""),
        (None, ""),
        (7, "7"),
        ("x" * 400, "x" * 300 + "…"),
    ],
)
def test_foreign_words_are_short_and_harmless(words, text):
    assert cleaned(words, []) == text


def test_a_netrc_adds_nothing(canned, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    transport = Transport(canned.url, timeout=5, pool=1)
    ask(transport, canned)
    transport.close()
    assert "Authorization" not in canned.seen[0][1]


def test_proxy_and_certificates_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/ssl/own.pem")
    session = Transport("https://api.oceanengine.com", timeout=5, pool=1)._session
    assert session.proxies["https"] == "http://proxy.example:3128"
    assert session.verify == "/etc/ssl/own.pem"
    assert not Transport("http://127.0.0.1:1", timeout=5, pool=1)._session.proxies
