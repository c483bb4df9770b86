"""Sample orders: every kind is played, the gateway agrees with the files, and the truth is what the rules say."""

from __future__ import annotations

import csv
import socket
from collections import Counter
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from airflow_provider_iranpay.iran.days import TEHRAN, tehran_day
from airflow_provider_iranpay.sandbox.clock import Clock
from airflow_provider_iranpay.sandbox.orders import files
from airflow_provider_iranpay.sandbox.orders.play import play
from airflow_provider_iranpay.sandbox.paystar.payments import Payments, State
from airflow_provider_iranpay.sandbox.settings import Settings
from tests.sandbox.test_command import command

NOW = datetime(2026, 11, 21, 13, 0, tzinfo=TEHRAN)
HOUR = 3600
W, T, R = 600, 1200, 72 * HOUR

# The life of a payment, row by row; a slash parts what holds within the window from what holds after it.
LIFE = """
               none                unknown             INIT                 UNVERIFIED                         SUCCEED             FAILED             REVERSED
    open       CREATE_UNKNOWN      REF_UNKNOWN         IN_FLIGHT/ABANDONED  VERIFY_DUE/VERIFY_MISSED           PAID_ORDER_OPEN     FAILED_ORDER_OPEN  REVERSED_ORDER_OPEN
    paid       PAID_NO_EVIDENCE    PAID_REF_UNKNOWN    PAID_NOT_PAID        PAID_VERIFY_DUE/PAID_WILL_REVERSE  MATCHED             PAID_BUT_FAILED    PAID_BUT_REVERSED
    closed     MATCHED_VOID        MATCHED_VOID        MATCHED_VOID         LATE_PAYMENT/REVERSAL_EXPECTED     PAID_ORDER_CLOSED   MATCHED_FAILED     MATCHED_REVERSED
    refunded   REFUND_NO_EVIDENCE  REFUND_NOT_PAID     REFUND_NOT_PAID      REFUND_OF_UNVERIFIED               MATCHED_REFUNDED    REFUND_NOT_PAID    REFUND_TWICE
    nobody     impossible          ORPHAN_REF_UNKNOWN  ORPHAN_OPEN          ORPHAN_UNVERIFIED                  ORPHAN_PAID         ORPHAN_FAILED      ORPHAN_REVERSED
"""  # noqa: E501  a table is read as a table
HEADER, *ROWS = (line.split() for line in LIFE.strip().splitlines())
CELLS = {(name, state): cell.split("/") for name, *cells in ROWS for state, cell in zip(HEADER, cells, strict=True)}
ROW_OF = {"failed": "closed", "cancelled": "closed", "": "nobody"}
COLUMN_OF = {"CANCELLED": "FAILED", "VERIFY_PENDING": "UNVERIFIED"}
DIFFERENCES = {
    "AMOUNT_UNDER", "AMOUNT_OVER", "UNIT_X10", "FEE_DIFFERENCE", "CARD_DIFFERENT", "ORDER_ID_DIFFERENT",
    "TIME_DIFFERENT", "REF_REUSED", "TRACKING_REUSED", "STATUS_WENT_BACK",
}  # fmt: skip
OF_OTHER_PAYMENTS = {"ATTEMPT_CLOSED", "SECOND_PAYMENT_PENDING", "ORDER_PAID_TWICE"}
OF_OPEN_WORDS = {"GATEWAY_UNRECOGNISED", "ORDER_UNRECOGNISED"}


class Played:
    def __init__(self, people, *, days=10, per_day=60, seed=1, now=NOW):
        self.clock = Clock(now, real=lambda: 0.0)
        self.book = Payments(self.clock, Settings({}))
        self.story = play(self.book, people, now=self.clock.now(), days=days, per_day=per_day, seed=seed)
        self.orders = {order.order_id: order for order in self.story.orders}
        self.creates = {create.ref_num: create for create in self.story.creates}
        self.payments = {payment.ref_num: payment for payment in self.book}

    def with_difference(self, difference):
        lines = [line for line in self.story.truth if difference in line.differences.split("|")]
        assert lines
        return [(self.orders[line.order_id], self.payments[line.ref_num]) for line in lines]


