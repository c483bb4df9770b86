"""A merchant's web shop in tests: calls the payment gateway, and reads what the payer's browser is given."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

from airflow_provider_iranpay.sandbox.paystar.signatures import sign

CALLBACK = "https://shop.example/back?basket=7"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Shop:
    """One merchant at the gateway of one sandbox."""

    def __init__(self, caller) -> None:
        self.caller = caller
        self.world = caller.sandbox.world
        self.payments = self.world.paystar.desk.payments
        self.keys = caller.sandbox.paystar

    def call(self, path: str, body: Any, bearer: str | None = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {bearer or self.keys.gateway_id}"}
        return self.caller.send("POST", f"/api/pardakht/{path}", body, **headers).body

    def sign(self, *parts: object) -> str:
        return sign(self.keys.gateway_sign_key, *parts)

    def ask(self, **changes: Any) -> dict[str, Any]:
        """The body of a create that is right but for ``changes``; None leaves a field out."""
        body = {"amount": 50_000, "order_id": "A-1", "callback": CALLBACK} | changes
        body.setdefault("sign", self.sign(body["amount"], body["order_id"], body["callback"]))
        return {name: value for name, value in body.items() if value is not None}

    def create(self, **changes: Any) -> dict[str, Any]:
        answer = self.call("create", self.ask(**changes))
        assert answer["status"] == 1, answer
        return answer["data"]

    def play(self, created: dict[str, Any], outcome: str = "pay", **more: Any) -> dict[str, str]:
        return self.caller.admin("POST", "pay", {"ref_num": created["ref_num"], "outcome": outcome, **more})

    def paid(self, **changes: Any) -> dict[str, str]:
        """The callback of a payment that was made just now."""
        return self.play(self.create(**changes))

    def verify(self, callback: dict[str, str], amount: int = 50_000, **changes: Any) -> dict[str, Any]:
        signed = (amount, callback["ref_num"], callback.get("card_number", ""), callback.get("tracking_code", ""))
        body = {"ref_num": callback["ref_num"], "amount": amount, "sign": self.sign(*signed)} | changes
        return self.call("verify", {name: value for name, value in body.items() if value is not None})

    def inquire(self, ref_num: str) -> dict[str, Any]:
        return self.call("inquiry", {"ref_num": ref_num})

    def state(self, ref_num: str) -> str:
        return self.inquire(ref_num)["data"]["status"]

    def open_page(self, **query: str):
        return self.caller.send("GET", f"/api/pardakht/payment?{urlencode(query)}")

    def choose(self, token: str, outcome: str, **fields: str):
        form = {"token": token, "outcome": outcome, **fields}
        return self.caller.send("POST", "/api/pardakht/payment?lang=en", urlencode(form).encode(), **FORM)


class Page(HTMLParser):
    """The tags of a page in order, its texts, and the tags that carry an id."""

    def __init__(self, html: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.by_id: dict[str, dict[str, str | None]] = {}
        self.texts: list[str] = []
        self.feed(html.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if "id" in dict(attrs):
            self.by_id[dict(attrs)["id"]] = dict(attrs)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    @property
    def hidden(self) -> dict[str, str | None]:
        return {tag["name"]: tag["value"] for name, tag in self.tags if name == "input" and tag.get("type") == "hidden"}
