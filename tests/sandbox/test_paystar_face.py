"""The way of a Paystar request from the door to the bill: gates, envelopes, forms of a body, faults."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_iranpay.sandbox.messages import Request
from airflow_provider_iranpay.sandbox.paystar.banking import SERVICES as BANKING
from airflow_provider_iranpay.sandbox.paystar.credentials import CREDENTIALS
from airflow_provider_iranpay.sandbox.paystar.payouts import SERVICES as PAYOUTS
from airflow_provider_iranpay.sandbox.paystar.service import Key
from airflow_provider_iranpay.sandbox.paystar.signatures import sign
from airflow_provider_iranpay.sandbox.paystar.wallet import SERVICES as WALLET
from airflow_provider_iranpay.sandbox.router import Router
from airflow_provider_iranpay.sandbox.world import World
from tests.sandbox.paystar_caller import FORM, item

MOBILE = "info-matching/mobile-national-id"


@pytest.fixture
def world(sandbox):
    return sandbox.world


@pytest.fixture
def who(people):
    person = people.person(1)
    return {"national_id": person.national_code, "mobile_number": person.mobile}


def test_a_path_with_a_slash_at_its_end_is_answered_and_not_redirected(banking, who):
    assert banking.service(f"{MOBILE}/", **who).body["data"] == {"is_matched": True}


def test_a_form_is_read_as_json_is(banking, who):
    given = urlencode(
        who | {"application_id": banking.keys.application_id, "access_password": banking.keys.access_password}
    )
    headers = {"Authorization": f"Bearer {banking.key}", "Content-Type": FORM}
    got = banking.send("POST", f"/api/open-banking/service/{MOBILE}", given.encode(), **headers)
    assert got.body["data"] == {"is_matched": True}


def test_a_form_may_hold_a_list_of_objects(banking, people):
    rows = [item(people, 1), item(people, 2)]
    given = {f"transfers[{n}][{name}]": value for n, row in enumerate(rows) for name, value in row.items()}
    given |= {"application_id": banking.keys.application_id, "access_password": banking.keys.access_password}
    headers = {"Authorization": f"Bearer {banking.key}", "Content-Type": f"{FORM}; charset=utf-8"}
    got = banking.send("POST", "/api/bank-transfer/v2/settlement", urlencode(given).encode(), **headers)
    assert [one["track_id"] for one in got.body["data"]] == ["payout-1", "payout-2"]


def test_keys_that_nobody_knows_are_ignored(banking, who):
    assert banking.service(MOBILE, **who, colour="green").body["status"] == 1


def test_a_body_that_cannot_be_read_is_an_invalid_input(banking):
    headers = {"Authorization": f"Bearer {banking.key}"}
    assert banking.send("POST", f"/api/open-banking/service/{MOBILE}", b"{", **headers).body["status"] == 10


@pytest.mark.parametrize("path", ["/nothing", "/open-banking/service/balance"])
def test_what_means_no_service_is_404_and_counted_as_unknown(world, banking, path):
    assert banking.call("POST", path).status == 404
    assert world.received["paystar.unknown"] == 1


@pytest.mark.parametrize(("wrong", "code"), [({"application_id": None}, 2), ({"access_password": "x"}, 6)])
def test_a_call_carries_its_credentials(banking, who, wrong, code):
    assert banking.service(MOBILE, **who, **wrong).body["status"] == code


def test_an_address_outside_the_whitelist_is_code_7(world, banking, who):
    world.change_settings({"ip_whitelist": ["192.0.2.1"]})
    assert banking.service(MOBILE, **who).body["status"] == banking.refresh().body["status"] == 7


def test_a_service_that_is_switched_off_is_code_8(world, banking, who):
    world.change_settings({"switched_off": ["paystar.match_mobile"]})
    assert banking.service(MOBILE, **who).body["status"] == 8


def test_the_rate_limit_speaks_plain_text_or_the_envelope(world, banking, who):
    world.change_settings({"rate_limit": {"per_second": 0}})
    assert banking.service(MOBILE, **who).body == b"Too Many Requests"
    world.change_settings({"rate_limit": {"per_second": 0, "code": "11", "retry_after": "seconds"}})
    got = banking.service(MOBILE, **who)
    assert (got.status, got.body["status"], got.headers["Retry-After"]) == (429, 11, "1")


def test_a_track_id_comes_back(banking, who):
    assert banking.service(MOBILE, **who, headers={"X-TRACK-ID": "t-1"}).headers["X-TRACK-ID"] == "t-1"
    assert "X-TRACK-ID" not in banking.service(MOBILE, **who).headers


def test_a_success_is_billed_to_the_wallet_without_its_credentials(world, banking, who):
    before = world.settings.paystar_wallet_rial
    banking.service(MOBILE, **who, headers={"X-TRACK-ID": "t-1"})
    (entry,) = world.ledger.entries
    assert (entry.service, entry.price_rial, entry.balance, entry.track_id) == (
        "paystar.match_mobile",
        4_000,
        "paystar",
        "t-1",
    )
    assert entry.question == f"national_id={who['national_id']}&mobile_number={who['mobile_number']}"
    assert world.settings.paystar_wallet_rial == before - 4_000


def test_the_same_question_twice_is_billed_again(world, banking, who):
    for _ in range(2):
        banking.service(MOBILE, **who)
    assert list(world.ledger.repeated().values()) == [2]


def test_an_invalid_input_is_not_billed_and_says_which_fields(world, banking):
    got = banking.service(MOBILE, national_id="1234567890")
    assert (got.status, got.body["status"]) == (422, 10)
    assert got.body["data"].keys() == {"national_id", "mobile_number"}
    assert all(isinstance(text, str) for texts in got.body["data"].values() for text in texts)
    assert world.ledger.entries == []


def test_a_wallet_that_cannot_pay_is_code_9(world, banking, who):
    world.change_settings({"paystar_wallet_rial": 3_999})
    assert banking.service(MOBILE, **who).body["status"] == 9
    assert world.settings.paystar_wallet_rial == 3_999


def test_jibits_balances_do_not_pay_for_paystar(world, banking, who):
    world.change_settings({"paystar_wallet_rial": 0, "balances": {"PRF": 10**9, "POF": 10**9}})
    assert banking.service(MOBILE, **who).body["status"] == 9


def test_paystar_is_not_in_jibits_daily_report(world, banking, caller, who):
    banking.service(MOBILE, **who)
    assert caller.get("reports/daily", yearMonthDay="040710").status == 200
    day = world.ledger.today()
    assert world.ledger.counts(day) == {"paystar.match_mobile": 1}


def test_odd_data_is_a_list_of_one(world, banking, who):
    world.change_settings({"paystar_data_forms": "odd"})
    assert banking.service(MOBILE, **who).body["data"] == [{"is_matched": True}]


def test_odd_nothing_is_an_empty_list_null_or_missing_in_turn(world, banking):
    world.change_settings({"paystar_data_forms": "odd"})
    bodies = [banking.refresh(refresh_token="x").body for _ in range(4)]
    assert [body.get("data", "missing") for body in bodies] == [[], None, "missing", []]


def test_unknown_fields_appear_at_every_level(world, banking, who):
    world.change_settings({"unknown_fields": True})
    body = banking.service(MOBILE, **who).body
    assert "sandboxUnknownField" in body
    assert "sandboxUnknownField" in body["data"]
    assert body["data"]["is_matched"] is True


@pytest.mark.parametrize(
    ("method", "path", "word"),
    [
        ("POST", "/open-banking/service/info-matching/mobile-national-id", 0),
        ("GET", "/bank-transfer/settlement-requests", "error"),
        ("POST", "/wallet/create-settlement", 0),
    ],
)
def test_a_server_error_has_the_word_of_its_family(world, banking, method, path, word):
    world.faults.add("json_5xx")
    got = banking.call(method, path)
    assert (got.status, got.body["status"]) == (500, word)


@pytest.mark.parametrize(
    ("code", "status"), [("5", 5), ("-99", -99), ("unauthenticated", "unauthenticated"), ("x1", "x1")]
)
def test_a_fault_may_name_any_code(world, banking, code, status):
    world.faults.add("error", code=code, service="paystar.balance", status=418)
    got = banking.call("GET", "/open-banking/service/balance")
    assert (got.status, got.body["status"]) == (418, status)


def test_no_access_is_said_in_the_providers_words(world, banking, who):
    world.faults.add("forbidden", service="paystar.match_mobile")
    got = banking.service(MOBILE, **who)
    assert (got.status, got.body["message"]) == (400, "دسترسی نامعتبر")
    assert world.ledger.entries == []


WALLET_SIGN = sign(CREDENTIALS.wallet_sign_key, CREDENTIALS.wallet_hashid, CREDENTIALS.wallet_password)
CREDENTIAL_FIELDS = {
    "application_id": CREDENTIALS.application_id,
    "access_password": CREDENTIALS.access_password,
    "wallet_hashid": CREDENTIALS.wallet_hashid,
    "password": CREDENTIALS.wallet_password,
    "sign": WALLET_SIGN,
}
NAMES = st.sampled_from(
    [one.name for service in BANKING for one in service.parameters]
    + ["transfers", "deposit", "track_id", "limit", "skip", "refresh_token", "refresh_inquiry_key"]
)
ITEM_NAMES = st.sampled_from(
    [
        "amount",
        "deposit",
        "destination_account",
        "destination_number",
        "destination_firstname",
        "destination_lastname",
        "track_id",
    ]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.text("0123456789-", max_size=40),
    lambda inner: st.lists(inner | st.dictionaries(ITEM_NAMES, inner), max_size=3),
    max_leaves=8,
)


@given(service=st.sampled_from((*BANKING, *PAYOUTS, *WALLET)), body=st.dictionaries(NAMES, VALUES))
def test_no_body_brings_the_provider_down(service, body):
    world = World()
    keys = {
        kind: world.paystar.desk.keys.refresh(kind, token)
        for kind, token in (
            (Key.API_KEY, CREDENTIALS.refresh_token),
            (Key.WALLET_API_KEY, CREDENTIALS.wallet_refresh_token),
            (Key.WALLET_INQUIRY_KEY, CREDENTIALS.refresh_inquiry_key),
        )
    }
    bearer = next(iter(keys[service.key].values())) if service.key else ""
    content = json.dumps(CREDENTIAL_FIELDS | body).encode()
    headers = {"authorization": f"Bearer {bearer}"}
    request = Request(service.method[0], f"/api{service.path}", {}, headers, content, "127.0.0.1", 1)
    answer = Router(world)(request).answer
    said = json.loads(answer.body)["status"]
    assert (answer.status, said) in {(200, 1), (200, "ok"), (200, 13), (422, 10)}


def test_a_multipart_form_is_read_as_php_sends_an_array(sandbox, who):
    keys = sandbox.paystar
    fields = {
        "application_id": (None, keys.application_id),
        "access_password": (None, keys.access_password),
        "refresh_token": (None, keys.refresh_token),
        "a_file": ("photo.png", b"..."),
    }
    url = f"{sandbox.paystar_url}/application/refresh-api-key/"
    assert requests.post(url, files=fields, timeout=5).json()["status"] == 1


def test_a_form_nested_without_end_is_no_fault_of_ours(sandbox):
    url = f"{sandbox.paystar_url}/application/refresh-api-key"
    answer = requests.post(url, data={"a" + "[0]" * 3_000: "x"}, timeout=5)
    assert answer.json()["status"] == 2


@pytest.mark.parametrize("first", ["1405-08-01", "0001-01-01", "9999-12-31"])
def test_days_that_are_no_gregorian_ones_of_our_time_are_refused(banking, first):
    account = next(iter(banking.sandbox.world.settings.paystar_deposits))
    got = banking.call("GET", "/open-banking/service/invoice", account_number=account, from_date=first, to_date=first)
    assert got.body["status"] == 10
