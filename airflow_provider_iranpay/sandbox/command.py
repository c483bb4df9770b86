"""The sandbox on the command line: serve it, name it to Airflow, write customers for it.

The parser is light, because ``airflow`` mounts it on every call; what an action needs is imported by the action.
"""

from __future__ import annotations

import argparse
import ipaddress
import json
import os
import shlex
import signal
import socket
import sys
import threading
from datetime import datetime
from pathlib import Path

__all__ = ["DEFAULT_PORT", "add_arguments", "run"]

DEFAULT_PORT = 8321
_DEFAULT_HOST = "127.0.0.1"
_FAILED = 2
_INTERRUPTED = 130
_MAX_PORT = 65_535


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the actions ``serve``, ``env``, ``sample`` and ``sample-orders`` to a parser."""
    actions = parser.add_subparsers(title="actions", required=True)

    serve = actions.add_parser("serve", help="serve until interrupted")
    _add_address(serve)
    serve.add_argument("--seed", type=int, default=1, help="which people live there (default 1)")
    serve.add_argument("--clock", type=_instant, help="instant to start at, ISO 8601 with a UTC offset (default now)")
    serve.add_argument("--allow-remote", action="store_true", help="listen on an address that others can reach")
    serve.set_defaults(sandbox_action=_serve)

    env = actions.add_parser("env", help='print the Airflow connections for a shell: eval "$(... env)"')
    _add_address(env)
    env.add_argument(
        "--warehouse",
        type=Path,
        default=Path("iranpay_warehouse.db"),
        help="the SQLite file; its journal's key is beside it",
    )
    env.set_defaults(sandbox_action=_env)

    sample = actions.add_parser("sample", help="write a CSV of customers whom a server of the same seed knows")
    sample.add_argument("--rows", type=_row_count, required=True)
    sample.add_argument("--out", type=Path, required=True, help="the CSV file to write")
    sample.add_argument("--seed", type=int, default=1, help="seed of the server (default 1)")
    sample.set_defaults(sandbox_action=_sample)

    orders = actions.add_parser(
        "sample-orders",
        help="play a merchant's orders and payouts into a running server; write them, and the truth, as CSV",
    )
    _add_address(orders)
    orders.add_argument("--days", type=_day_count, required=True, help="Tehran days before today, from 5 to 366")
    orders.add_argument("--out", type=Path, required=True, help="the CSV file of the orders; the others go beside it")
    orders.add_argument("--per-day", type=_order_count, default=200, help="orders of one day (default 200)")
    orders.add_argument("--seed", type=int, default=1, help="which orders (default 1)")
    orders.set_defaults(sandbox_action=_sample_orders)


def run(args: argparse.Namespace) -> int:
    """A local stand-in of the providers, with money, faults and a clock."""
    try:
        code: int = args.sandbox_action(args)
        sys.stdout.flush()
    except OSError as wrong:
        # Without this the interpreter would try, and complain, once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _fail(f"Cannot write to the standard output: {wrong.strerror}.")
    return code


def _add_address(parser: argparse.ArgumentParser) -> None:
    host = f"address of the server (default {_DEFAULT_HOST})"
    parser.add_argument("--host", type=_host, default=_DEFAULT_HOST, help=host)
    parser.add_argument("--port", type=_port, default=DEFAULT_PORT, help=f"port of the server (default {DEFAULT_PORT})")


def _host(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("an address is needed")
    return text


def _instant(text: str) -> datetime:
    from airflow_provider_iranpay.sandbox.clock import Clock  # noqa: PLC0415

    try:
        instant = datetime.fromisoformat(text)
        Clock(instant)
    except ValueError as wrong:
        raise argparse.ArgumentTypeError(str(wrong)) from wrong
    return instant


def _port(text: str) -> int:
    return _whole(text, most=_MAX_PORT)


def _row_count(text: str) -> int:
    from airflow_provider_iranpay.sandbox.population import CITIZENS  # noqa: PLC0415

    return _whole(text, most=CITIZENS)


def _day_count(text: str) -> int:
    from airflow_provider_iranpay.sandbox.orders.play import LEAST_DAYS, MOST_DAYS  # noqa: PLC0415

    return _whole(text, least=LEAST_DAYS, most=MOST_DAYS)


def _order_count(text: str) -> int:
    from airflow_provider_iranpay.sandbox.orders.play import MOST_ORDERS  # noqa: PLC0415

    return _whole(text, most=MOST_ORDERS)


def _whole(text: str, *, least: int = 0, most: int) -> int:
    if not (text.isdecimal() and len(text) <= len(str(most)) and least <= int(text) <= most):
        raise argparse.ArgumentTypeError(f"a whole number from {least} to {most} is needed, not {text!r}")
    return int(text)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _serve(args: argparse.Namespace) -> int:
    from airflow_provider_iranpay.sandbox.server import Sandbox  # noqa: PLC0415

    if not (args.allow_remote or _is_loopback(args.host)):
        return _fail(f"{args.host} can be reached by others: the sandbox has no real protection. Add --allow-remote.")
    stopped = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stopped.set())
    sandbox = Sandbox(seed=args.seed, host=args.host, port=args.port, start=args.clock)
    try:
        sandbox.start()
    except OSError as wrong:
        other = "--host" if isinstance(wrong, socket.gaierror) else "--host or --port"
        return _fail(f"Cannot listen on {args.host} port {args.port}: {wrong.strerror}. Choose another {other}.")
    try:
        print(
            f"The sandbox is at {sandbox.url}; Jibit at {sandbox.jibit_url}, Paystar at {sandbox.paystar_url}. "
            f"Next: look at {sandbox.url}/_sandbox/health, "
            f"or run the action `env --host {args.host} --port {sandbox.port}` for the Airflow connections.",
            flush=True,
        )
        stopped.wait()
    finally:
        sandbox.stop()
    return 0


def _env(args: argparse.Namespace) -> int:
    from airflow_provider_iranpay.sandbox.connections import connections  # noqa: PLC0415
    from airflow_provider_iranpay.sandbox.server import base_url  # noqa: PLC0415
    from airflow_provider_iranpay.sandbox.warehouse_connection import warehouse_connection  # noqa: PLC0415

    try:
        warehouse = warehouse_connection(args.warehouse)
    except OSError as wrong:
        return _fail(f"Cannot keep the key of the journal beside {args.warehouse}: {wrong.strerror}.")
    described = {**connections(base_url(args.host, args.port)), "iranpay_warehouse": warehouse}
    for name, connection in described.items():
        print(f"export AIRFLOW_CONN_{name.upper()}={shlex.quote(json.dumps(connection))}")
    return 0


def _sample(args: argparse.Namespace) -> int:
    from airflow_provider_iranpay.sandbox.population import Population  # noqa: PLC0415
    from airflow_provider_iranpay.sandbox.sample import write_sample  # noqa: PLC0415

    try:
        write_sample(Population(args.seed), rows=args.rows, path=args.out)
    except OSError as wrong:
        return _fail(f"Cannot write {args.out}: {wrong.strerror}.")
    except KeyboardInterrupt:
        print(f"Interrupted: {args.out} is as it was.", file=sys.stderr)
        return _INTERRUPTED
    print(f"{args.rows} customers of seed {args.seed} are in {args.out}.")
    return 0


def _sample_orders(args: argparse.Namespace) -> int:
    from airflow_provider_iranpay.sandbox.orders import files  # noqa: PLC0415

    try:
        tables = files.ask(args.host, args.port, days=args.days, per_day=args.per_day, seed=args.seed)
        files.write(tables, args.out)
    except files.NoSandbox:
        return _fail(
            f"No sandbox answers on {args.host} port {args.port}. "
            "Start one with the action `serve`, or say with --host and --port where it is."
        )
    except files.Refusal as refusal:
        return _fail(f"The sandbox does not play these orders: {refusal}.")
    except OSError as wrong:
        return _fail(f"Cannot write beside {args.out}: {wrong.strerror}.")
    except KeyboardInterrupt:
        print("Interrupted: the orders and payouts may be played, and not every file is written.", file=sys.stderr)
        return _INTERRUPTED
    paths = files.paths(args.out)
    beside = ", ".join(path.name for name, path in paths.items() if name not in {"orders", "payouts"})
    print(
        f"{len(tables['orders'])} orders of seed {args.seed} are in {paths['orders']}, "
        f"{len(tables['payouts'])} payouts in {paths['payouts']}, and their payments and transfers in the sandbox; "
        f"beside them are {beside}."
    )
    return 0


def _fail(message: str) -> int:
    print(message, file=sys.stderr)
    return _FAILED
