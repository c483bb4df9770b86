"""What the journal knows of people cannot be read from its tables, its errors or its objects."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from airflow_provider_iranpay.exceptions import ConfigurationError
from airflow_provider_iranpay.warehouse.engine import open_warehouse
from airflow_provider_iranpay.warehouse.journal import tables
from tests.warehouse.journal.playing import Desk

CARD = "6037990000000014"
ANSWER = b'{"owner": "an invented person"}'


def test_no_byte_of_the_file_shows_a_question_or_an_answer(sqlite_url, tmp_path):
    with open_warehouse(sqlite_url) as warehouse:
        desk = Desk(warehouse)
        journal = desk.worker()
        journal.commit(answers=[desk.answer(desk.claimed(journal, CARD), content=ANSWER)])
        files = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"match_card" in files, "what is not personal can be read, so the scan sees the rows"
    assert CARD.encode() not in files
    assert b"invented person" not in files


def test_an_answer_that_is_moved_to_another_row_does_not_open(warehouse):
    desk = Desk(warehouse)
    journal = desk.worker()
    won = desk.claim(journal, "first", "second").won
    journal.commit(answers=[desk.answer(attempt, content=b"%d" % attempt.key) for attempt in won])
    end = tables.end
    with warehouse.engine.connect() as connection:
        answers = list(connection.scalars(select(end.c.content).order_by(end.c.attempt_id)))
    with warehouse.transaction() as connection:
        connection.execute(end.update().where(end.c.attempt_id == won[0].key).values(content=answers[1]))
    with pytest.raises(ConfigurationError, match="changed or moved"):
        desk.look(journal, "first")


def test_equal_answers_cannot_be_told_from_each_other(warehouse):
    desk = Desk(warehouse)
    journal = desk.worker()
    won = desk.claim(journal, "first", "second").won
    journal.commit(answers=[desk.answer(attempt, content=ANSWER) for attempt in won])
    with warehouse.engine.connect() as connection:
        first, second = connection.scalars(select(tables.end.c.content))
    assert first != second


def test_a_repr_shows_neither_question_nor_answer(warehouse):
    desk = Desk(warehouse)
    journal = desk.worker()
    attempt = desk.claimed(journal, CARD)
    answer = desk.answer(attempt, content=ANSWER)
    journal.commit(answers=[answer])
    shown = repr([answer, attempt, *desk.look(journal, CARD)])
    assert CARD not in shown
    assert "invented person" not in shown
