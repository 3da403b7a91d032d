"""Every error can be looked up: a code for each error, a section of docs/errors.md for each code, and none left over."""

import re
from typing import Final

import pytest

from adapters.http.errors import RETRYABLE, STATUSES
from domain.errors import Code, WaybillError
from tests.architecture.sources import ROOT
from workers.terminal.advice import ADVICE

TEXT: Final = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
SECTIONS: Final = dict(re.findall(r"^### `([^`]+)`\n(.*?)(?=^#|\Z)", TEXT, re.MULTILINE | re.DOTALL))
OUTCOMES: Final = frozenset(code for code in Code if code.endswith((":provider", ":run")))


def all_subclasses(kind: type[WaybillError]) -> list[type[WaybillError]]:
    return [found for child in kind.__subclasses__() for found in (child, *all_subclasses(child))]


def facts(code: str) -> dict[str, str]:
    return dict(re.findall(r"^- \*\*(\w+)\*\*: (.*)", SECTIONS[code], re.MULTILINE))


def test_the_docs_hold_every_code_and_no_other() -> None:
    """Those of the domain, and the few that the command line has of its own."""
    assert set(SECTIONS) == set(Code) | set(ADVICE)


def test_no_code_stands_in_the_docs_twice() -> None:
    assert len(re.findall(r"^### ", TEXT, re.MULTILINE)) == len(SECTIONS)


def test_every_code_that_is_no_outcome_has_a_status() -> None:
    assert set(STATUSES) == set(Code) - OUTCOMES


@pytest.mark.parametrize("code", SECTIONS)
def test_a_section_says_why_and_what_to_do(code: str) -> None:
    assert list(facts(code)) == [*(["Status"] if code in STATUSES else []), "Cause", "Remedy", "Retry"]


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
