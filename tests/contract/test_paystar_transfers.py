"""Bank transfers: money is sent once, whatever happens, and what became of it is told or called unknown."""

from __future__ import annotations

import pytest
from airflow.sdk.exceptions import AirflowFailException
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_iranpay import exceptions
from airflow_provider_iranpay.api.paystar.transfers import Transfer
from tests.contract.paystar_calls import DEPOSIT, OTHER_DEPOSIT, payout

HOURS = 3600


@pytest.fixture
def accepting(sandbox):
    """Accepts every transfer and finishes none at once."""
    sandbox.world.change_settings({"paystar_transfer_final_percent": 0, "paystar_transfer_failed_percent": 0})
    return sandbox


def book(sandbox) -> list[str]:
    """The track ids that were accepted, in their order."""
    return [one.order.track_id for one in sandbox.world.paystar.desk.transfers.newest_first()][::-1]


def statuses(items) -> list[tuple[str, str]]:
    return [(item.track_id, item.status) for item in items]


def payouts(people, count: int):
    return [payout(one, f"payout-{number}") for number, one in enumerate(people[:count])]


def test_transfer(banking, accepting, person):
    (item,) = banking.transfer([Transfer(**payout(person))])
    assert (item.track_id, item.status, item.ref_code) == ("payout-1", "pending", None)
    assert item.hashid
    assert accepting.world.settings.paystar_deposits[DEPOSIT] == 50_000_000_000 - 100_000


def test_many_transfers_go_in_one_request_and_come_back_in_their_order(banking, accepting, people):
    assert statuses(banking.transfer(payouts(people, 5))) == [(f"payout-{n}", "pending") for n in range(5)]
    assert accepting.world.received["paystar.transfer"] == 1


def test_one_transfer_may_be_answered_with_a_list(banking, accepting, person):
    accepting.world.change_settings({"paystar_single_as_list": True})
    assert statuses(banking.transfer([payout(person)])) == [("payout-1", "pending")]


def test_data_in_another_shape_is_the_same_answer(banking, accepting, person):
    accepting.world.change_settings({"paystar_data_forms": "odd"})
    assert statuses(banking.transfer([payout(person)])) == [("payout-1", "pending")]
    assert statuses(banking.list_transfers()) == [("payout-1", "pending")]


@pytest.mark.parametrize(("failed_percent", "status"), [(0, "success"), (100, "failed")])
def test_the_first_answer_may_be_final(banking, sandbox, person, failed_percent, status):
    settings = {"paystar_transfer_final_percent": 100, "paystar_transfer_failed_percent": failed_percent}
    sandbox.world.change_settings(settings)
    (item,) = banking.transfer([payout(person)])
    assert item.status == status
    assert (item.ref_code is not None) == (status == "success")


@pytest.mark.parametrize(("failed_percent", "status", "left"), [(0, "success", 900_000), (100, "failed", 1_000_000)])
def test_a_pending_transfer_ends_by_the_clock(banking, sandbox, person, failed_percent, status, left):
    settings = {"paystar_transfer_final_percent": 0, "paystar_transfer_failed_percent": failed_percent}
    sandbox.world.change_settings({**settings, "paystar_deposits": {DEPOSIT: 1_000_000}})
    assert statuses(banking.transfer([payout(person)])) == [("payout-1", "pending")]
    sandbox.world.clock.advance(HOURS - 60)
    assert statuses(banking.list_transfers(track_id="payout-1")) == [("payout-1", "pending")]
    sandbox.world.clock.advance(120)
    assert statuses(banking.list_transfers(track_id="payout-1")) == [("payout-1", status)]
    assert banking.balance(DEPOSIT).amount_rial == left


