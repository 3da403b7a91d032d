"""Every fact that a runbook tells somebody to look for in the logs is logged."""

import re
from collections.abc import Iterator
from typing import Final

import pytest

from domain.alert.rules import RuleName
from tests.architecture.sources import ROOT, python_sources

RUNBOOKS: Final = sorted((ROOT / "docs" / "runbooks").glob("*.md"))
FACTS: Final = re.compile(r"^\| ((?:`[a-z_]+`(?:, )?)+) \|", re.MULTILINE)


def facts() -> Iterator[str]:
    """Those of the table under the heading about logs."""
    for runbook in RUNBOOKS:
        _, _, logs = runbook.read_text(encoding="utf-8").partition("**Logs.**")
        for names in FACTS.findall(logs.partition("\n## ")[0]):
            yield from re.findall(r"`([a-z_]+)`", names)


def test_there_is_something_to_check() -> None:
    assert len(set(facts())) > 10


@pytest.mark.parametrize("fact", sorted(set(facts())))
def test_every_fact_in_a_runbook_is_logged(fact: str) -> None:
    logged = re.compile(rf'(log|logger)\.\w+\(\s*"{fact}"')
    assert any(logged.search(source.text) for source in python_sources("workers", "adapters"))


@pytest.mark.parametrize("rule", RuleName)
def test_every_rule_has_a_runbook_that_says_what_it_means_and_what_to_do(rule: RuleName) -> None:
    text = (ROOT / "docs" / "runbooks" / f"{rule}.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {rule}\n")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["What it means", "What to look at", "What to do"]
    assert "It is resolved when" in text