@pytest.fixture(scope="module")
def played(people):
    return Played(people)


def judged(played, line, at):
    """The verdict on one line of truth, from the files and the gateway alone."""
    order = played.orders.get(line.order_id)
    payment = played.payments.get(line.ref_num)
    state = payment.state(at) if payment else "unknown" if line.ref_num else "none"
    status = order.status if order else ""
    if state not in {*State, "none", "unknown"}:
        return "GATEWAY_UNRECOGNISED"
    if status == "on_hold":
        return "ORDER_UNRECOGNISED"
    if state == "UNVERIFIED" and order and at - payment.paid_at >= R:
        return "REVERSAL_OVERDUE"
    within, *after = CELLS[ROW_OF.get(status, status), COLUMN_OF.get(state, state)]
    if not after:
        return within
    is_within = at - payment.created_at < T if state == "INIT" else at - payment.paid_at < W
    return within if is_within else after[0]


@pytest.mark.parametrize("minutes", [0, 5])
def test_the_truth_is_what_the_rules_say_for_some_minutes(played, minutes):
    at = NOW.timestamp() + 60 * minutes
    lines = [line for line in played.story.truth if line.verdict not in OF_OTHER_PAYMENTS | {"MATCHED_WITH_DIFFERENCE"}]
    assert [(line, judged(played, line, at)) for line in lines if judged(played, line, at) != line.verdict] == []


def test_the_later_truth_is_what_the_rules_say_an_hour_after(played):
    at = NOW.timestamp() + HOUR
    lines = [line for line in played.story.later if line.verdict not in OF_OTHER_PAYMENTS | {"MATCHED_WITH_DIFFERENCE"}]
    assert [(line, judged(played, line, at)) for line in lines if judged(played, line, at) != line.verdict] == []


def test_a_difference_is_found_on_paid_orders_with_money(played):
    lines = [line for line in played.story.truth if line.differences]
    assert {line.verdict for line in lines} == {"MATCHED_WITH_DIFFERENCE"}
    states = {
        (played.orders[line.order_id].status, played.payments[line.ref_num].state(NOW.timestamp())) for line in lines
    }
    assert states == {("paid", "SUCCEED")}


def test_every_verdict_is_played(played):
    cells = {verdict for verdicts in CELLS.values() for verdict in verdicts} - {"impossible"}
    wanted = cells | OF_OTHER_PAYMENTS | OF_OPEN_WORDS | {"MATCHED_WITH_DIFFERENCE", "REVERSAL_OVERDUE"}
    assert {line.verdict for line in played.story.truth} == wanted


def test_every_order_state_meets_every_payment_state(played):
    met = set()
    for line in played.story.truth:
        order, payment = played.orders.get(line.order_id), played.payments.get(line.ref_num)
        state = payment.state(NOW.timestamp()) if payment else "unknown" if line.ref_num else "none"
        met.add((order.status if order else "", COLUMN_OF.get(state, state)))
    statuses = {"open", "paid", "failed", "cancelled", "refunded", ""}
    assert met >= {(status, state) for status in statuses for state in HEADER} - {("", "none")}


def test_every_difference_is_played(played):
    seen = {difference for line in played.story.later for difference in line.differences.split("|")}
    assert seen - {""} == DIFFERENCES


def test_every_kind_is_played_even_if_there_are_few_orders(people, played):
    few = Played(people, days=5, per_day=0)
    assert {line.verdict for line in few.story.truth} == {line.verdict for line in played.story.truth}


def test_nearly_all_orders_are_ordinary(people):
    story = Played(people, days=10, per_day=200).story
    counts = Counter(line.verdict for line in story.truth)
    assert len(story.orders) == pytest.approx(2000, rel=0.02)
    assert counts["MATCHED"] > 0.7 * len(story.orders)


