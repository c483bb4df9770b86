"""The book of transfers: what was accepted, what became of it by now, and the money that it moved.

A book has a life by the sandbox clock alone: nothing runs in the background, and each look first settles what is due.
What an API calls things on the wire is not decided here.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from heapq import heappop, heappush, merge
from typing import TYPE_CHECKING, Any, Protocol

from airflow_provider_iranpay.sandbox.later_version import UNKNOWN_MEMBER
from airflow_provider_iranpay.sandbox.shuffle import Dice

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airflow_provider_iranpay.sandbox.clock import Clock
    from airflow_provider_iranpay.sandbox.settings import Settings

__all__ = ["Deposits", "Order", "Purse", "State", "Transfer", "Transfers", "Wallet"]

_BOUNCED = "حساب مقصد انتقال را نپذیرفت."
_NO_MONEY = "موجودی کافی نیست."
_FOREIGN_RIAL = 1_000_000


class State(StrEnum):
    """What the provider says of a transfer."""

    PENDING = "pending"
    SUCCESS = "success"
    FAILED = "failed"
    UNRECOGNISED = UNKNOWN_MEMBER
    """A word that no contract knows; only a history has it."""


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody asks to be paid.

    :param source: the deposit that pays; empty for the wallet.
    """

    track_id: str
    amount_rial: int
    source: str
    destination: str
    pay_id: str | None = None


@dataclass(slots=True)
class Transfer:
    """One transfer.

    :param number: 1, 2, 3 ... in the order of acceptance.
    :param at: epoch seconds of acceptance on the sandbox clock.
    :param fate: what it becomes when it is due.
    :param left_purse: whether its money was ever taken.
    :param foreign: whether it was put there by the sandbox and not asked for.
    """

    number: int
    hashid: str
    order: Order
    at: float
    due: float
    fate: State
    state: State = State.PENDING
    message: str = ""
    left_purse: bool = False
    foreign: bool = False

    @property
    def ref_code(self) -> str | None:
        """The bank's reference, once it is paid."""
        return f"{self.number:012d}" if self.state is State.SUCCESS else None

    def as_dict(self) -> dict[str, Any]:
        """For the admin face: times as ISO instants in UTC."""
        order = self.order
        return {
            "number": self.number,
            "hashid": self.hashid,
            "track_id": order.track_id,
            "amount_rial": order.amount_rial,
            "source": order.source,
            "destination": order.destination,
            "state": self.state,
            "message": self.message,
            "accepted_at": _iso(self.at),
            "due_at": _iso(self.due),
            "foreign": self.foreign,
        }


class Purse(Protocol):
    """Where the money comes from, and goes back to."""

    def take(self, source: str, amount_rial: int) -> bool:
        """Takes the money, if it is there."""

    def give_back(self, source: str, amount_rial: int) -> None:
        """Puts it back."""


class Deposits:
    """The bank deposits, as the settings hold them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def take(self, source: str, amount_rial: int) -> bool:
        """Takes the money, if the deposit exists and has it."""
        left = self._settings.paystar_deposits.get(source, 0)
        if left < amount_rial:
            return False
        self._settings.paystar_deposits[source] = left - amount_rial
        return True

    def give_back(self, source: str, amount_rial: int) -> None:
        """Puts it back; a deposit that the settings dropped meanwhile is there again."""
        self._settings.paystar_deposits[source] = self._settings.paystar_deposits.get(source, 0) + amount_rial


class Wallet:
    """The one wallet, which pays for inquiries too."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def take(self, source: str, amount_rial: int) -> bool:  # noqa: ARG002  there is one wallet
        """Takes the money, if the wallet has it."""
        if self._settings.paystar_wallet_rial < amount_rial:
            return False
        self._settings.paystar_wallet_rial -= amount_rial
        return True

    def give_back(self, source: str, amount_rial: int) -> None:  # noqa: ARG002
        """Puts it back."""
        self._settings.paystar_wallet_rial += amount_rial


