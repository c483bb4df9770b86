"""What the pages list is what the code has: methods, errors, codes, tables, extras, targets, links."""

from __future__ import annotations

import inspect
import pkgutil
import re

import pytest
from sqlalchemy import Table
from sqlalchemy.dialects import postgresql

from airflow_provider_iranpay import exceptions
from airflow_provider_iranpay.api.contract import Safety
from airflow_provider_iranpay.api.jibit import endpoints as jibit
from airflow_provider_iranpay.api.jibit.errors import CODES, SUFFIXES
from airflow_provider_iranpay.api.paystar import endpoints as paystar
from airflow_provider_iranpay.api.paystar import errors as paystar_errors
from airflow_provider_iranpay.get_provider_info import get_provider_info
from airflow_provider_iranpay.iran.checked import Reason
from airflow_provider_iranpay.warehouse import tables
from airflow_provider_iranpay.warehouse.journal import tables as journal
from tests.docs.pages import PAGES, READMES, ROOT, named_rows, prose, read, rows, section

ROOTS = {"CallError", "IranPayError"}
AT_ONCE = {"README.md": "fails at once", "README.fa.md": "فوراً شکست می‌خورد", "docs/errors.md": "fails at once"}
COSTS = {
    "README.md": {Safety.BILLABLE_READ: "paid", Safety.MONEY_WRITE: "moves money", None: "free"},
    "README.fa.md": {Safety.BILLABLE_READ: "پولی", Safety.MONEY_WRITE: "پول جابه‌جا می‌کند", None: "رایگان"},
}
ENDPOINTS = {
    "JibitHook": jibit.ENDPOINTS,
    "PaystarBankingHook": paystar.BANKING,
    "PaystarGatewayHook": {name.removeprefix("gateway_"): row for name, row in paystar.GATEWAY.items()},
    "PaystarWalletHook": {name.removeprefix("wallet_"): row for name, row in paystar.WALLET.items()},
}
SECTIONS = {
    "jibit": "Jibit",
    "paystar_banking": "Paystar open banking",
    "paystar_gateway": "Paystar payment gateway",
    "paystar_wallet": "Paystar wallet",
}
TABLES = {("docs/daily-consumption.md", "docs/bulk.md", "docs/scale.md"): tables, ("docs/journal.md",): journal}


def every_hook():
    """Hook class by name, of all that Airflow is told of."""
    types = get_provider_info()["connection-types"]
    return {hook.__name__: hook for hook in (pkgutil.resolve_name(kind["hook-class-name"]) for kind in types)}


def every_method(hook):
    """Method by name, of those that users call and that belong to this hook alone."""
    return {name: one for name, one in vars(hook).items() if inspect.isfunction(one) and not name.startswith("_")}


@pytest.mark.parametrize("name", ENDPOINTS)
def test_every_call_of_the_contracts_is_a_method(name):
    assert ENDPOINTS[name].keys() <= every_method(every_hook()[name]).keys()


@pytest.mark.parametrize("name", ENDPOINTS)
@pytest.mark.parametrize("page", READMES)
def test_a_readme_lists_every_method_of_a_hook_with_its_parameters(page, name):
    listed = re.findall(r"^\| `(\w+)\(([^)]*)\)`", section(page, f"`{name}`"), re.MULTILINE)
    assert {method: parameters.split(", ") if parameters else [] for method, parameters in listed} == {
        method: _parameters(one) for method, one in every_method(every_hook()[name]).items()
    }


def _parameters(method) -> list[str]:
    written = []
    for parameter in list(inspect.signature(method).parameters.values())[1:]:
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in written:
            written.append("*")
        written.append(f"**{parameter.name}" if parameter.kind is parameter.VAR_KEYWORD else parameter.name)
    return written


@pytest.mark.parametrize("name", ENDPOINTS)
@pytest.mark.parametrize("page", READMES)
def test_a_readme_says_what_costs_and_what_moves_money(page, name):
    words, costs = COSTS[page], {}
    for cells in rows(section(page, f"`{name}`")):
        costs[re.match(r"`(\w+)", cells[0])[1]] = cells[-1]
    safety = {method: row.safety for method, row in ENDPOINTS[name].items()}
    assert costs == {method: words.get(safety.get(method), words[None]) for method in every_method(every_hook()[name])}


@pytest.mark.parametrize("name", ENDPOINTS)
@pytest.mark.parametrize("page", READMES)
def test_a_readme_marks_what_is_only_observed(page, name):
    known = {
        cells[0].strip("* `").partition("(")[0]: cells[0].endswith("*") for cells in rows(section(page, f"`{name}`"))
    }
    assert {method: known[method] for method in ENDPOINTS[name]} == {
        method: row.weight == "observed" for method, row in ENDPOINTS[name].items()
    }


