"""SECURITY.md answers every risk of the two lists, each with tests that exist."""

import ast
import re
from typing import Final

import pytest

from tests.architecture.sources import ROOT

TEXT: Final = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
ROWS: Final = dict(re.findall(r"^\| ((?:API|AST)\d+)\b[^|]*\|[^|]+\|(.+)\|$", TEXT, re.MULTILINE))
RISKS: Final = [f"API{number}" for number in range(1, 11)] + [f"AST{number:02}" for number in range(1, 11)]


def test_every_risk_is_answered_in_order() -> None:
    assert [*ROWS] == RISKS


@pytest.mark.parametrize("risk", RISKS)
def test_what_shows_it_is_there(risk: str) -> None:
    named = re.findall(r"`([\w/]+\.py)(?:::(\w+))?`", ROWS[risk])
    assert named
    assert ROWS[risk].count("`") == 2 * len(named)
    for path, function in named:
        tree = ast.parse((ROOT / "tests" / path).read_text(encoding="utf-8"))
        tests = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        assert not function or function in tests, f"{path} has no {function}"
