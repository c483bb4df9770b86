"""The switches that stand between a valid call and its answer."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

import pytest

from airflow_provider_iranpay.sandbox.jibit.desk import Desk
from airflow_provider_iranpay.sandbox.jibit.gates import Gates
from airflow_provider_iranpay.sandbox.jibit.reading import read
from airflow_provider_iranpay.sandbox.messages import Request
from airflow_provider_iranpay.sandbox.world import World


@pytest.fixture
def world(sandbox):
    return sandbox.world


def test_a_service_that_is_switched_off_is_forbidden(world, caller):
    world.change_settings({"switched_off": ["jibit.balances"]})
    got = caller.get("balances")
    assert (got.status, got.code) == (403, "forbidden")
    assert caller.get("cards", number="1").code == "number.not_valid"


def test_an_address_outside_the_whitelist_is_forbidden_everywhere(world, caller):
    world.change_settings({"ip_whitelist": ["192.0.2.1"]})
    assert caller.generate().code == caller.get("balances").code == "forbidden"


def test_an_address_on_the_whitelist_may_call(world, caller):
    world.change_settings({"ip_whitelist": ["127.0.0.1"]})
    assert caller.get("balances").status == 200


def limited(**limit):
    world = World()
    world.change_settings({"rate_limit": limit})
    now = [100.0]
    gates = Gates(Desk(world.population, world.ledger, world.settings, world.jibit.tokens), monotonic=lambda: now[0])
    request = Request("POST", "/ide/v1/tokens/generate", {}, {}, b"{}", "127.0.0.1", 1)
    return gates, read(request, "/v1/tokens/generate"), now


def test_no_second_holds_more_than_the_limit():
    gates, call, now = limited(per_second=5)
    admitted = []
    for _ in range(400):
        if gates.closed_to(call) is None:
            admitted.append(now[0])
        now[0] += 0.01
    assert all(later - earlier >= 1.0 - 1e-9 for earlier, later in zip(admitted, admitted[5:], strict=False))
    assert len(admitted) == 20


def test_a_reset_forgets_the_requests_of_the_last_second(world, caller):
    world.change_settings({"rate_limit": {"per_second": 1}})
    caller.get("balances")
    assert caller.get("balances").status == 429
    world.reset()
    world.change_settings({"rate_limit": {"per_second": 1}})
    assert caller.generate().status == 200


def test_a_429_without_an_envelope(world, caller):
    world.change_settings({"rate_limit": {"per_second": 0}})
    got = caller.get("balances")
    assert (got.status, got.body) == (429, b"Too Many Requests")
    assert "Retry-After" not in got.headers


def test_a_429_with_an_envelope_and_seconds(world, caller):
    limit = {"per_second": 0, "code": "requests.too_many", "retry_after": "seconds", "retry_after_seconds": 7}
    world.change_settings({"rate_limit": limit})
    got = caller.get("balances", track="t")
    assert (got.status, got.code, got.headers["Retry-After"], got.headers["X-TRACK-ID"]) == (
        429,
        "requests.too_many",
        "7",
        "t",
    )


def test_a_429_with_an_http_date(world, caller):
    world.change_settings({"rate_limit": {"per_second": 0, "retry_after": "date"}})
    assert parsedate_to_datetime(caller.get("balances").headers["Retry-After"]).tzinfo is not None


def test_unknown_fields_appear_at_every_level(world, caller):
    world.change_settings({"unknown_fields": True})
    body = caller.get("balances").body
    assert "sandboxUnknownField" in body
    assert all("sandboxUnknownField" in balance for balance in body["balances"])
    assert body["balances"][0]["balanceType"] == "PRF"


def test_unknown_enum_members_replace_the_known(world, caller, people):
    world.change_settings({"unknown_enums": True})
    info = caller.get("ibans", value=people.person(1).account.iban).body["ibanInfo"]
    assert info["bank"] == info["status"] == "SANDBOX_UNKNOWN"
    assert info["iban"] == people.person(1).account.iban
    assert "SANDBOX_UNKNOWN" in caller.get("services/availability", cardToIBAN="true").body["availabilityReport"]
