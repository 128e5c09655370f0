from __future__ import annotations

import logging
from typing import Any

import pytest

from platform_sandbox.defaults import FEISHU_APP_ID, FEISHU_BASE
from target_feishu_bitable.errors import (
    AccessError,
    ApiError,
    BadBatch,
    LimitReached,
    RowGone,
    TargetError,
    TooMuch,
    Unavailable,
    UnknownOutcome,
)
from target_feishu_bitable.session import ATTEMPTS, WAITING_SECONDS

BASE = f"/open-apis/bitable/v1/apps/{FEISHU_BASE}"
BODY = {"records": []}


def read(calls: Any) -> Any:
    return calls.session.call("GET", BASE)


def write(calls: Any, **more: Any) -> Any:
    path = f"{BASE}/tables/tblA1/records/batch_create"
    return calls.session.call("POST", path, body=BODY, writes=True, **more)


class TestLimits:
    @pytest.mark.parametrize(("header", "wait"), [("3", 3.0), ("0.25", 0.25), ("70", 70.0)])
    def test_the_gateway_says_how_long_to_wait(self, calls: Any, header: str, wait: float) -> None:
        calls.fail(BASE, code=99991400, status=429, headers={"x-ogw-ratelimit-reset": header})
        assert read(calls)["app"]["app_token"] == FEISHU_BASE
        assert calls.slept == [wait]

    @pytest.mark.parametrize("header", ["0", "-5", "nan", "soon", ""])
    def test_a_useless_header_is_a_wait_of_our_own(self, calls: Any, header: str) -> None:
        calls.fail(BASE, code=99991400, status=429, headers={"x-ogw-ratelimit-reset": header})
        read(calls)
        assert len(calls.slept) == 1
        assert 0.5 <= calls.slept[0] <= 1.0

    @pytest.mark.parametrize("header", ["301", "inf", "1e300"])
    def test_a_wait_beyond_the_bound_ends_at_once(self, calls: Any, header: str) -> None:
        calls.fail(BASE, code=99991400, times=None, headers={"x-ogw-ratelimit-reset": header})
        with pytest.raises(Unavailable, match="99991400"):
            read(calls)
        assert calls.slept == []

    def test_waits_that_add_up_beyond_five_minutes_end(self, calls: Any) -> None:
        calls.fail(BASE, code=99991400, times=None, headers={"x-ogw-ratelimit-reset": "80"})
        with pytest.raises(Unavailable):
            read(calls)
        assert sum(calls.slept) <= WAITING_SECONDS
        assert len(calls.slept) == 3

    @pytest.mark.parametrize("code", [1254290, 1254291, 1254112])
    def test_a_busy_base_is_waited_out_even_in_a_write(self, calls: Any, code: int) -> None:
        calls.fail("batch_create", code=code, status=200, times=2)
        with pytest.raises(ApiError):
            write(calls)
        assert len(calls.slept) == 2
        assert calls.slept[0] < calls.slept[1]

    def test_a_base_that_stays_busy_ends_after_eight_attempts(self, calls: Any) -> None:
        calls.fail(BASE, code=1254290, status=200, times=None)
        with pytest.raises(Unavailable, match=r"1254290.*log id \S+") as caught:
            read(calls)
        assert calls.requests.count(BASE) == ATTEMPTS
        assert sum(calls.slept) <= WAITING_SECONDS
        assert caught.value.code == 1254290
        assert caught.value.log_id


class TestToken:
    def test_one_token_serves_many_calls(self, calls: Any) -> None:
        for _ in range(3):
            read(calls)
        assert calls.tokens_fetched == 1

    def test_a_dead_token_is_renewed_once_without_a_wait(self, calls: Any) -> None:
        read(calls)
        calls.feishu.tokens.kill()
        read(calls)
        assert calls.tokens_fetched == 2
        assert calls.slept == []

    def test_a_token_refused_twice_ends(self, calls: Any) -> None:
        calls.fail(BASE, code=99991663, status=400, times=None)
        with pytest.raises(AccessError, match="99991663"):
            read(calls)
        assert calls.requests.count(BASE) == 2

    def test_a_write_refused_for_its_token_is_repeated(self, calls: Any) -> None:
        table = calls.table()
        calls.fail("batch_create", code=99991663, status=400)
        ids = calls.client.batch_create(
            table.id, [{"fields": {"id": "a"}}], client_token=calls.client.new_token()
        )
        assert [row[0] for row in table.rows()] == ids

    def test_the_token_is_renewed_before_its_end(self, calls: Any) -> None:
        read(calls)
        calls.now += 7200 - 601
        read(calls)
        assert calls.tokens_fetched == 1
        calls.now += 2
        calls.feishu.tokens.age(7200 - 599)
        read(calls)
        assert calls.tokens_fetched == 2

    def test_a_wrong_secret_is_explained(self, calls: Any) -> None:
        session = calls.session_as(FEISHU_APP_ID, "quite-wrong-secret")
        with pytest.raises(AccessError, match=r"10014.*app_id and app_secret") as caught:
            session.check_credentials()
        assert "quite-wrong-secret" not in str(caught.value)
        assert calls.slept == []

    def test_a_token_that_does_not_come_is_waited_for(self, calls: Any) -> None:
        calls.fail("tenant_access_token", kind="cut_before", times=2)
        read(calls)
        assert len(calls.slept) == 2

    def test_a_wrong_address_shows_at_the_token(self, calls: Any) -> None:
        calls.fail("tenant_access_token", kind="html", status=404, times=None)
        with pytest.raises(ApiError, match="Check the setting api_url"):
            calls.session.check_credentials()
        assert calls.slept == []


