"""The sandbox's own face under ``/_sandbox``: look at the books, turn the switches, set the clock, break things.

Every route is a row of :data:`ROUTES`; ``docs/sandbox.md`` documents them field by field. No provider rule lives here.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_iranpay.sandbox.messages import json_answer
from airflow_provider_iranpay.sandbox.orders.play import play, play_payouts
from airflow_provider_iranpay.sandbox.paystar.callback import callback_fields
from airflow_provider_iranpay.sandbox.paystar.payer import act
from airflow_provider_iranpay.sandbox.paystar.payments import Outcome
from airflow_provider_iranpay.sandbox.sample import customer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from airflow_provider_iranpay.sandbox.ledger import Entry
    from airflow_provider_iranpay.sandbox.messages import Answer, Request
    from airflow_provider_iranpay.sandbox.world import World

__all__ = ["PREFIX", "ROUTES", "answer"]

PREFIX = "/_sandbox"
_MAX_TRAFFIC = 1_000_000


@dataclass(frozen=True, slots=True)
class _Asked:
    """An admin request, read: the rest of its path, its query and its JSON object."""

    rest: str
    query: dict[str, str]
    body: dict[str, Any]


def answer(world: World, request: Request) -> Answer:
    """The answer of one admin route: 200 with what is asked, 400 with ``error`` for a wrong request, else 404."""
    route, _, rest = request.path.removeprefix(f"{PREFIX}/").partition("/")
    action = ROUTES.get((request.method, route))
    if action is None:
        known = sorted(f"{method} {PREFIX}/{name}" for method, name in ROUTES)
        return json_answer(404, {"error": "no such route", "routes": known})
    try:
        body = json.loads(request.body) if request.body.strip() else {}
        if not isinstance(body, dict):
            return json_answer(400, {"error": "the body has to be a JSON object"})
        return json_answer(200, action(world, _Asked(rest, request.query, body)))
    except KeyError as missing:
        return json_answer(400, {"error": f"{missing} is required"})
    except (ValueError, TypeError, IndexError, OverflowError, OSError, RecursionError) as wrong:
        return json_answer(400, {"error": str(wrong)})


def _take_only(body: dict[str, Any], *names: str) -> None:
    unknown = body.keys() - set(names)
    if unknown:
        raise ValueError(f"expected {', '.join(names) or 'no fields'}, not {', '.join(sorted(unknown))}")


def _health(world: World, _: _Asked) -> dict[str, Any]:
    return {"status": "ok", "seed": world.population.seed, "now": world.clock.now().isoformat()}


def _ledger(world: World, asked: _Asked) -> dict[str, Any]:
    service = asked.query.get("service")
    if service is not None and service not in world.services:
        raise ValueError(f"there is no service {service!r}")
    entries = world.ledger.since(int(asked.query.get("since", "0")), service)
    summary = _summary(entries)
    if asked.query.get("count") == "true":
        return summary
    return summary | {"entries": [entry.as_dict() for entry in entries]}


def _summary(entries: Iterable[Entry]) -> dict[str, Any]:
    services: Counter[str] = Counter()
    questions: Counter[tuple[str, str]] = Counter()
    spent = 0
    for entry in entries:
        services[entry.service] += 1
        questions[entry.service, entry.question] += 1
        spent += entry.price_rial
    return {
        "count": services.total(),
        "spent_rial": spent,
        "services": services,
        "billed_again": sum(times - 1 for times in questions.values()),
    }


def _settings(world: World, _: _Asked) -> dict[str, Any]:
    return world.settings.as_dict()


def _change_settings(world: World, asked: _Asked) -> dict[str, Any]:
    world.change_settings(asked.body)
    return world.settings.as_dict()


def _faults(world: World, _: _Asked) -> dict[str, Any]:
    return {"faults": [fault.as_dict() for fault in world.faults]}


def _add_fault(world: World, asked: _Asked) -> dict[str, Any]:
    given = dict(asked.body)
    return world.faults.add(given.pop("kind"), **given).as_dict()


def _remove_faults(world: World, asked: _Asked) -> dict[str, Any]:
    if not asked.rest:
        world.faults.clear()
    elif not world.faults.remove(int(asked.rest)):
        raise ValueError(f"there is no fault {asked.rest}")
    return _faults(world, asked)


def _clock(world: World, _: _Asked) -> dict[str, Any]:
    clock = world.clock
    return {"now": clock.now().isoformat(), "frozen": clock.frozen, "tehran_day": world.ledger.today().isoformat()}


def _set_clock(world: World, asked: _Asked) -> dict[str, Any]:
    _take_only(asked.body, "now", "advance_seconds", "freeze")
    freeze = asked.body.get("freeze")
    if "freeze" in asked.body and not isinstance(freeze, bool):
        raise ValueError(f"freeze is true or false, not {freeze!r}")
    instant = datetime.fromisoformat(asked.body["now"]) if "now" in asked.body else None
    world.clock.change(to=instant, by=float(asked.body.get("advance_seconds", 0)), freeze=freeze)
    return _clock(world, asked)


def _received(world: World, _: _Asked) -> dict[str, Any]:
    return {"count": world.received.total(), "services": world.received}


def _transfers(world: World, _: _Asked) -> dict[str, Any]:
    desk = world.paystar.desk
    books = {"transfers": desk.transfers, "settlements": desk.settlements}
    return {name: [transfer.as_dict() for transfer in book.newest_first()] for name, book in books.items()}


def _payments(world: World, _: _Asked) -> dict[str, Any]:
    now = world.clock.timestamp()
    payments = [payment.as_dict(now) for payment in world.paystar.desk.payments]
    return {"count": len(payments), "payments": payments}


def _pay(world: World, asked: _Asked) -> dict[str, Any]:
    body, payments = asked.body, world.paystar.desk.payments
    _take_only(body, "ref_num", "token", "outcome", "card")
    token = body["token"] if "token" in body else payments.by_ref_num(body["ref_num"]).token
    payment = act(payments, world.population, token, outcome=Outcome(body["outcome"]), card=body.get("card"))
    return dict(callback_fields(payment))


def _turn_payment(world: World, asked: _Asked) -> dict[str, Any]:
    _take_only(asked.body, "state")
    payments = world.paystar.desk.payments
    payment, state = payments.by_ref_num(asked.rest), asked.body["state"]
    if not (isinstance(state, str) and state):
        raise ValueError("state is a word")
    payments.turn(payment, state)
    return payment.as_dict(world.clock.timestamp())


def _play_orders(world: World, asked: _Asked) -> dict[str, Any]:
    _take_only(asked.body, "days", "per_day", "seed")
    days, per_day, seed = int(asked.body["days"]), int(asked.body.get("per_day", 200)), int(asked.body.get("seed", 1))
    desk, people, now = world.paystar.desk, world.population, world.clock.now()
    deposits = tuple(world.settings.paystar_deposits)
    payouts = play_payouts(desk.transfers, people, deposits=deposits, now=now, days=days, per_day=per_day, seed=seed)
    orders = play(desk.payments, people, now=now, days=days, per_day=per_day, seed=seed)
    return orders.as_tables() | payouts.as_tables()


def _reset(world: World, asked: _Asked) -> dict[str, Any]:
    _take_only(asked.body)
    world.reset()
    return _health(world, asked)


def _person(world: World, asked: _Asked) -> dict[str, Any]:
    index, people = int(asked.rest), world.population
    return {
        "person": asdict(people.person(index)),
        "customer": asdict(customer(people, index)),
        "foreigner": asdict(people.foreigner(index)),
        "company": asdict(people.company(index)),
    }


def _traffic(world: World, asked: _Asked) -> dict[str, Any]:
    _take_only(asked.body, "from_day", "to_day", "per_day", "seed")
    first, last = (date.fromisoformat(asked.body[name]) for name in ("from_day", "to_day"))
    per_day, seed = int(asked.body["per_day"]), int(asked.body.get("seed", 0))
    days = (last - first).days + 1
    if days < 1 or per_day < 0 or days * per_day > _MAX_TRAFFIC:
        raise ValueError(f"from_day <= to_day, per_day >= 0, and at most {_MAX_TRAFFIC} calls at once")
    # Jibit's alone: the past is there to be reported, and Paystar has no report.
    services = list(world.jibit.prices)
    return {"written": world.ledger.write_history(services, first=first, last=last, per_day=per_day, seed=seed)}


ROUTES: dict[tuple[str, str], Callable[[World, _Asked], dict[str, Any]]] = {
    ("GET", "health"): _health,
    ("GET", "ledger"): _ledger,
    ("GET", "settings"): _settings,
    ("PATCH", "settings"): _change_settings,
    ("GET", "faults"): _faults,
    ("POST", "faults"): _add_fault,
    ("DELETE", "faults"): _remove_faults,
    ("GET", "clock"): _clock,
    ("PUT", "clock"): _set_clock,
    ("GET", "received"): _received,
    ("GET", "transfers"): _transfers,
    ("GET", "payments"): _payments,
    ("PATCH", "payments"): _turn_payment,
    ("POST", "pay"): _pay,
    ("POST", "orders"): _play_orders,
    ("POST", "reset"): _reset,
    ("GET", "person"): _person,
    ("POST", "traffic"): _traffic,
}
"""Method and first word of the path after the prefix, to what it does."""
