"""Every error that a user of this package can meet. Nothing else lives here, and nothing of the package is imported
here.

Texts never hold a token, a password, a full card number, a national code or the query of a URL: whoever raises masks
first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self, TypeVar

__all__ = [
    "CallError",
    "ConfigurationError",
    "InvalidInput",
    "IranPayError",
    "LeaseLost",
    "LoadRefused",
    "NotConfirmed",
    "NotSent",
    "OperatorNeeded",
    "OutcomeUnknown",
    "QuotaReached",
    "ReadingOutOfDate",
    "Rejected",
    "RunIncomplete",
    "RunStopped",
    "SumsDoNotClose",
    "TransientFailure",
    "TransitionRefused",
    "UnreadableAnswer",
]


E = TypeVar("E", bound="IranPayError")


class IranPayError(Exception):
    """Root of every error of this package. Its text is composed once, so it survives pickling and a change of class."""

    def as_kind(self, kind: type[E]) -> E:
        """Return the same error as another class: the same text, the same facts."""
        return _rebuild(kind, str(self), self.__dict__)

    def noting(self, addition: str, **facts: object) -> Self:
        """Return the same error with more to say: a sentence, and facts as attributes."""
        return _rebuild(type(self), f"{self} {addition}", {**self.__dict__, **facts})

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), str(self), self.__dict__)


class ConfigurationError(IranPayError):
    """A connection, a setting or a database is not fit for use; nothing was sent."""


class InvalidInput(IranPayError, ValueError):
    """A value was refused before anything was sent or paid. The value itself is nowhere in it.

    :param field: name of the parameter or column.
    :param reason: stable reason code, for example ``check_digit``.
    :param remedy: what to do about it.
    :param row: where the value stands in a table, if it came from one.
    :param service: the call that it was for, for example ``match_card``.
    """

    def __init__(
        self, field: str, reason: str, remedy: str, *, row: str | None = None, service: str | None = None
    ) -> None:
        self.field = field
        self.reason = reason
        self.remedy = remedy
        self.row = row
        self.service = service
        where = (f"{service}: " if service else "") + (f"row {row}, " if row is not None else "")
        super().__init__(f"{where}{field}: {reason}. {remedy}")

    def of(self, service: str) -> InvalidInput:
        """Return the same error, naming the call that the value was for."""
        return type(self)(self.field, self.reason, self.remedy, row=self.row, service=service)


class LoadRefused(IranPayError):
    """The database refused rows by one of its own rules; nothing of the load was written."""


class ReadingOutOfDate(IranPayError):
    """Another task has read the same thing later, and differently; this reading was not written."""


class SumsDoNotClose(IranPayError):
    """What was written does not add up to what was read; the transaction was rolled back."""


class LeaseLost(IranPayError):
    """A worker of the journal was silent for longer than its lease: its answers are kept, nothing more was claimed.

    :ivar refused: ends of calls that came too late: others have closed those attempts.
    """

    refused: Sequence[Any] = ()


class TransitionRefused(IranPayError):
    """The journal's attempt is in a state that does not take this; nothing was written."""


class RunIncomplete(IranPayError):
    """A bulk run has left rows without an answer; all results are written, and a repeat goes on from there.

    :ivar manifest: the run's counts and sums; None where it was told to end and has written no results.
    """

    manifest: dict[str, Any] | None = None


class RunStopped(RunIncomplete):
    """A bulk run has left rows without an answer, and a repeat brings none before a person has acted."""


class CallError(IranPayError):
    """A call to a provider did not bring an answer that can be used.

    :param summary: what happened and what to do, already masked.
    :param provider: ``jibit`` or ``paystar``.
    :param service: name of the endpoint, for example ``match_card``.
    :param code: the provider's own error code, or ``http_503`` and the like where it gave none.
    :param http_status: HTTP status, None where no response came.
    :param error_class: ``authenticate``, ``transient``, ``quota``, ``operator`` or ``final``; None where no answer
        came.
    :param retry_after: seconds that the provider asked to wait, already clamped.
    :param track_id: the ``X-TRACK-ID`` of the call, to quote to the provider's support.
    :param phase: ``not_sent``, ``maybe_sent`` or ``answered``.
    """

    def __init__(  # noqa: PLR0913 - the facts of one failure, all by keyword
        self,
        summary: str,
        *,
        provider: str,
        service: str,
        code: str | None = None,
        http_status: int | None = None,
        error_class: str | None = None,
        retry_after: float | None = None,
        track_id: str | None = None,
        phase: str,
    ) -> None:
        self.provider = provider
        self.service = service
        self.code = code
        self.http_status = http_status
        self.error_class = error_class
        self.retry_after = retry_after
        self.track_id = track_id
        self.phase = phase
        facts = ", ".join(
            f"{name} {value}"
            for name, value in (("code", code), ("HTTP", http_status), ("track id", track_id))
            if value is not None
        )
        super().__init__(f"{provider} {service}: {summary}" + (f" [{facts}]" if facts else ""))


class NotSent(CallError):
    """Not a byte of the request left this machine (DNS, connect, TLS): repeating it is safe."""


class OutcomeUnknown(CallError):
    """The request may have been carried out and paid for, and no answer says so: it is never repeated by itself.

    :ivar transfer_track_ids: where money was to be sent, the callers' identities of what may have been sent.
    """

    transfer_track_ids: tuple[str, ...] = ()


class NotConfirmed(CallError):
    """Inquiry does not confirm a payment: its status, amount or reference is another. The order is not paid by it."""


class UnreadableAnswer(CallError):
    """The provider answered in its own envelope, but the answer lacks what was asked for; it counts as paid."""


class TransientFailure(CallError):
    """The provider said that it could not answer now, and went on saying so until the tries were used up."""


class QuotaReached(CallError):
    """The daily quota is used up; ``retry_after`` holds the seconds to the next Tehran day where they are known."""


class OperatorNeeded(CallError):
    """Nothing will work until a person acts: credentials, IP whitelist, balance, a service that is not enabled."""


class Rejected(CallError):
    """The provider refused this question for good: the input, or the thing asked about, is at fault."""


def _rebuild(kind: type[E], text: str, facts: dict[str, Any]) -> E:
    error = kind.__new__(kind)
    Exception.__init__(error, text)
    error.__dict__.update(facts)
    return error
