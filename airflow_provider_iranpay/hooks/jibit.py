"""Jibit's inquiries as methods of a hook: one per endpoint, no logic of their own."""

from __future__ import annotations

from datetime import date

from airflow_provider_iranpay.api.jibit import BASE_URL, Jibit, answers, endpoints, errors
from airflow_provider_iranpay.client.retries import Retries
from airflow_provider_iranpay.client.sync_driver import SyncClient
from airflow_provider_iranpay.hooks.base import IranPayHook
from airflow_provider_iranpay.hooks.connection import Settings, Shape

__all__ = ["JibitHook"]

Number = str | int
Day = date | str


class JibitHook(IranPayHook):
    """Calls Jibit's inquiry API.

    Inputs are taken as people have them: Persian or Latin digits, spaces and dashes, an IBAN with or without ``IR``,
    a national code that lost its leading zeros, a day as ``date`` or as Jalali text (``1370/01/15``, ``13700115``).
    What cannot be valid raises ``InvalidInput`` before anything is sent.

    Every successful inquiry is paid, a "no match" included; errors are free (documented by Jibit). **A hook keeps no
    journal:** a call that is made twice is paid twice. After ``OutcomeUnknown`` a call may have been paid for without
    an answer.

    All methods raise subclasses of ``airflow_provider_iranpay.exceptions.CallError``: ``Rejected`` (this question),
    ``QuotaReached``, ``OperatorNeeded`` (credentials, whitelist, balance), ``TransientFailure``, ``NotSent``,
    ``OutcomeUnknown``, ``UnreadableAnswer``.

    :param jibit_conn_id: an Airflow connection of type ``jibit``: login is the API key, password the secret key, host
        the base URL (empty: the real service).
    :param retries: how often and how long a call is repeated where that is safe.
    """

    conn_name_attr = "jibit_conn_id"
    default_conn_name = "jibit_default"
    conn_type = "jibit"
    hook_name = "Jibit"
    base_url = BASE_URL
    known_hosts = frozenset({"napi.jibit.ir"})
    credential_codes = errors.CREDENTIAL_CODES
    connection_shape = Shape(optional=("prices",))

    def __init__(self, jibit_conn_id: str = default_conn_name, *, retries: Retries | None = None) -> None:
        super().__init__(jibit_conn_id, retries=retries)

    def _make_api(self, settings: Settings) -> Jibit:
        return Jibit(settings.login, settings.password)

    def _probe(self, client: SyncClient) -> str:
        balances = client.call(endpoints.BALANCES.request({})).balances
        amounts = ", ".join(f"{balance.balance_type} {balance.amount:,} {balance.currency}" for balance in balances)
        return f"Jibit answers and accepts the credentials. Balances: {amounts or 'none'}."

    def card_inquiry(self, card: Number) -> answers.CardInfo:
        """Ask for a card's bank, type, owner's name and account number (paid)."""
        return self.call(endpoints.CARD_INQUIRY, card=card)

    def card_to_account(self, card: Number) -> answers.CardAccount:
        """Convert a card to its account number (paid)."""
        return self.call(endpoints.CARD_TO_ACCOUNT, card=card)

    def card_to_iban(self, card: Number) -> answers.CardIban:
        """Convert a debit card to its IBAN (paid)."""
        return self.call(endpoints.CARD_TO_IBAN, card=card)

    def iban_inquiry(self, iban: str) -> answers.IbanInfo:
        """Ask for an IBAN's bank, status and owners (paid)."""
        return self.call(endpoints.IBAN_INQUIRY, iban=iban)

    def account_to_iban(self, bank: str, account: Number) -> answers.AccountIban:
        """Convert an account number to its IBAN (paid).

        :param bank: Jibit id (``MELLI``), three-digit IBAN code (``017``) or name.
        """
        return self.call(endpoints.ACCOUNT_TO_IBAN, bank=bank, account=account)

    def card_to_iban_availability(self) -> answers.CardToIbanAvailability:
        """Ask for which banks card-to-IBAN conversion works now (free)."""
        return self.call(endpoints.CARD_TO_IBAN_AVAILABILITY)

    def match_card(self, card: Number, national_code: Number, birth_date: Day) -> bool:
        """Whether a card belongs to a person (paid, whatever the answer)."""
        return self.call(endpoints.MATCH_CARD, card=card, national_code=national_code, birth_date=birth_date)

    def match_iban(self, iban: str, national_code: Number, birth_date: Day) -> bool:
        """Whether an IBAN belongs to a person (paid, whatever the answer)."""
        return self.call(endpoints.MATCH_IBAN, iban=iban, national_code=national_code, birth_date=birth_date)

    def match_mobile(self, mobile: Number, national_code: Number) -> bool:
        """Whether a mobile number is registered to a person, Shahkar (paid, whatever the answer)."""
        return self.call(endpoints.MATCH_MOBILE, mobile=mobile, national_code=national_code)

    def postal_code(self, postal_code: Number) -> answers.PostalAddress:
        """Ask for the address of a postal code (paid)."""
        return self.call(endpoints.POSTAL_CODE, postal_code=postal_code)

    def military_service(self, national_code: Number) -> answers.MilitaryService:
        """Ask whether military service is no obstacle (paid)."""
        return self.call(endpoints.MILITARY_SERVICE, national_code=national_code)

    def sana(self, national_code: Number, mobile: Number) -> answers.Sana:
        """Ask whether a person is registered in SANA with this mobile number (paid)."""
        return self.call(endpoints.SANA, national_code=national_code, mobile=mobile)

    def balances(self) -> answers.Balances:
        """Ask for the account's balances (free); amounts are in the currency that each one names."""
        return self.call(endpoints.BALANCES)

    def daily_report(self, day: Day) -> answers.DailyReport:
        """Ask how often each service was used on a Tehran day (free)."""
        return self.call(endpoints.DAILY_REPORT, day=day)

    def match_card_name(self, card: Number, name: str) -> bool:
        """Whether a card belongs to somebody of this name (paid; observed, not documented)."""
        return self.call(endpoints.MATCH_CARD_NAME, card=card, name=name)

    def match_iban_name(self, iban: str, name: str) -> bool:
        """Whether an IBAN belongs to somebody of this name (paid; observed, not documented)."""
        return self.call(endpoints.MATCH_IBAN_NAME, iban=iban, name=name)

    def match_account_name(self, bank: str, account: Number, name: str) -> bool:
        """Whether an account belongs to somebody of this name (paid; observed, not documented)."""
        return self.call(endpoints.MATCH_ACCOUNT_NAME, bank=bank, account=account, name=name)

    def match_account(self, bank: str, account: Number, national_code: Number, birth_date: Day) -> bool:
        """Whether an account belongs to a person (paid; observed, not documented)."""
        return self.call(
            endpoints.MATCH_ACCOUNT, bank=bank, account=account, national_code=national_code, birth_date=birth_date
        )

    def name_similarity(
        self,
        national_code: Number,
        birth_date: Day,
        *,
        first_name: str | None = None,
        last_name: str | None = None,
        full_name: str | None = None,
        father_name: str | None = None,
    ) -> answers.NameSimilarity:
        """Ask how alike names are to the registered ones, in percent; give at least one (paid; observed, not
        documented).
        """
        return self.call(
            endpoints.NAME_SIMILARITY,
            national_code=national_code,
            birth_date=birth_date,
            first_name=first_name,
            last_name=last_name,
            full_name=full_name,
            father_name=father_name,
        )

    def foreigner_identity(self, fida_code: Number) -> answers.Identity:
        """Ask for a foreigner's identity by FIDA code (paid; observed, not documented)."""
        return self.call(endpoints.FOREIGNER_IDENTITY, fida_code=fida_code)

    def corporation_identity(self, code: Number) -> answers.Identity:
        """Ask for a corporation by its legal-entity id (paid; observed, not documented)."""
        return self.call(endpoints.CORPORATION_IDENTITY, code=code)

    def postal_location(self, postal_code: Number) -> answers.PostalLocation:
        """Ask for the coordinates of a postal code (paid; observed, not documented)."""
        return self.call(endpoints.POSTAL_LOCATION, postal_code=postal_code)
