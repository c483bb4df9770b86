"""A worker: a process of its own that does one bulk job, tells how it ended, and can be killed at any moment."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from airflow_provider_iranpay.api.jibit import Jibit
from airflow_provider_iranpay.api.paystar import Paystar
from airflow_provider_iranpay.bulk import job as bulk_job
from airflow_provider_iranpay.bulk.chunks import ChunkJob
from airflow_provider_iranpay.bulk.job import BaseBulkJob, Budget, BulkJob, Reuse
from airflow_provider_iranpay.bulk.run import Pace, Run
from airflow_provider_iranpay.bulk.sources import FrameSource
from airflow_provider_iranpay.bulk.targets import TableTarget
from airflow_provider_iranpay.bulk.ways import Way
from airflow_provider_iranpay.client.account import Account, ProcessMemory
from airflow_provider_iranpay.client.many_driver import ManyClient
from airflow_provider_iranpay.client.network import Network
from airflow_provider_iranpay.exceptions import IranPayError
from airflow_provider_iranpay.inquiries import INQUIRIES
from airflow_provider_iranpay.sandbox import Sandbox
from airflow_provider_iranpay.sandbox.population import Population
from airflow_provider_iranpay.warehouse.engine import Warehouse, open_warehouse
from airflow_provider_iranpay.warehouse.journal.keyring import KeyRing
from airflow_provider_iranpay.warehouse.provenance import LoadContext
from tests.crash.strikes import Strike, arm

INQUIRY = INQUIRIES["match_mobile"]
APIS = {
    "jibit": (Jibit(Sandbox.api_key, Sandbox.secret_key), "/ide"),
    "paystar": (
        Paystar(
            credentials={
                "application_id": Sandbox.paystar.application_id,
                "access_password": Sandbox.paystar.access_password,
            },
            refresh_tokens={"refresh_token": Sandbox.paystar.refresh_token},
        ),
        "/api",
    ),
}
"""Each provider's account, and where its face is on the sandbox."""
SEED = 1
"""Of the sandbox's people."""
REPEATED, BROKEN = 10**6, 10**6 + 1
"""Keys of the two rows that cost nothing: one asks what another asks, one cannot be asked about."""


@dataclass(frozen=True, kw_only=True)
class Errand:
    """What a worker is to do.

    :param people: numbers of the people to ask about; each is the key of its row.
    :param url: of the sandbox.
    :param keys: of the journal's ring, newest first.
    :param providers: who is asked, in this order; their prices are alike.
    :param rate_per_second: sends in a second, of all workers together; None for as fast as it goes.
    :param lease_seconds: how long the lease is; None for what the job makes it.
    :param chunk: id of a plan and number of its chunk: what is asked instead of a table of one's own.
    :param in_order: whether the rows are asked in their order, though the budget covers them all.
    :param as_of: name of the run whose first try says as of when it sees the journal; empty for now.
    """

    people: tuple[int, ...]
    warehouse: str
    url: str
    keys: tuple[tuple[str, bytes], ...]
    price_rial: int
    cap_rial: int = 10**9
    providers: tuple[str, ...] = ("jibit",)
    concurrency: int = 4
    rate_per_second: float | None = None
    on_unknown: str = "hold"
    lease_seconds: float | None = None
    estimate_only: bool = False
    chunk: tuple[str, int] | None = None
    in_order: bool = False
    as_of: str = ""
    strike: Strike | None = None


def table(errand: Errand) -> pd.DataFrame:
    """Make the table that is asked about, with a row that repeats the first one and a row that is not valid."""
    population = Population(SEED)
    people = [population.person(number) for number in errand.people]
    rows = [
        {"id": number, "mobile": one.mobile, "national_code": one.national_code}
        for number, one in zip(errand.people, people, strict=True)
    ]
    broken = {"id": BROKEN, "mobile": "12", "national_code": "12"}
    return pd.DataFrame([*rows, rows[0] | {"id": REPEATED}, broken])


def make_way(errand: Errand, provider: str) -> Way:
    """Make the account that is asked."""
    api, prefix = APIS[provider]
    network = Network(base_url=f"{errand.url}{prefix}")

    def client(**run: Any) -> ManyClient:
        return ManyClient(api, network, account=Account(), store=ProcessMemory(), **run)

    return Way(
        api=api,
        answering=INQUIRY.answered_by[provider],
        provider=provider,
        account="main",
        environment=errand.url,
        price_rial=errand.price_rial,
        whole_call_seconds=network.connect_timeout + network.read_timeout,
        client=client,
    )


def make_job(errand: Errand, warehouse: Warehouse) -> BaseBulkJob:
    """Make the job of an errand."""
    common = _common(errand, warehouse)
    if errand.chunk is not None:
        plan_id, chunk = errand.chunk
        return ChunkJob(plan_id=plan_id, chunk=chunk, **common)
    return BulkJob(source=FrameSource(table(errand)), **common)


def _common(errand: Errand, warehouse: Warehouse) -> dict[str, Any]:
    return {
        "inquiry": INQUIRY,
        "key": "id",
        "ways": [make_way(errand, provider) for provider in errand.providers],
        "warehouse": warehouse,
        "keys": KeyRing(dict(errand.keys)),
        "targets": [TableTarget(warehouse, "results")],
        "pace": Pace(rate_per_second=errand.rate_per_second, concurrency=errand.concurrency, patience_seconds=30),
        "reuse": Reuse(on_unknown="retry" if errand.on_unknown == "retry" else "hold"),
        "budget": Budget(cap_rial=errand.cap_rial, name="night"),
        "fail_above": 1.0,
        "estimate_only": errand.estimate_only,
        "context": LoadContext(dag_id="crash", run_id=errand.as_of, task_id="ask") if errand.as_of else LoadContext(),
    }


def perform(errand: Errand, directory: Path) -> None:
    """Do the errand in this process, which is nobody else's.

    :param directory: gets ``reached`` when the strike falls, ``begun`` before anything is sent, and at last
        ``ending.json`` with the manifest and the error, as far as there is one.
    """
    if errand.strike is not None:
        arm(errand.strike, directory / "reached", errand.url)
    if errand.lease_seconds is not None:
        _shorten_leases(errand.lease_seconds)
    if errand.in_order:
        _ask_in_order()
    ending: dict[str, Any] = {"manifest": None, "error": None, "says": None}
    with open_warehouse(errand.warehouse) as warehouse:
        try:
            ending["manifest"] = make_job(errand, warehouse).perform(lambda run: _begin(run, directory))
        except IranPayError as error:
            ending |= {"manifest": getattr(error, "manifest", None), "error": type(error).__name__, "says": str(error)}
    unfinished = directory / "unfinished.json"
    unfinished.write_text(json.dumps(ending))
    unfinished.rename(directory / "ending.json")


def _begin(run: Run, directory: Path) -> None:
    signal.signal(signal.SIGTERM, lambda *_: run.kill())
    (directory / "begun").touch()


def _ask_in_order() -> None:
    run = bulk_job.Run
    bulk_job.Run = lambda *of, **how: run(*of, **how | {"in_order": True})  # type: ignore[assignment,misc]


def _shorten_leases(seconds: float) -> None:
    lease = bulk_job.Lease
    bulk_job.Lease = lambda **_: lease(  # type: ignore[assignment,misc]
        length=timedelta(seconds=seconds), whole_call=timedelta(seconds=seconds / 3)
    )
