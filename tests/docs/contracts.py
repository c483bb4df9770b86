"""The names that the contracts of both providers use: endpoints with their inputs and fields, other names, error codes.

They are read from the documents, which lie beside the project and not in it, and kept in ``contract_names.json`` for
where these are not. ``python -m tests.docs.contracts`` writes that file. Nothing is checked here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.docs.pages import ROOT

DOCUMENTS = ROOT.parent / "shared" / "api"
KEPT = Path(__file__).with_name("contract_names.json")
PROVIDERS = ("jibit", "paystar")

# Formats lists values, and the sandbox has rules of its own.
PASSED_OVER = re.compile("Formats|Signatures|The local sandbox|.*: the contract to build against")

_SPAN = re.compile("`([^`]+)`")
_PATH = re.compile(r"(?:(?:GET|POST) )?(/[a-z0-9/-]+)(?:\?(.*))?")
_BASE = re.compile(r", under `(/\w+)`")
_DOTTED_CODE = re.compile(r"[\w*]+\.[a-z_]+|\w+\.\*|forbidden")
_RANGE = re.compile(r"(-\d+)\.\.(-\d+)")
_NUMBER = re.compile(r"(?<!\w)-?\d+(?!\w)")
_NAME = re.compile(r"[A-Za-z][\w-]*")
_NO_NAME = re.compile(r'\(.*?\)|<.*?>|:"[^"]*"|^"[^"]*"$', re.DOTALL)  # a remark, what a reader has to fill in, a value
_VALUE = re.compile(r"[A-Z][A-Z_-]*")


@dataclass
class Names:
    """What one contract names.

    :param endpoints: path to the inputs and fields that stand beside it.
    :param others: names that stand beside no path.
    """

    endpoints: dict[str, set[str]] = field(default_factory=dict)
    others: set[str] = field(default_factory=set)
    codes: set[str] = field(default_factory=set)


def documented(provider: str) -> Names:
    """The names in a provider's document."""
    names = Names()
    for section in re.split("^#+ ", (DOCUMENTS / f"{provider}.md").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        heading, _, text = section.partition("\n")
        if not PASSED_OVER.match(heading):
            base = _BASE.search(heading)
            for chunk in re.split(r"\n(?=\||- |\n)", text):
                _read_chunk(chunk, names, base=base[1] if base else "")
    return names


def _read_chunk(chunk: str, names: Names, *, base: str) -> None:
    """Read a table row, a list item or a paragraph: what follows a path belongs to it."""
    here = names.others
    for span in _SPAN.findall(chunk):
        path = _PATH.fullmatch(span)
        if path:
            here = names.endpoints.setdefault(base + path[1], set())
            here.update(re.findall(r"(\w+)=", path[2] or ""))
        elif _DOTTED_CODE.fullmatch(span) and not span.startswith("data."):
            names.codes.add(span)
        else:
            here.update(_words(span))
    if re.search(r"\bCodes\b", chunk):
        names.codes.update(_numbers(chunk))


def _words(span: str) -> Iterator[str]:
    """The names in a piece of code; words in capitals are values."""
    return (word for word in _NAME.findall(_NO_NAME.sub("", span)) if not _VALUE.fullmatch(word))


def _numbers(chunk: str) -> Iterator[str]:
    for first, last in _RANGE.findall(chunk):
        yield from map(str, range(int(last), int(first) + 1))
    yield from _NUMBER.findall(_RANGE.sub("", chunk))


def kept(provider: str) -> Names:
    """The names that are kept in the project."""
    names = json.loads(KEPT.read_text(encoding="utf-8"))[provider]
    endpoints = {path: set(beside) for path, beside in names["endpoints"].items()}
    return Names(endpoints, set(names["others"]), set(names["codes"]))


def main() -> None:
    """Keep the names of the documents."""
    names = {provider: asdict(documented(provider)) for provider in PROVIDERS}
    KEPT.write_text(json.dumps(names, indent=1, default=sorted) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
