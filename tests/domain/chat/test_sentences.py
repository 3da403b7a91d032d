"""What sentences come to, from the words to the names of what exists."""

from collections.abc import Mapping
from typing import Final

import pytest

from domain.provider.events import ProviderKind
from tests.domain.chat import (
    sentences_english,
    sentences_english_careful,
    sentences_english_changes,
    sentences_fresh_english,
    sentences_fresh_korean,
    sentences_fresh_later,
    sentences_further,
    sentences_korean,
    sentences_korean_careful,
    sentences_mixed,
)
from tests.domain.chat.catalogue import NAMESAKES, REGIONS, RENAMED, USUAL
from tests.domain.chat.expectations import Expected, Row, hear

MODULES: Final = (
    sentences_english,
    sentences_english_changes,
    sentences_english_careful,
    sentences_korean,
    sentences_korean_careful,
    sentences_mixed,
    sentences_further,
    sentences_fresh_english,
    sentences_fresh_korean,
    sentences_fresh_later,
)
ELSEWHERE: Final[Mapping[str, Mapping[str, ProviderKind]]] = {
    "IN_REGIONS": REGIONS,
    "RENAMED": RENAMED,
    "NAMESAKES": NAMESAKES,
}
TABLES: Final[Mapping[str, tuple[Row, ...]]] = {
    f"{module.__name__.rpartition('sentences_')[2]}.{name.lower()}": rows
    for module in MODULES
    for name, rows in vars(module).items()
    if isinstance(rows, tuple)
}
EVERY: Final = [
    pytest.param(text, expected, ELSEWHERE.get(table.rpartition(".")[2].upper(), USUAL), id=f"{table}-{at:02}")
    for table, rows in TABLES.items()
    for at, (text, expected) in enumerate(rows)
]


@pytest.mark.parametrize(("text", "expected", "connections"), EVERY)
def test_a_sentence_comes_to_what_was_meant(
    text: str, expected: Expected, connections: Mapping[str, ProviderKind]
) -> None:
    heard = hear(text, connections)

    assert expected.fits(heard), f"{text!r}: {heard}"


def test_there_are_many_sentences_and_no_two_are_the_same() -> None:
    texts = [
        (text, table if table.partition(".")[2].upper() in ELSEWHERE else "")
        for table in TABLES
        for text, _ in TABLES[table]
    ]

    assert len(texts) >= 350
    assert len(texts) == len(set(texts))