def test_list_transfers(banking, accepting, people):
    banking.transfer([*payouts(people, 3), payout(people[3], "payout-3", deposit=OTHER_DEPOSIT)])
    assert [item.track_id for item in banking.list_transfers()] == ["payout-3", "payout-2", "payout-1", "payout-0"]
    assert [item.track_id for item in banking.list_transfers(deposit=OTHER_DEPOSIT)] == ["payout-3"]
    assert [item.track_id for item in banking.list_transfers(track_id="payout-1")] == ["payout-1"]
    assert banking.list_transfers(track_id="payout-1", deposit=OTHER_DEPOSIT) == ()
    assert [item.track_id for item in banking.list_transfers(limit=2, skip=1)] == ["payout-2", "payout-1"]


def test_pages_move_while_transfers_arrive_so_a_row_may_be_seen_twice(banking, accepting, people):
    banking.transfer(payouts(people, 4))
    accepting.world.change_settings({"paystar_list_moves": 1})
    pages = [[item.track_id for item in banking.list_transfers(limit=3, skip=skip)] for skip in (0, 3)]
    assert pages == [["foreign-5", "payout-3", "payout-2"], ["payout-2", "payout-1", "payout-0"]]


class TestARepeatedTrackId:
    """What it does is not documented."""

    def test_refused_for_good(self, banking, accepting, person):
        accepting.world.change_settings({"paystar_duplicate_track_id": "refuse"})
        banking.transfer([payout(person)])
        with pytest.raises(exceptions.Rejected, match="track_id") as caught:
            banking.transfer([payout(person)])
        assert isinstance(caught.value, AirflowFailException)
        assert book(accepting) == ["payout-1"]

    def test_refused_in_a_batch(self, banking, accepting, people):
        accepting.world.change_settings({"paystar_duplicate_track_id": "refuse"})
        banking.transfer([payout(people[0], "payout-0")])
        assert statuses(banking.transfer(payouts(people, 2))) == [("payout-0", "unknown"), ("payout-1", "pending")]

    def test_answered_with_the_transfer_that_exists(self, banking, accepting, person):
        accepting.world.change_settings({"paystar_duplicate_track_id": "same"})
        first, second = (banking.transfer([payout(person)])[0] for _ in range(2))
        assert first.hashid == second.hashid
        assert book(accepting) == ["payout-1"]

    def test_sent_again_and_listed_twice(self, banking, accepting, person):
        accepting.world.change_settings({"paystar_duplicate_track_id": "again"})
        first, second = (banking.transfer([payout(person)])[0] for _ in range(2))
        assert [item.hashid for item in banking.list_transfers(track_id="payout-1")] == [second.hashid, first.hashid]

    def test_within_one_request_it_is_not_sent(self, banking, accepting, people):
        with pytest.raises(exceptions.InvalidInput, match=r"transfer: row 1, track_id: repeated"):
            banking.transfer([payout(people[0]), payout(people[1])])
        assert accepting.world.received["paystar.transfer"] == 0


def test_some_items_may_fail_while_others_go_on(banking, accepting, people):
    accepting.world.change_settings({"paystar_deposits": {OTHER_DEPOSIT: 1_000}})
    items = [payout(people[0], "payout-0"), payout(people[1], "payout-1", deposit=OTHER_DEPOSIT)]
    answered = banking.transfer(items)
    assert statuses(answered) == [("payout-0", "pending"), ("payout-1", "failed")]
    assert "موجودی" in answered[1].message


def test_what_the_answer_leaves_out_is_unknown(banking, accepting, people, caplog):
    accepting.world.change_settings({"paystar_omit_items": 2})
    answered = banking.transfer(payouts(people, 3))
    assert statuses(answered) == [("payout-0", "pending"), ("payout-1", "unknown"), ("payout-2", "unknown")]
    assert "not settled by the answer, so unknown: payout-1, payout-2" in caplog.text
    assert statuses(banking.list_transfers(track_id="payout-2")) == [("payout-2", "pending")]


def test_an_answer_that_leaves_out_all_is_no_answer(banking, accepting, people):
    accepting.world.change_settings({"paystar_omit_items": 2})
    with pytest.raises(exceptions.OutcomeUnknown, match="payout-0, payout-1") as caught:
        banking.transfer(payouts(people, 2))
    assert isinstance(caught.value, AirflowFailException)
    assert caught.value.transfer_track_ids == ("payout-0", "payout-1")
    assert accepting.world.received["paystar.transfer"] == 1


