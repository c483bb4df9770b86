"""Both wires, so that what one promises is asked of the other as well."""

from __future__ import annotations

import pytest

from airflow_provider_iranpay.client.curl_wire import CurlWire
from airflow_provider_iranpay.client.message import Message
from airflow_provider_iranpay.client.network import Network
from airflow_provider_iranpay.client.phase import Broken, Received
from airflow_provider_iranpay.client.wire import Wire

SECRET = "6037990000000006"


class OneByOne:
    """The wire of many exchanges, with one at a time."""

    def __init__(self, network: Network) -> None:
        self._wire: CurlWire[None] = CurlWire(network)
        self.close = self._wire.close

    def exchange(self, message: Message) -> Received | Broken:
        self._wire.send(message, None)
        while not (ended := self._wire.turn(1.0)):
            pass
        ((_, event),) = ended
        return event


@pytest.fixture(params=[Wire, OneByOne], ids=["requests", "libcurl"])
def open_wire(request):
    """Open a wire to a network; it is closed in the end."""
    opened = []

    def open_one(network: Network):
        opened.append(request.param(network))
        return opened[-1]

    yield open_one
    for wire in opened:
        wire.close()


@pytest.fixture
def ask(open_wire):
    """Ask a server some times on one wire; keywords are those of the network."""

    def ask(url: str, *, times: int = 1, **settings) -> list[Received | Broken]:
        network = Network(base_url=url, **{"read_timeout": 2.0, "connect_timeout": 1.0} | settings)
        wire = open_wire(network)
        return [wire.exchange(Message("GET", f"{url}/x?number={SECRET}")) for _ in range(times)]

    return ask
