"""The key ring of the journal: a new key in front of it, or keys that are lost given up.

The ring lives in the connection, which only a person can change. So a new key takes two runs: the first one prints what
to store and changes nothing; the second one finds it stored, and tells the journal. Whatever happens between the two,
no key is ever known to the journal alone.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from airflow_provider_iranpay.exceptions import ConfigurationError
from airflow_provider_iranpay.hooks.warehouse import WarehouseHook
from airflow_provider_iranpay.iran.days import jalali_dashed, tehran_day
from airflow_provider_iranpay.journal_command import places
from airflow_provider_iranpay.journal_command.printing import agreed, say, write_line
from airflow_provider_iranpay.warehouse.engine import Warehouse
from airflow_provider_iranpay.warehouse.journal import rings
from airflow_provider_iranpay.warehouse.journal.keyring import KeyRing, new_key

__all__ = ["rotate_key"]


def rotate_key(args: argparse.Namespace) -> bool:
    """Print a new ring, or make the one that is stored in the connection the known one.

    :return: False where the person did not agree.
    """
    if args.new:
        _print_ring({})
        say("Put this into the extra journal_keys of a new journal's connection, and keep it as you keep a password.")
        return True
    hook = WarehouseHook(args.warehouse_conn_id)
    keys = hook.get_journal_keys()
    with hook.get_conn() as warehouse:
        behind = _behind(warehouse, places.known(warehouse, None), keys)
        if behind:
            return _tell_the_journal(warehouse, behind, keys, given_up=args.give_up, yes=args.yes)
    if args.give_up:
        raise ConfigurationError("--give-up: the journal knows the key ring of the connection: nothing is lost.")
    _print_ring(hook.journal_keys)
    say(
        "Nothing is changed yet. Put this into the extra journal_keys of the connection "
        f"{args.warehouse_conn_id}, on every machine that has it, then run this command again: it tells the journal. "
        "From then on workers that began with the old ring settle what they have sent and claim nothing more; between "
        "the two no new worker can start. Keep the keys as you keep a password, the old ones too."
    )
    return True


def _print_ring(old: Mapping[str, Any]) -> None:
    day = jalali_dashed(tehran_day(datetime.now(UTC)))
    names = (day, *(f"{day}-{count}" for count in range(2, len(old) + 3)))
    name = next(one for one in names if one not in old)
    print(json.dumps({name: new_key(), **old}))


def _behind(warehouse: Warehouse, environments: Sequence[str], keys: KeyRing) -> list[str]:
    """List the environments that know another ring."""
    with warehouse.transaction() as connection:
        return [one for one in environments if not rings.is_known(connection, one, keys)]


def _tell_the_journal(
    warehouse: Warehouse, environments: Sequence[str], keys: KeyRing, *, given_up: Sequence[str], yes: bool
) -> bool:
    with warehouse.engine.connect() as connection:
        losses = {one: rings.loss(connection, one, keys) for one in environments}
    lacking = {key_id for lost in losses.values() for key_id in lost.key_ids}
    if lacking != set(given_up):
        costs = "; ".join(f"{one}: {lost}" for one, lost in losses.items())
        raise ConfigurationError(
            f"The key ring of the connection lacks {', '.join(sorted(lacking)) or 'no key'}. {costs}. Put lacking keys "
            "back behind the new ones; if they are lost for ever, name each of them, and no other, with --give-up."
        )
    for one, lost in losses.items():
        write_line(f"{one}: the journal is to know the ring {', '.join(name for name, _ in keys.fingerprints)}.")
        if lost.key_ids:
            write_line(f"{one}: {lost}.")
    if given_up:
        agrees = agreed("The keys are given up for ever.", word=f"give up {' '.join(sorted(lacking))}")
    else:
        agrees = yes or agreed("Is this ring stored in the connection on every machine?")
    if not agrees:
        return False
    for one, lost in losses.items():
        with warehouse.transaction() as connection:
            rings.give_up(connection, one, keys, lost.key_ids)
        write_line(f"{one}: done.")
    return True
