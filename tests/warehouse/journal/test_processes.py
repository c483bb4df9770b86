"""Real processes on one journal."""

from __future__ import annotations

import subprocess
import sys
import threading

from sqlalchemy.exc import SQLAlchemyError

from airflow_provider_iranpay.exceptions import IranPayError
from airflow_provider_iranpay.warehouse.engine import open_warehouse
from tests.warehouse.journal.playing import Desk, claim

COUNT = 200


def test_two_processes_that_claim_the_same_questions_in_opposite_order_share_them_out(warehouse, warehouse_url):
    desk = Desk(warehouse)
    journal = desk.worker()
    journal.open_budget("night", 10 * COUNT - 50)
    command = [sys.executable, "-m", "tests.warehouse.journal.claiming", warehouse_url, str(COUNT)]
    processes = [
        subprocess.Popen([*command, direction], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for direction in ("1", "-1")
    ]
    assert [process.stdout.readline() for process in processes] == ["ready\n"] * 2
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    won = [process.communicate(timeout=60)[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert len(set(won[0]) | set(won[1])) == len(won[0]) + len(won[1]) == COUNT - 5
    assert journal.check("night").reserved_rial == 10 * (COUNT - 5)


def test_threads_of_one_worker_take_turns(warehouse):
    desk = Desk(warehouse)
    journal = desk.worker()
    found = desk.look(journal, *map(str, range(40)))
    won = []

    def work(part):
        for one in part:
            won.extend(journal.commit(claims=[claim(one)]).won)

    threads = [threading.Thread(target=work, args=(found[start::4],)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len({attempt.key for attempt in won}) == 40


def test_workers_whose_groups_cross_settle_and_claim_without_a_deadlock(warehouse, warehouse_url):
    """Each settles its own answers and claims the other's questions again, in opposite orders, from one budget."""
    names = [str(number) for number in range(60)]
    failures = []

    def work(names):
        try:
            with open_warehouse(warehouse_url) as mine:
                desk = Desk(mine)
                journal = desk.worker()
                open_attempts = []
                for _ in range(6):
                    found = desk.look(journal, *names)
                    claims = [claim(one) for one in found if one.kind == "free"]
                    answers = [desk.answer(attempt, "not_sent") for attempt in open_attempts]
                    open_attempts = journal.commit(answers=answers, claims=claims, budget="night").won
        except (SQLAlchemyError, IranPayError) as error:
            failures.append(error)

    Desk(warehouse).worker().open_budget("night", 10_000)
    threads = [threading.Thread(target=work, args=(order,)) for order in (names, names[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    Desk(warehouse).worker().check("night")
