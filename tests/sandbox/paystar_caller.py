"""Calls to the sandbox's Paystar: open banking and the wallet, with the credentials that each call carries."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from airflow_provider_iranpay.sandbox.paystar.signatures import sign
from tests.sandbox.caller import Caller, Got

FORM = "application/x-www-form-urlencoded"


class PaystarCaller(Caller):
    """Sends what is given and its credentials; ``None`` takes one of them out."""

    @property
    def keys(self) -> Any:
        return self.sandbox.paystar

    def paystar(self, method: str, path: str, *, bearer: str | None = None, headers: Any = None, **given: Any) -> Got:
        fields = {name: value for name, value in given.items() if value is not None}
        sent = ({"Authorization": f"Bearer {bearer}"} if bearer else {}) | (headers or {})
        if method == "GET":
            return self.send("GET", f"/api{path}?{urlencode(fields)}", **sent)
        return self.send(method, f"/api{path}", fields, **sent)


class Banking(PaystarCaller):
    """Open banking and bank transfers."""

    key: str | None = None

    def log_in(self) -> None:
        self.key = self.refresh().body["data"]["api_key"]

    def refresh(self, path: str = "/open-banking/application/refresh-api-key", **changes: Any) -> Got:
        return self.call("POST", path, **{"refresh_token": self.keys.refresh_token} | changes)

    def call(self, method: str, path: str, **given: Any) -> Got:
        application = {"application_id": self.keys.application_id, "access_password": self.keys.access_password}
        return self.paystar(method, path, **{"bearer": self.key} | application | given)

    def service(self, path: str, **given: Any) -> Got:
        return self.call("POST", f"/open-banking/service/{path}", **given)

    def transfer(self, *items: Any, **given: Any) -> Got:
        return self.call("POST", "/bank-transfer/v2/settlement", transfers=list(items), **given)

    def transfers(self, **given: Any) -> Got:
        return self.call("GET", "/bank-transfer/settlement-requests", **given)


class WalletCaller(PaystarCaller):
    """The wallet."""

    key: str | None = None
    inquiry_key: str | None = None

    def log_in(self) -> None:
        self.key = self.refresh().body["data"]["api_key"]
        self.inquiry_key = self.refresh_inquiry().body["data"]["inquiry_key"]

    def signed(self) -> dict[str, str]:
        whose = (self.keys.wallet_hashid, self.keys.wallet_password)
        return {
            "wallet_hashid": self.keys.wallet_hashid,
            "password": self.keys.wallet_password,
            "sign": sign(self.keys.wallet_sign_key, *whose),
        }

    def refresh(self, **changes: Any) -> Got:
        given = self.signed() | {"refresh_token": self.keys.wallet_refresh_token} | changes
        return self.paystar("POST", "/wallet/refresh-api-key", **given)

    def refresh_inquiry(self, **changes: Any) -> Got:
        given = self.signed() | {"refresh_inquiry_key": self.keys.refresh_inquiry_key} | changes
        return self.paystar("POST", "/wallet/refresh-inquiry-key", **given)

    def balance(self, **changes: Any) -> Got:
        given = {"bearer": self.inquiry_key, "wallet_hashid": self.keys.wallet_hashid} | changes
        return self.paystar("GET", "/wallet/wallets-balance", **given)

    def settle(self, *items: Any, **changes: Any) -> Got:
        given = self.signed() | {"bearer": self.key, "withdraw_type": 1, "transfers": list(items)} | changes
        return self.paystar("POST", "/wallet/create-settlement", **given)

    def settlements(self, **changes: Any) -> Got:
        given = {"bearer": self.inquiry_key, "wallet_hashid": self.keys.wallet_hashid} | changes
        return self.paystar("GET", "/wallet/settlement-requests", **given)


def item(people: Any, index: int = 1, **changes: Any) -> dict[str, Any]:
    """One transfer to person ``index``."""
    person = people.person(index)
    return {
        "amount": 100_000,
        "deposit": "0100000000001",
        "destination_account": person.account.iban,
        "destination_firstname": person.name.first,
        "destination_lastname": person.name.last,
        "track_id": f"payout-{index}",
    } | changes
