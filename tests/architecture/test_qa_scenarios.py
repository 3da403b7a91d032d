"""docs/qa-scenarios.md and the tests that run its scenarios name each other."""

import re

from tests.architecture.sources import ROOT

TEXT = (ROOT / "docs" / "qa-scenarios.md").read_text(encoding="utf-8")
FILES = ("test_qa.py", "test_qa_chat.py", "test_qa_evidence.py")
ACCEPTANCE = ROOT / "tests" / "acceptance"
TESTS = "".join((ACCEPTANCE / name).read_text(encoding="utf-8") for name in FILES)
ROWS = re.findall(r"^\| QA-(\d\d) \|.*\| `(test_qa_(\d\d)_\w+)` \|$", TEXT, re.MULTILINE)


def test_every_scenario_has_its_test_and_every_test_its_scenario() -> None:
    assert [name for _, name, _ in ROWS] == re.findall(r"^def (test_\w+)", TESTS, re.MULTILINE)


def test_the_numbers_run_from_one_and_stand_in_the_names() -> None:
    assert [number for number, _, _ in ROWS] == [f"{number:02}" for number in range(1, len(ROWS) + 1)]
    assert all(number == named for number, _, named in ROWS)
