"""Which words pick a version."""

import pytest

from domain.chat.grammar.refs import number, plain_ref, ref_beside_version, written_ref


@pytest.mark.parametrize(
    ("word", "ref"),
    [
        ("v2", "v2"),
        ("ver2", "v2"),
        ("latest", "latest"),
        ("최신", "latest"),
        ("stable", "stable"),
        ("prod", None),
        ("2", None),
    ],
)
def test_refs_that_stand_alone(word: str, ref: str | None) -> None:
    assert plain_ref(word) == ref


@pytest.mark.parametrize(
    ("word", "ref"), [("2", "2"), ("prod", "prod"), ("v2", "v2"), ("0f0f0f0f", "0f0f0f0f"), ("b_c", None)]
)
def test_refs_beside_the_word_for_it(word: str, ref: str | None) -> None:
    assert ref_beside_version(word) == ref


def test_numbers_and_written_refs() -> None:
    assert (number("12"), number("v2"), number("1234567890")) == ("12", None, None)
    assert (written_ref("최신"), written_ref("stable")) == ("latest", "stable")