def test_a_lost_answer_is_found_in_the_list(banking, accepting, people):
    accepting.world.faults.add("reset_after", service="paystar.transfer")
    with pytest.raises(exceptions.OutcomeUnknown, match="payout-0, payout-1") as caught:
        banking.transfer(payouts(people, 2))
    assert caught.value.transfer_track_ids == ("payout-0", "payout-1")
    assert accepting.world.received["paystar.transfer"] == 1
    for track_id in caught.value.transfer_track_ids:
        assert statuses(banking.list_transfers(track_id=track_id)) == [(track_id, "pending")]


def test_a_transfer_that_never_arrived_is_not_in_the_list(banking, accepting, person):
    accepting.world.faults.add("reset_before", service="paystar.transfer")
    with pytest.raises(exceptions.OutcomeUnknown, match="payout-1"):
        banking.transfer([payout(person)])
    assert banking.list_transfers(track_id="payout-1") == ()


DOUBTFUL = [("0", 500), ("0", 200), ("9", 200), ("11", 200), ("processing", 200), ("99", 200), ("10", 502)]


@pytest.mark.parametrize(("code", "status"), DOUBTFUL)
def test_a_doubtful_no_is_no_answer(banking, accepting, people, code, status):
    accepting.world.faults.add("error", service="paystar.transfer", code=code, status=status)
    with pytest.raises(exceptions.OutcomeUnknown, match="payout-0, payout-1") as caught:
        banking.transfer(payouts(people, 2))
    assert caught.value.phase == "maybe_sent"
    assert accepting.world.received["paystar.transfer"] == 1


DEFINITE = [
    ("2", exceptions.OperatorNeeded, "application id"),
    ("3", exceptions.OperatorNeeded, "not active"),
    ("6", exceptions.OperatorNeeded, "access password"),
    ("7", exceptions.OperatorNeeded, "whitelist"),
    ("8", exceptions.OperatorNeeded, "enable the service"),
    ("10", exceptions.Rejected, "Correct the value"),
    ("12", exceptions.OperatorNeeded, "settings are incomplete"),
    ("13", exceptions.OperatorNeeded, "refresh token"),
]


@pytest.mark.parametrize(("code", "kind", "says"), DEFINITE)
def test_a_definite_no_is_a_refusal(banking, accepting, person, code, kind, says):
    accepting.world.faults.add("error", service="paystar.transfer", code=code, status=200)
    with pytest.raises(kind, match=says) as caught:
        banking.transfer([payout(person)])
    assert isinstance(caught.value, AirflowFailException)
    assert (caught.value.code, caught.value.phase) == (code, "answered")
    assert accepting.world.received["paystar.transfer"] == 1


@pytest.mark.parametrize("code", ["4", "5", "unauthenticated"])
def test_a_refused_key_is_renewed_and_the_transfer_replayed_once(banking, accepting, person, code):
    accepting.world.faults.add("error", service="paystar.transfer", code=code, status=200, count=1)
    assert statuses(banking.transfer([payout(person)])) == [("payout-1", "pending")]
    assert book(accepting) == ["payout-1"]
    assert accepting.world.received["paystar.transfer"] == 2


def test_a_second_refusal_of_the_key_is_final(banking, accepting, person):
    accepting.world.faults.add("forbidden", service="paystar.transfer")
    with pytest.raises(exceptions.OperatorNeeded, match="whitelist"):
        banking.transfer([payout(person)])
    assert accepting.world.received["paystar.transfer"] == 2
    assert book(accepting) == []


