"""The Paystar face: the way of one request from the door to the bill. What each service answers stands in its row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_iranpay.sandbox.face import FORBIDDEN, INTERNAL
from airflow_provider_iranpay.sandbox.messages import Answer
from airflow_provider_iranpay.sandbox.paystar import banking, gateway, payouts, wallet
from airflow_provider_iranpay.sandbox.paystar.desk import Desk
from airflow_provider_iranpay.sandbox.paystar.envelope import Envelope, invalid_access, no_such_path
from airflow_provider_iranpay.sandbox.paystar.gates import Gates, as_code
from airflow_provider_iranpay.sandbox.paystar.keys import Keys
from airflow_provider_iranpay.sandbox.paystar.payments import Payments
from airflow_provider_iranpay.sandbox.paystar.reading import UNKNOWN_SERVICE, Call, Routes
from airflow_provider_iranpay.sandbox.paystar.service import Family, Refused
from airflow_provider_iranpay.sandbox.paystar.transfers import Deposits, Transfers, Wallet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_iranpay.sandbox.messages import Request
    from airflow_provider_iranpay.sandbox.paystar.service import Service
    from airflow_provider_iranpay.sandbox.world import World

__all__ = ["SERVICES", "Paystar"]

SERVICES: tuple[Service, ...] = (*banking.SERVICES, *payouts.SERVICES, *wallet.SERVICES, *gateway.SERVICES)
"""Every row."""

_INTERNAL_WORDS: Mapping[Family, int | str] = {Family.GATEWAY: -99, Family.CODES: 0, Family.TEXT: "error"}
_WALLET_EMPTY = 9
_INVALID_INPUT = 10
_IS_REQUIRED = "وارد کردن این فیلد الزامی است."
_FAULT_STATUS, _OWN_STATUS = 403, 400


class Paystar:
    """Answers what comes in under ``/api``."""

    prefix = "/api"
    names = frozenset(service.name for service in SERVICES) | {UNKNOWN_SERVICE}
    prices: Mapping[str, int] = {service.name: service.price_rial for service in SERVICES if service.price_rial}

    def __init__(self, world: World) -> None:
        clock, settings, seed = world.clock, world.settings, world.population.seed
        self.desk = Desk(
            population=world.population,
            ledger=world.ledger,
            settings=settings,
            clock=clock,
            keys=Keys(clock, settings),
            transfers=Transfers(clock, settings, purse=Deposits(settings), seed=f"{seed}/transfer"),
            settlements=Transfers(clock, settings, purse=Wallet(settings), seed=f"{seed}/settlement"),
            payments=Payments(clock, settings),
        )
        self._envelope = Envelope(settings)
        self._gates = Gates(self.desk, self._envelope)
        self._routes = Routes(SERVICES)

    def reset(self) -> None:
        """No key, transfer or payment was ever given out, and the rate limit has seen no request."""
        for one in (self.desk.keys, self.desk.transfers, self.desk.settlements, self.desk.payments):
            one.reset()
        self._envelope.reset()
        self._gates.reset()

    def read(self, request: Request) -> Call:
        """What the request means; nothing is checked or billed yet."""
        return self._routes.read(request, request.path[len(self.prefix) :])

    def answer(self, call: Call) -> Answer:
        """Handles the call, and bills it if it succeeds."""
        try:
            return _tracked(call, self._gates.closed_to(call) or self._serve(call))
        except Refused as refused:
            return _tracked(call, self._envelope.refusal(refused))

    def refuse(self, call: Call, code: str, status: int) -> Answer:
        """An error in this provider's envelope that no rule of its own brought about.

        :param code: the number as text, a text of the text family, or one of the two words of every face.
        """
        if code == FORBIDDEN:
            return _tracked(call, invalid_access(_OWN_STATUS if status == _FAULT_STATUS else status))
        family = call.service.family if call.service else Family.CODES
        own = _INTERNAL_WORDS[family] if code == INTERNAL else as_code(code)
        return _tracked(call, self._envelope.refusal(Refused(own, status=status)))

    def _serve(self, call: Call) -> Answer:
        service, asked = call.service, call.asked
        if service is None or asked is None:
            return no_such_path()
        _check(service, asked)
        # Money of a transfer that has failed meanwhile is back before anybody asks for it or spends it.
        self.desk.transfers.settle()
        self.desk.settlements.settle()
        if service.price_rial and not self.desk.ledger.can_pay(service.name):
            raise Refused(_WALLET_EMPTY)
        answered = service.answer(self.desk, asked)
        if isinstance(answered, Answer):
            return answered
        if service.price_rial:
            track_id = call.request.headers.get("x-track-id")
            for question in (_question(service, asked),) if answered.billed is None else answered.billed:
                self.desk.ledger.bill(service.name, question=question, track_id=track_id)
        return self._envelope.success(service.family, answered)


def _check(service: Service, asked: Mapping[str, Any]) -> None:
    wrong = {}
    for parameter in service.parameters:
        value = asked.get(parameter.name)
        given = value is not None and value not in ("", [])
        problem = parameter.rule(value) if given else _IS_REQUIRED if parameter.required else None
        if problem is not None:
            wrong[parameter.name] = [problem]
    if wrong:
        raise Refused(_INVALID_INPUT, data=wrong)


def _question(service: Service, asked: Mapping[str, Any]) -> str:
    """The question in one spelling and without credentials, so that the ledger shows what was billed twice."""
    return "&".join(f"{one.name}={asked[one.name]}" for one in service.parameters if asked.get(one.name) is not None)


def _tracked(call: Call, answer: Answer) -> Answer:
    track_id = call.request.headers.get("x-track-id")
    if track_id is None:
        return answer
    return Answer(answer.status, answer.body, (*answer.headers, ("X-TRACK-ID", track_id)))
