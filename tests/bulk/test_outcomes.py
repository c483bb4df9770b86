"""What a call comes to, case by case, and that a kept answer says the same again."""

from __future__ import annotations

import copy
import itertools
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_iranpay.api.jibit import Jibit
from airflow_provider_iranpay.api.paystar import Paystar
from airflow_provider_iranpay.bulk.outcomes import (
    ANSWERS,
    Origin,
    Outcome,
    Status,
    answered,
    content_of,
    is_doubtful,
    judge,
    kept_content,
    of_error,
    replayed,
)
from airflow_provider_iranpay.bulk.ways import Reader
from airflow_provider_iranpay.client.conversation import reread
from airflow_provider_iranpay.client.many_driver import Ended
from airflow_provider_iranpay.exceptions import (
    CallError,
    ConfigurationError,
    InvalidInput,
    NotSent,
    OperatorNeeded,
    OutcomeUnknown,
    QuotaReached,
    Rejected,
    TransientFailure,
    UnreadableAnswer,
)
from airflow_provider_iranpay.inquiries import INQUIRIES
from airflow_provider_iranpay.warehouse.journal.records import Kind, Standing
from airflow_provider_iranpay.warehouse.journal.states import Event
from tests.bulk.playing import INQUIRY, Provider, mobile, national_code

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LISTED = {"jibit": "mobileNumber.not_valid", "paystar": "10"}
PROVIDERS = sorted(LISTED)
FREE = {"jibit": True, "paystar": False}
BODY = b"what it said"
CODES = ("listed", "unlisted", "none")


def error_of(kind, provider, code="none"):
    """An error of a call."""
    named = {"listed": LISTED[provider], "unlisted": "4711.new", "none": None}[code]
    return kind("it failed.", provider=provider, service="match_mobile", code=named, track_id="t", phase="answered")


def call_that_ended(error, *, sends=1):
    """A call that ended so; what was sent was answered."""
    if isinstance(error, OutcomeUnknown):
        return Ended(None, error, None, None, None, sends, NOW)
    if not sends:
        return Ended(None, error, None, None, None, 0, None)
    return Ended(None, error, NOW, 400, BODY, sends, NOW)


def judged(way, ended):
    """The verdict on such a call."""
    return judge(way, ended, ended.error)


def every(*axes):
    return list(itertools.product(*axes))


def way_of(provider):
    return Provider(provider).way


# Status of a row, and whether what was said is kept, where it was sent.
FAILURES = {
    (Rejected, "listed"): (Status.PROVIDER_ERROR, True),
    (Rejected, "unlisted"): (Status.PROVIDER_ERROR, False),
    (Rejected, "none"): (Status.PROVIDER_ERROR, False),
    **{(TransientFailure, code): (Status.FAILED, False) for code in CODES},
    **{(QuotaReached, code): (Status.NOT_SENT_QUOTA, False) for code in CODES},
    **{(OperatorNeeded, code): (Status.NOT_SENT_STOPPED, False) for code in CODES},
    **{(NotSent, code): (Status.NOT_SENT_UNAVAILABLE, False) for code in CODES},
}


@pytest.mark.parametrize(("provider", "case"), every(PROVIDERS, FAILURES), ids=str)
def test_a_definite_failure_costs_where_errors_do_and_is_kept_where_it_is_listed(provider, case):
    (kind, code), (status, kept) = case, FAILURES[case]
    verdict = judged(way_of(provider), call_that_ended(error_of(kind, provider, code)))
    assert verdict.event is (Event.REJECTED_FREE if FREE[provider] else Event.REJECTED)
    assert verdict.outcome.status == status
    assert verdict.content == (kept_content(400, BODY) if kept else None)
    assert verdict.definite_failure


@pytest.mark.parametrize(
    ("provider", "kind"),
    every(PROVIDERS, [TransientFailure, QuotaReached, OperatorNeeded, NotSent]),
)
def test_what_was_not_sent_costs_nothing_and_another_account_may_be_asked(provider, kind):
    verdict = judged(way_of(provider), call_that_ended(error_of(kind, provider, "listed"), sends=0))
    assert (verdict.event, verdict.content, verdict.definite_failure) == (Event.NOT_SENT, None, True)


@pytest.mark.parametrize(
    ("provider", "error"),
    every(PROVIDERS, [ConfigurationError("no"), InvalidInput("mobile", "prefix", "Correct it.")]),
    ids=str,
)
def test_an_error_before_the_call_costs_nothing(provider, error):
    verdict = judged(way_of(provider), call_that_ended(error, sends=0))
    assert (verdict.event, verdict.content, verdict.definite_failure) == (Event.NOT_SENT, None, True)
    assert verdict.outcome.status == (Status.INVALID_INPUT if isinstance(error, InvalidInput) else Status.FAILED)


