"""Columns of a source find the inputs that they are: by what the user says, else by their names."""

from __future__ import annotations

import pytest

from airflow_provider_iranpay.bulk.mapping import map_columns
from airflow_provider_iranpay.exceptions import ConfigurationError
from airflow_provider_iranpay.inquiries import INQUIRIES

CARD = INQUIRIES["match_card"]
SIMILARITY = INQUIRIES["name_similarity"]


def mapped(*there, inquiry=CARD, **given):
    return map_columns(inquiry, there=("id", *there), key="id", given=given)


def test_columns_that_are_called_like_the_inputs_are_theirs_and_every_guess_is_shown():
    found = mapped("card", "national_code", "birth_date")
    assert found.columns == {"card": "card", "national_code": "national_code", "birth_date": "birth_date"}
    assert found.guessed == ("card", "national_code", "birth_date")


def test_what_the_user_says_is_taken_and_is_no_guess():
    found = mapped("x", "national_code", "birth_date", card="x")
    assert found.columns["card"] == "x"
    assert found.guessed == ("national_code", "birth_date")


def test_what_the_user_says_wins_over_a_column_with_the_name():
    assert mapped("card", "other", "national_code", "birth_date", card="other").columns["card"] == "other"


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("CardNumber", "card"),
        ("card-no", "card"),
        ("PAN", "card"),
        ("National ID", "national_code"),
        ("code_melli", "national_code"),
        ("Date of Birth", "birth_date"),
        ("BIRTH_DATE", "birth_date"),
    ],
)
def test_other_spellings_and_other_names_are_known(column, name):
    others = [one.name for one in CARD.inputs if one.name != name]
    assert mapped(column, *others).columns[name] == column


def test_a_column_with_the_very_name_wins_over_another_name_of_it():
    assert mapped("pan", "card", "national_code", "birth_date").columns["card"] == "card"


@pytest.mark.parametrize("there", [("card", "CARD"), ("pan", "card_no")])
def test_of_two_columns_that_may_be_it_none_is_guessed(there):
    with pytest.raises(ConfigurationError, match="which column is card"):
        mapped(*there, "national_code", "birth_date")


def test_a_column_that_only_contains_the_name_is_not_it():
    with pytest.raises(ConfigurationError, match="which column is card, birth_date"):
        mapped("card_expiry", "national_code")


def test_an_optional_input_without_a_column_is_left_out():
    found = mapped("national_code", "birth_date", "first_name", inquiry=SIMILARITY)
    assert set(found.columns) == {"national_code", "birth_date", "first_name"}


def test_an_input_that_the_inquiry_does_not_have_is_refused():
    with pytest.raises(ConfigurationError, match="match_card has no input iban; it has card, national_code"):
        mapped("card", "national_code", "birth_date", iban="card")


def test_columns_and_a_key_that_the_source_does_not_have_are_refused():
    with pytest.raises(ConfigurationError, match="no column missing, nowhere; it has a"):
        map_columns(CARD, there=("a",), key="missing", given={"card": "nowhere"})


@pytest.mark.parametrize("name", INQUIRIES)
def test_each_inquiry_maps_a_source_that_uses_its_own_names(name):
    inputs = [one.name for one in INQUIRIES[name].inputs]
    assert mapped(*inputs, inquiry=INQUIRIES[name]).columns == {one: one for one in inputs}
