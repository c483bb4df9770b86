"""``show`` and ``unknowns``: what the journal holds, for a person and for a program."""

from __future__ import annotations

import csv
import json

import pytest

SANDBOX = "http://[::1]:8321/ide"


def cells(line):
    return line.split()


def test_each_environment_is_counted_and_its_budgets_are_held_against_their_attempts(journal, fill):
    fill(SANDBOX, unknown=1)
    fill()
    code, out, _ = journal("show")
    assert code == 0
    lines = [cells(line) for line in out.splitlines()]
    assert lines.index(["Environment", SANDBOX]) < lines.index(["Environment", "real"])
    assert ["match_card", "jibit", "shop", "answered", "2", "10,000", "0"] in lines
    assert ["match_card", "jibit", "shop", "unknown", "2", "0", "10,000"] in lines
    assert ["night", "100,000", "10,000", "10,000", "80,000", "closes"] in lines
    assert "Unknown: 2; asking them again would cost at most 10,000 Rial." in out
    assert "Unknown: 1; asking them again would cost at most 5,000 Rial." in out


def test_one_environment_can_be_asked_for(journal, fill):
    fill(SANDBOX)
    fill()
    code, out, _ = journal("show", "--environment", "real", "--output", "json")
    (shown,) = json.loads(out)
    assert (code, shown["environment"]) == (0, "real")
    assert {one["state"]: one["attempts"] for one in shown["attempts"]} == {"answered": 2, "rejected": 1, "unknown": 2}
    assert shown["unknown"] == {"attempts": 2, "at_most_rial": 10_000, "without_price": 0}


def test_a_budget_that_does_not_close_is_shown_with_its_difference_and_fails(journal, fill, opened):
    fill()
    with opened.transaction() as connection:
        connection.exec_driver_sql("UPDATE iranpay_budget SET spent_rial = spent_rial + 7")
    code, out, _ = journal("show")
    assert code == 1
    assert "DOES NOT CLOSE" in out
    assert "counts 10,007 Rial spent and 10,000 reserved, and its attempts add up to 10,000 and 10,000" in out
    code, out, _ = journal("show", "--output", "json")
    assert (code, json.loads(out)[0]["budgets"][0]["closes"]) == (1, False)


def test_an_environment_that_the_journal_does_not_know_is_refused_with_those_that_it_knows(journal, fill):
    fill()
    code, out, err = journal("show", "--environment", "rael")
    assert (code, out) == (1, "")
    assert err == "--environment: the journal knows real, not 'rael'.\n"


@pytest.mark.parametrize("action", ["show", "unknowns"])
def test_a_warehouse_without_a_journal_says_so(journal, opened, action):
    code, out, err = journal(action)
    assert (code, out) == (1, "")
    assert "no journal yet" in err


def test_a_connection_that_is_not_there_is_an_error_without_a_traceback(journal):
    code, out, err = journal("show", "--warehouse-conn-id", "nowhere")
    assert (code, out) == (1, "")
    assert err == "The conn_id `nowhere` isn't defined\n"


def test_what_is_unknown_is_listed_by_tehran_time_and_jalali_day(journal, fill):
    ids = fill()
    _, out, _ = journal("unknowns", "--output", "json")
    assert [one["id"] for one in json.loads(out)] == ids
    assert json.loads(out)[0] | {"id": "any"} == {
        "id": "any", "environment": "real", "inquiry": "match_card", "provider": "jibit", "account": "shop",
        "track_id": "invented", "claimed_at": "2026-01-01 03:30:00+03:30", "jalali_day": "1404-10-11",
        "price_rial": 5_000,
    }  # fmt: skip


def test_a_table_of_what_is_unknown_names_each_environment_and_keeps_an_id_in_one_piece(journal, fill):
    (sandbox,), (real,) = fill(SANDBOX, unknown=1), fill(unknown=1)
    lines = [cells(line) for line in journal("unknowns")[1].splitlines()]
    row = ["match_card", "jibit", "shop", "invented", "2026-01-01", "03:30:00+03:30", "1404-10-11", "5,000"]
    of_sandbox, of_real = lines.index([sandbox, *row]), lines.index([real, *row])
    assert lines.index(["Environment", SANDBOX]) < of_sandbox < lines.index(["Environment", "real"]) < of_real


def test_the_csv_has_a_column_to_fill_in(journal, fill):
    ids = fill()
    _, out, _ = journal("unknowns", "--output", "csv")
    assert [(row["id"], row["paid"]) for row in csv.DictReader(out.splitlines())] == [(one, "") for one in ids]


def test_where_nothing_is_unknown_the_csv_is_its_header(journal, fill):
    fill(unknown=0)
    assert journal("unknowns", "--output", "csv")[1].count("\n") == 1
    assert "Nothing is unknown." in journal("unknowns")[1]