class Transfers:
    """Every transfer out of one kind of purse.

    :param seed: decides which transfers fail and which are final at once.
    """

    def __init__(self, clock: Clock, settings: Settings, *, purse: Purse, seed: str) -> None:
        self._clock = clock
        self._settings = settings
        self._purse = purse
        self._seed = seed
        self.reset()

    def reset(self) -> None:
        """Forgets them all; the money is left alone."""
        self._all: list[Transfer] = []
        self._by_track_id: defaultdict[str, list[Transfer]] = defaultdict(list)
        self._pending: list[tuple[float, int]] = []
        self._on_the_way_rial = 0
        self._history: dict[str, Transfer] = {}
        self._retell()

    def settle(self) -> None:
        """Ends what is due: the money of a failed transfer comes back."""
        now = self._clock.timestamp()
        while self._pending and self._pending[0][0] <= now:
            _, number = heappop(self._pending)
            one = self._all[number - 1]
            one.state = one.fate
            self._on_the_way_rial -= one.order.amount_rial
            if one.state is State.FAILED:
                one.message = _BOUNCED
                self._purse.give_back(one.order.source, one.order.amount_rial)
        for one in self._unfinished:
            if one.due <= now:
                one.state = one.fate

    def newest_first(self) -> Iterator[Transfer]:
        """All transfers as they stand now."""
        self.settle()
        return merge(reversed(self._all), self._told, key=lambda one: one.at, reverse=True)

    def of(self, track_id: str) -> list[Transfer]:
        """Those with this track id as they stand now, the oldest first."""
        self.settle()
        return [*self._told_by_track_id.get(track_id, ()), *self._by_track_id.get(track_id, ())]

    def on_the_way_rial(self) -> int:
        """Money that has left the purse and has not arrived."""
        self.settle()
        return self._on_the_way_rial

    def accept(self, order: Order, *, problem: str | None = None) -> Transfer:
        """Takes the money and puts the order on its way.

        :param problem: why it cannot be paid; with one, or without money, the transfer is there and has failed.
        """
        self.settle()
        transfer = self._write(order)
        if problem is None and not self._purse.take(order.source, order.amount_rial):
            problem = _NO_MONEY
        if problem is not None:
            transfer.state, transfer.message = State.FAILED, problem
            return transfer
        transfer.left_purse = True
        self._on_the_way_rial += order.amount_rial
        heappush(self._pending, (transfer.due, transfer.number))
        self.settle()
        return transfer

    def write_history(self, transfers: Iterable[Transfer]) -> None:
        """Takes in transfers with a past, each in the place of an earlier one with its ``hashid``.

        No money of the purse moves, neither now nor when they are due.
        """
        self._history |= {transfer.hashid: transfer for transfer in transfers}
        self._retell()

    def arrive(self, count: int, *, source: str) -> None:
        """Puts ``count`` paid transfers of somebody else on top of the list; no money of the purse moves."""
        for _ in range(count):
            transfer = self._write(Order(f"foreign-{len(self._all) + 1}", _FOREIGN_RIAL, source, ""))
            transfer.state, transfer.foreign = State.SUCCESS, True

    def _retell(self) -> None:
        self._told = sorted(self._history.values(), key=lambda one: one.at, reverse=True)
        self._unfinished = [one for one in self._told if one.state is not one.fate]
        self._told_by_track_id: defaultdict[str, list[Transfer]] = defaultdict(list)
        for one in reversed(self._told):
            self._told_by_track_id[one.order.track_id].append(one)

    def _write(self, order: Order) -> Transfer:
        number = len(self._all) + 1
        dice = Dice(f"{self._seed}/{number}")
        settings, now = self._settings, self._clock.timestamp()
        fate = State.FAILED if dice.below(100) < settings.paystar_transfer_failed_percent else State.SUCCESS
        at_once = dice.below(100) < settings.paystar_transfer_final_percent
        transfer = Transfer(
            number=number,
            hashid=f"{dice.below(65_536):04x}{number:08x}",
            order=order,
            at=now,
            due=now + (0 if at_once else settings.paystar_transfer_seconds),
            fate=fate,
        )
        self._all.append(transfer)
        self._by_track_id[order.track_id].append(transfer)
        return transfer


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()
