"""Where a provider is and how it may be reached: base URL, time-outs, proxy, trust. Checked before anything is sent."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, urlsplit

from airflow_provider_iranpay import __version__
from airflow_provider_iranpay.exceptions import ConfigurationError

__all__ = ["USER_AGENT", "Network", "is_loopback"]

USER_AGENT: Final = f"airflow-provider-iranpay/{__version__}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """How to reach one provider; both drivers obey it alike. Environment variables (proxies, netrc) are not consulted.

    :param base_url: scheme, host, port and path prefix; https only, but for loopback or ``allow_http``.
    :param connect_timeout: seconds.
    :param read_timeout: seconds without a byte of the answer; the exchange ends after both together.
    :param proxy: URL of an HTTP proxy; may hold credentials.
    :param ca_bundle: path of a PEM file of trusted certificates, instead of the built-in ones.
    :ivar root: what the path of a call follows in its URL.
    :raises ConfigurationError: the combination is not safe or not usable.
    """

    base_url: str
    connect_timeout: float = 5.0
    read_timeout: float = 60.0
    proxy: str | None = field(default=None, repr=False)
    ca_bundle: str | None = None
    allow_http: bool = False
    root: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what must not be used."""
        object.__setattr__(self, "root", self.base_url.rstrip("/"))
        parts = _split(self.base_url)
        if parts is None:
            raise ConfigurationError(
                "host: give a whole base URL, such as https://napi.jibit.ir/ide, or leave it empty."
            )
        if parts.username or parts.password or set("?#") & set(self.base_url):
            raise ConfigurationError("host: a base URL has no credentials, query or fragment; use login and password.")
        private = is_loopback(parts.hostname or "") and self.proxy is None
        if parts.scheme == "http" and not (self.allow_http or private):
            raise ConfigurationError(
                "host: plain http would send keys and personal data readable by anybody; use https, or set the extra "
                "allow_http to true for a network that you trust."
            )
        if self.proxy is not None and _split(self.proxy) is None:
            raise ConfigurationError("proxy: give the URL of an HTTP proxy, such as http://proxy.internal:3128.")
        for name, seconds in (("connect_timeout", self.connect_timeout), ("read_timeout", self.read_timeout)):
            if not 0 < seconds <= 3600:
                raise ConfigurationError(f"{name}: give seconds above 0 and up to 3600.")
        if self.ca_bundle is not None and not os.path.isfile(self.ca_bundle):
            raise ConfigurationError("ca_bundle: there is no such file on this machine.")

    def environment(self, known_hosts: frozenset[str], *, own_path: str) -> str:
        """Name the environment: ``real`` for the provider's own hosts, else the base URL.

        :param own_path: the provider's own prefix, which is left out: the providers of one sandbox are of one
            environment, and may answer for each other.
        """
        parts = urlsplit(self.base_url)
        if (parts.hostname or "").rstrip(".") in known_hosts:
            return "real"
        usual = {"https": 443, "http": 80}[parts.scheme]
        place = parts.netloc.lower().removesuffix(f":{usual}")
        path = parts.path.rstrip("/").removesuffix(own_path.rstrip("/"))
        return parts._replace(netloc=place, path=path).geturl().rstrip("/")


def _split(url: str) -> SplitResult | None:
    """Split an http or https URL with a host and, if any, a port that exists; None for anything else."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if usable else None


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
