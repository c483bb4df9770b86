"""Which key ring the journal knows: the one under which its questions can be found. Another one would pay them again.

All workers have the same keys in the same order, or two of them would not see each other's questions.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, func, insert, or_, select, update

from airflow_provider_iranpay.exceptions import ConfigurationError
from airflow_provider_iranpay.warehouse.engine import lock_until_commit
from airflow_provider_iranpay.warehouse.journal.keyring import KeyRing, sealed_by
from airflow_provider_iranpay.warehouse.journal.statements import Statement
from airflow_provider_iranpay.warehouse.journal.tables import ITS_END, claim, end, question, ring

__all__ = ["Loss", "admit", "give_up", "is_known", "loss", "replace_ring"]


class Loss(NamedTuple):
    """What is not found any more under another ring, and would be asked and paid again.

    :param key_ids: the known keys that the other ring lacks.
    :param rial: what those questions have cost, or cost at most while they are open.
    """

    key_ids: tuple[str, ...]
    questions: int
    rial: int

    def __str__(self) -> str:
        return f"{self.questions:,} questions that have cost {self.rial:,} Rial would not be found, and be paid again"


def admit(connection: Connection, environment: str, keys: KeyRing) -> None:
    """Let the ring in if it is the known one, or the first one.

    :raises ConfigurationError: it is another one; says what it would cost.
    """
    lock_until_commit(connection, "journal ring", environment)
    known = _known(connection, environment)
    if known is None:
        connection.execute(insert(ring).values(environment=environment, fingerprints=keys.fingerprints))
        return
    if known == keys.fingerprints:
        return
    lost = loss(connection, environment, keys)
    raise ConfigurationError(
        f"The journal of {environment} does not know this key ring ({_ids(keys.fingerprints)}); it knows "
        f"{_ids(known)}, newest first. With this one {lost}. Put the known keys back into journal_keys, in their "
        "order, or rotate the ring."
    )


def loss(connection: Connection, environment: str, keys: KeyRing) -> Loss:
    """Say what would not be found under this ring; nothing is lost under the known one."""
    known = _known(connection, environment) or []
    return _questions_under(connection, environment, _dropped(known, keys.fingerprints))


def give_up(connection: Connection, environment: str, keys: KeyRing, key_ids: Collection[str]) -> Loss:
    """Make this ring the known one though it lacks keys: they are lost. The rows of their questions stay.

    :param key_ids: of the lost keys, named by the person who decides it.
    :return: what is asked and paid again.
    :raises ConfigurationError: others are lacking than those that are named, or a new key has the id of a lost one.
    """
    connection.execute(select(ring.c.environment).where(ring.c.environment == environment).with_for_update()).all()
    lost = loss(connection, environment, keys)
    if set(lost.key_ids) != set(key_ids):
        raise ConfigurationError(
            f"To be given up are {', '.join(sorted(key_ids)) or 'no keys'}, and the key ring lacks "
            f"{', '.join(lost.key_ids) or 'none'} of those that the journal of {environment} knows: name exactly these."
        )
    reused = set(key_ids) & {key_id for key_id, _ in keys.fingerprints}
    if reused:
        raise ConfigurationError(f"A new key has the id of one that is lost, {', '.join(sorted(reused))}: rename it.")
    connection.execute(update(ring).where(ring.c.environment == environment).values(fingerprints=keys.fingerprints))
    return lost


def is_known(connection: Connection, environment: str, keys: KeyRing) -> bool:
    """Tell whether the ring is still the known one; nobody replaces it until the transaction ends."""
    found = _KNOWN.first(connection, environment)
    return found is not None and bool(json.loads(found[0]) == keys.fingerprints)


_KNOWN = Statement(
    "SELECT fingerprints FROM iranpay_journal_ring WHERE environment = {environment} {for_key_share}",
    environment="text",
)


def replace_ring(connection: Connection, environment: str, old: KeyRing, new: KeyRing) -> None:
    """Make another ring the known one. Workers with the old one settle what they have sent, and claim nothing more.

    :raises ConfigurationError: the old one is not the known one, or the new one lacks a key that questions still need.
    """
    # Waits for all commits that have read the old ring, and no later one reads it.
    found = connection.scalar(select(ring.c.fingerprints).where(ring.c.environment == environment).with_for_update())
    if found == new.fingerprints:
        return  # done already: the reply to it was lost
    if found != old.fingerprints:
        raise ConfigurationError(f"The journal of {environment} does not know the key ring that is to be replaced.")
    lost = loss(connection, environment, new)
    if lost.questions:
        raise ConfigurationError(
            f"The new key ring lacks {', '.join(lost.key_ids)}: {lost}. Keep old keys behind the new one."
        )
    connection.execute(update(ring).where(ring.c.environment == environment).values(fingerprints=new.fingerprints))


def _known(connection: Connection, environment: str) -> list[list[str]] | None:
    found: list[list[str]] | None = connection.scalar(
        select(ring.c.fingerprints).where(ring.c.environment == environment)
    )
    return found


def _questions_under(connection: Connection, environment: str, key_ids: Sequence[str]) -> Loss:
    latest = claim.c.attempt_id == question.c.attempt_id
    paid = func.coalesce(end.c.cost_rial, claim.c.price_rial, 0)
    # A worker that had the old ring seals its last answers with it, beside questions that have moved already.
    heads = [sealed_by(key_id) for key_id in key_ids]
    sealed = [func.substr(end.c.content, 1, len(head)) == head for head in heads]
    count, rial = connection.execute(
        select(func.count(question.c.question_id), func.coalesce(func.sum(paid), 0))
        .select_from(question.join(claim, latest).outerjoin(end, ITS_END))
        .where(question.c.environment == environment, or_(question.c.key_id.in_(key_ids), *sealed))
    ).one()
    return Loss(tuple(key_ids), count, int(rial))


def _dropped(old: list[list[str]], new: list[list[str]]) -> list[str]:
    return [key_id for key_id, mark in old if [key_id, mark] not in new]


def _ids(fingerprints: list[list[str]]) -> str:
    return ", ".join(key_id for key_id, _ in fingerprints) or "no key"
