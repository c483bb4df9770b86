"""What each Jibit service answers, and what it refuses on account of the people themselves."""

from __future__ import annotations

import pytest

from airflow_provider_iranpay.sandbox.people import CardState, Conscription

UNKNOWN_CARD = "6037990000000006"
UNKNOWN_IBAN = "IR760170000000000000000001"
UNKNOWN_NATIONAL_CODE = "0012345679"


@pytest.fixture
def plain(find):
    """Somebody with an active debit card and one named account."""
    return find(
        lambda one: one.card.state is CardState.ACTIVE and one.card.type == "DEBIT" and len(one.account.owners) == 1
    )


def with_card(find, *, state=CardState.ACTIVE, kind="DEBIT"):
    return find(lambda one: one.card.state is state and one.card.type == kind).card.number


def test_card_inquiry(caller, plain):
    got = caller.get("cards", number=plain.card.number)
    assert got.status == 200
    assert got.body == {
        "number": plain.card.number,
        "cardInfo": {
            "bank": plain.account.bank_id,
            "type": "DEBIT",
            "ownerName": str(plain.name),
            "depositNumber": plain.account.number,
        },
    }


def test_card_to_account(caller, plain):
    assert caller.get("cards", number=plain.card.number, deposit="true").body == {
        "number": plain.card.number,
        "type": "DEBIT",
        "depositInfo": {"bank": plain.account.bank_id, "depositNumber": plain.account.number},
    }


def iban_info(person):
    return {
        "bank": person.account.bank_id,
        "depositNumber": person.account.number,
        "iban": person.account.iban,
        "status": person.account.status,
        "owners": [{"firstName": owner.first, "lastName": owner.last} for owner in person.account.owners],
    }


def test_card_to_iban(caller, plain):
    assert caller.get("cards", number=plain.card.number, iban="true").body == {
        "number": plain.card.number,
        "type": "DEBIT",
        "ibanInfo": iban_info(plain),
    }


def test_iban_inquiry(caller, plain):
    iban = plain.account.iban
    assert caller.get("ibans", value=iban).body == {"value": iban, "ibanInfo": iban_info(plain)}


def test_iban_inquiry_of_a_joint_account_names_both_owners(caller, find):
    joint = find(lambda one: len(one.account.owners) == 2)
    assert len(caller.get("ibans", value=joint.account.iban).body["ibanInfo"]["owners"]) == 2


def test_iban_inquiry_tells_a_blocked_account(caller, find):
    blocked = find(lambda one: one.account.status == "BLOCKED" and one.account.owners)
    assert caller.get("ibans", value=blocked.account.iban).body["ibanInfo"]["status"] == "BLOCKED"


def test_account_to_iban(caller, plain):
    account = plain.account
    got = caller.get("deposits", bank=account.bank_id, number=account.number, iban="true")
    assert got.body == {
        "number": account.number,
        "depositToIBANInfo": {"bank": account.bank_id, "iban": account.iban},
    }


def test_availability_names_the_banks_that_are_down(caller):
    caller.sandbox.world.change_settings({"unavailable_banks": ["MELLI"]})
    report = caller.get("services/availability", cardToIBAN="true").body["availabilityReport"]
    assert report["MELLI"] == "NOT_AVAILABLE"
    assert report["MELLAT"] == "AVAILABLE"


def test_a_bank_that_is_down_converts_no_card(caller, plain):
    caller.sandbox.world.change_settings({"unavailable_banks": [plain.account.bank_id]})
    got = caller.get("cards", number=plain.card.number, iban="true")
    assert (got.status, got.code) == (503, "card.source_bank_is_not_active")


@pytest.mark.parametrize(
    ("instrument", "of"),
    [
        ("cardNumber", lambda one: one.card.number),
        ("iban", lambda one: one.account.iban),
    ],
)
def test_matching_an_instrument_with_a_person(caller, people, instrument, of):
    owner, other = people.person(1), people.person(2)
    for person, matched in ((owner, True), (other, False)):
        asked = {instrument: of(owner), "nationalCode": person.national_code, "birthDate": person.birth_date}
        assert caller.get("services/matching", **asked).body == {"matched": matched}