@pytest.mark.parametrize(
    ("severity", "verdicts"),
    [
        ("info", {"MATCHED", "VERIFY_DUE", "MATCHED_REFUNDED", "ORPHAN_OPEN", "CREATE_UNKNOWN"}),
        ("warning", {"VERIFY_MISSED", "LATE_PAYMENT", "ORPHAN_UNVERIFIED", "SECOND_PAYMENT_PENDING"}),
        ("critical", {"PAID_ORDER_OPEN", "REFUND_TWICE", "ORPHAN_PAID", "ORDER_PAID_TWICE", "REVERSAL_OVERDUE"}),
    ],
)
def test_a_verdict_has_its_severity(played, severity, verdicts):
    assert {line.severity for line in played.story.truth if line.verdict in verdicts} == {severity}


# Differences


def test_an_amount_differs_from_the_create(played):
    for word, sign in (("AMOUNT_UNDER", -1), ("AMOUNT_OVER", 1)):
        for order, payment in played.with_difference(word):
            create = played.creates[order.ref_num]
            assert create.payment_amount_rial == order.amount_rial
            assert (payment.payment_amount_rial - create.payment_amount_rial) * sign > 0


def test_a_unit_differs_by_ten_exactly(played):
    for order, payment in played.with_difference("UNIT_X10"):
        assert payment.payment_amount_rial == 10 * order.amount_rial == 10 * played.creates[order.ref_num].amount_rial


def test_a_fee_stands_in_the_create_and_not_in_the_order(played):
    for order, payment in played.with_difference("FEE_DIFFERENCE"):
        create = played.creates[order.ref_num]
        assert payment.payment_amount_rial == create.payment_amount_rial > create.amount_rial == order.amount_rial


def test_a_card_differs_by_its_mask(played):
    for order, payment in played.with_difference("CARD_DIFFERENT"):
        assert (order.card_number[:6], order.card_number[-4:]) != (payment.card[:6], payment.card[-4:])


def test_a_forged_order_shows_the_ref_num_of_another(played):
    refs = Counter(order.ref_num for order in played.story.orders if order.ref_num)
    reused = {order.ref_num for order, _ in played.with_difference("REF_REUSED")}
    assert {ref for ref, times in refs.items() if times > 1} == reused
    forged = [
        order for order, payment in played.with_difference("REF_REUSED") if payment.asked.order_id != order.order_id
    ]
    assert {order.tracking_code for order in forged} == {""}


def test_the_gateway_calls_the_order_otherwise(played):
    for order, payment in played.with_difference("ORDER_ID_DIFFERENT"):
        assert payment.asked.order_id != order.order_id


def test_a_time_differs_by_more_than_a_day(played):
    for order, payment in played.with_difference("TIME_DIFFERENT"):
        assert datetime.fromisoformat(order.paid_at).timestamp() - payment.paid_at > 24 * HOUR


def test_a_tracking_code_stands_on_two_payments(played):
    codes = Counter(payment.tracking_code for payment in played.book if payment.tracking_code)
    assert {code for code, times in codes.items() if times > 1} == {
        order.tracking_code for order, _ in played.with_difference("TRACKING_REUSED")
    }


def test_without_a_difference_files_and_gateway_agree(played):
    """Nothing differs but what is planted."""
    plain = [
        line for line in played.story.truth if line.verdict in {"MATCHED", "MATCHED_REFUNDED", "PAID_BUT_REVERSED"}
    ]
    for line in plain:
        order, payment = played.orders[line.order_id], played.payments[line.ref_num]
        assert order.amount_rial == played.creates[line.ref_num].payment_amount_rial == payment.payment_amount_rial
        assert (order.order_id, order.tracking_code) == (payment.asked.order_id, payment.tracking_code)
        assert order.card_number == f"{payment.card[:6]}******{payment.card[-4:]}"
        assert 0 < datetime.fromisoformat(order.paid_at).timestamp() - payment.paid_at < 60


