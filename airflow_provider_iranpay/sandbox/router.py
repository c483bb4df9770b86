"""From a request to its reply: which face it is for, and which fault strikes on the way.

Bytes are the transport's business; what a provider answers is its face's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_iranpay.sandbox import admin
from airflow_provider_iranpay.sandbox.faults import KINDS, Content
from airflow_provider_iranpay.sandbox.messages import HTML, Answer, Reply, json_answer

if TYPE_CHECKING:
    from airflow_provider_iranpay.sandbox.face import AnyFace, Call
    from airflow_provider_iranpay.sandbox.faults import Fault
    from airflow_provider_iranpay.sandbox.messages import Request
    from airflow_provider_iranpay.sandbox.world import World

__all__ = ["Router"]

_PAGE = b"<!DOCTYPE html><html><head><title>%d</title></head><body><h1>%d</h1></body></html>\n"


class Router:
    """Answers every request that reaches one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._faces = [(f"{face.prefix}/", face) for face in world.faces]
        self._not_here = {
            "error": "nothing is served at this path",
            "faces": [face.prefix for face in world.faces],
            "admin": admin.PREFIX,
        }

    def __call__(self, request: Request) -> Reply:
        """The reply, with its delivery."""
        for prefix, face in self._faces:
            if request.path.startswith(prefix):
                return self._exchange(face, request)
        if request.path.startswith(f"{admin.PREFIX}/"):
            return Reply(admin.answer(self._world, request))
        return Reply(json_answer(404, self._not_here))

    def _exchange(self, face: AnyFace, request: Request) -> Reply:
        world = self._world
        call = face.read(request)
        world.received[call.name] += 1
        fault = world.faults.strike(call.name, request.path, request.number)
        delay = world.settings.latency.draw()
        if fault is None:
            return Reply(face.answer(call), delay_seconds=delay)
        kind = KINDS[fault.kind]
        own = face.answer(call) if kind.processed else None
        return Reply(
            _spoiled(face, call, fault=fault, own=own),
            kind.wire,
            delay_seconds=delay,
            pace_seconds=fault.options.get("seconds", 0.0),
        )


def _spoiled(face: AnyFace, call: Call, *, fault: Fault, own: Answer | None) -> Answer:
    options = fault.options
    match KINDS[fault.kind].content:
        case Content.ERROR:
            return face.refuse(call, options["code"], options["status"])
        case Content.PAGE:
            page = _PAGE % (options["status"], options["status"])
            return Answer(options["status"], page.ljust(options.get("megabytes", 0) << 20), (HTML,))
        case Content.REDIRECT:
            return Answer(options["status"], b"", (("Location", options["location"]),))
        case _:
            # A fault that keeps the bytes from the client needs none when nothing was processed.
            return own or Answer(503, b"")
