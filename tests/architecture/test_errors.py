"""Every error can be looked up: a code for each error, a section of docs/errors.md for each code, and none left over."""

import ast
import re
from typing import Final

import pytest

from adapters.http.app import contract
from adapters.http.errors import RETRYABLE, STATUSES
from domain.errors import Code, WaybillError
from tests.architecture.raises import raises_of
from tests.architecture.sources import ROOT, Source, python_sources, tree_of
from workers.terminal.advice import ADVICE
from workers.terminal.exit_codes import ExitCode, exit_code_of_problem

TEXT: Final = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
SECTIONS: Final = dict(re.findall(r"^### `([^`]+)`\n(.*?)(?=^#|\Z)", TEXT, re.MULTILINE | re.DOTALL))
OUTCOMES: Final = frozenset(code for code in Code if code.endswith((":provider", ":run")))
# What ends a command that waited for a run which has such an outcome.
OUTCOME: Final = f"{ExitCode.FAILED:d}, or {ExitCode.PARTLY_FAILED:d} where other targets succeeded"
# The code that a request runs through; an adapter beside it says with an error of the domain, or a plain one, what it met.
REACHED: Final = ("domain/", "commands/", "queries/", "adapters/http/", "adapters/sources/")
# Raised there and caught there: an answer from one part of the code to another one, of which no request ever hears.
INSIDE: Final = {
    "commands/start_attempt.py": {"NotYetDue"},
    "domain/chat/decisions.py": {"ConfirmationRefused"},
    "domain/evidence/checkpoint.py": {"NoteError"},
    "domain/evidence/leaf.py": {"ValueError"},
    "domain/evidence/merkle.py": {"ValueError"},
    "domain/evidence/note.py": {"NoteError"},
    "domain/evidence/proof.py": {"NoteError"},
    "domain/evidence/tiles.py": {"TilesMissing", "ValueError"},
    "adapters/sources/frontmatter.py": {"ComposerError"},
    "adapters/sources/inline.py": {"ValueError"},
}
# Failures that were caught elsewhere, and are raised where somebody waits for them.
PASSED_ON: Final = {
    "commands/verify_installation.py": {"error"},
    "commands/sweep_installation.py": {"removal.failure"},
}
# Where codes are listed, and not used.
LISTS: Final = ("domain/errors.py", "adapters/http/errors.py", "adapters/http/openapi_errors.py")


def all_subclasses(kind: type[WaybillError]) -> list[type[WaybillError]]:
    return [found for child in kind.__subclasses__() for found in (child, *all_subclasses(child))]


def facts(code: str) -> dict[str, str]:
    return dict(re.findall(r"^- \*\*([\w ]+)\*\*: (.*)", SECTIONS[code], re.MULTILINE))


def reached() -> list[Source]:
    return [source for source in python_sources() if str(source.path).startswith(REACHED)]


def names_in(source: Source) -> set[str]:
    """Of classes and codes that the file uses: `SkillNotFound`, `Code.NOT_FOUND_SKILL`. What it only imports is no use."""
    nodes = [node for node in ast.walk(tree_of(source)) if isinstance(node, ast.Name | ast.Attribute)]
    return {ast.unparse(node) for node in nodes}


def test_the_docs_hold_every_code_and_no_other() -> None:
    """Those of the domain, and the few that the command line has of its own."""
    assert set(SECTIONS) == set(Code) | set(ADVICE)


def test_no_code_stands_in_the_docs_twice() -> None:
    assert len(re.findall(r"^### ", TEXT, re.MULTILINE)) == len(SECTIONS)


def test_every_code_that_is_no_outcome_has_a_status() -> None:
    assert set(STATUSES) == set(Code) - OUTCOMES


@pytest.mark.parametrize("code", SECTIONS)
def test_a_section_says_why_and_what_to_do(code: str) -> None:
    assert list(facts(code)) == [*(["Status"] if code in STATUSES else []), "Exit code", "Cause", "Remedy", "Retry"]


@pytest.mark.parametrize("code", SECTIONS)
def test_the_docs_tell_how_a_command_ends(code: str) -> None:
    expected = OUTCOME if code in OUTCOMES else f"{exit_code_of_problem(code):d}"
    assert facts(code)["Exit code"] == expected


@pytest.mark.parametrize("code", STATUSES)
def test_the_docs_tell_what_the_api_answers(code: Code) -> None:
    status, _ = STATUSES[code]
    assert facts(code)["Status"].startswith(str(status.value))
    assert facts(code)["Retry"].startswith("yes") is (code in RETRYABLE)


@pytest.mark.parametrize("code", Code)
def test_a_code_is_a_type_and_a_surface(code: Code) -> None:
    assert re.fullmatch(r"[a-z_]+:[a-z_]+", code)


@pytest.mark.parametrize("error", all_subclasses(WaybillError))
def test_an_error_has_a_code_and_a_message(error: type[WaybillError]) -> None:
    assert isinstance(error.code, Code)
    assert error.__doc__
    assert error.__doc__ != WaybillError.__doc__


@pytest.mark.parametrize("source", reached(), ids=lambda source: str(source.path))
def test_whatever_a_request_may_run_into_has_a_code(source: Source) -> None:
    path = str(source.path)
    for raised in raises_of(source):
        if raised.kind is None:
            assert raised.text in PASSED_ON.get(path, ()), f"{raised.where}: nothing tells what this is"
        elif not issubclass(raised.kind, WaybillError):
            assert raised.kind.__name__ in INSIDE.get(path, ()), f"{raised.where}: an error without a code"


def test_no_exception_to_that_rule_is_left_over() -> None:
    found = {str(source.path): {*raises_of(source)} for source in reached()}
    for path, names in INSIDE.items():
        assert names <= {raised.kind.__name__ for raised in found[path] if raised.kind}
    for path, texts in PASSED_ON.items():
        assert texts == {raised.text for raised in found[path] if raised.kind is None}


def test_every_error_and_every_outcome_is_one_that_the_code_speaks_of() -> None:
    """Else its page would tell of something that cannot happen."""
    sources = python_sources("domain", "commands", "queries", "adapters", "workers")
    used = {name for source in sources if str(source.path) not in LISTS for name in names_in(source)}
    used |= {raised.kind.__name__ for source in reached() for raised in raises_of(source) if raised.kind}
    used |= {name for source in sources if source.path.name == "errors.py" for name in translated(source)}
    assert {error.__name__ for error in all_subclasses(WaybillError)} - used == set()
    assert {f"Code.{code.name}" for code in OUTCOMES} - used == set()


def translated(source: Source) -> set[str]:
    """What is made of the errors of libraries: the calls in the functions, and not the classes themselves."""
    functions = [node for node in tree_of(source).body if isinstance(node, ast.FunctionDef)]
    calls = [node for function in functions for node in ast.walk(function) if isinstance(node, ast.Call)]
    return {ast.unparse(call.func) for call in calls}


def test_the_openapi_document_promises_every_code_that_has_a_status() -> None:
    """But for those of an address that is in no document."""
    elsewhere = {Code.NOT_ALLOWED}
    document = contract(version="0.0.0").decode()
    assert {code for code in STATUSES if f'"{code}":' in document} == set(STATUSES) - elsewhere