@pytest.mark.parametrize(("provider", "sends"), every(PROVIDERS, [1, 3]))
def test_a_lost_answer_is_unknown_and_nobody_else_is_asked(provider, sends):
    verdict = judged(way_of(provider), call_that_ended(error_of(OutcomeUnknown, provider), sends=sends))
    assert (verdict.event, verdict.content, verdict.definite_failure) == (Event.SILENCE, None, False)
    assert verdict.outcome.status == Status.UNKNOWN


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_unreadable_answer_is_paid_and_kept_and_nobody_else_is_asked(provider):
    verdict = judged(way_of(provider), call_that_ended(error_of(UnreadableAnswer, provider)))
    assert (verdict.event, verdict.definite_failure) == (Event.UNREADABLE, False)
    assert verdict.content == kept_content(400, BODY)
    assert verdict.outcome.status == Status.UNREADABLE


@pytest.mark.parametrize(("provider", "kind", "sends"), every(PROVIDERS, [UnreadableAnswer, Rejected], [0, 1]), ids=str)
def test_what_was_said_to_a_token_call_is_no_answer_to_the_question(provider, kind, sends):
    """The question itself was never answered, so nothing of it is kept, and it was not paid for."""
    error = error_of(kind, provider, "listed")
    ended = Ended(None, error, NOW if sends else None, None, None, sends, NOW if sends else None)
    verdict = judged(way_of(provider), ended)
    assert verdict.content is None
    assert not verdict.outcome.has_answer
    assert verdict.outcome.status != Status.UNREADABLE
    assert verdict.event is not Event.UNREADABLE


@pytest.mark.parametrize(("provider", "matched"), every(PROVIDERS, [True, False]))
def test_an_answer_is_paid_and_kept(provider, matched):
    way, ended = way_of(provider), Ended(matched, None, NOW, 200, BODY, 1, NOW)
    assert content_of(ended) == kept_content(200, BODY)
    status = Status.MATCHED if matched else Status.NOT_MATCHED
    assert answered(INQUIRY, way, "t", ended) == Outcome(
        status, Origin.PAID, None, None, provider, 1, way.price_rial, "t", NOW, (matched,)
    )


DOUBTFUL = {(UnreadableAnswer, "listed"), (OutcomeUnknown, "listed"), (Rejected, "unlisted"), (Rejected, "none")}
DOUBTFUL |= {(kind, code) for kind in (UnreadableAnswer, OutcomeUnknown) for code in CODES}


@pytest.mark.parametrize(
    ("provider", "kind", "code"),
    every(PROVIDERS, [*(kind for kind, _ in FAILURES), UnreadableAnswer, OutcomeUnknown], CODES),
    ids=str,
)
def test_what_is_unknown_unreadable_or_unlisted_is_doubtful_and_nothing_else(provider, kind, code):
    ended = call_that_ended(error_of(kind, provider, code))
    assert is_doubtful(way_of(provider), ended) is ((kind, code) in DOUBTFUL)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_answer_is_not_doubtful(provider):
    assert not is_doubtful(way_of(provider), Ended(True, None, NOW, 200, BODY, 1, NOW))


@pytest.mark.parametrize("status", Status)
def test_a_row_has_an_origin_if_and_only_if_it_has_an_answer(status):
    called = Outcome(status).of_call("jibit", "t", None, 5)
    assert (called.origin == Origin.PAID) is (status in ANSWERS) is called.has_answer
    later = called.of_duplicate()
    assert (later.origin == Origin.DUPLICATE) is (status in ANSWERS)
    assert (later.attempts, later.cost_rial) == (0, 0)


@pytest.mark.parametrize(
    ("before", "cost", "together"), [(None, 5, None), (7, 5, 12), (7, None, None), (None, None, None), (0, 0, 0)]
)
def test_the_attempts_at_one_question_add_up(before, cost, together):
    first = Outcome(Status.FAILED).of_call("jibit", "t", None, before)
    called = Outcome(Status.OK).of_call("paystar", "u", NOW, cost).after(first)
    assert (called.cost_rial, called.attempts) == (together, 2)
    assert (called.provider, called.track_id, called.answered_at) == ("paystar", "u", NOW)


def test_an_outcome_of_an_error_says_what_the_error_says():
    error = error_of(Rejected, "jibit", "listed")
    assert of_error(error)[:4] == (Status.PROVIDER_ERROR, Origin.NONE, LISTED["jibit"], str(error))


# Kept answers