# Files


def test_every_payment_is_in_the_panel_and_no_orphan_in_the_journal(played):
    panel = {row.ref_num for row in played.story.panel}
    orphans = {line.ref_num for line in played.story.truth if not line.order_id}
    assert played.payments.keys() <= panel
    assert panel - played.payments.keys() == {
        line.ref_num for line in played.story.truth if line.verdict == "ORPHAN_REF_UNKNOWN"
    }
    assert not orphans & (played.creates.keys() | {order.ref_num for order in played.story.orders})


def test_the_truth_has_one_line_for_every_order_and_ref_num(played):
    keys = Counter((line.order_id, line.ref_num) for line in played.story.truth)
    assert set(keys.values()) == {1}
    assert {line.order_id for line in played.story.truth} == {*played.orders, ""}
    assert {line.ref_num for line in played.story.truth} >= played.payments.keys()


def test_orders_are_of_the_days_before_today_but_for_what_is_fresh(played):
    today = tehran_day(NOW)
    days = {tehran_day(datetime.fromisoformat(order.created_at)) for order in played.story.orders}
    assert days == {today - timedelta(n) for n in range(11)}
    fresh = {line.verdict for line in played.story.truth if line.order_id and of_today(played, line)}
    assert {"IN_FLIGHT", "VERIFY_DUE", "PAID_VERIFY_DUE", "LATE_PAYMENT"} <= fresh
    assert "MATCHED" not in fresh


def of_today(played, line):
    return tehran_day(datetime.fromisoformat(played.orders[line.order_id].created_at)) == tehran_day(NOW)


def test_some_orders_are_paid_on_the_day_after(played):
    crossing = [order for order in played.story.orders if order.paid_at and order.created_at[:10] < order.paid_at[:10]]
    assert crossing


def test_rows_are_in_the_order_of_time(played):
    for rows in (played.story.orders, played.story.creates, played.story.panel):
        assert [row.created_at for row in rows] == sorted(row.created_at for row in rows)


def test_what_is_not_fresh_is_two_hours_old_even_just_after_midnight(people):
    now = NOW.replace(hour=0, minute=3)
    played = Played(people, days=5, per_day=200, now=now)
    old = [line.order_id for line in played.story.truth if line.verdict in {"MATCHED", "ABANDONED"}]
    newest = max(datetime.fromisoformat(played.orders[order_id].created_at) for order_id in old)
    assert timedelta(hours=2) <= now - newest < timedelta(hours=3)


@pytest.mark.parametrize("hour", [0, 1, 23])
def test_the_truth_holds_at_any_time_of_day(people, hour):
    now = NOW.replace(hour=hour, minute=3)
    played = Played(people, days=5, per_day=0, now=now)
    lines = [line for line in played.story.truth if line.verdict not in OF_OTHER_PAYMENTS | {"MATCHED_WITH_DIFFERENCE"}]
    assert [line for line in lines if judged(played, line, now.timestamp()) != line.verdict] == []


def test_the_truth_is_in_the_order_of_ids(played):
    for lines in (played.story.truth, played.story.later):
        keys = [(line.order_id, line.ref_num) for line in lines]
        assert keys == sorted(keys)


def test_the_same_seed_at_the_same_time_is_the_same(people, played):
    assert Played(people).story.as_tables() == played.story.as_tables()
    assert Played(people, seed=2).story.orders != played.story.orders


def test_the_same_orders_may_be_played_again(people, played):
    again = Played(people)
    count = len(list(again.book))
    play(again.book, people, now=again.clock.now(), days=10, per_day=60, seed=1)
    assert len(list(again.book)) == count


@pytest.mark.parametrize(("days", "per_day"), [(4, 1), (367, 1), (5, -1), (100, 1001)])
def test_too_much_or_too_little_is_refused(people, days, per_day):
    with pytest.raises(ValueError, match="days is 5 to 366"):
        Played(people, days=days, per_day=per_day)


