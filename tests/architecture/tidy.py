"""The rules of the house that no linter knows: each takes one file and yields what is wrong with it, as `path:line what`."""

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath
from typing import Final

from tests.architecture.sources import ROOMS, Source, tree_of

FILE_LINES_MAX: Final = 300
FUNCTION_LINES_MAX: Final = 70
ADR_LINES_MAX: Final = 40
ADR_HEADINGS: Final = ("## Context", "## Decision", "## Consequences")

EMPTY_NAMES: Final = frozenset(
    {"utils", "util", "common", "helpers", "helper", "base", "core", "manager", "service", "lib", "misc"}
)
SLEEPERS: Final = frozenset({"time", "asyncio", "anyio", "trio"})
WHERE_TESTS_WAIT: Final = PurePosixPath("tests/kit/waiting.py")
COMMENTED: Final = {".py": "#", ".toml": "#", ".conf": "#", ".sql": "--", ".sh": "#", "": "#"}

# Put together from halves, so that these rules do not find themselves.
POSTPONED: Final = re.compile(rf"\b(?:{'TO'}DO|{'FIX'}ME|{'XX'}X|{'HA'}CK)\b")
MACHINE_PATH: Final = re.compile(
    r"(?<![\w.}>)*-])/(?:work|tmp|root|opt|home|Users|private)(?:/[\w.]|(?=[\s\"'`,;:)]|$))"
)
REGISTRY: Final = re.compile(
    r"pypi\." r"(?:org|python)|python" r"hosted\.org|registry\." r"npmjs|(?<!-)--(?:extra-)?index-url|/simp(?:le)/"
)

Check = Callable[[Source], Iterator[str]]


def long_file(source: Source) -> Iterator[str]:
    if source.is_python and len(source.lines) > FILE_LINES_MAX:
        yield source.at(FILE_LINES_MAX, f"has {len(source.lines)} lines; {FILE_LINES_MAX} is the most")


def long_function(source: Source) -> Iterator[str]:
    for node in _nodes(source):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                yield source.at(node.lineno, f"{node.name} has {lines} lines; {FUNCTION_LINES_MAX} is the most")


def postponed_work(source: Source) -> Iterator[str]:
    if source.path.suffix in COMMENTED:
        for number, line in enumerate(source.lines, start=1):
            if found := POSTPONED.search(line):
                yield source.at(number, f"{found.group()} in the code; open an issue instead")


def banner_comment(source: Source) -> Iterator[str]:
    for number, comment in _comments(source):
        if re.search(r"[-=#*~_]{4,}", comment):
            yield source.at(number, "a banner; split the file or let the names speak")


def empty_name(source: Source) -> Iterator[str]:
    if source.is_python:
        for part in source.path.with_suffix("").parts:
            if part.rsplit("_", 1)[-1] in EMPTY_NAMES:
                yield source.at(1, f"{part!r} says nothing; name it after its main thing")


def busy_room_law(source: Source) -> Iterator[str]:
    """A room's `__init__.py` is its law: one docstring and nothing else."""
    if source.room in ROOMS and source.path.name == "__init__.py":
        body = tree_of(source).body
        if len(body) != 1 or ast.get_docstring(tree_of(source)) is None:
            yield source.at(1, "holds something other than one docstring")


def unexplained_file(source: Source) -> Iterator[str]:
    if source.room in ROOMS and source.is_python and ast.get_docstring(tree_of(source)) is None:
        yield source.at(1, "has no docstring that says what the file is for")


def sleeping_test(source: Source) -> Iterator[str]:
    if source.room != "tests" or source.path == WHERE_TESTS_WAIT:
        return
    for node in _nodes(source):
        match node:
            case ast.Attribute(value=ast.Name(id=module), attr="sleep") if module in SLEEPERS:
                yield source.at(node.lineno, f"{module}.sleep; wait for a condition instead (tests/kit/waiting.py)")
            case ast.ImportFrom(module=str(module)) if module in SLEEPERS and "sleep" in {
                one.name for one in node.names
            }:
                yield source.at(node.lineno, f"imports sleep from {module}; wait for a condition instead")


def mocked_test(source: Source) -> Iterator[str]:
    for node in _nodes(source):
        if isinstance(node, ast.Import):
            modules = [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [f"{node.module}.{one.name}" for one in node.names]
        else:
            continue
        for module in modules:
            if module.startswith(("unittest.mock", "mock", "pytest_mock")):
                yield source.at(node.lineno, f"imports {module}; use the real thing or the sandbox")


def machine_path(source: Source) -> Iterator[str]:
    for number, line in enumerate(source.lines, start=1):
        if found := MACHINE_PATH.search(line):
            yield source.at(number, f"{found.group()!r} exists on one machine only")


def registry_host(source: Source) -> Iterator[str]:
    for number, line in enumerate(source.lines, start=1):
        if found := REGISTRY.search(line):
            yield source.at(number, f"{found.group()!r}: where packages come from is for pip's configuration to say")


def shapeless_adr(source: Source) -> Iterator[str]:
    if source.path.parent == PurePosixPath("docs/adr"):
        if len(source.lines) > ADR_LINES_MAX:
            yield source.at(ADR_LINES_MAX, f"has {len(source.lines)} lines; {ADR_LINES_MAX} is the most")
        for heading in ADR_HEADINGS:
            if heading not in source.lines:
                yield source.at(1, f"has no heading {heading!r}")


CHECKS: Final[tuple[Check, ...]] = (
    long_file,
    long_function,
    postponed_work,
    banner_comment,
    empty_name,
    busy_room_law,
    unexplained_file,
    sleeping_test,
    mocked_test,
    machine_path,
    registry_host,
    shapeless_adr,
)


def unmarked_folders(paths: Iterable[PurePosixPath]) -> set[PurePosixPath]:
    """Folders with Python in them but no `__init__.py`: without it `tests/domain` would shadow `domain`."""
    paths = tuple(paths)
    folders = {folder for path in paths for folder in path.parents if folder.parts}
    return folders - {path.parent for path in paths if path.name == "__init__.py"}


def _nodes(source: Source) -> Iterator[ast.AST]:
    return ast.walk(tree_of(source)) if source.is_python else iter(())


def _comments(source: Source) -> Iterator[tuple[int, str]]:
    if source.is_python:
        for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string
    elif mark := COMMENTED.get(source.path.suffix):
        for number, line in enumerate(source.lines, start=1):
            if line.strip().startswith(mark):
                yield number, line.strip().removeprefix(mark)
