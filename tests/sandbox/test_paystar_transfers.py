"""Bank transfers: what is accepted, what becomes of it by the clock, where the money is, and what the list shows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_iranpay.sandbox.paystar.transfers import Order, State
from airflow_provider_iranpay.sandbox.world import World
from tests.sandbox.paystar_caller import item

HOUR = 3_600
DEPOSIT = "0100000000001"
BATCH = range(1, 4)


@pytest.fixture
def world(sandbox):
    sandbox.world.change_settings({"paystar_transfer_failed_percent": 0, "paystar_transfer_final_percent": 0})
    return sandbox.world


def left(world):
    return world.settings.paystar_deposits[DEPOSIT]


def states(banking, **asked):
    return [one["status"] for one in banking.transfers(**asked).body["data"]]


def test_one_transfer_is_accepted_and_pending(world, banking, people):
    got = banking.transfer(item(people))
    assert (got.status, got.body["status"]) == (200, "ok")
    assert got.body["data"].keys() == {"hashid", "track_id", "status", "message", "ref_code"}
    assert (got.body["data"]["track_id"], got.body["data"]["status"]) == ("payout-1", "pending")
    assert got.body["data"]["ref_code"] is None


def test_many_are_answered_with_a_list(world, banking, people):
    got = banking.transfer(*(item(people, index) for index in BATCH))
    assert [one["track_id"] for one in got.body["data"]] == ["payout-1", "payout-2", "payout-3"]


def test_one_may_be_answered_with_a_list_too(world, banking, people):
    world.change_settings({"paystar_single_as_list": True})
    assert [one["status"] for one in banking.transfer(item(people)).body["data"]] == ["pending"]


def test_a_transfer_succeeds_after_its_time_and_gets_a_reference(world, banking, people):
    banking.transfer(item(people))
    world.clock.advance(HOUR - 10)
    assert states(banking) == ["pending"]
    world.clock.advance(10)
    (done,) = banking.transfers().body["data"]
    assert (done["status"], len(done["ref_code"])) == ("success", 12)


def test_money_leaves_the_deposit_when_accepted_and_stays_away_after_success(world, banking, people):
    before = left(world)
    banking.transfer(item(people, amount=700))
    assert left(world) == before - 700
    world.clock.advance(HOUR)
    assert states(banking) == ["success"]
    assert left(world) == before - 700


def test_the_money_of_a_failed_transfer_comes_back(world, banking, people):
    world.change_settings({"paystar_transfer_failed_percent": 100})
    before = left(world)
    assert banking.transfer(item(people)).body["data"]["status"] == "pending"
    world.clock.advance(HOUR)
    assert states(banking) == ["failed"]
    assert left(world) == before


def test_a_balance_knows_that_the_money_is_back(world, banking, people):
    world.change_settings({"paystar_transfer_failed_percent": 100})
    before = left(world)
    banking.transfer(item(people))
    world.clock.advance(HOUR)
    assert banking.call("GET", "/open-banking/service/balance", account_number=DEPOSIT).body["data"]["amount"] == before


@pytest.mark.parametrize(("failed", "state"), [(0, "success"), (100, "failed")])
def test_a_transfer_may_be_final_in_its_first_answer(world, banking, people, failed, state):
    world.change_settings({"paystar_transfer_final_percent": 100, "paystar_transfer_failed_percent": failed})
    assert banking.transfer(item(people)).body["data"]["status"] == state


def test_without_money_an_item_fails_and_the_others_go_on(world, banking, people):
    world.change_settings({"paystar_deposits": {DEPOSIT: 250_000}})
    got = banking.transfer(*(item(people, index) for index in BATCH))
    assert [one["status"] for one in got.body["data"]] == ["pending", "pending", "failed"]
    assert left(world) == 50_000


@pytest.mark.parametrize("destination", ["IR000000000000000000000001", "ir062960000000100324200001", "123456789"])
def test_with_a_wrong_destination_an_item_fails_and_the_others_go_on(world, banking, people, destination):
    before = left(world)
    got = banking.transfer(item(people, 1, destination_account=destination), item(people, 2))
    assert [one["status"] for one in got.body["data"]] == ["failed", "pending"]
    assert got.body["data"][0]["message"]
    assert left(world) == before - 100_000


def test_another_account_is_paid_with_a_pay_id(world, banking, people):
    asked = item(people, destination_account="123456789", pay_id="77")
    assert banking.transfer(asked).body["data"]["status"] == "pending"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": 0}, "amount"),
        ({"amount": 10.5}, "amount"),
        ({"amount": "1,000"}, "amount"),
        ({"amount": -5}, "amount"),
        ({"amount": True}, "amount"),
        ({"track_id": ""}, "track_id"),
        ({"deposit": None}, "deposit"),
        ({"destination_lastname": " "}, "destination_lastname"),
    ],
)
def test_a_request_with_a_field_missing_or_wrong_is_refused_as_a_whole(world, banking, people, changes, field):
    before = left(world)
    got = banking.transfer(item(people, 1), item(people, 2, **changes))
    assert (got.body["status"], list(got.body["data"])) == (10, [f"transfers.1.{field}"])
    assert (left(world), states(banking)) == (before, [])


@pytest.mark.parametrize("transfers", [[], {}, "x", [1], None])
def test_a_request_without_transfers_is_refused(world, banking, transfers):
    got = banking.call("POST", "/bank-transfer/v2/settlement", transfers=transfers)
    assert (got.body["status"], list(got.body["data"])) == (10, ["transfers"])


def test_a_repeated_track_id_is_refused(world, banking, people):
    banking.transfer(item(people))
    before = left(world)
    assert banking.transfer(item(people)).body["status"] == 10
    got = banking.transfer(item(people, 1), item(people, 2))
    assert [one["status"] for one in got.body["data"]] == ["failed", "pending"]
    assert left(world) == before - 100_000


def test_a_repeated_track_id_may_answer_the_first_transfer(world, banking, people):
    world.change_settings({"paystar_duplicate_track_id": "same"})
    first = banking.transfer(item(people)).body["data"]
    before = left(world)
    world.clock.advance(HOUR)
    again = banking.transfer(item(people)).body["data"]
    assert (again["hashid"], again["status"]) == (first["hashid"], "success")
    assert left(world) == before


def test_a_repeated_track_id_may_pay_twice(world, banking, people):
    world.change_settings({"paystar_duplicate_track_id": "again"})
    before = left(world)
    hashids = {banking.transfer(item(people)).body["data"]["hashid"] for _ in range(2)}
    assert len(hashids) == 2
    assert left(world) == before - 200_000


def test_an_answer_may_leave_items_out_that_are_accepted(world, banking, people):
    world.change_settings({"paystar_omit_items": 2})
    got = banking.transfer(*(item(people, index) for index in BATCH))
    assert [one["track_id"] for one in got.body["data"]] == ["payout-1"]
    assert states(banking) == ["pending"] * 3


def test_each_accepted_item_is_billed_and_no_other(world, banking, people):
    banking.transfer(item(people, 1), item(people, 2, destination_account="x"), item(people, 3))
    assert [(one.service, one.question) for one in world.ledger.entries] == [
        ("paystar.transfer", "track_id=payout-1"),
        ("paystar.transfer", "track_id=payout-3"),
    ]


def test_a_wallet_that_cannot_pay_for_all_items_accepts_none(world, banking, people):
    world.change_settings({"paystar_wallet_rial": 2 * 2_500})
    assert banking.transfer(*(item(people, index) for index in BATCH)).body["status"] == 9
    assert states(banking) == []


def test_an_answer_that_is_lost_leaves_the_transfer_in_the_list(world, banking, people):
    world.faults.add("reset_after", service="paystar.transfer", count=1)
    with pytest.raises(ConnectionResetError):
        banking.transfer(item(people))
    banking.connection.close()
    assert states(banking, track_id="payout-1") == ["pending"]


def test_the_list_is_newest_first_and_in_pages(world, banking, people):
    for index in range(1, 6):
        banking.transfer(item(people, index))
    pages = [[one["track_id"] for one in banking.transfers(limit=2, skip=skip).body["data"]] for skip in (0, 2, 4, 6)]
    assert pages == [["payout-5", "payout-4"], ["payout-3", "payout-2"], ["payout-1"], []]


def test_the_list_is_of_a_deposit_or_a_track_id(world, banking, people):
    banking.transfer(item(people, 1), item(people, 2, deposit="0100000000002"))
    assert [one["track_id"] for one in banking.transfers(deposit="0100000000002").body["data"]] == ["payout-2"]
    assert [one["track_id"] for one in banking.transfers(track_id="payout-1").body["data"]] == ["payout-1"]
    assert banking.transfers(track_id="payout-1", deposit="0100000000002").body["data"] == []


def test_the_list_has_twenty_rows_unless_asked_and_never_more_than_a_hundred(world, banking, people):
    banking.transfer(*(item(people, index) for index in range(120)))
    assert len(states(banking)) == 20
    assert len(states(banking, limit=1_000)) == 100


def test_a_limit_that_is_no_number_is_refused(world, banking):
    assert list(banking.transfers(limit="all").body["data"]) == ["limit"]


def test_a_page_may_move_while_it_is_turned(world, banking, people):
    banking.transfer(*(item(people, index) for index in BATCH))
    world.change_settings({"paystar_list_moves": 1})
    first, second = (
        [one["track_id"] for one in banking.transfers(deposit=DEPOSIT, limit=2, skip=skip).body["data"]]
        for skip in (0, 2)
    )
    assert first[1:] == ["payout-3"]
    assert second == ["payout-3", "payout-2"]


def test_what_a_seed_lets_fail_is_always_the_same():
    def fates():
        world = World(seed=3)
        orders = [Order(str(n), 1, DEPOSIT, "x") for n in range(300)]
        return [world.paystar.desk.transfers.accept(order).fate for order in orders]

    first = fates()
    assert first == fates()
    assert 5 <= first.count(State.FAILED) <= 30


def test_the_admin_face_shows_the_book(world, banking, people):
    banking.transfer(item(people))
    book = banking.admin("GET", "transfers")
    assert [(one["track_id"], one["amount_rial"], one["state"]) for one in book["transfers"]] == [
        ("payout-1", 100_000, "pending")
    ]
    assert book["settlements"] == []


def test_a_reset_forgets_the_transfers_and_fills_the_deposit(world, banking, people):
    before = left(world)
    banking.transfer(item(people))
    world.reset()
    assert (left(world), banking.admin("GET", "transfers")["transfers"]) == (before, [])


@given(
    amounts=st.lists(st.integers(1, 1_000), max_size=30),
    waits=st.lists(st.integers(0, 2 * HOUR), min_size=30, max_size=30),
    failed=st.integers(0, 100),
    final=st.integers(0, 100),
)
def test_every_rial_is_in_the_deposit_or_on_the_way_or_paid(amounts, waits, failed, final):
    world = World()
    world.clock.freeze()
    world.change_settings(
        {
            "paystar_deposits": {DEPOSIT: 5_000},
            "paystar_transfer_failed_percent": failed,
            "paystar_transfer_final_percent": final,
        }
    )
    book = world.paystar.desk.transfers
    for n, amount in enumerate(amounts):
        book.accept(Order(str(n), amount, DEPOSIT, "x"))
        world.clock.advance(waits[n])
        paid = sum(one.order.amount_rial for one in book.newest_first() if one.state is State.SUCCESS)
        assert left(world) + book.on_the_way_rial() + paid == 5_000
