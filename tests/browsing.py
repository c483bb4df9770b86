"""A real browser, and a merchant to whom it brings the payer back. Nothing leaves this machine.

While a browser is open, its thread counts as being inside an event loop: ``asyncio.run`` is refused there. So it is
open for one module only, and whatever needs a loop of its own in the middle of a test goes into another thread.
"""

from __future__ import annotations

import re
import shutil
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
MISSING = f"no browser: install Debian's package chromium, or put one of {', '.join(NAMES)} on the PATH"
FLAGS = (
    "--no-sandbox",  # root has no other way, and it only sees pages of this machine
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
GROUP = "browser"

_AT_HOME = re.compile(r"(about|blob|data):|https?://(127\.0\.0\.1|localhost)[:/]")
_CALLBACK = "/callback"
_THANKS = b'<!doctype html><html lang="en"><title>Merchant</title><link rel="icon" href="data:,"><h1>Thank you</h1>'


@pytest.hookimpl(tryfirst=True)  # before -m reads the markers, and xdist the groups
def pytest_collection_modifyitems(items):
    """Mark what needs the browser, and let one worker have all of it."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
            item.add_marker(pytest.mark.xdist_group(GROUP))


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip(MISSING)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def browser_page(browser):
    """A page of a payer who was never here; what goes wrong on it fails the test."""
    with browser.new_context() as context:
        problems = watch(context)
        yield context.new_page()
    assert not problems


def watch(context):
    """The list to which is added what goes wrong: errors in scripts and on the console, requests to other machines,
    parts of a page that do not come.

    A whole page that answers with an HTTP error is none of them: payers are shown such pages, and tests look at them.
    """
    problems = []

    def requested(request):
        if not _AT_HOME.match(request.url):
            problems.append(f"left this machine: {request.url}")

    def failed(request):
        if not request.is_navigation_request():
            problems.append(f"{request.failure}: {request.url}")

    def answered(response):
        if response.status >= 400 and not response.request.is_navigation_request():
            problems.append(f"HTTP {response.status}: {response.url}")

    def said(message):
        if message.type == "error" and not message.text.startswith("Failed to load resource"):  # told above
            problems.append(f"console: {message.text}")

    context.on("request", requested)
    context.on("requestfailed", failed)
    context.on("response", answered)
    context.on("console", said)
    context.on("weberror", lambda event: problems.append(f"script: {event.error}"))
    return problems


@dataclass(frozen=True)
class Callback:
    """What a browser brought to the merchant: the query, and over it the form of a POST."""

    method: str
    fields: dict[str, str]


@dataclass(frozen=True)
class Merchant:
    """A shop that thanks everybody who comes back."""

    callback_url: str
    received: list[Callback] = field(default_factory=list)


@pytest.fixture
def merchant():
    """A merchant's server on this machine; it has received nothing yet."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Counter) as server:
        server.merchant = Merchant(f"http://127.0.0.1:{server.server_port}{_CALLBACK}")
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server.merchant
        server.shutdown()


class _Counter(BaseHTTPRequestHandler):
    """Where payers come back to."""

    def do_GET(self):
        self._receive("")

    def do_POST(self):
        self._receive(self.rfile.read(int(self.headers["Content-Length"])).decode())

    def _receive(self, form):
        target = urlsplit(self.path)
        if target.path == _CALLBACK:
            sent = [*parse_qsl(target.query, keep_blank_values=True), *parse_qsl(form, keep_blank_values=True)]
            self.server.merchant.received.append(Callback(self.command, dict(sent)))
        self.send_response(200 if target.path == _CALLBACK else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(_THANKS)))
        self.end_headers()
        self.wfile.write(_THANKS)

    def log_message(self, *_):
        """Say nothing: pytest shows what a test needs."""
