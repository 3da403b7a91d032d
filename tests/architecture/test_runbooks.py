"""What a runbook tells somebody to type exists, and so does every fact that it tells them to look for."""

import re
import shlex
from collections.abc import Iterator
from typing import Final

import click
import pytest

from tests.architecture.sources import ROOT, python_sources
from workers.cli import waybill

RUNBOOKS: Final = sorted((ROOT / "docs" / "runbooks").glob("*.md"))
CODE: Final = re.compile(r"^    (waybill .+)$|`(waybill [^`]+)`", re.MULTILINE)
FACTS: Final = re.compile(r"^\| ((?:`[a-z_]+`(?:, )?)+) \|", re.MULTILINE)
REDIRECTED: Final = re.compile(r"\s[<>|].*$")


def commands() -> Iterator[str]:
    for runbook in RUNBOOKS:
        for block, inline in CODE.findall(runbook.read_text(encoding="utf-8")):
            yield REDIRECTED.sub("", (block or inline).partition("#")[0]).strip()


def facts() -> Iterator[str]:
    """Those of the table under the heading about logs."""
    for runbook in RUNBOOKS:
        _, _, logs = runbook.read_text(encoding="utf-8").partition("**Logs.**")
        for names in FACTS.findall(logs.partition("\n## ")[0]):
            yield from re.findall(r"`([a-z_]+)`", names)


def missing(line: str) -> str | None:
    """What of a command line there is not."""
    group: click.Command = waybill
    words = shlex.split(line)[1:]
    context = click.Context(group)
    while isinstance(group, click.Group) and words:
        try:
            _, command, words = group.resolve_command(context, words)
        except click.UsageError:
            return f"no command {words[0]}"
        if command is None:
            return f"no command {words[0]}"
        group = command
    known = {option for parameter in group.params for option in (*parameter.opts, *parameter.secondary_opts)}
    strange = [word for word in words if word.startswith("-") and word not in known]
    return f"no option {strange[0]}" if strange else None


def test_there_is_something_to_check() -> None:
    assert len(set(commands())) > 20
    assert len(set(facts())) > 10


@pytest.mark.parametrize("line", sorted(set(commands())))
def test_every_command_in_a_runbook_exists(line: str) -> None:
    assert missing(line) is None


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("waybill run list", "no command run"),
        ("waybill runs abort RUN", "no command abort"),
        ("waybill runs list --everything", "no option --everything"),
    ],
    ids=["group", "command", "option"],
)
def test_one_that_does_not_is_found(line: str, what: str) -> None:
    assert missing(line) == what


@pytest.mark.parametrize("fact", sorted(set(facts())))
def test_every_fact_in_a_runbook_is_logged(fact: str) -> None:
    logged = re.compile(rf'(log|logger)\.\w+\(\s*"{fact}"')
    assert any(logged.search(source.text) for source in python_sources("workers", "adapters"))
