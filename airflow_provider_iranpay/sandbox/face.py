"""What a provider's face has to be for the sandbox to serve it. No provider lives here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_iranpay.sandbox.messages import Answer, Request

__all__ = ["FORBIDDEN", "INTERNAL", "AnyFace", "Call", "Face"]

INTERNAL = "server.error"
FORBIDDEN = "forbidden"
"""Two codes of faults that every face says in its own words: something broke inside, and no access."""


class Call(Protocol):
    """A request as a face understands it."""

    @property
    def name(self) -> str:
        """The service's name with the provider in front: ``jibit.sana``, or ``jibit.unknown`` where it means none."""

    @property
    def request(self) -> Request:
        """The request itself."""


CallT = TypeVar("CallT", bound=Call)


class Face(Protocol[CallT]):
    """One provider, as the router, the world and the admin face know it."""

    prefix: str
    """Where its paths begin, without a slash at the end."""

    @property
    def names(self) -> frozenset[str]:
        """Every name that :attr:`Call.name` can have."""

    @property
    def prices(self) -> Mapping[str, int]:
        """Default price in Rial of one success of each service that is ever billed."""

    def reset(self) -> None:
        """As it was when it was made."""

    def read(self, request: Request) -> CallT:
        """What the request means; nothing is checked or billed yet."""

    def answer(self, call: CallT) -> Answer:
        """Handles the call, and bills it if it succeeds."""

    def refuse(self, call: CallT, code: str, status: int) -> Answer:
        """An error in the provider's envelope that no rule of its own brought about.

        :param code: as the provider writes it, or :data:`INTERNAL` or :data:`FORBIDDEN`.
        """


AnyFace = Face[Any]
