from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from target_feishu_bitable import transport
from target_feishu_bitable.client import BitableClient
from target_feishu_bitable.errors import AccessError, ApiError, Unavailable, UnknownOutcome
from target_feishu_bitable.session import ATTEMPTS, Session
from target_feishu_bitable.transport import Transport, Unanswered

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = json.dumps({"code": 0, "tenant_access_token": "t-secret", "expire": 7200}).encode()


class Platform(ThreadingHTTPServer):
    """Answers every call with one prepared answer, after the token."""

    status = 200
    headers: dict[str, str] = {}  # noqa: RUF012  set per test
    answer = b""
    seen: list[str]


class Handler(BaseHTTPRequestHandler):
    server: Platform

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        is_token = "tenant_access_token" in self.path
        self.server.seen.append(self.path)
        answer = TOKEN if is_token else self.server.answer
        self.send_response(200 if is_token else self.server.status)
        for name, value in {} if is_token else self.server.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST  # noqa: N815  the name that http.server asks for

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


@pytest.fixture
def platform() -> Iterator[Platform]:
    with Platform(("127.0.0.1", 0), Handler) as server:
        server.seen, server.headers = [], {}
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def client(platform: Platform) -> Iterator[BitableClient]:
    sender = Transport(f"http://127.0.0.1:{platform.server_port}", timeout=5)
    session = Session(sender, app_id="a", app_secret="s", sleep=lambda _: None)
    yield BitableClient(session, "bascnAbcdefgh123")
    sender.close()


def says(platform: Platform, data: Any) -> None:
    platform.answer = json.dumps({"code": 0, "msg": "success", "data": data}).encode()


def test_a_redirect_is_never_followed(platform: Platform, client: BitableClient) -> None:
    platform.status, platform.headers = 307, {"Location": "http://127.0.0.1:9/steal"}
    with pytest.raises(AccessError, match="redirects") as caught:
        client.get_app()
    assert len(platform.seen) == 2
    assert "t-secret" not in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    [b"", b"<html>busy</html>", b"[" * 100_000, b"\xff\xfe", b"[]", b'{"code":"0"}', b"1" * 9_000],
)
def test_an_answer_without_an_envelope_is_no_answer(
    platform: Platform, client: BitableClient, answer: bytes
) -> None:
    platform.answer = answer
    with pytest.raises(Unanswered) as caught:
        client.session.transport.exchange("POST", "/x", body={})
    assert caught.value.sent


def test_a_huge_answer_is_cut_off(
    platform: Platform, client: BitableClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "MAX_ANSWER_BYTES", 1_000)
    says(platform, {"text": "x" * 2_000})
    with pytest.raises(Unanswered, match="over 1000 bytes"):
        client.session.transport.exchange("POST", "/x", body={})


@pytest.mark.parametrize(
    "data",
    [
        {"items": [], "total": 900, "has_more": True},
        {"items": {"a": 1}, "total": 1},
        {"items": ["row"], "total": 1},
        {"items": [], "total": "many"},
    ],
)
def test_a_malformed_page_is_never_taken_for_the_last(
    platform: Platform, client: BitableClient, data: Any
) -> None:
    says(platform, data)
    with pytest.raises(ApiError):
        list(client.search("tblA1", {}))


def test_a_page_token_that_comes_twice_ends(platform: Platform, client: BitableClient) -> None:
    says(platform, {"items": [], "total": 900, "has_more": True, "page_token": "again"})
    with pytest.raises(ApiError, match="twice"):
        list(client.search("tblA1", {}))
    with pytest.raises(ApiError, match="does not come to an end"):
        client.list_fields("tblA1")


@pytest.mark.parametrize("verb", ["get_app", "create_table", "create_view"])
def test_success_without_its_content_is_explained(
    platform: Platform, client: BitableClient, verb: str
) -> None:
    says(platform, {})
    arguments = {"get_app": (), "create_table": ("日报", []), "create_view": ("tblA1", "甲")}
    with pytest.raises(ApiError, match="answered success without"):
        getattr(client, verb)(*arguments[verb])


@pytest.mark.parametrize("records", [None, [], [{"fields": {}}], ["rec1"], {"record_id": "a"}])
def test_a_short_reply_to_a_create_is_an_unknown_outcome(
    platform: Platform, client: BitableClient, records: Any
) -> None:
    says(platform, {"records": records})
    with pytest.raises(UnknownOutcome):
        client.batch_create("tblA1", [{"fields": {}}], client_token=client.new_token())


class TestAgainstTheSandbox:
    def test_lists_loop_on_has_more(self, calls: Any) -> None:
        table = calls.table()
        for number in range(120):
            table.add_field({"field_name": f"列{number}", "type": 1})
        names = [field["field_name"] for field in calls.client.list_fields(table.id)]
        assert len(names) == len(set(names)) == 122
        assert calls.requests.count("/fields") == 2

    def test_a_page_too_large_is_halved_and_no_row_is_lost(self, calls: Any) -> None:
        table = calls.table(rows=1_200)
        calls.fail("records/search", code=1254030, skip=1, times=2)
        rows = [row for page in calls.client.search(table.id, {}) for row in page.records]
        assert len({row["record_id"] for row in rows}) == len(rows) == 1_200

    def test_a_page_larger_than_is_read_is_halved_without_another_try(
        self, calls: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(transport, "MAX_ANSWER_BYTES", 20_000)
        table = calls.table(rows=1_200)
        rows = [row for page in calls.client.search(table.id, {}) for row in page.records]
        sizes = [int(one.query["page_size"]) for one in calls.requests.entries if one.query]
        assert len({row["record_id"] for row in rows}) == len(rows) == 1_200
        assert sizes[0] == 500
        assert sizes == sorted(sizes, reverse=True)
        assert len(sizes) == 1_200 // sizes[-1] + len(set(sizes))

    @pytest.mark.parametrize("code", [1254030, 1254607, 1254002])
    def test_a_page_that_never_comes_is_no_write_that_was_too_large(
        self, calls: Any, code: int
    ) -> None:
        table = calls.table(rows=3)
        calls.fail("records/search", code=code, times=None)
        with pytest.raises(Unavailable, match=str(code)):
            list(calls.client.search(table.id, {}))

    def test_a_write_with_an_answer_larger_than_is_read_has_an_unclear_outcome(
        self, calls: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(transport, "MAX_ANSWER_BYTES", 500)
        table = calls.table()
        rows = [{"fields": {"id": str(number)}} for number in range(100)]
        with pytest.raises(UnknownOutcome, match="over 500 bytes"):
            calls.client.batch_create(table.id, rows, client_token=calls.client.new_token())
        assert len(table) == 100

    def test_writes_are_counted_without_tokens_and_with_repetitions(self, calls: Any) -> None:
        table = calls.table()
        calls.fail("batch_create", code=1254290, status=200)
        rows = [{"fields": {"id": "a"}}]
        calls.client.batch_create(table.id, rows, client_token=calls.client.new_token())
        assert calls.client.write_calls == 2
        assert calls.client.requests == 3

    def test_an_update_is_replayed_after_an_unclear_outcome(self, calls: Any) -> None:
        table = calls.table(rows=1)
        (record_id, _), *_ = table.rows()
        calls.fail("batch_update", kind="cut_after")
        calls.client.batch_update(table.id, [{"record_id": record_id, "fields": {"数": 9}}])
        assert table.rows()[0][1]["数"] == 9
        assert calls.requests.count("batch_update") == 2
        assert calls.requests.count("batch_update") < ATTEMPTS
