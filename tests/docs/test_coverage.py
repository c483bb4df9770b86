"""What the contracts name, the page of coverage names too: every endpoint, input, field and error code.

Names on the page are looked up in the code, so a name that is missing here is missing there.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from itertools import pairwise

import pytest

from tests.docs.contracts import DOCUMENTS, PROVIDERS, documented, kept
from tests.docs.pages import read, rows
from tools.coverage import PAGE, Page

# What a contract names and the page does not, and why.
EXCUSED = {
    "jibit": {
        "Authorization": "a header of every call",
        "Bearer": "the same",
        "Retry-After": "a header",
        "expiresIn": "the contract says that it is not there",
        "false": "a value",
        "or": "a word between two values",
    },
    "paystar": {
        "1": "the code of success",
        "sign_key": "a credential that is never sent",
        "gateway_id": "a credential that is sent as the Bearer alone",
        "field": "stands for any field",
        "texts": "stands for what is wrong with it",
        "pending": "a value",
        "success": "a value",
        "failed": "a value",
        "tag": "told with a refusal; nobody has to read it",
        "action": "the same",
        "api_version": "the same",
    },
}


def part(provider):
    """The page's part about a provider."""
    parts = re.split(r"^## (.+)$", read("docs/coverage.md"), flags=re.MULTILINE)
    return next(text for name, text in pairwise(parts) if name.lower() == provider)


def code_words(text):
    """The words in code: of ``iban=true`` the name, of ``transfers[].pay_id?`` each."""
    spans = (span.partition("=")[0] for span in re.findall("`([^`]+)`", text))
    return {word for span in spans for word in re.split(r"\[\]\.|\[\]|\?", span) if word}


def rows_of(provider, first):
    """All words in the rows whose first cell has this text in it."""
    return {word for row in rows(part(provider)) if first in row[0] for word in code_words(" ".join(row))}


def missing(names, known, provider):
    wanted = names - EXCUSED[provider].keys()
    return {name for name in wanted if not any(name == one or fnmatchcase(name, one) for one in known)}


CALLS = [(provider, path) for provider in PROVIDERS for path in kept(provider).endpoints]


def test_the_page_is_what_the_code_says():
    page = Page()
    assert PAGE.read_text(encoding="utf-8") == page.text()
    assert page.missing == []


@pytest.mark.parametrize(("provider", "path"), CALLS)
def test_every_endpoint_is_on_the_page_with_its_inputs_and_fields(provider, path):
    found = rows_of(provider, f" {path}`")
    assert found, "it is not on the page"
    assert missing(kept(provider).endpoints[path], found | rows_of(provider, "every answer"), provider) == set()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_other_name_is_on_the_page(provider):
    assert missing(kept(provider).others, code_words(part(provider)), provider) == set()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_error_code_is_on_the_page(provider):
    coded = code_words(part(provider).partition("error codes")[2])
    assert kept(provider).codes - EXCUSED[provider].keys() - coded == set()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_excuse_is_for_a_name_of_the_contract_that_the_page_does_not_have(provider):
    names = kept(provider)
    named = names.others.union(names.codes, *names.endpoints.values())
    assert EXCUSED[provider].keys() <= named - code_words(part(provider))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_names_that_are_kept_are_those_of_the_contract(provider):
    """The documents lie beside the project; a copy without them has the kept names alone."""
    contract = documented(provider) if DOCUMENTS.is_dir() else kept(provider)
    assert kept(provider) == contract


def test_the_contracts_are_read_for_what_they_say():
    jibit, paystar = kept("jibit"), kept("paystar")
    assert {"apiKey", "secretKey", "accessToken"} <= jibit.endpoints["/v1/tokens/generate"]
    assert {"bank", "number", "iban", "depositToIBANInfo"} == jibit.endpoints["/v1/deposits"] - {"ibanInfo"}
    assert {"daily_limit.reached", "*.black_listed", "forbidden", "secretKey.*"} <= jibit.codes
    assert {"amount", "pay_id", "hashid"} <= paystar.endpoints["/bank-transfer/v2/settlement"]
    assert {"transaction_id", "api_key_expire_date"} <= paystar.others
    assert {"0", "13", "-16", "-104", "-198"} <= paystar.codes
