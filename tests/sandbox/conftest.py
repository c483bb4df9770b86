"""A fresh sandbox for each test, and a client that is logged in to it."""

from __future__ import annotations

import pytest

from airflow_provider_iranpay.sandbox import Sandbox
from airflow_provider_iranpay.sandbox.population import Population
from tests.sandbox.caller import Caller
from tests.sandbox.paystar_caller import Banking, WalletCaller


@pytest.fixture
def sandbox():
    with Sandbox(seed=1) as running:
        yield running


@pytest.fixture
def caller(sandbox):
    with Caller(sandbox) as client:
        client.log_in()
        yield client


@pytest.fixture
def banking(sandbox):
    with Banking(sandbox) as client:
        client.log_in()
        yield client


@pytest.fixture
def wallet(sandbox):
    with WalletCaller(sandbox) as client:
        client.log_in()
        yield client


@pytest.fixture(scope="session")
def people():
    return Population(1)


@pytest.fixture(scope="session")
def find(people):
    """The first person of whom something is true."""

    def first(fits):
        return next(person for person in map(people.person, range(20_000)) if fits(person))

    return first
