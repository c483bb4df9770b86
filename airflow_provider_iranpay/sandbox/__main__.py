"""``python -m airflow_provider_iranpay.sandbox``: the command line, and nothing else."""

from __future__ import annotations

import argparse
import sys

from airflow_provider_iranpay.sandbox.command import add_arguments, run

parser = argparse.ArgumentParser(prog="python -m airflow_provider_iranpay.sandbox", description=run.__doc__)
add_arguments(parser)
sys.exit(run(parser.parse_args()))
