"""The token store on SQLite and PostgreSQL: what it keeps, where, and who gets in."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
import threading
import uuid
from pathlib import Path

import pytest
import sqlalchemy as sa

from tap_oceanengine_local.errors import ConfigError, TokenStoreError
from tap_oceanengine_local.token_row import Attempt, Authorization, Pair
from tap_oceanengine_local.tokens import TokenStore

ONE = Pair("access-1", "refresh-1", 1000, 2000)
TWO = Pair("access-2", "refresh-2", 3000, 4000)
NOW = 500.0


@pytest.fixture(params=["sqlite", "postgresql"])
def uri(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'tokens.db'}"
    return request.getfixturevalue("postgres")


@pytest.fixture
def store(uri, tmp_path):
    return TokenStore(uri, tmp_path)


@pytest.fixture
def key():
    return Authorization("https://api.example", uuid.uuid4().hex, "default")


def columns(store, key):
    with store.exclusive(key) as row:
        return dict(row._row)


def test_a_pair_comes_back_as_it_was_stored(store, key):
    assert store.read(key) is None
    with store.exclusive(key) as row:
        assert row.pair() is None
        row.put(ONE, NOW)
    assert store.read(key) == ONE
    with store.exclusive(key) as row:
        assert row.stored_at() == 500


def test_the_pair_before_is_kept(store, key):
    with store.exclusive(key) as row:
        row.put(ONE, NOW)
    with store.exclusive(key) as row:
        row.put(TWO, NOW + 1)
    kept = columns(store, key)
    assert store.read(key) == TWO
    assert kept["previous_access_token"] == "access-1"
    assert kept["previous_refresh_token"] == "refresh-1"
    assert kept["previous_stored_at"] == 500


@pytest.mark.parametrize("pair", [Pair("access-only", None), Pair(None, "refresh-only")])
def test_half_a_pair_is_kept_too(store, key, pair):
    with store.exclusive(key) as row:
        row.put(pair, NOW)
    assert store.read(key) == pair


def test_long_tokens_fit(store, key):
    pair = Pair("a" * 5000, "r" * 5000)
    with store.exclusive(key) as row:
        row.put(pair, NOW)
    assert store.read(key) == pair


@pytest.mark.parametrize("changed", ["api_url", "app_id", "name"])
def test_each_address_app_and_name_has_its_own_row(store, key, changed):
    values = {"api_url": key.api_url, "app_id": key.app_id, "name": key.name, changed: "another"}
    other = Authorization(**values)
    with store.exclusive(key) as row:
        row.put(ONE, NOW)
        row.begin_refresh(Attempt(1, "me"))
    with store.exclusive(other) as row:
        assert row.pair() is None
        assert not row.has_seen(ONE)
        assert row.unanswered() is None


def test_every_pair_that_was_stored_is_a_seen_seed(store, key):
    with store.exclusive(key) as row:
        assert not row.has_seen(ONE)
        row.put(ONE, NOW)
        row.put(TWO, NOW)
        assert row.has_seen(ONE)
        assert row.has_seen(TWO)
        assert row.has_seen(Pair(None, "refresh-1"))
        assert row.has_seen(Pair("another", "refresh-1"))
        assert not row.has_seen(Pair("access-1", "another"))


def test_seeds_are_kept_as_fingerprints_only(store, key):
    seed = Pair("seed-access", "seed-refresh")
    with store.exclusive(key) as row:
        row.mark_seen(seed)
        row.mark_seen(seed)
    with store._open().connect() as connection:
        found = connection.execute(
            sa.text("SELECT * FROM oceanengine_seeds WHERE app_id = :app"), {"app": key.app_id}
        ).all()
    assert len(found) == 1
    assert len(found[0].fingerprint) == 64
    assert not any("seed" in str(value) for value in found[0])


def test_a_note_stays_until_a_pair_comes(store, key):
    with store.exclusive(key) as row:
        row.begin_refresh(Attempt(7, "host:1"))
    with store.exclusive(key) as row:
        assert row.unanswered() == Attempt(7, "host:1")
        row.put(ONE, NOW)
        assert row.unanswered() is None


def test_what_fails_inside_is_not_kept(store, key):
    def fail():
        with store.exclusive(key) as row:
            row.put(ONE, NOW)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert store.read(key) is None


def test_one_at_a_time(uri, tmp_path, key):
    entered, seen = threading.Event(), []

    def second():
        entered.set()
        with TokenStore(uri, tmp_path).exclusive(key) as row:
            seen.append(row.pair())

    thread = threading.Thread(target=second)
    with TokenStore(uri, tmp_path).exclusive(key) as row:
        thread.start()
        assert entered.wait(10)
        thread.join(0.2)
        assert seen == []
        row.put(ONE, NOW)
    thread.join(10)
    assert seen == [ONE]


def test_two_first_users_make_the_tables_together(uri, tmp_path, key):
    ready, failures = threading.Barrier(6), []

    def use():
        store = TokenStore(uri, tmp_path)
        ready.wait()
        try:
            store.check(key)
        except TokenStoreError as error:
            failures.append(error)

    threads = [threading.Thread(target=use) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_the_file_is_for_its_owner_only(tmp_path, key):
    before = os.umask(0)
    try:
        store = TokenStore("sqlite:///sub/tokens.db", tmp_path)
        with store.exclusive(key) as row:
            row.put(ONE, NOW)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "sub").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "sub" / "tokens.db").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "sub").iterdir()] == ["tokens.db"]


def test_a_file_that_was_open_to_others_is_closed(tmp_path, key):
    path = tmp_path / "tokens.db"
    path.touch(0o644)
    TokenStore(f"sqlite:///{path}", tmp_path).check(key)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_looking_makes_no_store(tmp_path, key):
    store = TokenStore("sqlite:///sub/tokens.db", tmp_path)
    assert store.read(key) is None
    assert not store.existed
    assert not (tmp_path / "sub").exists()


def test_a_relative_path_starts_at_the_base(tmp_path):
    store = TokenStore("sqlite:///.oceanengine/tokens.db", tmp_path)
    assert store.place == str(tmp_path / ".oceanengine" / "tokens.db")
    absolute = TokenStore("sqlite:////var/lib/x/tokens.db", tmp_path)
    assert absolute.place == "/var/lib/x/tokens.db"


@pytest.mark.parametrize(
    "uri",
    [
        *("sqlite://", "sqlite:///:memory:", "mysql://localhost/x", "tokens.db", "redis://x"),
        *("sqlite:///~nobody-of-this-name/t.db", "sqlite:///a\0b", "postgresql://host:port/x"),
    ],
)
def test_other_places_are_refused(tmp_path, uri):
    with pytest.raises(ConfigError, match="token_store_uri"):
        TokenStore(uri, tmp_path)


def test_the_address_of_a_server_is_told_without_its_password(tmp_path):
    store = TokenStore("postgresql://me:hush@db.example/tokens", tmp_path)
    assert "hush" not in store.place
    assert store.place.startswith("postgresql+psycopg://me:***@db.example")
    store = TokenStore("postgresql://db.example/tokens?user=me&password=hush", tmp_path)
    assert store.place == "postgresql+psycopg://db.example/tokens"


def test_an_unreachable_server_is_said_without_its_password(tmp_path, key):
    store = TokenStore("postgresql://me:hush@127.0.0.1:1/tokens", tmp_path)
    with pytest.raises(TokenStoreError, match="Check that the database is up") as caught:
        store.check(key)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"this is no database" * 100, b"SQLite format 3\0" + b"x" * 5000]
)
def test_a_corrupt_store_is_said_in_words(tmp_path, key, content):
    path = tmp_path / "tokens.db"
    path.write_bytes(content)
    store = TokenStore(f"sqlite:///{path}", tmp_path)
    with pytest.raises(TokenStoreError, match="move it away and run `authorize`") as caught:
        store.check(key)
    assert str(path) in str(caught.value)
    assert path.read_bytes() == content


def test_a_store_with_foreign_tables_is_said_in_words(tmp_path, key):
    path = tmp_path / "tokens.db"
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE oceanengine_tokens (x)"))
    with pytest.raises(TokenStoreError, match="no such column"):
        TokenStore(f"sqlite:///{path}", tmp_path).check(key)


def test_a_place_that_cannot_be_made_is_named(tmp_path, key):
    (tmp_path / "file").touch()
    store = TokenStore("sqlite:///file/tokens.db", tmp_path)
    with pytest.raises(TokenStoreError, match="can't be written") as caught:
        store.check(key)
    assert str(tmp_path / "file" / "tokens.db") in str(caught.value)


PROBE = """
import os, sys, tempfile
from pathlib import Path
from tap_oceanengine_local.errors import TokenStoreError
from tap_oceanengine_local.token_row import Authorization
from tap_oceanengine_local.tokens import TokenStore

