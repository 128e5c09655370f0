from __future__ import annotations

import gzip
import itertools
import json
import re
import socket
import ssl
import threading
from contextlib import closing

import pytest
import requests
from urllib3.exceptions import MaxRetryError, SSLError

from target_feishu_bitable.errors import AccessError, ConfigError
from target_feishu_bitable.transport import Transport, Unanswered, _refused, check_url


def http(body=b"{}", status="200 OK", *headers):
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def whole_request(connection):
    """Head and body may arrive in separate packets."""
    got = connection.recv(65_536)
    while b"\r\n\r\n" not in got:
        got += connection.recv(65_536)
    head, _, body = got.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head.lower())
    while length and len(body) < int(length[1]):
        more = connection.recv(65_536)
        got, body = got + more, body + more
    return got


@pytest.fixture
def serve():
    """Answer each connection with the next of some bytes, then close it."""
    opened, seen, threads = [], [], []

    def start(*answers):
        listener = socket.create_server(("127.0.0.1", 0))
        opened.append(listener)

        def run():
            for answer in answers:
                connection, _ = listener.accept()
                with connection:
                    seen.append(whole_request(connection))
                    connection.sendall(answer)

        threads.append(threading.Thread(target=run, daemon=True))
        threads[-1].start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    start.seen = seen
    yield start
    for thread in threads:
        thread.join(10)
    for listener in opened:
        listener.close()


def exchange(url, **more):
    with closing(Transport(url, timeout=5)) as transport:
        return transport.exchange("POST", "/open-apis/x", **more)


def test_an_answer_that_drips_is_given_up(serve):
    clock = itertools.count(step=400)
    url = serve(http(b'{"code":0}' + b" " * 1_000_000))
    with (
        closing(Transport(url, timeout=5, clock=lambda: next(clock))) as transport,
        pytest.raises(Unanswered, match="did not end within 600 seconds") as caught,
    ):
        transport.exchange("GET", "/open-apis/x")
    assert caught.value.sent


def test_an_answer_that_stops_in_its_middle_is_given_up():
    half = b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"code":0}'
    held = []

    def answer(listener):
        held.append(listener.accept()[0])
        held[0].sendall(half)

    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        closing(Transport(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=0.2)) as sender,
    ):
        thread = threading.Thread(target=answer, args=(listener,), daemon=True)
        thread.start()
        with pytest.raises(Unanswered, match=r"no answer within 0\.2 seconds") as caught:
            sender.exchange("GET", "/open-apis/x")
        thread.join(10)
        held[0].close()
    assert caught.value.sent


@pytest.mark.parametrize("encoding", [None, "gzip"])
def test_a_long_answer_is_read_whole(serve, encoding):
    body = b'{"code":0,"data":{"words":"' + b"x" * 2_000_000 + b'"}}'
    packed = gzip.compress(body) if encoding else body
    headers = [f"Content-Encoding: {encoding}"] if encoding else []
    assert len(exchange(serve(http(packed, "200 OK", *headers))).data["words"]) == 2_000_000


def test_reads_code_log_id_and_seconds_to_wait(serve):
    body = json.dumps({"code": 99991400, "msg": "slow down"}).encode()
    answer = exchange(
        serve(http(body, "429 Too Many", "x-tt-logid: L1", "x-ogw-ratelimit-reset: 1.5"))
    )
    assert (answer.code, answer.log_id, answer.retry_in) == (99991400, "L1", 1.5)
    assert answer.data == {}


def test_the_log_id_may_stand_in_the_envelope(serve):
    body = json.dumps({"code": 1, "msg": "x", "error": {"log_id": "L2"}}).encode()
    assert exchange(serve(http(body))).log_id == "L2"


def test_sends_bearer_chinese_as_utf8_and_null(serve):
    body = b'{"code": 0, "data": {"a": 1}}'
    answer = exchange(serve(http(body)), token="t-1", body={"fields": {"名": None}})
    assert answer.data == {"a": 1}
    head, _, sent = serve.seen[0].partition(b"\r\n\r\n")
    assert b"Authorization: Bearer t-1" in head
    assert json.loads(sent) == {"fields": {"名": None}}
    assert "名".encode() in sent


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (b"", "connection broke"),
        (http(b'{"code": 0}')[:-4], "connection broke"),
        (http(b"<html>", "502 Bad Gateway"), "HTTP 502"),
        (http(b"404 page not found", "404 Not Found"), "HTTP 404"),
        (http(b"[1]"), "another form"),
        (http(b'{"code": "0"}'), "another form"),
    ],
)
def test_an_answer_that_is_none_may_have_been_carried_out(serve, answer, what):
    with pytest.raises(Unanswered, match=what) as caught:
        exchange(serve(answer))
    assert caught.value.sent


def test_a_refused_connection_has_carried_nothing_out():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with pytest.raises(Unanswered, match="no connection") as caught:
        exchange(url)
    assert not caught.value.sent


def test_a_redirect_is_not_followed(serve):
    url = serve(http(b"", "302 Found", "Location: http://127.0.0.1:9/x"))
    with pytest.raises(AccessError, match="api_url"):
        exchange(url, token="t-1")


def test_only_a_certificate_that_is_not_valid_ends_before_anything_is_sent():
    def wrapped(inner):
        return requests.exceptions.SSLError(MaxRetryError(None, "/x", SSLError(inner)))

    assert _refused(wrapped(ssl.SSLCertVerificationError("self-signed")))
    assert not _refused(wrapped(ssl.SSLEOFError("EOF occurred in violation of protocol")))


def test_requests_are_counted(serve):
    with closing(Transport(serve(http(b'{"code":0}'), http(b"")), timeout=5)) as transport:
        transport.exchange("GET", "/x")
        with pytest.raises(Unanswered):
            transport.exchange("GET", "/x")
        assert transport.requests == 2


@pytest.mark.parametrize(
    "url", ["https://open.feishu.cn/", "http://127.0.0.1:80", "http://localhost"]
)
def test_safe_addresses_are_taken_without_their_slash(url):
    assert check_url(url) == url.rstrip("/")


@pytest.mark.parametrize("url", ["http://open.feishu.cn", "ftp://x", "open.feishu.cn", "https://"])
def test_tokens_do_not_travel_in_the_open(url):
    with pytest.raises(ConfigError, match="api_url"):
        check_url(url)


def test_a_netrc_does_not_take_the_place_of_the_token(serve, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setattr("target_feishu_bitable.transport._LOCAL", frozenset())
    monkeypatch.setattr("target_feishu_bitable.transport.check_url", str)
    exchange(serve(http(b'{"code": 0}')), token="t-1")
    assert b"Authorization: Bearer t-1" in serve.seen[0]


def test_proxy_and_certificates_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/ssl/own.pem")
    session = Transport("https://open.feishu.cn", timeout=5)._session
    assert session.proxies["https"] == "http://proxy.example:3128"
    assert session.verify == "/etc/ssl/own.pem"
    assert not Transport("http://127.0.0.1:1", timeout=5)._session.proxies


def test_what_the_platform_says_is_told_without_secrets_and_persons(serve):
    said = "bad cell 13812345678 of t-abcdefghijkl\n" + "x" * 500
    answer = json.dumps({"code": 1254061, "msg": said}).encode()
    message = exchange(serve(http(answer)), token="t-abcdefghijkl").message
    assert message.startswith("bad cell *** of *** xxx")
    assert len(message) <= 301


def test_a_code_that_is_no_number_is_no_answer(serve):
    with pytest.raises(Unanswered, match="of another form"):
        exchange(serve(http(b'{"code": false}')))
