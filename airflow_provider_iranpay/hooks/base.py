"""What the hooks of all services share: a connection becomes a client. No endpoint and no rule of a provider lives
here.
"""

from __future__ import annotations

import hashlib
import hmac
from abc import abstractmethod
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, TypeVar
from urllib.parse import quote, urlsplit

from airflow.sdk import BaseHook
from airflow.sdk.log import mask_secret

from airflow_provider_iranpay import exceptions
from airflow_provider_iranpay.api.contract import Api, Endpoint
from airflow_provider_iranpay.client.account import Account, AccountKey, TokenStore
from airflow_provider_iranpay.client.retries import Retries
from airflow_provider_iranpay.client.sync_driver import SyncClient
from airflow_provider_iranpay.hooks.connection import Settings, Shape, read_settings
from airflow_provider_iranpay.hooks.errors import failing_at_once
from airflow_provider_iranpay.hooks.prices import read_prices
from airflow_provider_iranpay.hooks.token_store import AirflowTokenStore
from airflow_provider_iranpay.warehouse.provenance import Scope

if TYPE_CHECKING:
    from airflow_provider_iranpay.client.many_driver import ManyClient
    from airflow_provider_iranpay.client.pacer import Pacer

__all__ = ["IranPayHook"]

T = TypeVar("T")


class IranPayHook(BaseHook):
    """Base of the hooks.

    Hooks keep no journal: a paid call made through a hook is paid again when it is made again, by a retry of its task
    too.

    :param conn_id: the Airflow connection.
    :param retries: how often and how long a call is repeated where that is safe.
    """

    conn_type: ClassVar[str]
    base_url: ClassVar[str]
    known_hosts: ClassVar[frozenset[str]]
    credential_codes: ClassVar[frozenset[str]]
    connection_shape: ClassVar[Shape] = Shape()

    def __init__(self, conn_id: str, *, retries: Retries | None = None) -> None:
        super().__init__()
        self._conn_id = conn_id
        self._retries = retries or Retries()

    @abstractmethod
    def _make_api(self, settings: Settings) -> Api:
        """Make the provider's API with the connection's credentials in it."""

    @abstractmethod
    def _probe(self, client: SyncClient) -> str:
        """Make one free call that needs working credentials, and say in words what it showed."""

    @cached_property
    def settings(self) -> Settings:
        """The connection, read and checked.

        :raises ConfigurationError: the connection lacks something or is not safe to use.
        """
        connection = self.get_connection(self._conn_id)
        return read_settings(connection, default_base_url=self.base_url, shape=self.connection_shape)

    @cached_property
    def api(self) -> Api:
        """The provider's API with the connection's credentials in it; the secrets masker knows them from now on."""
        api = self._make_api(self.settings)
        for secret in api.secrets():  # Airflow knows the password, and of the extras only those with a telling name
            mask_secret(secret)
            mask_secret(quote(secret, safe=""))
        return api

    @property
    def provider(self) -> str:
        """``jibit`` or ``paystar``."""
        return self.api.name

    @property
    def environment(self) -> str:
        """``real`` for the provider's own hosts, else the base URL; part of every key and every table row."""
        return self.settings.network.environment(self.known_hosts, own_path=urlsplit(self.base_url).path)

    @property
    def account_name(self) -> str:
        """The paid account's name in keys and tables."""
        return self.settings.account_name

    @property
    def scope(self) -> Scope:
        """Whose data the answers are: part of the key of every table."""
        return Scope(environment=self.environment, account=self.account_name)

    @cached_property
    def prices(self) -> Mapping[str, int]:
        """What a call costs, by inquiry, in Rial, as the connection says; an inquiry without a price is not there.

        :raises ConfigurationError: a name is no paid inquiry of the provider, or a price no whole number of Rial.
        """
        return read_prices(self.settings.own.get("prices", ""), provider=self.provider, conn_id=self._conn_id)

    @property
    def whole_call_seconds(self) -> float:
        """The longest that one call can be on the wire: what a worker's lease has to leave for it."""
        network = self.settings.network
        return network.connect_timeout + network.read_timeout

    @cached_property
    def client(self) -> SyncClient:
        """The client of this connection."""
        return self._make_client(self._retries, Account.of(self._account_key()), self._token_store(shared=True))

    def many_client(
        self,
        *,
        in_flight: int,
        pacer: Pacer | None = None,
        may_send: Callable[[], bool] = lambda: True,
        retries: Retries | None = None,
    ) -> ManyClient:
        """Make the client of one bulk run, with the account and the tokens of :attr:`client`.

        :param in_flight: calls that are open at once.
        :param pacer: holds back sends; none by default.
        :param may_send: asked before each send; while it says False, nothing is sent.
        :param retries: instead of the hook's own.
        """
        from airflow_provider_iranpay.client.many_driver import ManyClient  # noqa: PLC0415 - libcurl, for bulk alone

        return ManyClient(
            self.api,
            self.settings.network,
            account=Account.of(self._account_key()),
            store=self._token_store(shared=True),
            retries=retries or self._retries,
            in_flight=in_flight,
            pacer=pacer,
            may_send=may_send,
        )

    def get_conn(self) -> SyncClient:
        """Return the client (Airflow's name for it)."""
        return self.client

    def call(self, endpoint: Endpoint[T], **values: object) -> T:
        """Make one call.

        :raises InvalidInput: before anything is sent.
        :raises CallError: one of its subclasses; those that a task retry cannot mend also are ``AirflowFailException``.
        """
        with failing_at_once():
            return self.client.call(endpoint.request(values))

    def test_connection(self) -> tuple[bool, str]:
        """Try the connection with a fresh token and a free call; nothing is paid."""
        try:
            store = self._token_store(shared=False)
            showed = self._probe(self._make_client(Retries(tries=1), Account(), store))
            return True, f"{showed} {store.lost}".strip()
        except exceptions.CallError as error:
            return False, f"{self._headline(error)}: {error}"
        except exceptions.IranPayError as error:
            return False, str(error)

    def _make_client(self, retries: Retries, account: Account, store: TokenStore) -> SyncClient:
        return SyncClient(self.api, self.settings.network, account=account, store=store, retries=retries)

    def _account_key(self) -> AccountKey:
        settings = self.settings
        fingerprint = hmac.new(settings.password.encode(), settings.login.encode(), hashlib.sha256).hexdigest()[:16]
        return AccountKey(self.provider, self.environment, settings.account_name, fingerprint)

    def _token_store(self, *, shared: bool) -> AirflowTokenStore:
        return AirflowTokenStore(self._account_key(), shared=shared)

    def _headline(self, error: exceptions.CallError) -> str:
        """Tell apart what a person has to look at first."""
        if isinstance(error, exceptions.NotSent):
            return "Unreachable"
        if error.code in self.credential_codes:
            return "Wrong credentials"
        return "Refused" if isinstance(error, exceptions.OperatorNeeded) else "No usable answer"
