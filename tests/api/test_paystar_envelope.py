"""How Paystar says yes and no: every family, safety class, status and HTTP status, held against a table of its own."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_iranpay.api.contract import ErrorClass, Failure, Safety, Success
from airflow_provider_iranpay.api.paystar.envelope import Family, understand

NO_ANSWER, YES = "no answer", "yes"
MISSING = "missing"

YES_OF = {Family.GATEWAY: "1", Family.CODES: "1", Family.TEXT: '"ok"'}
OTHER_YES = {"1", '"ok"'}

CLASSES = {
    ErrorClass.TRANSIENT: {"codes": "0 11", "gateway": "-99"},
    ErrorClass.AUTHENTICATE: {"codes": "4 5", "gateway": ""},
    ErrorClass.OPERATOR: {"codes": "2 3 6 7 8 9 12 13", "gateway": "-2 -16 -102"},
    ErrorClass.FINAL: {
        "codes": "10",
        "gateway": "-1 -3 -4 -5 -6 -7 -8 -9 -98 -101 -103 -104 -105 -106 -107 -108 -109 -198",
    },
}
"""The codes of the contract. The text family answers with the codes of open banking."""

PROOF_THAT_NO_MONEY_MOVED = frozenset(["2", "3", "4", "5", "6", "7", "8", "10", "12", "13"])
"""Beside a refused key."""

STATUSES = [
    *map(str, range(15)),
    *map(str, (*range(-1, -11, -1), -16, -98, -99, *range(-101, -110, -1), -198, -199, 99, 1000)),
    *("1.0", "4.0", "0.0", "1e0", "true", "false", "null", "[]", "[1]", "{}", MISSING),
    *('""', '"1"', '"ok"', '"OK"', '"ok "', '"4"', '"success"', '"failed"', '"unauthenticated"', '"ناموفق"'),
]
"""As they stand on the wire, in JSON."""

HTTP = [200, 201, 204, 302, 400, 401, 403, 404, 408, 422, 429, 500, 502, 503]


def by_http(http: int) -> ErrorClass:
    if http == 401:
        return ErrorClass.AUTHENTICATE
    return ErrorClass.TRANSIENT if http in (408, 429) or http >= 500 else ErrorClass.FINAL


def by_code(family: Family, code: str) -> ErrorClass | None:
    kind = "gateway" if family is Family.GATEWAY else "codes"
    return next((known for known, codes in CLASSES.items() if code in codes[kind].split()), None)


def the_no(family: Family, status: str, http: int) -> tuple[str, ErrorClass, bool] | None:
    """What a status that is not the family's yes says (code, class, whether the contract knows it), if anything."""
    if status == '"unauthenticated"':
        return "unauthenticated", ErrorClass.AUTHENTICATE, True
    if status in OTHER_YES:
        return None
    if status.removeprefix("-").isdigit():
        known = by_code(family, status)
        return status, known or by_http(http), known is not None
    if family is Family.TEXT and status.startswith('"') and status != '""':
        return json.loads(status), by_http(http), False
    return ("http_401", ErrorClass.AUTHENTICATE, True) if http == 401 else None


def proves_that_nothing_happened(family: Family, safety: Safety, no: tuple[str, ErrorClass, bool], http: int) -> bool:
    code, error_class, known = no
    transient = error_class is ErrorClass.TRANSIENT
    match safety:
        case Safety.MONEY_WRITE:
            refused_key = known and error_class is ErrorClass.AUTHENTICATE
            refused = known and family is not Family.GATEWAY and code in PROOF_THAT_NO_MONEY_MOVED
            return http < 500 and (refused_key or refused)
        case Safety.IDEMPOTENT_WRITE | Safety.CREATE:
            return not transient
        case Safety.BILLABLE_READ:
            return known or not transient
    return True


def expected(family: Family, safety: Safety, status: str, http: int) -> object:
    if status == YES_OF[family]:
        return YES if 200 <= http < 300 else NO_ANSWER
    no = the_no(family, status, http)
    if no is None:
        return NO_ANSWER
    code, error_class, _ = no
    if safety is Safety.TOKEN and code == "13":  # another refresh token may be the right one
        error_class = ErrorClass.AUTHENTICATE
    return code, error_class, proves_that_nothing_happened(family, safety, no, http)


def a_body(status: str) -> bytes:
    return b'{"message": "x"}' if status == MISSING else f'{{"status": {status}, "message": "x"}}'.encode()


def said(family: Family, safety: Safety, http: int, body: bytes) -> object:
    match understand(family, safety, http_status=http, body=body):
        case Success():
            return YES
        case Failure(code, _, error_class, remedy, definite):
            assert remedy
            return code, error_class, definite
    return NO_ANSWER


@pytest.mark.parametrize("family", list(Family))
@pytest.mark.parametrize("safety", list(Safety))
def test_each_status_of_each_family_says_what_the_contract_says(family, safety):
    cases = [(status, http) for status in STATUSES for http in HTTP]
    found = {(status, http): said(family, safety, http, a_body(status)) for status, http in cases}
    assert found == {(status, http): expected(family, safety, status, http) for status, http in cases}


