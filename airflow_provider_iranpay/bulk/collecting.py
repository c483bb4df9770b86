"""The garbage collector looks for cycles, which rows do not make: it is kept from looking through them."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

__all__ = ["seldom_collecting", "uncollected"]


@contextmanager
def seldom_collecting() -> Iterator[None]:
    """Spare the collector what it would look through again and again: all of Airflow, and each of the objects of a row.

    For a whole run: what makes cycles after all is still found.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_SELDOM, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


@contextmanager
def uncollected() -> Iterator[None]:
    """Collect nothing while some rows are read: a third of a replay's time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


_SELDOM: Final = 50_000
"""Objects that are made and still there, after which the collector looks through them."""