@pytest.mark.parametrize("page", READMES)
def test_a_readme_names_every_connection_with_the_extras_of_its_own(page):
    listed = {}
    for cells in rows(read(page)):
        ids = re.findall(r"`(\w+)`", cells[0])
        if len(ids) == 2 and ids[1] == f"{ids[0]}_default":
            listed[ids[0]] = set(re.findall(r"`(\w+)`", cells[-1]))
    jibit_fields, *_ = (kind["conn-fields"].keys() for kind in get_provider_info()["connection-types"])
    for kind in get_provider_info()["connection-types"]:
        own = kind["conn-fields"].keys() - jibit_fields
        assert own <= listed.pop(kind["connection-type"]) <= own | {"jalali"}
    assert listed == {}


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


DEFINITE = {True: "definite", False: "`OutcomeUnknown`"}


@pytest.mark.parametrize(
    ("heading", "table"),
    [("Open banking, bank transfer, wallet", paystar_errors.CODES), ("In words", paystar_errors.TEXTS)],
)
def test_every_code_of_paystar_is_listed_with_its_class_and_what_it_proves(heading, table):
    listed = named_rows(section("docs/errors.md", heading))
    assert {code: tuple(cells[:2]) for code, cells in listed.items()} == {
        str(code): (rule.error_class, DEFINITE[rule.definite]) for code, rule in table.items()
    }


def test_every_code_of_the_gateway_is_listed_with_its_class_and_its_direct_twin():
    listed = named_rows(section("docs/errors.md", "Payment gateway"))
    direct = {str(code): f"`{code - 100}`" for code in paystar_errors.GATEWAY_CODES}
    assert {code: tuple(cells[:2]) for code, cells in listed.items()} == {
        str(code): (direct[str(code)] if code - 100 in paystar_errors.DIRECT_CODES else "", rule.error_class)
        for code, rule in paystar_errors.GATEWAY_CODES.items()
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


@pytest.mark.parametrize(("pages", "module"), TABLES.items())
def test_every_table_is_listed_on_its_page_with_its_columns_and_types(pages, module):
    listed = {table: {name: cells[0] for name, cells in named_rows(section(page, f"`{table}`")).items()}
              for page in pages for table in re.findall(r"^### `(\w+)`$", read(page), re.MULTILINE)}  # fmt: skip
    assert listed == {table.name: {column.name: _type(column) for column in table.columns} for table in _tables(module)}


def test_every_table_has_a_page():
    there = {table for module in TABLES.values() for table in _tables(module)}
    assert there - {journal.attempt} == set(tables.metadata.sorted_tables)  # that one is a view


def _tables(module) -> list[Table]:
    return [one for one in vars(module).values() if isinstance(one, Table)]


def _type(column) -> str:
    name = column.type.compile(dialect=postgresql.dialect()).lower().replace("timestamp with time zone", "timestamptz")
    return f"{name}, key" if column.primary_key else name


@pytest.mark.parametrize("kind", get_provider_info()["connection-types"], ids=lambda kind: kind["connection-type"])
def test_every_extra_of_a_connection_is_listed_with_its_default(kind):
    page = "docs/connections.md"
    common = named_rows(section(page, "Common extras"))
    own = named_rows(section(page, SECTIONS[kind["connection-type"]]))
    listed = {name: cells[0] for name, cells in (common | own).items() if name not in ("login", "password")}
    shown = {"account_name": "the connection id"}
    assert listed == {
        name: shown.get(name, str(field["schema"].get("default", "none")).lower())
        for name, field in kind["conn-fields"].items()
    }


@pytest.mark.parametrize("kind", get_provider_info()["connection-types"], ids=lambda kind: kind["connection-type"])
def test_every_field_of_a_connection_is_listed_as_its_form_shows_it(kind):
    own = named_rows(section("docs/connections.md", SECTIONS[kind["connection-type"]]))
    relabeled = {name: label for name, label in kind["ui-field-behaviour"]["relabeling"].items() if name != "host"}
    assert {name: own[name][0] for name in relabeled} == relabeled


@pytest.mark.parametrize("kind", get_provider_info()["connection-types"], ids=lambda kind: kind["connection-type"])
def test_what_a_connection_requires_is_called_required(kind):
    shape = pkgutil.resolve_name(kind["hook-class-name"]).connection_shape
    own = named_rows(section("docs/connections.md", SECTIONS[kind["connection-type"]]))
    assert {name for name, cells in own.items() if cells[-1].startswith("required")} == set(shape.required)


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
