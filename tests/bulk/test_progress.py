"""What is told of a run while it goes on."""

from __future__ import annotations

import logging
import sys
from io import StringIO

import pytest

from airflow_provider_iranpay.bulk.progress import Reporter
from airflow_provider_iranpay.bulk.run import Totals


class Clock:
    def __init__(self):
        self.now = 1_000.0

    def __call__(self):
        return self.now


class Terminal(StringIO):
    def isatty(self):
        return True


def reporter(clock, *, to_ask=1_000, price_rial=100, written=lambda totals: None):
    return Reporter("match_card", to_ask=to_ask, price_rial=price_rial, written=written, clock=clock)


@pytest.fixture
def clock():
    return Clock()


def test_a_line_tells_rate_time_left_and_money(clock):
    one = reporter(clock, to_ask=10_000)
    clock.now += 20
    totals = Totals(questions=4_000, paid=3_900, spent_rial=390_000)
    assert one.line(totals) == (
        "match_card: 4,000 of 10,000 questions, 200/s, about 30 s left; 390,000 Rial spent, 990,000 at the end at most"
    )


@pytest.mark.parametrize(
    ("left", "said"),
    [(59, "59 s"), (60, "1 min 0 s"), (3_599, "59 min 59 s"), (3_600, "1 h 0 min"), (90_000, "25 h 0 min"), (0, "0 s")],
)
def test_the_time_left_is_told_in_the_two_largest_units(clock, left, said):
    one = reporter(clock, to_ask=10 + left)
    clock.now += 10
    assert f"about {said} left;" in one.line(Totals(questions=10))


def test_unknown_calls_are_told(clock):
    assert reporter(clock).line(Totals(unknown=1_234)).endswith(", 1,234 unknown")


def test_without_a_price_it_tells_what_was_paid(clock):
    assert reporter(clock, price_rial=None).line(Totals(paid=12)).endswith("; 12 paid")


def test_before_the_first_answer_it_promises_nothing(clock):
    one = reporter(clock)
    assert one.line(Totals()) == "match_card: 0 of 1,000 questions, 0/s; 0 Rial spent, 100,000 at the end at most"
    clock.now += 10
    assert "left" not in one.line(Totals())


def test_more_than_was_planned_is_no_negative_rest(clock):
    clock_line = reporter(clock, to_ask=5)
    clock.now += 1
    assert clock_line.line(Totals(questions=7, spent_rial=700)).endswith(
        "about 0 s left; 700 Rial spent, 700 at the end at most"
    )


def test_every_ten_seconds_a_line_is_logged_and_the_row_is_written(clock, caplog):
    caplog.set_level(logging.INFO)
    written = []
    with reporter(clock, written=written.append) as one:
        for questions in range(1, 101):
            clock.now += 0.3
            one.hear(Totals(questions=questions))
    assert [totals.questions for totals in written] == [34, 68]
    assert [record.message[:26] for record in caplog.records] == [
        "match_card: 34 of 1,000 qu",
        "match_card: 68 of 1,000 qu",
    ]


def test_a_terminal_shows_a_bar_and_no_lines(clock, caplog, monkeypatch):
    caplog.set_level(logging.INFO)
    terminal, written = Terminal(), []
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "200")
    with reporter(clock, written=written.append) as one:
        clock.now += 11
        one.hear(Totals(questions=250, spent_rial=25_000))
    shown = terminal.getvalue()
    assert "match_card" in shown
    assert "250 of 1,000" in shown
    assert "25,000 Rial" in shown
    assert len(written) == 1
    assert caplog.records == []


def test_what_is_no_terminal_gets_no_bar(clock, capsys):
    with reporter(clock) as one:
        one.hear(Totals(questions=250))
    assert capsys.readouterr() == ("", "")
