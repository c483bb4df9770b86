"""Ears for everything that is said while a test runs."""

from __future__ import annotations

import http.client
import logging

import pytest


@pytest.fixture
def said(caplog, capfd, monkeypatch):
    """Listen to all logs and all output, the HTTP libraries' debugging included; call it for what was said."""
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    caplog.set_level(logging.DEBUG)
    for name in ("requests", "urllib3", "airflow_provider_iranpay", *logging.root.manager.loggerDict):
        caplog.set_level(logging.DEBUG, logger=name)
        monkeypatch.setattr(logging.getLogger(name), "propagate", True)
    return lambda: caplog.text + "".join(capfd.readouterr())