def test_matching_an_account_with_a_person(caller, people):
    owner, other = people.person(1), people.person(2)
    account = {"bank": owner.account.bank_id, "depositNumber": owner.account.number}
    for person, matched in ((owner, True), (other, False)):
        asked = account | {"nationalCode": person.national_code, "birthDate": person.birth_date}
        assert caller.get("services/matching", **asked).body == {"matched": matched}


def test_matching_a_mobile_with_a_person(caller, people):
    person = people.person(3)
    for mobile, matched in (
        (person.mobile, True),
        (people.person(4).mobile, False),
        ("09499999999", False),
    ):
        got = caller.get("services/matching", nationalCode=person.national_code, mobileNumber=mobile)
        assert got.body == {"matched": matched}


@pytest.mark.parametrize(
    "instrument",
    [
        lambda one: {"cardNumber": one.card.number},
        lambda one: {"iban": one.account.iban},
        lambda one: {"bank": one.account.bank_id, "depositNumber": one.account.number},
    ],
)
def test_matching_an_instrument_with_a_name(caller, people, instrument):
    person = people.person(5)
    for name, matched in ((str(person.name), True), ("نام دیگری", False)):
        assert caller.get("services/matching", name=name, **instrument(person)).body == {"matched": matched}


def test_a_name_matches_in_arabic_spelling(caller, find):
    person = find(lambda one: "ی" in str(one.name))
    spelled = str(person.name).replace("ی", "ي").replace("ک", "ك")
    assert caller.get("services/matching", name=spelled, cardNumber=person.card.number).body == {"matched": True}


def test_postal_code(caller, people):
    address = people.person(6).address
    body = caller.get("services/postal", code=address.postal_code).body
    assert body["code"] == body["addressInfo"]["postalCode"] == address.postal_code
    assert body["addressInfo"]["province"] == address.place.province
    assert body["addressInfo"]["district"] == address.place.district
    assert address.street in body["addressInfo"]["address"]


def test_postal_location_is_in_iran(caller, people):
    code = people.person(6).address.postal_code
    place = caller.get("services/postal/wgs", code=code).body["wgsInfo"]
    assert place["postalCode"] == code
    assert 25 < place["latitude"] < 40
    assert 44 < place["longitude"] < 64


@pytest.mark.parametrize("standing", Conscription)
def test_military_service_qualifies_all_but_the_absent(caller, find, standing):
    person = find(lambda one: one.conscription is standing)
    assert caller.get("services/social/msq", nationalCode=person.national_code).body == {
        "militaryServiceQualificationInfo": {"qualified": standing is not Conscription.ABSENT}
    }


@pytest.mark.parametrize("registered", [True, False])
def test_sana(caller, find, registered):
    person = find(lambda one: one.sana_registered is registered)
    got = caller.get("services/social/sana", nationalCode=person.national_code, mobileNumber=person.mobile)
    assert got.body == {"registered": registered, "matched": True}


def test_sana_fails_for_a_mobile_of_somebody_else(caller, people):
    got = caller.get(
        "services/social/sana", nationalCode=people.person(1).national_code, mobileNumber=people.person(2).mobile
    )
    assert (got.status, got.code) == (404, "identity_info.not_found")


def test_similarity_gives_four_percentages(caller, people):
    person = people.person(1)
    got = caller.get(
        "services/identity/similarity",
        nationalCode=person.national_code,
        birthDate=person.birth_date,
        firstName=person.name.first,
        lastName="ژژژژژژ",
    )
    assert got.body["firstNameSimilarityPercentage"] == 100
    assert got.body["lastNameSimilarityPercentage"] < 50
    assert got.body["fullNameSimilarityPercentage"] == got.body["fatherNameSimilarityPercentage"] == 0


def test_similarity_of_no_name_is_not_acceptable(caller, people):
    person = people.person(1)
    got = caller.get(
        "services/identity/similarity", nationalCode=person.national_code, birthDate=person.birth_date, firstName=""
    )
    assert got.code == "parameters.not_acceptable"