class TestUnclearOutcomes:
    @pytest.mark.parametrize("kind", ["cut_before", "cut_after", "truncated", "invalid_json"])
    def test_a_read_is_repeated(self, calls: Any, kind: str) -> None:
        calls.fail(BASE, kind=kind)
        assert read(calls)["app"]["app_token"] == FEISHU_BASE
        assert len(calls.slept) == 1

    @pytest.mark.parametrize("kind", ["cut_before", "cut_after", "truncated", "invalid_json"])
    def test_a_write_is_not_repeated(self, calls: Any, kind: str) -> None:
        calls.fail("batch_create", kind=kind, times=None)
        with pytest.raises(UnknownOutcome):
            write(calls)
        assert calls.requests.count("batch_create") == 1
        assert calls.slept == []

    @pytest.mark.parametrize("code", [1255001, 1255002, 1255040, 1254608, 1255006])
    def test_a_code_that_leaves_it_open_is_not_repeated_in_a_write(
        self, calls: Any, code: int
    ) -> None:
        calls.fail("batch_create", code=code, times=None)
        with pytest.raises(UnknownOutcome, match=str(code)):
            write(calls)
        assert calls.requests.count("batch_create") == 1

    def test_nothing_listens_so_a_write_was_not_sent(self, calls: Any) -> None:
        read(calls)
        calls.transport.api_url = "http://127.0.0.1:9"
        with pytest.raises(Unavailable, match="no connection"):
            write(calls)
        assert len(calls.slept) == ATTEMPTS - 1


class TestMeaning:
    @pytest.mark.parametrize(
        ("code", "kind", "advice"),
        [
            (91403, AccessError, "添加文档应用"),
            (1254302, AccessError, "可管理"),
            (99991672, AccessError, "bitable:app"),
            (99991401, AccessError, "IP list"),
            (1254103, LimitReached, "Archive old rows"),
            (1254306, LimitReached, "change the plan"),
            (99991403, LimitReached, "return on the 1st"),
            (1254043, RowGone, ""),
            (1254061, BadBatch, ""),
            (1254130, BadBatch, ""),
            (1254104, TooMuch, ""),
            (1254999, ApiError, ""),
        ],
    )
    @pytest.mark.parametrize("status", [200, 400, 403])
    def test_the_code_decides_whatever_the_status(
        self, calls: Any, code: int, kind: type[TargetError], advice: str, status: int
    ) -> None:
        calls.fail("batch_create", code=code, status=status, times=None)
        with pytest.raises(kind) as caught:
            write(calls)
        assert advice in str(caught.value)
        assert caught.value.code == code
        assert caught.value.log_id
        assert str(caught.value.log_id) in str(caught.value)
        assert calls.requests.count("batch_create") == 1

    def test_too_heavy_is_tried_again_before_it_is_halved(self, calls: Any) -> None:
        calls.fail("batch_create", code=1254607, times=None)
        with pytest.raises(TooMuch):
            write(calls)
        assert calls.requests.count("batch_create") == 4

    def test_not_found_is_waited_out_only_for_what_is_new(self, calls: Any) -> None:
        calls.fail("batch_create", code=1254045, times=None)
        with pytest.raises(ApiError):
            write(calls)
        assert calls.slept == []
        with pytest.raises(Unavailable):
            write(calls, fresh=True)
        assert len(calls.slept) == ATTEMPTS - 1

    def test_a_wrong_path_is_a_matter_of_the_address(self, calls: Any) -> None:
        with pytest.raises(ApiError, match=r"HTTP 404.*not JSON.*Check the setting api_url"):
            calls.session.call("GET", "/open-apis/bitable/v9/apps")
        assert calls.slept == []

    def test_a_body_too_large_for_the_gateway_is_too_much(self, calls: Any) -> None:
        calls.fail("batch_create", kind="html", status=413)
        with pytest.raises(TooMuch, match="HTTP 413"):
            write(calls)


def test_secrets_are_in_no_error_and_no_log(calls: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    said = []
    for fault in (
        {"code": 1254290, "times": 2},
        {"kind": "cut_before", "times": None},
        {"code": 99991663, "times": None},
        {"code": 91403},
        {"kind": "html", "status": 404},
    ):
        calls.sandbox.platform.faults.clear()
        calls.fail(BASE, **fault)
        try:
            read(calls)
        except TargetError as error:
            said.append(f"{error!r}{error.__cause__!r}{error.__context__!r}")
    assert len(said) == 4
    assert "Asking again" in caplog.text
    assert all(calls.says_nothing_secret(text) for text in [*said, caplog.text])
