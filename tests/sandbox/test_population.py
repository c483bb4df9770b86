"""The people: always the same, well-formed, and found again by each of their identifiers."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_iranpay.iran import identifiers
from airflow_provider_iranpay.iran.banks import by_card, by_iban
from airflow_provider_iranpay.iran.days import from_jalali_yyyymmdd
from airflow_provider_iranpay.sandbox.people import CardState, Conscription
from airflow_provider_iranpay.sandbox.population import CAPACITY, CITIZENS, Population
from airflow_provider_iranpay.sandbox.shuffle import Shuffle

PEOPLE = Population(1)
indices = st.integers(0, CAPACITY - 1)


@given(indices)
def test_a_person_is_found_by_each_identifier(index):
    person = PEOPLE.person(index)
    account = person.account
    assert PEOPLE.by_national_code(person.national_code) == person
    assert PEOPLE.by_card(person.card.number) == person
    assert PEOPLE.by_iban(account.iban) == person
    assert PEOPLE.by_account(account.bank_id, account.number) == person
    assert PEOPLE.by_mobile(person.mobile) == person
    assert PEOPLE.by_postal_code(person.address.postal_code) == person


@given(indices)
def test_foreigners_and_companies_are_found_by_their_codes(index):
    foreigner, company = PEOPLE.foreigner(index), PEOPLE.company(index)
    assert PEOPLE.by_fida(foreigner.fida) == foreigner
    assert PEOPLE.by_legal_id(company.legal_id) == company


@given(indices)
def test_every_identifier_passes_the_checks_of_the_country(index):
    person = PEOPLE.person(index)
    for check, value in (
        (identifiers.national_code, person.national_code),
        (identifiers.card, person.card.number),
        (identifiers.iban, person.account.iban),
        (identifiers.mobile, person.mobile),
        (identifiers.postal_code, person.address.postal_code),
        (identifiers.legal_id, PEOPLE.company(index).legal_id),
        (identifiers.fida_code, PEOPLE.foreigner(index).fida),
    ):
        checked = check(value)
        assert checked.ok, (check, value)
        assert checked.value == value
        assert checked.doubt is None, (check, value)


@given(indices)
def test_card_and_iban_are_of_the_persons_bank(index):
    person = PEOPLE.person(index)
    assert by_card(person.card.number) == by_iban(person.account.iban) == person.account.bank


@given(indices)
def test_the_birth_date_is_a_jalali_day_of_an_adult(index):
    assert 1945 <= from_jalali_yyyymmdd(PEOPLE.person(index).birth_date).year <= 2006


@given(st.integers(), indices)
def test_a_shuffle_can_be_undone(seed, index):
    shuffle = Shuffle(seed, "anything")
    assert shuffle.index(shuffle.digits(index)) == index


def test_no_two_people_share_an_identifier():
    made = [PEOPLE.person(index) for index in range(5000)]
    for identifier in ("national_code", "mobile"):
        assert len({getattr(person, identifier) for person in made}) == len(made)
    assert len({person.card.number for person in made}) == len(made)
    assert len({person.account.iban for person in made}) == len(made)


def test_the_same_seed_makes_the_same_people():
    assert [Population(7).person(n) for n in range(50)] == [Population(7).person(n) for n in range(50)]


def test_another_seed_makes_other_people():
    assert not {Population(7).person(n).national_code for n in range(500)} & {
        Population(8).person(n).national_code for n in range(500)
    }


def test_well_formed_identifiers_of_nobody_find_nobody():
    assert PEOPLE.by_card("6037990000000006") is None
    assert PEOPLE.by_iban("IR760170000000000000000001") is None
    assert PEOPLE.by_national_code("0012345679") is None
    assert PEOPLE.by_account("MELLI", "12-34") is None
    assert PEOPLE.by_mobile("09499999999") is None
    assert PEOPLE.by_postal_code("2222222222") is None
    assert PEOPLE.by_postal_code("1111199999") is None


def test_a_stranger_is_somebody_else_outside_every_sample():
    assert all(PEOPLE.stranger(index).index >= CITIZENS for index in range(100))


@pytest.mark.parametrize("index", [-1, CAPACITY])
def test_nobody_lives_outside_the_numbering(index):
    with pytest.raises(IndexError):
        PEOPLE.person(index)


def test_some_national_codes_begin_with_zero():
    assert any(PEOPLE.person(index).national_code.startswith("0") for index in range(200))


def test_every_trait_is_met():
    made = [PEOPLE.person(index) for index in range(3000)]
    assert Counter(person.card.state for person in made).keys() == set(CardState)
    assert Counter(person.conscription for person in made).keys() == set(Conscription)
    assert {person.account.status for person in made} >= {"ACTIVE", "BLOCKED", "IDLE"}
    assert {person.card.type for person in made} >= {"DEBIT", "CREDIT", "GIFT_CARD", "VIRTUAL_CARD"}
    assert {len(person.account.owners) for person in made} == {0, 1, 2}
    assert {person.sana_registered for person in made} == {True, False}
