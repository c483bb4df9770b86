"""``python -m tests.warehouse.journal.claiming URL COUNT DIRECTION``: claim questions in groups, print those won."""

from __future__ import annotations

import sys

from airflow_provider_iranpay.warehouse.engine import open_warehouse
from airflow_provider_iranpay.warehouse.journal.journal import Journal
from airflow_provider_iranpay.warehouse.journal.records import Kind
from tests.warehouse.journal.playing import RING, START, Desk, ask, claim

GROUP = 10


def main(url: str, count: int, direction: int) -> None:
    """Wait for a line on standard input; then claim all questions, forwards (1) or backwards (-1)."""
    with open_warehouse(url) as warehouse:
        journal = Journal.open(warehouse, RING, "real")
        fresh = Desk(warehouse).fresh()
        assert fresh.as_of == START
        names = [str(number) for number in range(count)][::direction]
        print("ready", flush=True)
        sys.stdin.readline()
        for start in range(0, count, GROUP):
            found = journal.look_up([ask(journal, name) for name in names[start : start + GROUP]], fresh)
            free = {
                name: claim(one)
                for name, one in zip(names[start : start + GROUP], found, strict=True)
                if one.kind is Kind.FREE
            }
            won = {id(attempt.claim) for attempt in journal.commit(claims=list(free.values()), budget="night").won}
            for name, one in free.items():
                if id(one) in won:
                    print(name)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
