"""What a document tells somebody to type exists."""

from pathlib import Path
from typing import Final

import pytest

from tests.architecture.documented_commands import commands_in, missing
from tests.architecture.sources import ROOT

DOCUMENTS: Final = sorted((*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))
def test_every_command_in_a_document_exists(document: Path) -> None:
    assert {line: what for line in commands_in(document) if (what := missing(line))} == {}


@pytest.mark.parametrize(("name", "least"), [("README.md", 25), ("docs/runbooks/manual-intervention.md", 30)])
def test_there_is_something_to_check(name: str, least: int) -> None:
    assert len(list(commands_in(ROOT / name))) >= least


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("waybill run list", "no command run"),
        ("waybill runs abort RUN", "no command abort"),
        ("waybill runs list --everything", "no option --everything"),
    ],
    ids=["group", "command", "option"],
)
def test_one_that_does_not_exist_is_found(line: str, what: str) -> None:
    assert missing(line) == what


def test_commands_are_found_wherever_they_stand(tmp_path: Path) -> None:
    document = tmp_path / "guide.md"
    document.write_text(
        "Say `waybill up` or waybill down.\n\n"
        "    waybill keys list; waybill keys show ID   # waybill is not run here\n"
        "    KEY=$(waybill keys issue --name CI)\n"
        "    printenv KEY | waybill doctor > report\n\n"
        "```sh\nwaybill runs list && waybill audit list\n```\n"
    )
    assert list(commands_in(document)) == [
        "waybill up",
        "waybill keys list",
        "waybill keys show ID",
        "waybill keys issue --name CI",
        "waybill doctor",
        "waybill runs list",
        "waybill audit list",
    ]
