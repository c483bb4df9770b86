"""Paystar's three products as hooks: one method per endpoint.

What may be believed of an answer about money stands in ``payments``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any, ClassVar, Final
from urllib.parse import urlencode

from airflow_provider_iranpay.api.encoding import identity
from airflow_provider_iranpay.api.paystar import BASE_URL, BirthCalendar, Paystar, answers, endpoints, errors, gateway
from airflow_provider_iranpay.api.paystar.transfers import (
    Settlement,
    Transfer,
    TransferItem,
    own_track_id,
    settlement_id,
)
from airflow_provider_iranpay.client.retries import Retries
from airflow_provider_iranpay.client.sync_driver import SyncClient
from airflow_provider_iranpay.exceptions import ConfigurationError, Rejected
from airflow_provider_iranpay.hooks.base import IranPayHook
from airflow_provider_iranpay.hooks.connection import Settings, Shape
from airflow_provider_iranpay.hooks.errors import failing_at_once
from airflow_provider_iranpay.hooks.token_store import AirflowTokenStore
from airflow_provider_iranpay.payments import gateway as payments
from airflow_provider_iranpay.payments import payouts

__all__ = ["PaystarBankingHook", "PaystarGatewayHook", "PaystarWalletHook"]

Number = str | int
Day = date | str

_NO_SUCH_PAYMENT: Final = "0"


class _PaystarHook(IranPayHook):
    """What the three share: the place, and refresh tokens that the connection holds."""

    base_url = BASE_URL
    known_hosts = frozenset({"core.paystar.ir"})
    credential_codes = errors.CREDENTIAL_CODES

    def _token_store(self, *, shared: bool) -> AirflowTokenStore:
        return AirflowTokenStore(self._account_key(), shared=shared, given=self._make_api(self.settings).refresh_token)

    def _make_api(self, settings: Settings) -> Paystar:
        raise NotImplementedError

    def _refresh(self, bearer: str) -> datetime | None:
        with failing_at_once():
            return self.client.refresh(bearer).expires_at


class PaystarBankingHook(_PaystarHook):
    """Calls Paystar's open banking and bank transfer.

    Inputs are taken as people have them, and checked before anything is sent; see ``JibitHook``. Matchings, conversions
    and inquiries are paid; that an error costs nothing is not documented. **A hook keeps no journal:** a call that is
    made twice is paid twice, and a transfer that is made twice may be money sent twice.

    All methods raise subclasses of ``airflow_provider_iranpay.exceptions.CallError``.

    :param paystar_banking_conn_id: an Airflow connection of type ``paystar_banking``: login is the application id,
        password the access password, extra ``refresh_token``; extra ``birth_calendar`` is ``jalali`` or ``gregorian``.
    :param retries: how often and how long a call is repeated where that is safe.
    """

    conn_name_attr = "paystar_banking_conn_id"
    default_conn_name = "paystar_banking_default"
    conn_type = "paystar_banking"
    hook_name = "Paystar open banking"
    connection_shape: ClassVar[Shape] = Shape(("login", "password", "refresh_token"), ("birth_calendar", "prices"))

    def __init__(self, paystar_banking_conn_id: str = default_conn_name, *, retries: Retries | None = None) -> None:
        super().__init__(paystar_banking_conn_id, retries=retries)

    def _make_api(self, settings: Settings) -> Paystar:
        return Paystar(
            credentials={"application_id": settings.login, "access_password": settings.password},
            refresh_tokens={"refresh_token": settings.own["refresh_token"]},
            birth_calendar=self._calendar(settings),
        )

    def _calendar(self, settings: Settings) -> BirthCalendar:
        try:
            return BirthCalendar(settings.own["birth_calendar"].lower() or BirthCalendar.JALALI)
        except ValueError:
            known = " or ".join(BirthCalendar)
        raise ConfigurationError(f"connection {self._conn_id}: birth_calendar: give {known}.")

    def _probe(self, client: SyncClient) -> str:
        client.call(endpoints.LIST_TRANSFERS.request({"limit": 1}))
        return "Paystar answers and accepts the credentials. The list of transfers can be read."

    def match_mobile(self, mobile: Number, national_code: Number) -> bool:
        """Whether a mobile number is registered to a person, Shahkar (paid, whatever the answer)."""
        return self.call(endpoints.MATCH_MOBILE, mobile=mobile, national_code=national_code)

    def match_card(self, card: Number, national_code: Number, birth_date: Day) -> bool:
        """Whether a card belongs to a person (paid, whatever the answer)."""
        return self.call(endpoints.MATCH_CARD, card=card, national_code=national_code, birth_date=birth_date)

    def match_iban(self, iban: str, national_code: Number, birth_date: Day) -> bool:
        """Whether an IBAN belongs to a person (paid, whatever the answer)."""
        return self.call(endpoints.MATCH_IBAN, iban=iban, national_code=national_code, birth_date=birth_date)

    def account_to_iban(self, bank: Number, account: Number) -> answers.IbanOwners:
        """Convert an account number to its IBAN (paid).

        :param bank: three-digit IBAN code (``017``), name, or Jibit id (``MELLI``).
        """
        return self.call(endpoints.ACCOUNT_TO_IBAN, bank=bank, account=account)

    def card_to_iban(self, card: Number) -> answers.IbanOwners:
        """Convert a card to its IBAN (paid)."""
        return self.call(endpoints.CARD_TO_IBAN, card=card)

    def iban_inquiry(self, iban: str) -> answers.IbanOwners:
        """Ask for an IBAN's owners and bank (paid)."""
        return self.call(endpoints.IBAN_INQUIRY, iban=iban)

    def balance(self, account: Number) -> answers.AccountBalance:
        """Ask for the balance of an account of the merchant, in Rial (free; Export Bank only)."""
        return self.call(endpoints.BALANCE, account=account)

    def transfer(self, transfers: Iterable[Transfer | Mapping[str, object]]) -> tuple[TransferItem, ...]:
        """Send money, once. ``pending`` means accepted, not paid: Paya clears within hours to a day.

        :param transfers: ``Transfer`` or mappings with its fields: ``amount`` (Rial), ``deposit``,
            ``destination_account`` (an IBAN, or another number and then with ``pay_id``), ``destination_firstname``,
            ``destination_lastname``, ``track_id`` (yours, unique, kept by you before you call), ``pay_id``.
        :returns: one item per transfer, in their order; status ``unknown`` where the answer left it out.
        :raises InvalidInput: names the item (from 0) and the field; nothing was sent.
        :raises OutcomeUnknown: the money may have been sent; it names the track ids. Look each up with
            ``list_transfers`` before anything else; nothing is sent again by itself.
        """
        with failing_at_once():
            request = endpoints.TRANSFER.request({"transfers": transfers})
            return payouts.send(self.client, request)

    def list_transfers(
        self,
        *,
        deposit: Number | None = None,
        track_id: str | None = None,
        limit: int | None = None,
        skip: int | None = None,
    ) -> tuple[TransferItem, ...]:
        """Ask for one page of transfers (free). Pages move while transfers are being made: read them with overlap."""
        with failing_at_once():
            wanted = None if track_id is None else identity("track_id", track_id)
            request = endpoints.LIST_TRANSFERS.request(
                {"deposit": deposit, "track_id": wanted, "limit": limit, "skip": skip}
            )
            return payouts.listed(self.client, request, track_id=wanted)

    def statement(self, account: Number, from_date: Day, to_date: Day) -> answers.Statement:
        """Ask for an account's statement between two days, both included (observed; taken as paid)."""
        return self.call(endpoints.STATEMENT, account=account, from_date=from_date, to_date=to_date)

    def refresh_api_key(self) -> datetime | None:
        """Renew the API key now, for all workers; every call does so by itself when the key is refused (free).

        :returns: when the new key dies (timezone-aware), where Paystar said so. The key itself is not shown.
        """
        return self._refresh(endpoints.API_KEY)


