"""What is made for each call: it shows nothing, and each kind of it says whether it may be part of a cycle."""

from __future__ import annotations

import importlib
import pkgutil

import pytest
from rich.pretty import pretty_repr

import airflow_provider_iranpay
from airflow_provider_iranpay.record import MutableRecord, Record

SECRET = "0012345679"


def kinds():
    """All records of the package."""
    for module in ("api.contract", "client", "warehouse.journal", "bulk"):
        package = importlib.import_module(f"airflow_provider_iranpay.{module}")
        for found in pkgutil.walk_packages(getattr(package, "__path__", ()), f"{package.__name__}."):
            importlib.import_module(found.name)
    left = [Record, MutableRecord]
    while left:
        kind = left.pop()
        left += kind.__subclasses__()
        if kind.__module__.startswith(airflow_provider_iranpay.__name__) and kind not in (Record, MutableRecord):
            yield kind


@pytest.mark.parametrize("kind", sorted(kinds(), key=lambda kind: kind.__qualname__), ids=lambda kind: kind.__name__)
def test_no_repr_shows_what_is_personal(kind):
    record = kind(**dict.fromkeys(kind.__struct_fields__, SECRET))
    shown = {name for name in ("kind", "attempt", "state", "key", "event", "code") if name in kind.__struct_fields__}
    hidden = kind(**{name: "-" if name in shown else SECRET for name in kind.__struct_fields__})
    assert SECRET not in repr(hidden)
    assert SECRET not in pretty_repr(record)


def test_a_run_makes_many_of_them():
    assert {"Answer", "Claim", "Ended", "Message", "Question", "Received", "Request"} <= {
        one.__name__ for one in kinds()
    }
