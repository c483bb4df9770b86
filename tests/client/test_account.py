"""What the callers of one account share: one renewal for all, errors for all, and an end for nobody but its own."""

from __future__ import annotations

import os
import threading

import pytest

from airflow_provider_iranpay.api.contract import Granted, Tokens
from airflow_provider_iranpay.client.account import Account, AccountKey

FIRST, SECOND = Tokens("first"), Tokens("second")


def renewing(tokens: Tokens):
    return lambda refused, last: Granted(tokens, fresh=True)


class Gate:
    """A renewal that waits until it may end."""

    def __init__(self, outcome: Tokens | BaseException) -> None:
        self.outcome = outcome
        self.began, self.may_end = threading.Event(), threading.Event()
        self.calls = 0

    def __call__(self, refused: Tokens | None, last: Tokens | None) -> Granted:
        self.calls += 1
        self.began.set()
        assert self.may_end.wait(5)
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return Granted(self.outcome, fresh=True)


def asking(
    account: Account, refused: Tokens | None, renew, *, bearer: str = "access_token"
) -> tuple[threading.Thread, list[object]]:
    got: list[object] = []

    def ask():
        try:
            got.append(account.tokens(bearer, refused, renew))
        except BaseException as error:  # noqa: BLE001 - what is raised is what is looked at
            got.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    return thread, got


def test_equal_keys_meet_in_one_account_and_others_do_not():
    key = AccountKey("jibit", "real", "main", "f")
    assert Account.of(key) is Account.of(AccountKey("jibit", "real", "main", "f"))
    assert Account.of(key) is not Account.of(AccountKey("jibit", "http://127.0.0.1:1/ide", "main", "f"))
    assert Account.of(key) is not Account.of(AccountKey("jibit", "real", "main", "other credentials"))


def test_tokens_are_remembered_and_then_no_longer_fresh():
    account = Account()
    assert account.tokens("access_token", None, renewing(FIRST)) == Granted(FIRST, fresh=True)
    assert account.tokens("access_token", None, renewing(SECOND)) == Granted(FIRST, fresh=False)


def test_whoever_comes_during_a_renewal_waits_for_it():
    account, gate = Account(), Gate(FIRST)
    leader, got_leader = asking(account, None, gate)
    gate.began.wait(5)
    follower, got_follower = asking(account, None, gate)
    gate.may_end.set()
    leader.join(5)
    follower.join(5)
    assert got_leader == got_follower == [Granted(FIRST, fresh=True)]
    assert gate.calls == 1


def test_an_error_reaches_everybody_who_waited_and_the_next_caller_tries_anew():
    account, gate = Account(), Gate(ValueError("refused"))
    leader, got_leader = asking(account, None, gate)
    gate.began.wait(5)
    follower, got_follower = asking(account, None, gate)
    follower.join(0.05)
    gate.may_end.set()
    leader.join(5)
    follower.join(5)
    assert [str(error) for error in got_leader + got_follower] == ["refused", "refused"]
    assert account.tokens("access_token", None, renewing(SECOND)).tokens == SECOND


def test_a_leader_that_is_stopped_stops_nobody_else():
    account, gate = Account(), Gate(KeyboardInterrupt())
    leader, got_leader = asking(account, None, gate)
    gate.began.wait(5)
    follower, got_follower = asking(account, None, renewing(SECOND))
    follower.join(0.05)
    gate.may_end.set()
    leader.join(5)
    follower.join(5)
    assert isinstance(got_leader[0], KeyboardInterrupt)
    assert got_follower == [Granted(SECOND, fresh=True)]


def test_a_renewal_that_brings_the_refused_tokens_is_not_taken_by_a_follower():
    account, gate = Account(), Gate(FIRST)
    leader, _ = asking(account, None, gate)
    gate.began.wait(5)
    follower, got_follower = asking(account, FIRST, renewing(SECOND))
    follower.join(0.05)
    gate.may_end.set()
    leader.join(5)
    follower.join(5)
    assert got_follower == [Granted(SECOND, fresh=True)]


def test_a_forked_child_does_not_wait_for_a_renewal_of_its_parent():
    account, gate = Account(), Gate(FIRST)
    leader, _ = asking(account, None, gate)
    gate.began.wait(5)
    child = os.fork()
    if child == 0:
        os._exit(0 if account.tokens("access_token", None, renewing(SECOND)).tokens == SECOND else 1)
    gate.may_end.set()
    leader.join(5)
    assert os.waitpid(child, 0)[1] == 0


# Several keys


def test_each_key_of_an_account_is_remembered_apart():
    account = Account()
    account.tokens("api_key", None, renewing(FIRST))
    assert account.tokens("inquiry_key", None, renewing(SECOND)) == Granted(SECOND, fresh=True)
    assert account.tokens("api_key", None, renewing(SECOND)) == Granted(FIRST, fresh=False)


def test_a_refused_key_takes_no_other_key_with_it():
    account = Account()
    account.tokens("api_key", None, renewing(FIRST))
    account.tokens("inquiry_key", None, renewing(FIRST))
    assert account.tokens("api_key", FIRST, renewing(SECOND)) == Granted(SECOND, fresh=True)
    assert account.tokens("inquiry_key", None, renewing(SECOND)) == Granted(FIRST, fresh=False)


def test_the_renewal_of_one_key_holds_back_no_other_key():
    account, gate = Account(), Gate(FIRST)
    leader, got_leader = asking(account, None, gate, bearer="api_key")
    gate.began.wait(5)
    assert account.tokens("inquiry_key", None, renewing(SECOND)) == Granted(SECOND, fresh=True)
    gate.may_end.set()
    leader.join(5)
    assert got_leader == [Granted(FIRST, fresh=True)]


def test_a_renewal_that_fails_ends_only_its_own_key():
    account, gate = Account(), Gate(ValueError("refused"))
    account.tokens("inquiry_key", None, renewing(SECOND))
    leader, got_leader = asking(account, None, gate, bearer="api_key")
    gate.may_end.set()
    leader.join(5)
    assert [str(error) for error in got_leader] == ["refused"]
    assert account.tokens("inquiry_key", None, renewing(FIRST)) == Granted(SECOND, fresh=False)


@pytest.mark.parametrize(("pauses", "left"), [([5, 1], 5), ([1, 5], 5), ([], 0)])
def test_a_shorter_pause_never_ends_a_longer_one(pauses, left):
    account = Account()
    for seconds in pauses:
        account.pause(seconds)
    assert account.pause_left() == pytest.approx(left, abs=0.5)