class PaystarGatewayHook(_PaystarHook):
    """Calls Paystar's payment gateway: create, the payer pays on a page, the callback, verify, inquiry.

    All calls are free; a payer's fee may apply.

    :param paystar_gateway_conn_id: an Airflow connection of type ``paystar_gateway``: login is the gateway id, password
        the sign key (empty: the gateway is unsigned).
    :param retries: how often and how long a call is repeated where that is safe.
    """

    conn_name_attr = "paystar_gateway_conn_id"
    default_conn_name = "paystar_gateway_default"
    conn_type = "paystar_gateway"
    hook_name = "Paystar payment gateway"
    connection_shape: ClassVar[Shape] = Shape(("login",))

    def __init__(self, paystar_gateway_conn_id: str = default_conn_name, *, retries: Retries | None = None) -> None:
        super().__init__(paystar_gateway_conn_id, retries=retries)

    def _make_api(self, settings: Settings) -> Paystar:
        if not (settings.login.isascii() and settings.login.isprintable()):
            raise ConfigurationError(f"connection {self._conn_id}: login: a gateway id is printable ASCII text.")
        return Paystar(credentials={"gateway_id": settings.login}, sign_key=settings.password)

    def _probe(self, client: SyncClient) -> str:
        try:
            client.call(endpoints.GATEWAY_INQUIRY.request({"ref_num": _NO_SUCH_PAYMENT}))
        except Rejected as answer:
            if answer.code not in errors.UNKNOWN_PAYMENT:
                raise
        signed = "is only tried by a payment" if self.settings.password else "is empty: payments are not signed"
        return f"Paystar answers and knows the gateway. The sign key {signed}."

    def create(self, amount_rial: int, order_id: Number, callback: str, **optional: Any) -> gateway.CreatedPayment:
        """Create a payment of at least 5,000 Rial; keep its ``ref_num`` beside the order (free).

        :param callback: URL of yours to which the payer's browser comes back.
        :param optional: ``name``, ``phone``, ``mail``, ``description``, ``allotment`` (a list of mappings),
            ``callback_method`` (1: GET query instead of POST form), ``wallet_hashid``, ``national_code``,
            ``card_number``, ``referer_id``.
        :raises OutcomeUnknown: it may have been created, and nobody can pay it: use another order id.
        """
        return self.call(
            endpoints.GATEWAY_CREATE, amount_rial=amount_rial, order_id=order_id, callback=callback, **optional
        )

    def payment_url(self, token: str) -> str:
        """Return where to send the payer's browser: the token opens the page once."""
        return f"{self.settings.network.root}{endpoints.PAYMENT_PAGE}?{urlencode({'token': token})}"

    def parse_callback(self, form_or_query: str | bytes | Mapping[str, object]) -> gateway.Callback:
        """Read what the payer's browser brought to the callback. It proves nothing: verify does.

        :param form_or_query: the raw form or query, or a mapping of its fields.
        :raises InvalidInput: a field is missing or is not what the contract says.
        """
        with failing_at_once():
            return gateway.read_callback(form_or_query)

    def verify(
        self,
        ref_num: str,
        amount_rial: int,
        card_number: str | None,
        tracking_code: str | None,
        *,
        payment_amount_rial: int | None = None,
    ) -> payments.Verified:
        """Verify a payment within ten minutes of it, and confirm it by inquiry (free).

        :param card_number: as masked in the callback; an unsigned gateway needs neither it nor the tracking code.
        :param payment_amount_rial: create's ``payment_amount_rial``, where a payer's fee makes it differ.
        :returns: what was paid, and for which order: hold both against your own.
        :raises NotConfirmed: inquiry says that it is not paid, or that another amount was paid.
        :raises TransientFailure: the verification is pending; ask again.
        :raises OutcomeUnknown: no answer came and the payment is not verified (yet): inquire, then verify again.
        """
        with failing_at_once():
            request = endpoints.GATEWAY_VERIFY.request(
                {
                    "ref_num": ref_num,
                    "amount_rial": amount_rial,
                    "card_number": card_number,
                    "tracking_code": tracking_code,
                },
                also_required=endpoints.GATEWAY_VERIFY.unsent if self.settings.password else (),
            )
            return payments.verify(self.client, request, payment_amount_rial=payment_amount_rial)

    def inquiry(self, ref_num: str) -> gateway.Payment:
        """Ask what became of a payment, as often as you like (free). Only ``SUCCEED`` is paid."""
        return self.call(endpoints.GATEWAY_INQUIRY, ref_num=ref_num)


