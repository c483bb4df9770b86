"""What feeds a run of many calls in tests, and writes down what came of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from tenacity import wait_none

from airflow_provider_iranpay.api.contract import Request
from airflow_provider_iranpay.api.jibit import Jibit, endpoints
from airflow_provider_iranpay.client.account import Account, ProcessMemory
from airflow_provider_iranpay.client.many_driver import Ended, Job, ManyClient
from airflow_provider_iranpay.client.network import Network
from airflow_provider_iranpay.client.retries import Retries

NATIONAL_CODE, MOBILE = "0012345679", "09120000000"


def matching(national_code: str = NATIONAL_CODE, mobile: str = MOBILE) -> Request[bool]:
    return endpoints.MATCH_MOBILE.request({"national_code": national_code, "mobile": mobile})


class Placed(Job):
    """A job that knows its place in a list, from 0."""

    place: int


class Listed:
    """A source over a list of requests."""

    def __init__(self, requests: Sequence[Request], *, then: Callable[[int], None] = lambda ended: None) -> None:
        self._requests = requests
        self._then = then
        self.taken = 0
        self.ends: Counter[int] = Counter()
        self.all: dict[int, Ended] = {}
        self.outcomes: dict[int, object] = {}

    def take(self) -> Placed | None:
        if self.taken == len(self._requests):
            return None
        self.taken += 1
        place = self.taken - 1
        return Placed(self._requests[place], f"{place:032x}", place)

    def exhausted(self) -> bool:
        return self.taken == len(self._requests)

    def ended(self, job: Placed, ended: Ended) -> None:
        self.ends[job.place] += 1
        self.all[job.place] = ended
        self.outcomes[job.place] = ended.value if ended.error is None else ended.error
        self._then(len(self.outcomes))

    def answers(self) -> list[object]:
        """The values of all answers, in the order of the requests."""
        return [self.outcomes[place] for place in sorted(self.outcomes) if self.is_answered(place)]

    def is_answered(self, place: int) -> bool:
        return self.all[place].error is None


def client(
    url: str, *, network: dict | None = None, keys: tuple[str, str] = ("key", "secret"), **settings
) -> ManyClient:
    """A client of Jibit that does not wait between its tries."""
    return ManyClient(
        Jibit(*keys),
        Network(base_url=url, **{"connect_timeout": 1.0, "read_timeout": 5.0} | (network or {})),
        **{"account": Account(), "store": ProcessMemory(), "retries": Retries(3, wait=wait_none())} | settings,
    )