SAID = {
    "jibit": {
        "number": "6037990000000006",
        "value": "IR760170000000000000000001",
        "type": "DEBIT",
        "matched": True,
        "registered": True,
        "cardInfo": {"bank": "MELLI", "type": "DEBIT", "ownerName": "سارا", "depositNumber": "0100200300"},
        "depositInfo": {"bank": "MELLI", "depositNumber": "0100200300"},
        "ibanInfo": {
            "iban": "IR760170000000000000000001",
            "bank": "MELLI",
            "depositNumber": "0100200300",
            "status": "ACTIVE",
            "owners": [{"firstName": "سارا", "lastName": "نیک‌نام"}],
        },
        "addressInfo": {"postalCode": "1345678901", "address": "تهران", "province": "تهران", "no": "7", "floor": "2"},
        "militaryServiceQualificationInfo": {"qualified": False},
        "wgsInfo": {"latitude": 35.7, "longitude": "51.4"},
        "firstNameSimilarityPercentage": 100,
        "lastNameSimilarityPercentage": 0,
    },
    "paystar": {
        "status": 1,
        "message": "موفق",
        "data": {
            "is_matched": True,
            "iban": "IR760170000000000000000001",
            "bank": "MELLI",
            "owners": [{"first_name": "سارا", "last_name": "نیک‌نام"}],
            "ref_num": "5a9d00bbc0de",
            "status": "SUCCEED",
            "payment_amount": 250000,
            "order_id": "17",
            "payment_date": "2026-01-01 10:00:00",
        },
    },
}
ROW = {
    "card": "6037990000000006",
    "iban": "IR760170000000000000000001",
    "national_code": national_code(1),
    "birth_date": "13700115",
    "mobile": mobile(1),
    "bank": "017",
    "account": "0100200300",
    "postal_code": "1345678901",
    "name": "ترانه نیک‌نام",
    "first_name": "ترانه",
    "fida_code": "100000000001",
    "code": "10123456788",
    "ref_num": "5a9d00bbc0de",
}
API = {"jibit": Jibit("", ""), "paystar": Paystar(credentials={})}
WAYS = [(name, provider) for name, inquiry in INQUIRIES.items() for provider in inquiry.answered_by]
OTHER_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-1, 200), st.text(max_size=3), st.just([]), st.just({}), st.just("ACTIVE")
)


def leaves(said, path=()):
    """The paths of all values in an answer."""
    for name, value in said.items():
        yield (*path, name)
        if isinstance(value, dict):
            yield from leaves(value, (*path, name))


@st.composite
def answers(draw, provider):
    """A response like one of the provider's: complete, or with something missing or of another kind."""
    said = copy.deepcopy(SAID[provider])
    for path in draw(st.lists(st.sampled_from(sorted(leaves(said))), max_size=3, unique=True)):
        place = said
        for name in path[:-1]:
            place = place.get(name) if isinstance(place, dict) else None
        if isinstance(place, dict) and path[-1] in place:
            if draw(st.booleans()):
                place[path[-1]] = draw(OTHER_VALUES)
            else:
                del place[path[-1]]
    if provider == "jibit" and draw(st.integers(0, 3)) == 0:
        said["code"] = draw(st.sampled_from(["card.not_active", "identity_info.not_found", "moon.is_full"]))
    if provider == "paystar" and draw(st.integers(0, 3)) == 0:
        said["status"] = draw(st.sampled_from([10, 4711, -5]))
    return draw(st.sampled_from([200, 200, 200, 400])), json.dumps(said).encode()


def said_to(name, provider, status, body):
    """What the journal keeps of a response, and the row's outcome."""
    inquiry = INQUIRIES[name]
    way = replace(way_of(provider), api=API[provider], answering=inquiry.answered_by[provider])
    request = way.request(inquiry.canonical(ROW))
    read = reread(way.api, request, status, body, "t")
    error = read if isinstance(read, CallError) else None
    told = error is None or error.phase == "answered"
    ended = Ended(None if error else read, error, NOW, status if told else None, body if told else None, 1, NOW)
    if error is None:
        return way, request, content_of(ended), answered(inquiry, way, "t", ended)
    verdict = judged(way, ended)
    return way, request, verdict.content, verdict.outcome.of_call(provider, "t", NOW, 5)


@pytest.mark.parametrize(("name", "provider"), WAYS)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_what_is_kept_says_the_same_again(name, provider, data):
    way, request, content, outcome = said_to(name, provider, *data.draw(answers(provider)))
    if content is None:
        return
    standing = Standing(ask=None, kind=Kind.KEPT, provider=provider, track_id="t", answer=content, answered_at=NOW)
    again = replayed(INQUIRIES[name], way, request, standing)
    origin = Origin.CACHED if outcome.has_answer else Origin.NONE
    assert again == outcome._replace(origin=origin, attempts=0, cost_rial=0)


@pytest.mark.parametrize(("name", "provider"), WAYS)
def test_a_complete_answer_fills_the_columns_of_its_inquiry(name, provider):
    *_, outcome = said_to(name, provider, 200, json.dumps(SAID[provider]).encode())
    assert outcome.origin == Origin.PAID
    assert len(outcome.cells) == len(INQUIRIES[name].outputs)
    assert outcome.status == (Status.MATCHED if INQUIRIES[name].is_matching else Status.OK)


def test_what_could_not_be_read_once_becomes_an_answer_once_it_can():
    way = Reader(api=API["jibit"], answering=INQUIRY.answered_by["jibit"])
    inputs = {"mobile": mobile(1), "national_code": national_code(1)}
    kept = Standing(
        ask=None,
        kind=Kind.UNREADABLE,
        provider="jibit",
        track_id="t",
        answer=kept_content(200, b'{"matched": true}'),
        answered_at=NOW,
    )
    outcome = replayed(INQUIRY, way, way.request(inputs), kept)
    assert (outcome.status, outcome.origin, outcome.cells) == (Status.MATCHED, Origin.CACHED, (True,))
    assert (outcome.provider, outcome.track_id, outcome.answered_at) == ("jibit", "t", NOW)
