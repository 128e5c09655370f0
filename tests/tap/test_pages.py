"""When a window counts as completely read."""

from __future__ import annotations

import pytest

from tap_oceanengine_local.pages import (
    IncompleteWindowError,
    Page,
    Reading,
    page_of,
    read_growing,
    read_shifting,
    read_window,
)


def drive(job, asked=None):
    """Run a job alone, its calls one after the other."""
    answers = None
    while True:
        try:
            calls = next(job) if answers is None else job.send(answers)
        except StopIteration as stop:
            return stop.value
        if asked is not None:
            asked.append(len(calls))
        answers = [call() for call in calls]


def pages(*contents, total=None):
    """Return a fetch over fixed pages of one-value rows."""
    number = sum(map(len, contents)) if total is None else total

    def fetch(page):
        return Page([(row,) for row in contents[page - 1]], number, len(contents))

    return fetch


def first(values):
    return values[0]


def test_all_pages_are_read_once_and_joined_in_order():
    asked = []
    reading = drive(read_window(pages("ab", "cd", "e"), first), asked)
    assert reading == Reading([("a",), ("b",), ("c",), ("d",), ("e",)])
    assert asked == [1, 2]


def test_an_empty_answer_is_complete_after_one_request():
    asked = []
    empty = page_of([], None, number="total_number", pages="total_page")
    assert drive(read_window(lambda _: empty, first), asked) == Reading([])
    assert asked == [1]


def test_fewer_rows_than_counted_are_complete_and_said():
    assert drive(read_window(pages("ab", "c", total=5), first)).missing == 2


def test_a_window_that_changed_is_read_again():
    versions = iter([3, 4, 5, 5, 5, 5])

    def fetch(page):
        return Page([(page,)], next(versions), 2)

    asked = []
    assert drive(read_window(fetch, first), asked).rows == [(1,), (2,)]
    assert asked == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("fetch", "reason"),
    [
        (pages("ab", "bc"), "a row came on two pages"),
        (lambda page: Page([(page,)], 100 + page, 2), "the number of rows differed"),
    ],
)
def test_a_window_that_never_holds_still_fails_after_three_readings(fetch, reason):
    asked = []
    with pytest.raises(IncompleteWindowError, match=reason):
        drive(read_window(fetch, first), asked)
    assert asked == [1, 1] * 3


def test_the_open_day_may_grow_and_keeps_the_later_row_of_a_key():
    def fetch(page):
        rows = {1: [("a", 1), ("b", 1)], 2: [("b", 2), ("c", 2)]}[page]
        return Page(rows, 3 + page, 2)

    assert drive(read_growing(fetch, first)).rows == [("a", 1), ("b", 2), ("c", 2)]


def test_rows_that_shift_to_later_pages_are_kept_once():
    newest_first = list("edcba")

    def fetch(page):
        rows = newest_first[2 * page - 2 : 2 * page]
        total = len(newest_first)
        if page == 1:
            newest_first.insert(0, "f")
        return Page([(row,) for row in rows], total, -(-total // 2))

    rows = drive(read_shifting(fetch, first)).rows
    assert sorted(row for (row,) in rows) == list("abcde")


def test_a_page_that_appears_while_reading_is_read_too():
    newest_first = list("dcba")

    def fetch(page):
        rows = newest_first[2 * page - 2 : 2 * page]
        total = len(newest_first)
        if page == 1 and total == 4:
            newest_first.insert(0, "e")
        return Page([(row,) for row in rows], total, -(-total // 2))

    rows = drive(read_shifting(fetch, first)).rows
    assert sorted(row for (row,) in rows) == list("abcd")


def test_a_shrinking_list_is_read_again_and_fails_in_the_end():
    totals = iter(range(100, 0, -1))

    def fetch(page):
        return Page([(page,)], next(totals), 2)

    with pytest.raises(IncompleteWindowError, match="rows were missing"):
        drive(read_shifting(fetch, first))


def test_a_short_list_that_holds_still_is_complete_and_said():
    assert drive(read_shifting(pages("ab", "c", total=5), first)).missing == 2


def listing(rows, **info):
    """Return a fetch over one-value rows, a hundred a page, that says `info` about the whole."""

    def fetch(number):
        part = [(row,) for row in range(rows)][100 * number - 100 : 100 * number]
        return page_of(part, info, number="total_number", pages="total_page")

    return fetch


@pytest.mark.parametrize("read", [read_window, read_growing, read_shifting])
@pytest.mark.parametrize(
    ("rows", "info", "asked"),
    [
        (250, {}, [1, 1, 1]),
        (250, {"total_number": 0, "total_page": 0}, [1, 1, 1]),
        (250, {"total_number": None, "total_page": 2}, [1, 1, 1]),
        (100, {}, [1, 1]),
        (250, {"total_number": 250, "total_page": 1}, [1, 2]),
    ],
)
def test_a_full_page_is_not_the_last_one_when_nobody_counts(read, rows, info, asked):
    calls = []
    reading = drive(read(listing(rows, **info), first), calls)
    assert reading == Reading([(row,) for row in range(rows)])
    assert calls == asked


def test_a_platform_that_answers_every_page_with_the_same_rows_is_not_asked_for_ever():
    full = page_of([(row,) for row in range(100)], {}, number="total_number", pages="total_page")
    calls = []
    with pytest.raises(IncompleteWindowError, match="a row came on two pages"):
        drive(read_window(lambda _: full, first), calls)
    assert len(calls) == 6


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        ({"total_number": 250, "total_page": 3}, (250, 3)),
        ({"total_number": 250, "total_page": 1}, (250, 3)),
        ({"total_number": 250}, (250, 3)),
        ({"total_number": 0, "total_page": 0}, (0, 1)),
        ({}, (None, 1)),
    ],
)
def test_the_number_of_pages_comes_from_page_info(info, expected):
    page = page_of([], info, number="total_number", pages="total_page")
    assert (page.total_number, page.total_page) == expected
