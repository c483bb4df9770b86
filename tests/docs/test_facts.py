"""What the pages list is what the code has: methods, errors, codes, tables, extras, targets, links."""

from __future__ import annotations

import inspect
import pkgutil
import re

import pytest
from sqlalchemy.dialects import postgresql

from airflow_provider_iranpay import exceptions
from airflow_provider_iranpay.api.contract import Safety
from airflow_provider_iranpay.api.jibit.endpoints import ENDPOINTS
from airflow_provider_iranpay.api.jibit.errors import CODES, SUFFIXES
from airflow_provider_iranpay.get_provider_info import get_provider_info
from airflow_provider_iranpay.iran.checked import Reason
from airflow_provider_iranpay.warehouse.tables import metadata
from tests.docs.pages import PAGES, READMES, ROOT, named_rows, prose, read, rows, section

ROOTS = {"CallError", "IranPayError"}
AT_ONCE = {"README.md": "fails at once", "README.fa.md": "فوراً شکست می‌خورد", "docs/errors.md": "fails at once"}
PAID = {"README.md": ("paid", "free"), "README.fa.md": ("پولی", "رایگان")}


@pytest.mark.parametrize("page", READMES)
def test_a_readme_lists_every_method_of_the_hook_with_its_parameters(page):
    from airflow_provider_iranpay.hooks.jibit import JibitHook

    listed = re.findall(r"^\| `(\w+)\(([^)]*)\)`", read(page), re.MULTILINE)
    assert {name: parameters.split(", ") if parameters else [] for name, parameters in listed} == {
        name: _parameters(getattr(JibitHook, name)) for name in ENDPOINTS
    }


def _parameters(method) -> list[str]:
    written = []
    for parameter in list(inspect.signature(method).parameters.values())[1:]:
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in written:
            written.append("*")
        written.append(parameter.name)
    return written


@pytest.mark.parametrize("page", READMES)
def test_a_readme_says_what_costs(page):
    paid, free = PAID[page]
    costs = dict(re.findall(r"^\| `(\w+)\([^|]*\|[^|]*\| (\S+) \|$", read(page), re.MULTILINE))
    assert costs == {
        name: paid if endpoint.safety is Safety.BILLABLE_READ else free for name, endpoint in ENDPOINTS.items()
    }


@pytest.mark.parametrize("page", READMES)
def test_a_readme_lists_every_make_target(page):
    targets = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert re.findall(r"^\| `make ([a-z-]+)`", read(page), re.MULTILINE) == targets


@pytest.mark.parametrize("page", AT_ONCE)
def test_every_error_is_listed_with_what_airflow_does(page):
    from airflow_provider_iranpay.hooks.errors import _AT_ONCE

    listed = {
        name: cells[1:]
        for cells in rows(read(page))
        for name in re.findall(r"`(\w+)`", cells[0])
        if name in exceptions.__all__
    }
    assert set(exceptions.__all__) - ROOTS <= listed.keys()
    ends = {name for name, cells in listed.items() if AT_ONCE[page] in cells}
    assert ends == {kind.__name__ for kind in _AT_ONCE}


def test_every_code_of_jibit_is_listed_with_its_class():
    listed = named_rows(section("docs/errors.md", "Jibit's codes"))
    assert {code: cells[0] for code, cells in listed.items() if "*" not in code} == {
        code: rule.error_class for code, rule in CODES.items()
    }


def test_every_family_of_codes_is_listed_with_its_class():
    listed = {
        pattern: cells[-1]
        for cells in rows(section("docs/errors.md", "Jibit's codes"))
        for pattern in re.findall(r"`\*(\.\w+)`", cells[0])
    }
    assert listed == {suffix: rule.error_class for suffix, rule in SUFFIXES.items()}


def test_every_reason_that_is_named_exists():
    named = set(re.findall(r"`(\w+)`", section("docs/errors.md", "Reasons of `InvalidInput`"))) - {"reason", "IR"}
    assert named <= {*Reason, "is_required"}


def test_every_table_is_listed_with_its_columns_and_types():
    page = "docs/daily-consumption.md"
    listed = {table: {name: cells[0] for name, cells in named_rows(section(page, f"`{table}`")).items()}
              for table in re.findall(r"^### `(\w+)`$", read(page), re.MULTILINE)}  # fmt: skip
    assert listed == {
        table.name: {column.name: _type(column) for column in table.columns} for table in metadata.sorted_tables
    }


def _type(column) -> str:
    name = column.type.compile(dialect=postgresql.dialect()).lower().replace("timestamp with time zone", "timestamptz")
    return f"{name}, key" if column.primary_key else name


def test_every_extra_of_the_connection_is_listed_with_its_default():
    fields = get_provider_info()["connection-types"][0]["conn-fields"]
    listed = {
        name: cells[0] for name, cells in named_rows(section("docs/connections.md", "Jibit")).items() if name in fields
    }
    shown = {"account_name": "the connection id"}
    assert listed == {
        name: shown.get(name, str(field["schema"].get("default", "none")).lower()) for name, field in fields.items()
    }


def test_every_safety_class_is_explained():
    assert set(re.findall(r"`(\w+)`", "".join(cells[0] for cells in rows(read("docs/architecture.md"))))) >= set(Safety)


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page):
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / page).parent / path if path else ROOT / page
        if not file.exists() or (anchor and anchor not in _anchors(file.read_text(encoding="utf-8"))):
            broken.append(target)
    assert broken == []


def _anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_every_file_and_module_that_is_named_exists(page):
    named = re.findall(r"`([\w./-]+/[\w.-]+\.(?:py|md|txt|lock|toml|csv))`", prose(page))
    missing = [
        name
        for name in named
        if not any((place / name).exists() for place in (ROOT, ROOT / "airflow_provider_iranpay"))
    ]
    for module in re.findall(r"`(airflow_provider_iranpay(?:\.\w+)+)`", prose(page)):
        pkgutil.resolve_name(module)
    assert missing == []
