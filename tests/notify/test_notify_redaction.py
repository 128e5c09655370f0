"""Nothing secret or personal leaves on a card; what people need stays readable."""

from __future__ import annotations

import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feishu_notify.redaction import Redactor, secret_values

redact = Redactor()


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("access_token=abcd1234efgh5678 refused", "abcd1234efgh5678"),
        ('{"refresh_token": "abcd-1234"}', "abcd-1234"),
        ("app_secret: hunter22", "hunter22"),
        ("Access-Token: 0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d", "0a1b2c3d4e5f"),
        ("Authorization: Bearer t-g1044abcdefgh12345678", "g1044abcdefgh"),
        ("token t-g1044qeGEDXTB6NDJOGV4JQCYDGHRBARFTGT1234 expired", "g1044qeGEDXTB"),
        ("https://open.feishu.cn/open-apis/bot/v2/hook/1b2c3d4e-0000-4000-8000-1234", "1b2c3d4e"),
        ("postgresql://meltano:s3cr3t@db/meltano", "s3cr3t"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc", "eyJhbGciOiJIUzI1NiJ9"),
        ("lead of 13912345678 broken", "13912345678"),
        ("lead of +8613912345678 broken", "13912345678"),
        ("call 139-1234-5678", "139-1234-5678"),
        ("key=0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d==", "0a1b2c3d4e5f"),
        ("write to li.lei@example.com", "li.lei@example.com"),
        ("api_key='x1234567'", "x1234567"),
        ("x-api-key: x1234567", "x1234567"),
        ("secret_key=abc12345", "abc12345"),
        ("app_secret：hunter22", "hunter22"),
        ("Authorization: Basic dXNlcjpwYXNzd29yZA==", "dXNlcjpwYXNzd29yZA"),
        ("redis://:s3cr3t@cache/0", "s3cr3t"),
        ("mysql://me:s3@cr3t@db/x", "cr3t"),
        ("sign=AbCd1234%3D&x=1", "AbCd1234"),
        ("https://x.example/cb?auth_code=77aa88bb&state=1", "77aa88bb"),
    ],
)
def test_hides(text, secret):
    assert secret not in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "Account 1800000000000001, unit 7604418424915820607 of 2026-02-11 failed",
        "row stat_time_day=2026-02-11, promotion_id=7604418424915820607: too long",
        "code 40105, request id 202602110700031A2B3C4D5E6F708192A3",
        "log id 20260211070003C0FFEE0123456789ABCDEF01",
        "run 01a20ccc-66f5-7895-b1a5-0e1124a5fbb5",
        "dev:tap-oceanengine-local-to-target-feishu-bitable",
        "field 消耗(元) of table tblWrite3000 in bascnSandbox0000000000000001",
        "Design: foobar",
        "refresh token: 已过期，请重新授权",
        "the token is no longer valid; meltano invoke tap-oceanengine-local:token-status",
        "/srv/sync/.meltano/logs/elt/prod/2026/state.json",
    ],
)
def test_leaves_what_people_need(text):
    assert redact(text) == text


@given(
    st.text(string.ascii_letters + string.digits + "-_", min_size=8, max_size=60),
    st.text(max_size=20),
    st.text(max_size=20),
)
def test_never_shows_a_known_secret(secret, before, after):
    assert secret not in Redactor([secret])(f"{before}{secret}{after}").replace("×", "")


@pytest.mark.parametrize("unit", ["A", "中", "word ", "a.b", "token=", "a://b:", "<x@"])
def test_long_text_takes_no_longer_than_its_length_asks_for(unit):
    begun = time.process_time()
    redact(unit * (60_000 // len(unit)))
    assert time.process_time() - begun < 2  # seconds; many times that if each letter looks on


def test_knows_secrets_by_the_names_of_their_variables():
    found = secret_values(
        {
            "OCEANENGINE_APP_SECRET": "oe-secret",
            "FEISHU_WEBHOOK_URL": "https://a/hook/1,https://a/hook/2",
            "TAP_OCEANENGINE_LOCAL_REFRESH_TOKEN": "rt-1",
            "TAP_OCEANENGINE_LOCAL_TOKEN_STORE_URI": "sqlite:///tokens.db",
            "SOME_API_KEY": "ak-1",
            "GITHUB_PRIVATE_KEY": "pk-1",
            "DB_PASS": "pass-1",
            "SENTRY_DSN": "https://dsn-1@sentry.example/1",
            "PATH": "/bin",
            "COMPASS": "north",
        }
    )
    assert set(found) >= {"oe-secret", "https://a/hook/1", "https://a/hook/2", "rt-1"}
    assert set(found) >= {"ak-1", "pk-1", "pass-1", "https://dsn-1@sentry.example/1"}
    assert not {"sqlite:///tokens.db", "/bin", "north"} & set(found)
