"""Every sentence of docs/chatops.md means what it says there, every action and every reason has its place in it."""

import re
from typing import Final

import pytest

from domain.chat.grammar.parsing import parse
from domain.chat.intent import Action
from domain.chat.reasons import Reason
from tests.architecture.sources import ROOT

TEXT: Final = (ROOT / "docs" / "chatops.md").read_text(encoding="utf-8")
ENGLISH, KOREAN = (half for half in TEXT.split("## 한국어 안내"))
SENTENCE: Final = re.compile(r"^\| ([^|`]+?) \| ([a-z]+) \|$", re.MULTILINE)
SENTENCES: Final = SENTENCE.findall(TEXT)


@pytest.mark.parametrize(("sentence", "action"), SENTENCES)
def test_a_sentence_of_the_guide_means_what_it_says(sentence: str, action: str) -> None:
    said = parse(sentence)
    assert (said.action, said.obstacle, said.unsure, said.polite) == (action, None, (), False)


@pytest.mark.parametrize("half", [ENGLISH, KOREAN], ids=["english", "korean"])
def test_the_guide_has_a_sentence_for_every_action(half: str) -> None:
    assert {action for _, action in SENTENCE.findall(half)} == {*Action} - {Action.NONE}


def test_the_guide_explains_every_reason() -> None:
    table = TEXT.partition("| `reason` |")[2].partition("\n\n")[0]
    explained = [word for line in table.splitlines() for word in re.findall(r"`([a-z_]+)`", line.partition(" | ")[0])]
    assert sorted(explained) == sorted(Reason)
