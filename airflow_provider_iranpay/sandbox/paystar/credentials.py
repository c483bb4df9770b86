"""What the sandbox's merchant has been given for each of the three products; meant to be known."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CREDENTIALS", "Credentials"]


@dataclass(frozen=True, slots=True)
class Credentials:
    """The credentials of open banking, of the gateway and of the wallet, in this order."""

    application_id: str = "sandbox-application-id"
    access_password: str = "sandbox-access-password"  # noqa: S105  meant to be known
    refresh_token: str = "sandbox-refresh-token"  # noqa: S105
    gateway_id: str = "sandbox-gateway-id"
    gateway_sign_key: str = "sandbox-gateway-sign-key"
    wallet_hashid: str = "sandbox-wallet-hashid"
    wallet_password: str = "sandbox-wallet-password"  # noqa: S105
    wallet_refresh_token: str = "sandbox-wallet-refresh-token"  # noqa: S105
    refresh_inquiry_key: str = "sandbox-refresh-inquiry-key"
    wallet_sign_key: str = "sandbox-wallet-sign-key"


CREDENTIALS = Credentials()
