"""The words that English is made of, in every form, and one slip of the finger."""

import pytest

from domain.chat.grammar.english.typos import verb_meant
from domain.chat.grammar.english.verbs import VERBS, forms
from domain.chat.grammar.english.words import PARTS, PHRASE_WORDS_MAX


def test_the_words_are_in_one_part_each_and_not_too_long_to_be_found() -> None:
    assert not PARTS.keys() & VERBS.keys()
    assert max(len(phrase.split()) for phrase in (*PARTS, *VERBS)) <= PHRASE_WORDS_MAX
    assert all(phrase == " ".join(phrase.lower().split()) for phrase in (*PARTS, *VERBS))


@pytest.mark.parametrize(
    ("base", "inflected"),
    [
        ("retry", {"retry", "retries", "retrying", "retried"}),
        ("push", {"push", "pushes", "pushing", "pushed"}),
        ("ship", {"ship", "ships", "shipping", "shipped"}),
        ("take off", {"take off", "takes off", "taking off", "took off", "taken off"}),
        ("cancel", {"cancel", "cancels", "cancelling", "canceling", "cancelled", "canceled"}),
        ("deploy", {"deploy", "deploys", "deploying", "deployed"}),
    ],
)
def test_verbs_are_inflected(base: str, inflected: set[str]) -> None:
    assert set(forms(base)) == inflected


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        *(
            ("instal", "install"),
            ("isntall", "install"),
            ("installl", "install"),
            ("inztall", "install"),
            ("unistall", "uninstall"),
        ),
        *(("insta", None), ("kill", None), ("instant", None), ("install-", None), ("x" * 30, None)),
    ],
)
def test_one_slip_is_forgiven(word: str, meant: str | None) -> None:
    assert verb_meant(word) == meant
