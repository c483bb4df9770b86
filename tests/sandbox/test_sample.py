"""The sample: the population's first people, with a truth that the server agrees with."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from airflow_provider_iranpay.sandbox.population import CITIZENS, Population
from airflow_provider_iranpay.sandbox.sample import COLUMNS, customer, write_sample

ROWS = 300


def claims(row):
    """The three matchings of a row: its truth column and the parameters to ask."""
    who = {"nationalCode": row.national_code, "birthDate": row.birth_date}
    return (
        (row.matches_card, {"cardNumber": row.card, **who}),
        (row.matches_iban, {"iban": row.iban, **who}),
        (row.matches_mobile, {"mobileNumber": row.mobile, "nationalCode": row.national_code}),
    )


def test_the_server_agrees_with_every_claim(caller, people):
    wrong = []
    for index in range(ROWS):
        for truth, asked in claims(customer(people, index)):
            got = caller.get("services/matching", **asked)
            if got.body != {"matched": truth == "true"}:
                wrong.append((index, truth, got))
    assert wrong == []


def test_the_account_of_a_row_is_the_account_of_its_iban(caller, people):
    for index in range(50):
        row = customer(people, index)
        got = caller.get("deposits", bank=row.bank, number=row.account, iban="true")
        assert got.body["depositToIBANInfo"] == {"bank": row.bank, "iban": row.iban}


@pytest.mark.parametrize("column", ["matches_card", "matches_iban", "matches_mobile"])
def test_a_quarter_of_the_claims_is_false(people, column):
    false = sum(getattr(customer(people, index), column) == "false" for index in range(2000))
    assert 0.20 <= false / 2000 <= 0.30


def test_the_file_holds_the_first_people_in_order(tmp_path, people):
    path = tmp_path / "customers.csv"
    write_sample(people, rows=20, path=path)
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert " ".join(header) == (
        "customer_id first_name last_name national_code birth_date mobile card iban bank account postal_code "
        "matches_card matches_iban matches_mobile"
    )
    assert rows == [[getattr(customer(people, index), name) for name in COLUMNS] for index in range(20)]


class Interrupted(Population):
    def person(self, index):
        if index == 5:
            raise KeyboardInterrupt
        return super().person(index)


def test_an_interrupted_sample_leaves_the_old_file(tmp_path):
    path = tmp_path / "customers.csv"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        write_sample(Interrupted(1), rows=20, path=path)
    assert {one.name: one.read_text() for one in tmp_path.iterdir()} == {"customers.csv": "old"}


def test_a_device_is_written_to_and_not_replaced(people):
    write_sample(people, rows=1, path=Path("/dev/null"))
    assert Path("/dev/null").is_char_device()


def test_the_same_seed_writes_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        write_sample(Population(3), rows=100, path=tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_short_sample_is_the_beginning_of_a_long_one(tmp_path, people):
    write_sample(people, rows=10, path=tmp_path / "short")
    write_sample(people, rows=30, path=tmp_path / "long")
    assert (tmp_path / "long").read_bytes().startswith((tmp_path / "short").read_bytes())


def test_names_are_persian(people):
    name = customer(people, 0).first_name
    assert all("\u0600" <= letter <= "\u06ff" or letter == "\u200c" for letter in name)


def test_customers_end_where_strangers_begin(people):
    with pytest.raises(IndexError):
        customer(people, CITIZENS)
