"""The tree of errors says what the caller does next, and its picture is the truth."""

from __future__ import annotations

import inspect
import re

import pytest

from tap_oceanengine_local import errors

CLASSES = {
    name: kind
    for name, kind in vars(errors).items()
    if inspect.isclass(kind) and issubclass(kind, errors.TapError)
}


def drawn():
    """Parents by name, as the picture at the top of the module shows them."""
    parents, path = {}, []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"([│ ├└─]*)([A-Z]\w+)(?:\s{2,}.*)?$", line)
        if match is None or match[2] not in CLASSES:
            continue
        depth = len(match[1]) // 4
        path = [*path[:depth], match[2]]
        parents[match[2]] = path[-2] if depth else None
    return parents


def test_the_picture_shows_every_error_under_its_base():
    bases = {name: kind.__bases__[0].__name__ for name, kind in CLASSES.items()}
    assert drawn() == {**bases, "TapError": None}


@pytest.mark.parametrize("kind", CLASSES.values(), ids=CLASSES)
def test_every_error_carries_code_and_request_id(kind):
    error = kind("what happened", code=40002, request_id="20260211")
    assert str(error) == "what happened"
    assert (error.code, error.request_id) == (40002, "20260211")
    bare = kind("what happened")
    assert (bare.code, bare.request_id) == (None, None)


def test_a_failed_account_never_stops_a_run():
    accounts = {name for name, kind in CLASSES.items() if issubclass(kind, errors.AccountError)}
    assert accounts == {"AccountError", "AccessDenied", "PlatformUnavailable"}
    assert not any(issubclass(CLASSES[name], errors.FatalError) for name in accounts)
