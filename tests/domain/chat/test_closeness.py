import pytest

from domain.chat.closeness import CANDIDATES_MAX, closest
from domain.chat.connections import VENDORS, connections_close, connections_meant
from domain.chat.versions import may_pick, refs_close
from tests.domain.chat.naming import PROVIDERS, provider, skill

NAMES = ("kbo-results", "kbo-results-2025", "release-notes", "pdf", "old-report")


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("kbo-reslts", ["kbo-results", "kbo-results-2025"]),
        ("kob-results", ["kbo-results", "kbo-results-2025"]),
        ("kbo", ["kbo-results", "kbo-results-2025"]),
        ("kbo_results", ["kbo-results", "kbo-results-2025"]),
        ("relase notes", ["release-notes"]),
        ("pd", ["pdf"]),
        ("report", ["old-report"]),
        ("zzz", []),
        ("야구", []),
        ("", []),
    ],
)
def test_the_closest_names_come_first(word: str, expected: list[str]) -> None:
    assert list(closest(word, NAMES)) == expected


def test_no_more_are_told_than_can_be_read_and_always_the_same() -> None:
    names = [f"skill-{number}" for number in range(50)]
    first = closest("skill", names)
    assert first == tuple(names[:CANDIDATES_MAX])
    assert closest("skill", reversed(names)) == first


def test_two_letters_of_a_name_are_a_part_of_too_many() -> None:
    assert closest("re", ["release-notes", "kbo-results"]) == ()


def test_a_word_for_a_vendor_that_is_mistyped_comes_close_to_its_connections() -> None:
    assert connections_close("antropic", PROVIDERS) == ("claude",)
    assert connections_close("opneai", (provider("main", "openai"), provider("spare", "openai"))) == ("main", "spare")
    assert connections_close("zzz", PROVIDERS) == ()


@pytest.mark.parametrize("word", sorted(VENDORS))
def test_every_word_for_a_vendor_is_one_for_its_kind(word: str) -> None:
    one = provider("main", VENDORS[word])
    other = provider("spare", "noop" if VENDORS[word] != "noop" else "openai")
    assert connections_meant(word, (one, other)) == (one,)


def test_a_ref_comes_close_to_labels_and_the_latest_version() -> None:
    one = skill("pdf", version=7, stable=3, beta=7)
    assert refs_close("stabel", one) == ("pdf@stable", "pdf@7")
    assert refs_close("v9", one) == ("pdf@7",)
    assert not may_pick("8", one)
    assert may_pick("v7", one)