# The command


def words(sandbox, *more):
    address = urlsplit(sandbox.url)
    return ["sample-orders", "--days", "5", "--host", address.hostname, "--port", str(address.port), *more]


def test_the_command_writes_nine_files_that_the_sandbox_agrees_with(sandbox, tmp_path, capsys):
    sandbox.world.clock.set(datetime(2026, 11, 21, 10, tzinfo=UTC))
    sandbox.world.clock.freeze()
    assert command(*words(sandbox, "--per-day", "3", "--out", str(tmp_path / "orders.csv"))) == 0
    of_orders = {"orders.csv", *(f"orders.{word}.csv" for word in ("creates", "panel", "truth", "later"))}
    names = of_orders | {f"orders.payouts{word}.csv" for word in ("", ".panel", ".truth", ".later")}
    assert {path.name for path in tmp_path.iterdir()} == names
    said = capsys.readouterr().out
    assert [name for name in names if name not in said] == []
    refs = {row["ref_num"]: row for row in read(tmp_path / "orders.panel.csv")}
    assert {payment.ref_num for payment in sandbox.world.paystar.desk.payments} <= refs.keys()
    hashids = {row["hashid"] for row in read(tmp_path / "orders.payouts.panel.csv")}
    assert {transfer.hashid for transfer in sandbox.world.paystar.desk.transfers.newest_first()} == hashids


def read(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("orders.csv", "order_id status amount_rial ref_num card_number tracking_code created_at paid_at"),
        ("orders.creates.csv", "order_id ref_num amount_rial payment_amount_rial created_at"),
        ("orders.panel.csv", "ref_num order_id created_at"),
        ("orders.truth.csv", "order_id ref_num verdict differences severity"),
        ("orders.later.csv", "order_id ref_num verdict differences severity"),
        ("orders.payouts.csv", "track_id deposit destination_account amount_rial status created_at"),
        ("orders.payouts.panel.csv", "hashid track_id deposit amount_rial created_at"),
        ("orders.payouts.truth.csv", "track_id verdict severity"),
        ("orders.payouts.later.csv", "track_id verdict severity"),
    ],
)
def test_each_file_has_its_columns(sandbox, tmp_path, name, columns):
    command(*words(sandbox, "--per-day", "0", "--out", str(tmp_path / "orders.csv")))
    assert list(read(tmp_path / name)[0]) == columns.split()


def test_no_sandbox_is_a_clear_message_and_exit_2(tmp_path, capsys):
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = str(held.getsockname()[1])
    assert command("sample-orders", "--days", "5", "--port", port, "--out", str(tmp_path / "o.csv")) == 2
    assert "`serve`" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_what_the_sandbox_does_not_play_is_a_clear_message_and_exit_2(sandbox, tmp_path, capsys):
    assert command(*words(sandbox, "--per-day", "99999", "--out", str(tmp_path / "o.csv"))) == 2
    assert "100000 orders the most" in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_a_clear_message_and_exit_2(sandbox, tmp_path, capsys):
    assert command(*words(sandbox, "--per-day", "0", "--out", str(tmp_path / "no" / "o.csv"))) == 2
    assert "Cannot write" in capsys.readouterr().err


def test_a_write_that_fails_leaves_the_old_file(tmp_path, played):
    (tmp_path / "orders.csv").write_text("old")
    tables = played.story.as_tables()
    with pytest.raises(ValueError, match="colour"):
        files.write(tables | {"orders": [*tables["orders"], {"colour": "red"}]}, tmp_path / "orders.csv")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"orders.csv": "old"}


@pytest.mark.parametrize("days", ["4", "367", "many"])
def test_wrong_days_are_a_usage_error(days, capsys):
    with pytest.raises(SystemExit):
        command("sample-orders", "--days", days, "--out", "x.csv")
    assert "from 5 to 366" in capsys.readouterr().err