def test_a_wallet_that_cannot_pay_the_fee_leaves_the_outcome_unknown(banking, accepting, person):
    accepting.world.change_settings({"paystar_wallet_rial": 0})
    with pytest.raises(exceptions.OutcomeUnknown, match="payout-1"):
        banking.transfer([payout(person)])


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"track_id": ""}, "track_id"),
        ({"amount": 0}, "amount"),
        ({"amount": 10.5}, "amount"),
        ({"destination_account": "IR062960000000100324200002"}, "destination_account"),
        ({"destination_account": "0100000000001"}, "pay_id"),
        ({"amout": 5}, "amout"),
    ],
)
def test_what_cannot_be_right_is_not_sent(banking, accepting, people, changes, says):
    with pytest.raises(exceptions.InvalidInput, match=rf"transfer: row 1, {says}") as caught:
        banking.transfer([payout(people[0], "payout-0"), payout(people[1]) | changes])
    assert isinstance(caught.value, AirflowFailException)
    assert accepting.world.received["paystar.transfer"] == 0


def test_a_destination_that_is_no_iban_goes_with_its_pay_id(banking, accepting, person):
    item = payout(person, destination_account="0100000000009", pay_id="30001")
    assert statuses(banking.transfer([item])) == [("payout-1", "pending")]


def test_the_error_of_a_large_batch_stays_short_and_still_knows_every_item(banking, accepting, person):
    items = [payout(person, f"payout-{number}") for number in range(500)]
    accepting.world.faults.add("reset_after", service="paystar.transfer")
    with pytest.raises(exceptions.OutcomeUnknown, match="payout-19 and 480 more") as caught:
        banking.transfer(items)
    assert len(str(caught.value)) < 900
    assert caught.value.transfer_track_ids == tuple(item["track_id"] for item in items)
    assert len(book(accepting)) == 500


BEHAVIOUR = st.fixed_dictionaries(
    {
        "paystar_omit_items": st.integers(0, 4),
        "paystar_duplicate_track_id": st.sampled_from(["refuse", "same", "again"]),
        "paystar_single_as_list": st.booleans(),
        "paystar_data_forms": st.sampled_from(["plain", "odd"]),
        "paystar_transfer_final_percent": st.sampled_from([0, 50, 100]),
        "paystar_transfer_failed_percent": st.sampled_from([0, 50, 100]),
    }
)


@given(behaviour=BEHAVIOUR, earlier=st.integers(0, 4), asked=st.integers(1, 4))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_item_comes_back_once_in_its_order_and_what_is_said_of_it_is_true(
    banking, sandbox, person, behaviour, earlier, asked
):
    items = [payout(person, f"payout-{number}") for number in range(4)]
    sandbox.world.reset()
    banking.refresh_api_key()
    if earlier:
        banking.transfer(items[:earlier])
    sandbox.world.change_settings(behaviour)
    sent_before = sandbox.world.received["paystar.transfer"]
    answered, error = (), None
    try:
        answered = banking.transfer(items[:asked])
    except (exceptions.OutcomeUnknown, exceptions.Rejected) as raised:
        error = raised
    told = list(getattr(error, "transfer_track_ids", ())) or [item.track_id for item in answered]
    refused = isinstance(error, exceptions.Rejected)
    true = {one.hashid: one.state for one in sandbox.world.paystar.desk.transfers.newest_first()}
    assert refused == (asked == 1 and earlier > 0 and behaviour["paystar_duplicate_track_id"] == "refuse")
    assert refused or told == [item["track_id"] for item in items[:asked]]
    assert all(item.status == true[item.hashid] for item in answered if item.hashid)
    assert all(item.status in ("failed", "unknown") for item in answered if not item.hashid)
    assert sandbox.world.received["paystar.transfer"] == sent_before + 1


@pytest.mark.parametrize("track_id", ["", " ", float("nan"), "nan"])
def test_a_blank_track_id_does_not_ask_for_everything(banking, wallet, sandbox, track_id):
    for ask in (banking.list_transfers, wallet.list_settlements):
        with pytest.raises(exceptions.InvalidInput, match="track_id: empty"):
            ask(track_id=track_id)
    assert sandbox.world.received.total() == 0
