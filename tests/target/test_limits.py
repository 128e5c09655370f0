from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_feishu_bitable.limits import warning


def said(rows: int, limit: int, created: int = 0, days: int | None = None) -> str | None:
    return warning("日报", rows=rows, limit=limit, created=created, days=days)


@pytest.mark.parametrize(("rows", "told"), [(0, False), (15_999, False), (16_000, True)])
def test_the_warning_starts_at_eighty_percent(rows: int, *, told: bool) -> None:
    assert (said(rows, 20_000) is not None) is told


def test_growth_tells_the_days_left() -> None:
    assert said(18_000, 20_000, created=500, days=2) == (
        "The table '日报' holds 18000 of 20000 rows (row_limit); at 250 rows a day it is full in "
        "8 days. Archive old rows, write to another table, or feed another target."
    )


@pytest.mark.parametrize(("created", "days"), [(0, 30), (100, None), (0, None), (100, 0)])
def test_without_growth_no_days_are_made_up(created: int, days: int | None) -> None:
    text = said(18_000, 20_000, created, days)
    assert text is not None
    assert "days" not in text
    assert "Archive old rows" in text


def test_a_full_table_is_called_full() -> None:
    text = said(20_000, 20_000, created=10, days=1)
    assert text is not None
    assert "it is full." in text


def test_a_table_beyond_the_limit_is_not_called_full() -> None:
    assert said(81_683, 20_000, created=10, days=1) == (
        "The table '日报' holds 81683 of 20000 rows (row_limit): it has passed the configured "
        "limit. Set row_limit to what your plan allows. Archive old rows, write to another table, "
        "or feed another target."
    )


@given(
    rows=st.integers(0, 10**6),
    limit=st.integers(1, 10**6),
    created=st.integers(0, 10**6),
    days=st.none() | st.integers(0, 400),
)
def test_rows_and_limit_stand_in_every_warning(
    rows: int, limit: int, created: int, days: int | None
) -> None:
    text = said(rows, limit, created, days)
    assert (text is None) is (rows < limit * 0.8)
    assert text is None or f"holds {rows} of {limit} rows" in text
