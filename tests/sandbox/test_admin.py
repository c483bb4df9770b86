"""The admin face: what ``docs/sandbox.md`` promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from airflow_provider_iranpay.sandbox import admin
from airflow_provider_iranpay.sandbox.faults import KINDS
from airflow_provider_iranpay.sandbox.jibit.services import SERVICES

PAGES = Path(__file__).parents[2] / "docs"
DOCS = "".join(page.read_text(encoding="utf-8") for page in sorted(PAGES.glob("sandbox*.md")))


@pytest.fixture
def billed(caller, people):
    for index in (1, 2, 1):
        caller.get("services/social/msq", nationalCode=people.person(index).national_code)
    caller.get("services/postal", code=people.person(1).address.postal_code)


def test_health(caller):
    health = caller.admin("GET", "health")
    assert (health["status"], health["seed"]) == ("ok", 1)


def test_the_ledger_with_its_summary(caller, billed):
    ledger = caller.admin("GET", "ledger")
    assert [entry["number"] for entry in ledger.pop("entries")] == [1, 2, 3, 4]
    assert ledger == {
        "count": 4,
        "spent_rial": 3 * 8000 + 3000,
        "services": {"jibit.military_service": 3, "jibit.postal_code": 1},
        "billed_again": 1,
    }


def test_the_ledger_since_a_number_and_of_a_service(caller, billed):
    assert [one["number"] for one in caller.admin("GET", "ledger?since=2")["entries"]] == [3, 4]
    assert [
        one["number"] for one in caller.admin("GET", "ledger?since=2&service=jibit.military_service")["entries"]
    ] == [3]


def test_the_ledger_as_counts_only(caller, billed):
    counted = caller.admin("GET", "ledger?count=true&service=jibit.postal_code")
    assert counted == {"count": 1, "spent_rial": 3000, "services": {"jibit.postal_code": 1}, "billed_again": 0}


def test_settings_are_read_and_changed(caller):
    assert caller.admin("PATCH", "settings", {"report_parts": 2})["report_parts"] == 2
    assert caller.admin("GET", "settings")["report_parts"] == 2


def test_a_wrong_setting_is_a_400_with_its_name(caller):
    got = caller.send("PATCH", "/_sandbox/settings", {"report_parts": 0})
    assert got.status == 400
    assert "report_parts" in got.body["error"]


def test_what_settings_shows_can_be_sent_back(caller):
    shown = caller.admin("GET", "settings")
    assert caller.admin("PATCH", "settings", shown) == shown


def test_faults_are_added_listed_and_taken_out(caller):
    one = caller.admin("POST", "faults", {"kind": "hang", "service": "jibit.sana", "nth": 5})
    two = caller.admin("POST", "faults", {"kind": "reset_after"})
    assert caller.admin("GET", "faults")["faults"] == [one, two]
    assert caller.admin("DELETE", f"faults/{one['number']}")["faults"] == [two]
    assert caller.admin("DELETE", "faults")["faults"] == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "faults", {"kind": "no_such_fault"}),
        ("POST", "faults", {}),
        ("POST", "faults", b"not json"),
        ("POST", "faults", b"[]"),
        ("DELETE", "faults/99", None),
        ("GET", "person/-1", None),
        ("GET", "person/first", None),
        ("GET", "ledger?since=x", None),
        ("GET", "ledger?service=no_such_service", None),
        ("PUT", "clock", {"now": "2025-01-01T00:00:00"}),
        ("PUT", "clock", {"hours": 1}),
        ("POST", "traffic", {"from_day": "2025-01-02", "to_day": "2025-01-01", "per_day": 1}),
        ("POST", "traffic", {"from_day": "2025-01-01"}),
        ("POST", "traffic", {"from_day": "2025-01-01", "to_day": "2025-01-01", "per_day": 1_000_001}),
        ("POST", "traffic", {"from_day": "2025-01-01", "to_day": "2025-01-01", "per_day": 1, "perday": 2}),
        ("POST", "reset", {"settings": True}),
        ("PATCH", "settings", b"[" * 100_000),
    ],
)
def test_a_wrong_request_is_a_400_with_an_error(caller, method, path, body):
    got = caller.send(method, f"/_sandbox/{path}", body)
    assert got.status == 400
    assert got.body["error"]


def test_the_clock_is_set_advanced_and_frozen(caller):
    shown = caller.admin("PUT", "clock", {"now": "2025-11-20T20:29:00+00:00", "freeze": True, "advance_seconds": 60})
    assert shown == {"now": "2025-11-20T20:30:00+00:00", "frozen": True, "tehran_day": "2025-11-21"}
    assert caller.admin("GET", "clock") == shown
    assert caller.admin("PUT", "clock", {"freeze": False})["frozen"] is False


@pytest.mark.parametrize(
    "body",
    [
        {"advance_seconds": 1e18},
        {"advance_seconds": "a while", "freeze": True},
        {"now": "9999-12-31T23:59:59-03:30"},
        {"now": "x", "freeze": True},
        {"now": "2025-01-01T00:00:00", "freeze": True},
        {"freeze": "false"},
        {"freeze": None},
        {"now": "2025-01-01T00:00:00+00:00", "advance_seconds": 1e12},
    ],
)
def test_a_wrong_clock_is_a_400_and_changes_nothing(caller, body):
    caller.admin("PUT", "clock", {"now": "2025-11-20T10:00:00+00:00"})
    caller.admin("PUT", "clock", {"freeze": "now" not in body})
    before = caller.admin("GET", "clock")
    assert caller.send("PUT", "/_sandbox/clock", body).status == 400
    after = caller.admin("GET", "clock")
    assert after["frozen"] == before["frozen"]
    assert after["now"][:16] == before["now"][:16] == "2025-11-20T10:00"


def test_received_counts_every_request_whatever_became_of_it(caller, billed):
    caller.get("services/postal", code="1")
    caller.get("nothing")
    assert caller.admin("GET", "received") == {
        "count": 7,
        "services": {
            "jibit.generate_token": 1,
            "jibit.military_service": 3,
            "jibit.postal_code": 2,
            "jibit.unknown": 1,
        },
    }


def test_reset_forgets_everything(caller, billed):
    caller.admin("POST", "faults", {"kind": "hang"})
    caller.admin("PATCH", "settings", {"balances": {"PRF": 1}})
    caller.admin("POST", "reset")
    assert caller.admin("GET", "ledger?count=true")["count"] == 0
    assert caller.admin("GET", "received")["count"] == 0
    assert caller.admin("GET", "faults")["faults"] == []
    assert caller.admin("GET", "settings")["balances"]["PRF"] > 1


def test_a_person_with_their_row(caller, people):
    shown = caller.admin("GET", "person/7")
    assert shown["person"]["national_code"] == shown["customer"]["national_code"] == people.person(7).national_code
    assert shown["foreigner"]["fida"] == people.foreigner(7).fida
    assert shown["company"]["legal_id"] == people.company(7).legal_id


def test_traffic_fills_past_days(caller):
    days = {"from_day": "2025-10-01", "to_day": "2025-10-03", "per_day": 40, "seed": 2}
    assert caller.admin("POST", "traffic", days) == {"written": 120}
    assert caller.admin("GET", "ledger?count=true")["count"] == 120
    services = caller.get("reports/daily", yearMonthDay="040710").body["report"][0]["services"]
    assert sum(service["count"] for service in services) == 40


def test_an_unknown_route_names_the_known(caller):
    got = caller.send("GET", "/_sandbox/nothing")
    assert got.status == 404
    assert "GET /_sandbox/health" in got.body["routes"]


def test_outside_every_face_there_is_nothing(caller):
    assert caller.send("GET", "/elsewhere").status == 404


def test_the_docs_name_every_route_setting_fault_and_service(caller):
    routes = {f"{method} {admin.PREFIX}/{route}" for method, route in admin.ROUTES}
    settings = caller.admin("GET", "settings").keys()
    names = {*routes, *settings, *KINDS, *caller.sandbox.world.services}
    reports = {service.report[0] for service in SERVICES if service.report}
    assert {name for name in names | reports if f"`{name}" not in DOCS} == set()