def test_a_foreigner(caller, people):
    foreigner = people.foreigner(9)
    body = caller.get("services/foreigners/identity", fida=foreigner.fida).body
    assert body["identityInfo"]["nationality"] == foreigner.nationality


def test_a_company(caller, people):
    company = people.company(9)
    body = caller.get("services/corporation/identity", code=company.legal_id).body
    assert body["corporationInfo"]["name"] == company.name


@pytest.mark.parametrize(
    ("path", "asked", "code"),
    [
        ("cards", {"number": UNKNOWN_CARD}, "card.not_found"),
        ("cards", {"number": UNKNOWN_CARD, "iban": "true"}, "card.not_found"),
        ("ibans", {"value": UNKNOWN_IBAN}, "iban.not_found"),
        ("deposits", {"bank": "MELLI", "number": "123", "iban": "true"}, "conversion.failed"),
        ("services/postal", {"code": "1111111111"}, "postalCode.not_found"),
        ("services/postal/wgs", {"code": "1111111111"}, "postalCode.not_found"),
        ("services/social/msq", {"nationalCode": UNKNOWN_NATIONAL_CODE}, "identity_info.not_found"),
        ("services/foreigners/identity", {"fida": "999999999999"}, "identity_info.not_found"),
        ("services/corporation/identity", {"code": "10123456788"}, "identity_info.not_found"),
        ("services/matching", {"cardNumber": UNKNOWN_CARD, "name": "علی"}, "matching.unknown"),
        ("services/matching", {"iban": UNKNOWN_IBAN, "name": "علی"}, "matching.unknown"),
        ("services/matching", {"bank": "MELLI", "depositNumber": "1", "name": "علی"}, "matching.unknown"),
        (
            "services/matching",
            {"cardNumber": UNKNOWN_CARD, "nationalCode": UNKNOWN_NATIONAL_CODE, "birthDate": "13600101"},
            "matching.unknown",
        ),
        (
            "services/matching",
            {"nationalCode": UNKNOWN_NATIONAL_CODE, "mobileNumber": "09120000000"},
            "identity_info.not_found",
        ),
    ],
)
def test_what_nobody_has_is_an_error_and_costs_nothing(caller, path, asked, code):
    assert caller.get(path, **asked).code == code
    assert caller.sandbox.world.ledger.entries == []


def test_a_wrong_birth_date_is_nobody(caller, people):
    person = people.person(1)
    got = caller.get(
        "services/matching", cardNumber=person.card.number, nationalCode=person.national_code, birthDate="13000101"
    )
    assert got.code == "identity_info.not_found"


@pytest.mark.parametrize("flags", [{}, {"deposit": "true"}, {"iban": "true"}])
@pytest.mark.parametrize(
    ("state", "code"),
    [
        (CardState.INACTIVE, "card.not_active"),
        (CardState.EXPIRED, "card.is_expired"),
        (CardState.LOST, "card.registered_as_lost"),
        (CardState.STOLEN, "card.registered_as_stolen"),
        (CardState.OWNER_WITHHELD, "card.owner_not_authorized"),
    ],
)
def test_a_card_in_a_bad_state_is_refused(caller, find, state, code, flags):
    assert caller.get("cards", number=with_card(find, state=state), **flags).code == code


@pytest.mark.parametrize("kind", ["CREDIT", "GIFT_CARD", "VIRTUAL_CARD"])
def test_only_debit_cards_have_an_iban(caller, find, kind):
    number = with_card(find, kind=kind)
    assert caller.get("cards", number=number, iban="true").code == "card_type.not_supported"
    assert caller.get("cards", number=number).body["cardInfo"]["type"] == kind


def test_an_iban_whose_owners_are_withheld(caller, find):
    person = find(lambda one: not one.account.owners)
    got = caller.get("ibans", value=person.account.iban)
    assert (got.status, got.code) == (404, "iban.owner_not_found")
