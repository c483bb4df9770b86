"""The Jibit face: the way of one request from the door to the bill. What each service answers stands elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_iranpay.sandbox.jibit.desk import Desk
from airflow_provider_iranpay.sandbox.jibit.errors import Refused, refusal
from airflow_provider_iranpay.sandbox.jibit.gates import MAX_TRACK_ID, Gates
from airflow_provider_iranpay.sandbox.jibit.reading import UNKNOWN_SERVICE, Call, read
from airflow_provider_iranpay.sandbox.jibit.services import BILLED, SERVICES
from airflow_provider_iranpay.sandbox.jibit.tokens import Tokens
from airflow_provider_iranpay.sandbox.later_version import UNKNOWN_MEMBER, later
from airflow_provider_iranpay.sandbox.messages import Answer, json_answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_iranpay.sandbox.jibit.services import Service
    from airflow_provider_iranpay.sandbox.messages import Request
    from airflow_provider_iranpay.sandbox.world import World

__all__ = ["Jibit"]

_OPEN_ENUMS = frozenset({"bank", "type", "status", "service", "balanceType"})


class Jibit:
    """Answers what comes in under ``/ide``."""

    prefix = "/ide"
    names = frozenset(service.name for service in SERVICES) | {UNKNOWN_SERVICE}
    prices: Mapping[str, int] = {service.name: service.price_rial for service in BILLED}

    def __init__(self, world: World) -> None:
        self.tokens = Tokens(world.clock, world.settings)
        self._desk = Desk(world.population, world.ledger, world.settings, self.tokens)
        self._gates = Gates(self._desk)

    def reset(self) -> None:
        """Every token is dead, and the rate limit has seen no request."""
        self.tokens.revoke_all()
        self._gates.reset()

    def read(self, request: Request) -> Call:
        """What the request means; nothing is checked or billed yet."""
        return read(request, request.path[len(self.prefix) :])

    def answer(self, call: Call) -> Answer:
        """Handles the call, and bills it if it succeeds."""
        closed = self._gates.closed_to(call)
        if closed is not None:
            return _tracked(call, closed)
        try:
            return _tracked(call, self._succeed(call))
        except Refused as refused:
            return _tracked(call, refusal(refused.code))

    def refuse(self, call: Call, code: str, status: int) -> Answer:
        """An error in this provider's envelope that no rule of its own brought about."""
        return _tracked(call, refusal(code, status=status))

    def _succeed(self, call: Call) -> Answer:
        service = call.service
        if (code := call.fault()) or service is None:
            raise Refused(code or "handler.not_found")
        if service.report is None:
            return self._json(service.answer(self._desk, call.asked))
        if code := self._gates.money_problem(service.name):
            raise Refused(code)
        body = service.answer(self._desk, call.asked)
        self._desk.ledger.bill(
            service.name, question=_canonical(service, call.asked), track_id=call.request.headers.get("x-track-id")
        )
        return self._json(body)

    def _json(self, body: dict[str, Any]) -> Answer:
        settings = self._desk.settings
        if settings.unknown_fields or settings.unknown_enums:
            enums = _OPEN_ENUMS if settings.unknown_enums else frozenset[str]()
            body = later(body, fields=settings.unknown_fields, enums=enums)
        if settings.unknown_enums and "availabilityReport" in body:
            body["availabilityReport"][UNKNOWN_MEMBER] = UNKNOWN_MEMBER
        return json_answer(200, body)


def _canonical(service: Service, asked: dict[str, str]) -> str:
    """The question in one spelling, so that the ledger shows what was billed twice."""
    return "&".join(f"{one.name}={asked[one.name]}" for one in service.parameters if one.name in asked)


def _tracked(call: Call, answer: Answer) -> Answer:
    track_id = call.request.headers.get("x-track-id")
    if track_id is None or len(track_id) > MAX_TRACK_ID:
        return answer
    return Answer(answer.status, answer.body, (*answer.headers, ("X-TRACK-ID", track_id)))