@pytest.mark.parametrize("family", list(Family))
@pytest.mark.parametrize("data", ["{}", "[]", "null", '""', '{"a": 1}', '[{"a": 1}]', '{"amount": ["متن"]}', None])
@pytest.mark.parametrize(("yes", "http"), [(True, 200), (False, 200), (False, 422)])
def test_what_data_holds_decides_nothing(family, data, yes, http):
    status = YES_OF[family] if yes else ("-1" if family is Family.GATEWAY else "10")
    body = f'{{"status": {status}' + (f', "data": {data}}}' if data else "}")
    assert said(family, Safety.BILLABLE_READ, http, body.encode()) == (YES if yes else (status, ErrorClass.FINAL, True))


INVALID_ACCESS = ["دسترسی نامعتبر", "دسترسي نامعتبر", "خطا: دسترسى نامعتبر است."]


@pytest.mark.parametrize("message", INVALID_ACCESS)
@pytest.mark.parametrize("status", ["0", "-1", '"failed"', "null", MISSING, "false"])
@pytest.mark.parametrize("family", list(Family))
@pytest.mark.parametrize("safety", list(Safety))
def test_invalid_access_in_persian_with_http_400_asks_for_a_new_key(family, safety, status, message):
    body = json.dumps({"message": message} | ({} if status == MISSING else {"status": json.loads(status)})).encode()
    assert said(family, safety, 400, body) == ("invalid_access", ErrorClass.AUTHENTICATE, True)


@pytest.mark.parametrize("http", [200, 403, 500])
def test_the_same_words_with_another_http_status_are_only_words(http):
    body = json.dumps({"status": 10, "message": INVALID_ACCESS[0]}).encode()
    assert said(Family.CODES, Safety.FREE_READ, http, body) == ("10", ErrorClass.FINAL, True)


@pytest.mark.parametrize("family", list(Family))
@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'"ok"', b"1", b'{"status": 1', b"\xff\xfe", b'{"status": NaN}']
)
@pytest.mark.parametrize("http", [200, 403, 404, 429, 500])
def test_a_body_that_is_no_object_is_no_answer(family, http, body):
    assert understand(family, Safety.FREE_READ, http_status=http, body=body) is None


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"status": tr'])
def test_a_401_asks_for_a_new_key_whatever_its_body(body):
    assert said(Family.CODES, Safety.BILLABLE_READ, 401, body) == ("http_401", ErrorClass.AUTHENTICATE, True)


def test_a_status_that_stands_twice_makes_no_answer():
    assert understand(Family.CODES, Safety.FREE_READ, http_status=200, body=b'{"status": 1, "status": 4}') is None


def test_persian_in_a_byte_order_mark_is_read():
    assert said(Family.TEXT, Safety.FREE_READ, 200, b"\xef\xbb\xbf" + b'{"status": "ok"}') == YES


@pytest.mark.parametrize(
    ("data", "definite"),
    [
        (None, True),
        ([], True),
        ({"transfers": ["الزامی است."]}, True),
        ({"track_id": ["الزامی است."]}, True),
        ({"track_id": "t-1", "status": "pending"}, False),
        ([{"track_id": "t-1", "status": "failed"}, {"track_id": "t-2", "status": "pending"}], False),
    ],
)
def test_a_no_that_names_items_of_a_transfer_may_be_a_no_to_some_of_them(data, definite):
    body = json.dumps({"status": 10, "data": data}).encode()
    assert said(Family.TEXT, Safety.MONEY_WRITE, 200, body) == ("10", ErrorClass.FINAL, definite)
    assert said(Family.TEXT, Safety.FREE_READ, 200, body) == ("10", ErrorClass.FINAL, True)


def test_a_validation_bag_stands_in_the_message_field_by_field():
    bag = {"amount": ["الزامی است.", "باید عدد باشد."], "iban": ["نادرست است."], "page": 3}
    body = json.dumps({"status": 10, "message": "خطا", "data": bag}).encode()
    failure = understand(Family.CODES, Safety.FREE_READ, http_status=422, body=body)
    assert failure.message == "خطا; amount: الزامی است. باید عدد باشد.; iban: نادرست است."


@pytest.mark.parametrize("message", [None, 5, [], {}])
def test_a_message_that_is_no_text_is_left_out(message):
    body = json.dumps({"status": 10, "message": message}).encode()
    assert understand(Family.CODES, Safety.FREE_READ, http_status=200, body=body).message == ""


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text() | st.sampled_from(["status", "data"]), x, max_size=3),
)


@given(
    family=st.sampled_from(Family),
    safety=st.sampled_from(Safety),
    http=st.integers(100, 599),
    body=st.binary() | JSON.map(lambda value: json.dumps(value).encode()),
)
def test_no_response_whatever_raises(family, safety, http, body):
    understand(family, safety, http_status=http, body=body)


@given(
    family=st.sampled_from(Family),
    safety=st.sampled_from(Safety),
    http=st.integers(100, 599),
    status=JSON.filter(lambda status: status not in (1, "ok")),
    rest=st.dictionaries(st.sampled_from(["data", "message"]), JSON),
)
def test_only_the_word_of_the_contract_is_a_yes(family, safety, http, status, rest):
    body = json.dumps(rest | {"status": status}).encode()
    assert not isinstance(understand(family, safety, http_status=http, body=body), Success)
