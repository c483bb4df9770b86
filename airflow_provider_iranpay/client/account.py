"""What the calls of one provider account share inside a process: its tokens, renewed one at a time, and its pause.

Accounts are looked up by identity, so that any number of hooks and threads meet in the same one.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from typing import ClassVar, Protocol
from weakref import WeakSet

from airflow_provider_iranpay.api.contract import Granted, Tokens

__all__ = ["Account", "AccountKey", "ProcessMemory", "TokenStore"]


@dataclass(frozen=True, slots=True)
class AccountKey:
    """Whose tokens these are.

    :param environment: ``real`` or the base URL: a token of the sandbox never meets the real service.
    :param name: the account's name, which survives new credentials.
    :param fingerprint: a keyed hash of the credentials: new ones do not go on with the old ones' tokens.
    """

    provider: str
    environment: str
    name: str
    fingerprint: str


Renew = Callable[[Tokens | None, Tokens | None], Granted]


class TokenStore(Protocol):
    """Where tokens outlive a process. Best effort: it has no compare-and-set."""

    def load(self, bearer: str) -> Tokens | None:
        """Return the tokens of this kind that were last stored, by any worker."""

    def save(self, bearer: str, tokens: Tokens) -> None:
        """Store tokens; returns once other workers can see them."""


class ProcessMemory:
    """No store beside the account's own memory: for a shell, a test, a script."""

    def load(self, bearer: str) -> Tokens | None:  # noqa: ARG002
        """Know nothing beyond the process."""
        return None

    def save(self, bearer: str, tokens: Tokens) -> None:
        """Leave it to the account to remember."""


class Account:
    """The shared state of one account in this process. Thread-safe; the asynchronous driver may wait on it in a
    thread.
    """

    _known: ClassVar[dict[AccountKey, Account]] = {}
    _living: ClassVar[WeakSet[Account]] = WeakSet()
    _door: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, Tokens] = {}
        self._given: dict[str, Tokens] = {}
        self._flights: dict[str, Future[Granted]] = {}
        self._paused_until = 0.0
        self._living.add(self)

    @classmethod
    def of(cls, key: AccountKey) -> Account:
        """Return the one account of this key in this process."""
        with cls._door:
            return cls._known.setdefault(key, cls())

    @classmethod
    def after_fork(cls) -> None:
        """Free a forked child of locks and flights that only threads of its parent could end."""
        cls._door = threading.Lock()
        for account in cls._living:
            account._lock = threading.Lock()  # noqa: SLF001 - its own class
            account._flights = {}  # noqa: SLF001

    def held(self, bearer: str, refused: Tokens | None) -> Tokens | None:
        """Return the tokens that are there already, other than the refused ones; never waits for a renewal."""
        held = self._held.get(bearer)
        return None if refused is not None and held == refused else held

    def tokens(self, bearer: str, refused: Tokens | None, renew: Renew) -> Granted:
        """Return tokens other than the refused ones; of any number of callers at once, one renews and the others get
        its result.

        :param bearer: which of the account's keys.
        :param renew: called with the refused tokens and with those that the provider last gave to this process; its
            error reaches every caller that waited for it.
        """
        while True:
            with self._lock:
                held, flight = self.held(bearer, refused), self._flights.get(bearer)
                if held is not None:
                    return Granted(held, fresh=False)
                mine = flight is None
                if flight is None:
                    flight = self._flights[bearer] = Future()
            if mine:
                self._renew(bearer, flight, refused=refused, renew=renew)
            try:
                granted = flight.result()
            except CancelledError:
                continue
            # A flight that somebody else began may bring just the tokens that this caller saw refused.
            if mine or granted.tokens != refused:
                return granted

    def _renew(
        self,
        bearer: str,
        flight: Future[Granted],
        *,
        refused: Tokens | None,
        renew: Renew,
    ) -> None:
        try:
            granted = renew(refused, self._given.get(bearer))
        except Exception as error:  # noqa: BLE001 - handed to every caller, the leader included
            self._end(bearer, flight)
            flight.set_exception(error)
        except BaseException:
            # The leader alone is being stopped: whoever waited for it starts over.
            self._end(bearer, flight)
            flight.cancel()
            raise
        else:
            with self._lock:
                self._held[bearer] = granted.tokens
                if granted.fresh:
                    self._given[bearer] = granted.tokens
                del self._flights[bearer]
            flight.set_result(granted)

    def _end(self, bearer: str, flight: Future[Granted]) -> None:
        with self._lock:
            if self._flights.get(bearer) is flight:
                del self._flights[bearer]

    def pause(self, seconds: float) -> None:
        """Hold back all calls of the account for some seconds; a shorter pause never ends a longer one."""
        with self._lock:
            self._paused_until = max(self._paused_until, time.monotonic() + seconds)

    def pause_left(self) -> float:
        """Return the seconds for which calls are still held back."""
        left = self._paused_until - time.monotonic()
        return left if left > 0 else 0.0


os.register_at_fork(after_in_child=Account.after_fork)
