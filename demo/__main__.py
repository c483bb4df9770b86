"""Run every demonstration, each in its own section; stop at the first whose figures do not agree."""

from __future__ import annotations

import time

from rich.console import Console

from demo import consumption, matching, payments

SECTIONS = [
    ("A month of Jibit consumption, through Airflow into a warehouse", consumption.run),
    ("Ten thousand customers, with a worker killed in the middle", matching.run),
    ("A payment and a transfer through Paystar", payments.run),
]


def main() -> None:
    console = Console()
    for title, run in SECTIONS:
        console.rule(f"[bold]{title}")
        began = time.monotonic()
        run(console)
        console.print(f"[dim]{title}: {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    main()
