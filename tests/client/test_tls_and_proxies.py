"""TLS and proxies: whom a call trusts, where it goes, and what a failure on the way proves."""

from __future__ import annotations

import ipaddress
import select
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from airflow_provider_iranpay.client.phase import Phase

from .servers import OK, Server, serving


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 that only itself vouches for: the paths of certificate and key."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sandbox")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths


@pytest.fixture
def tls(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


def test_a_certificate_that_nobody_vouches_for_is_refused_and_nothing_is_sent(ask, tls):
    with serving(lambda peer, _: peer.send(OK), tls=tls) as server:
        (broken,) = ask(server.url)
        assert server.received == 0
    assert broken.phase is Phase.NOT_SENT
    assert broken.reason.startswith("TLS failed")


def test_a_ca_bundle_vouches_for_a_server_and_its_connection_is_used_again(ask, tls, certificate):
    with serving(lambda peer, _: peer.send(OK), tls=tls) as server:
        happened = ask(server.url, times=3, ca_bundle=str(certificate[0]))
        assert server.order == [(1, 1), (1, 2), (1, 3)]
    assert [event.status for event in happened] == [200, 200, 200]


def test_over_tls_a_cut_answer_is_maybe_sent_and_a_drip_ends(ask, tls, certificate):
    def cut(peer, _):
        peer.send(OK[:-4])
        peer.connection.close()

    with serving(cut, tls=tls) as server:
        (broken,) = ask(server.url, ca_bundle=str(certificate[0]))
        assert server.received == 1
    assert broken.phase is Phase.MAYBE_SENT

    stop = threading.Event()

    def drip(peer, _):
        for byte in OK:
            peer.send(bytes([byte]))
            if stop.wait(0.1):
                return

    with serving(drip, tls=tls) as server:
        (broken,) = ask(server.url, ca_bundle=str(certificate[0]), read_timeout=0.5, connect_timeout=0.3)
        stop.set()
    assert broken.phase is Phase.MAYBE_SENT
    assert broken.reason in ("the answer came too slowly", "no answer came in time")


class Proxy(Server):
    """A proxy that opens tunnels, and counts them."""

    def __init__(self) -> None:
        super().__init__(self._tunnel)

    def _tunnel(self, peer, _) -> None:
        host, _, port = self.heads[-1].split()[1].decode().partition(":")
        with socket.create_connection((host, int(port)), timeout=2) as inner:
            peer.send(b"HTTP/1.1 200 OK\r\n\r\n")
            sockets = [peer.connection, inner]
            while True:
                ready, _, _ = select.select(sockets, [], [], 5)
                for one in ready:
                    data = one.recv(65536)
                    if not data:
                        return
                    sockets[one is peer.connection].sendall(data)


def test_a_proxy_carries_the_call_in_a_tunnel_and_sees_no_question(ask, tls, certificate):
    proxy = Proxy()
    with serving(lambda peer, _: peer.send(OK), tls=tls) as server:
        happened = ask(server.url, times=2, ca_bundle=str(certificate[0]), proxy=proxy.url)
        assert server.received == 2
    assert [event.status for event in happened] == [200, 200]
    assert [head.split()[0] for head in proxy.heads] == [b"CONNECT"]
    proxy.close()


@pytest.mark.parametrize("answer", [b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 502 No\r\n\r\n"])
def test_a_proxy_that_opens_no_tunnel_has_sent_nothing(ask, answer):
    with serving(lambda peer, _: peer.send(answer)) as proxy:
        (broken,) = ask("https://api.example", proxy=proxy.url)
    assert broken.phase is Phase.NOT_SENT


def test_a_proxy_whose_answer_to_connect_drips_is_given_up_and_has_sent_nothing(ask):
    stop = threading.Event()

    def drip(peer, _):
        peer.send(b"HTTP/1.1 200 OK\r\n")
        while not stop.wait(0.1):
            peer.send(b"X: 1\r\n")

    with serving(drip) as proxy:
        (broken,) = ask("https://api.example", proxy=proxy.url, read_timeout=0.5, connect_timeout=0.3)
        stop.set()
    assert broken.phase is Phase.NOT_SENT