key = Authorization("https://api.example", "1", "default")
with tempfile.TemporaryDirectory() as warm:  # all modules are loaded as the user who may read them
    TokenStore(f"sqlite:///{warm}/tokens.db", Path("/")).check(key)
if os.geteuid() == 0:  # root may write everywhere
    os.setgid(65534)
    os.setuid(65534)
try:
    TokenStore(sys.argv[1], Path("/")).check(key)
except TokenStoreError as error:
    print(error)
"""


def probe(path):
    command = [sys.executable, "-c", PROBE, f"sqlite:///{path}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("exists", [False, True], ids=["no-file-yet", "file-is-writable"])
def test_a_directory_without_the_right_to_write_is_said_before_anything_is_asked(key, exists):
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name) / "store"
        directory.mkdir()
        path = directory / "tokens.db"
        if exists:
            TokenStore(f"sqlite:///{path}", directory).check(key)
            path.chmod(0o666)
        Path(name).chmod(0o755)
        directory.chmod(0o555)
        words = probe(path)
        directory.chmod(0o755)
    assert str(path) in words
    assert "right to write" in words


def test_a_directory_without_the_right_to_look_is_said(key):
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "tokens.db"
        TokenStore(f"sqlite:///{path}", Path(name)).check(key)
        words = probe(path)
    assert str(path) in words
    assert "right to write" in words


def test_a_name_that_is_too_long_is_said(tmp_path, key):
    store = TokenStore(f"sqlite:///{'x' * 300}.db", tmp_path)
    assert not store.existed
    for look in (store.read, store.check):
        with pytest.raises(TokenStoreError, match="too long"):
            look(key)


def test_a_directory_in_place_of_a_file_keeps_its_mode(tmp_path, key):
    place = tmp_path / "data"
    place.mkdir(mode=0o755)
    with pytest.raises(TokenStoreError, match="Is a directory"):
        TokenStore(f"sqlite:///{place}", tmp_path).check(key)
    assert stat.S_IMODE(place.stat().st_mode) == 0o755


def test_an_unwritable_file_is_said(key):
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "tokens.db"
        TokenStore(f"sqlite:///{path}", Path(name)).check(key)
        Path(name).chmod(0o755)
        path.chmod(0o444)
        words = probe(path)
    assert "right to write" in words


def test_a_pair_shows_no_token():
    assert "access-1" not in repr(ONE)
    assert "refresh-1" not in f"{ONE}"
