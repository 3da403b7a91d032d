"""The domain stays pure, and no third-party library comes in without a door of its own in pyproject.toml."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import PurePosixPath
from typing import Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.sources import ROOMS, ROOT, Source, python_sources, tree_of

EVERYWHERE: Final = frozenset({"msgspec", "uuid_utils"})
PURE: Final = frozenset(
    {
        "__future__",
        "abc",
        "base64",
        "binascii",
        "collections",
        "dataclasses",
        "datetime",
        "decimal",
        "difflib",
        "enum",
        "fnmatch",
        "fractions",
        "functools",
        "hashlib",
        "hmac",
        "ipaddress",
        "itertools",
        "json",
        "math",
        "operator",
        "re",
        "string",
        "textwrap",
        "types",
        "typing",
        "unicodedata",
        "urllib",
        "uuid",
        "zlib",
    }
)
IMPURE_CALLS: Final = frozenset({"now", "utcnow", "today", "uuid1", "uuid4", "urlopen", "open", "input", "print"})


def libraries(source: Source) -> Iterator[str]:
    for node in ast.walk(tree_of(source)):
        if isinstance(node, ast.Import):
            yield from (one.name.partition(".")[0] for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0]


def impurities(source: Source) -> Iterator[str]:
    for library in libraries(source):
        if library not in PURE | {"domain", "msgspec"}:
            yield source.at(1, f"imports {library}")
    for node in ast.walk(tree_of(source)):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", None))
            if name in IMPURE_CALLS:
                yield source.at(node.lineno, f"calls {name}")


def relative_imports(source: Source) -> Iterator[str]:
    for node in ast.walk(tree_of(source)):
        if isinstance(node, ast.ImportFrom) and node.level:
            yield source.at(node.lineno, "imports by relative path")


def doors() -> set[str]:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    return {library for contract in contracts for library in contract.get("forbidden_modules", ())}


def test_the_domain_is_pure() -> None:
    assert [finding for source in python_sources("domain") for finding in impurities(source)] == []


def test_modules_are_imported_by_full_path() -> None:
    assert [finding for source in python_sources() for finding in relative_imports(source)] == []


def third_party() -> set[str]:
    used = {library for source in python_sources(*ROOMS) for library in libraries(source)}
    return used - sys.stdlib_module_names - set(ROOMS)


def test_every_library_has_a_door() -> None:
    assert third_party() - EVERYWHERE - doors() == set()


def test_every_library_is_declared() -> None:
    """A library that is only somebody else's dependency may leave with them; tests and benchmarks are not installed at all."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["embedded"]]
    declared = {canonicalize_name(Requirement(line).name) for line in asked}
    sold_as = packages_distributions()
    undeclared = {
        library
        for library in third_party()
        if declared.isdisjoint(canonicalize_name(name) for name in sold_as.get(library, ()))
    }
    assert undeclared == set()


@pytest.mark.parametrize(
    "text",
    [
        "import random\n",
        "import structlog\n",
        "from time import monotonic\n",
        "from adapters.postgres import recorder\n",
        "at = datetime.now(UTC)\n",
        "id = uuid4()\n",
        "text = open('SKILL.md').read()\n",
    ],
)
def test_an_impurity_is_found(text: str) -> None:
    assert list(impurities(Source(PurePosixPath("domain/thing.py"), text)))


def test_a_relative_import_is_found() -> None:
    assert list(relative_imports(Source(PurePosixPath("domain/thing.py"), "from . import events\n")))
