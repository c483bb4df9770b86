"""The sandbox as a running server: in a background thread for tests, or in the foreground for a person."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Self

from airflow_provider_iranpay.sandbox.jibit.tokens import API_KEY, SECRET_KEY
from airflow_provider_iranpay.sandbox.paystar.credentials import CREDENTIALS
from airflow_provider_iranpay.sandbox.router import Router
from airflow_provider_iranpay.sandbox.transport import Listener
from airflow_provider_iranpay.sandbox.world import World

if TYPE_CHECKING:
    from datetime import datetime
    from types import TracebackType

__all__ = ["DEFAULT_HOST", "Sandbox", "base_url"]

DEFAULT_HOST = "127.0.0.1"


def base_url(host: str, port: int) -> str:
    """``http://host:port``, with an IPv6 host in brackets."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Sandbox:
    """Both the server and a handle on its world; a context manager.

    :param seed: of the people; the same seed makes the same people.
    :param host: address to listen on.
    :param port: port to listen on; 0 takes any free one.
    :param start: what the sandbox clock shows first (aware); real time if left out.
    """

    api_key = API_KEY
    secret_key = SECRET_KEY
    paystar = CREDENTIALS

    def __init__(
        self, *, seed: int = 1, host: str = DEFAULT_HOST, port: int = 0, start: datetime | None = None
    ) -> None:
        self.world = World(seed=seed, start=start)
        self._host = host
        self._port = port
        self._listener = Listener(Router(self.world))

    @property
    def url(self) -> str:
        """Where the server is."""
        return base_url(self._host, self._port)

    @property
    def port(self) -> int:
        """Where it listens, once it is started."""
        return self._port

    @property
    def jibit_url(self) -> str:
        """Base URL of the Jibit face."""
        return f"{self.url}{self.world.jibit.prefix}"

    @property
    def paystar_url(self) -> str:
        """Base URL of the Paystar face."""
        return f"{self.url}{self.world.paystar.prefix}"

    def start(self) -> None:
        """Serves from now on.

        :raises OSError: the address cannot be had.
        """
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="iranpay-sandbox", daemon=True)
        self._thread.start()
        self.world.faults.refuse = self._refuse
        self.world.faults.reopen = self._reopen
        try:
            opening = asyncio.run_coroutine_threadsafe(self._listener.open(self._host, self._port), self._loop)
            self._port = opening.result()
        except OSError:
            self._end_loop()
            raise

    def stop(self) -> None:
        """Drops every connection and ends the thread."""
        asyncio.run_coroutine_threadsafe(self._listener.close(), self._loop).result()
        self._end_loop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _refuse(self, seconds: float) -> None:
        if threading.current_thread() is self._thread:
            self._listener.refuse(seconds)
        else:
            asyncio.run_coroutine_threadsafe(self._refuse_from_outside(seconds), self._loop).result()

    def _reopen(self) -> None:
        if self._listener.refusing:
            reopening = asyncio.run_coroutine_threadsafe(self._listener.reopen(), self._loop)
            # The loop's own thread cannot wait for what it has to do itself.
            if threading.current_thread() is not self._thread:
                reopening.result()

    async def _refuse_from_outside(self, seconds: float) -> None:
        self._listener.refuse(seconds)

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()