class PaystarWalletHook(_PaystarHook):
    """Calls Paystar's wallet (observed, not documented).

    :param paystar_wallet_conn_id: an Airflow connection of type ``paystar_wallet``: login is the wallet's hashid, then
        the password, and extras ``refresh_token``, ``refresh_inquiry_key``, ``sign_key``.
    :param retries: how often and how long a call is repeated where that is safe.
    """

    conn_name_attr = "paystar_wallet_conn_id"
    default_conn_name = "paystar_wallet_default"
    conn_type = "paystar_wallet"
    hook_name = "Paystar wallet"
    connection_shape: ClassVar[Shape] = Shape(
        ("login", "password", "refresh_token", "refresh_inquiry_key"), ("sign_key",)
    )

    def __init__(self, paystar_wallet_conn_id: str = default_conn_name, *, retries: Retries | None = None) -> None:
        super().__init__(paystar_wallet_conn_id, retries=retries)

    def _make_api(self, settings: Settings) -> Paystar:
        return Paystar(
            credentials={"wallet_hashid": settings.login, "password": settings.password},
            refresh_tokens={name: settings.own[name] for name in ("refresh_token", "refresh_inquiry_key")},
            sign_key=settings.own["sign_key"],
        )

    def _probe(self, client: SyncClient) -> str:
        client.refresh(endpoints.WALLET_KEY)
        balance = client.call(endpoints.WALLET_BALANCE.request({}))
        return f"Paystar answers and accepts the credentials. Available: {balance.available_rial:,} Rial."

    def balance(self) -> answers.WalletBalance:
        """Ask for the wallet's balance, in Rial (free)."""
        return self.call(endpoints.WALLET_BALANCE)

    def list_settlements(self, track_id: str | None = None) -> tuple[TransferItem, ...]:
        """Ask for settlements, all or the one of a track id (free)."""
        with failing_at_once():
            wallet = self.settings.login
            known_as = None if track_id is None else settlement_id(wallet, identity("track_id", track_id))
            request = endpoints.LIST_SETTLEMENTS.request({"track_id": known_as})
            found = payouts.listed(self.client, request, track_id=known_as)
            return tuple(replace(item, track_id=own_track_id(wallet, item.track_id)) for item in found)

    def settle(
        self, transfers: Iterable[Settlement | Mapping[str, object]], *, withdraw_type: str
    ) -> tuple[TransferItem, ...]:
        """Send money out of the wallet, once; ends as ``PaystarBankingHook.transfer`` does.

        :param transfers: ``Settlement`` or mappings with its fields: ``amount`` (Rial), ``destination_number`` (an
            IBAN), ``destination_firstname``, ``destination_lastname``, ``track_id``.
        :param withdraw_type: as agreed with Paystar; its words are not documented.
        """
        with failing_at_once():
            request = endpoints.SETTLE.request({"transfers": transfers, "withdraw_type": withdraw_type})
            return payouts.send(
                self.client, request, also_known_as=lambda track_id: settlement_id(self.settings.login, track_id)
            )

    def refresh_api_key(self) -> datetime | None:
        """Renew the API key now; returns when the new one dies, where Paystar said so (free)."""
        return self._refresh(endpoints.WALLET_KEY)

    def refresh_inquiry_key(self) -> datetime | None:
        """Renew the inquiry key now; returns when the new one dies, where Paystar said so (free)."""
        return self._refresh(endpoints.INQUIRY_KEY)
