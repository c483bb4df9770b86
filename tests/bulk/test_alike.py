"""Rows are alike if both of their hashes are, however many there are and wherever they lie."""

from __future__ import annotations

from collections import defaultdict
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_iranpay.bulk import alike as module
from airflow_provider_iranpay.bulk.alike import Alike


class Heaps:
    """Heaps in memory.

    :ivar longest: the most bytes that were written together.
    """

    def __init__(self):
        self.pieces = defaultdict(list)
        self.longest = 0

    def write(self, heap, content):
        assert 0 <= heap < 256
        self.pieces[heap].append(content)
        self.longest = max(self.longest, len(content))


def compared(batches):
    """The pairs of rows that come in batches, and the heaps that were written."""
    heaps = Heaps()
    alike = Alike(heaps.write, heaps.pieces.__getitem__)
    first = 1
    for batch in batches:
        alike.add(np.arange(first, first + len(batch), dtype=np.uint64), np.array(batch, np.uint64).reshape(-1, 2))
        first += len(batch)
    pairs = [pair for some in alike.pairs() for pair in zip(*(numbers.tolist() for numbers in some), strict=True)]
    return pairs, heaps


def expected(batches):
    seen, pairs = {}, {}
    for ordinal, row in enumerate((row for batch in batches for row in batch), 1):
        first = seen.setdefault(tuple(row), ordinal)
        if first != ordinal:
            pairs[ordinal] = first
    return pairs


hashes = st.builds(lambda heap, rest: (heap << 56) + rest, st.sampled_from([0, 1, 255]), st.integers(0, 3))
rows = st.tuples(hashes, st.integers(0, 2))


@settings(deadline=None)
@given(st.lists(st.lists(rows, max_size=12), max_size=8), st.sampled_from([1, 3, 10, 1_000]))
def test_each_row_points_to_the_first_that_is_like_it(batches, held):
    with mock.patch.object(module, "_HELD_ROWS", held):
        pairs, heaps = compared(batches)
    assert len(pairs) == len(dict(pairs))
    assert dict(pairs) == expected(batches)
    assert bool(heaps.pieces) == (sum(map(len, batches)) >= held)


@pytest.mark.parametrize("different", [1, 7])
def test_rows_that_are_all_alike_are_not_held_together(monkeypatch, different):
    """However many come into one heap, no more are compared at once than are held, and the first of each."""
    monkeypatch.setattr(module, "_HELD_ROWS", 64)
    told_apart, most = module._told_apart, []
    monkeypatch.setattr(module, "_told_apart", lambda rows: most.append(len(rows)) or told_apart(rows))
    batches = [[(row % different, 0) for row in range(16)] for _ in range(100)]
    pairs, heaps = compared(batches)
    assert dict(pairs) == expected(batches)
    assert len(pairs) == 1_600 - different
    assert len(most) > 10
    assert max(most) <= 2 * 64 + different
    assert heaps.longest <= 80 * 24
