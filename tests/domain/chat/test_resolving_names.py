"""Which skill and which connection a word means, and where that cannot be told."""

from typing import Any

import pytest
from msgspec.structs import replace

from domain.chat.intent import Action, Intent
from domain.chat.reasons import Reason
from domain.chat.said import Name, Said
from tests.domain.chat.naming import (
    CLAUDE,
    SKILLS,
    names,
    pick,
    provider,
    refusal,
    resolved,
    said,
    skill,
    unclear,
)

LOOKS = (Action.STATUS, Action.LIST, Action.SHOW, Action.WHO)
REPAIRS = (Action.CANCEL, Action.RETRY, Action.ROLLBACK)


def test_names_that_could_be_either_are_told_apart_by_what_exists() -> None:
    found = resolved(said(either=pick("openai", "kbo-results", "gemini", "release-notes")))
    assert names(found) == (["kbo-results", "release-notes"], ["openai", "gemini"])


def test_each_is_meant_once_however_often_it_is_said() -> None:
    found = resolved(said(skills=pick("kbo-results", "kbo-results"), providers=pick("openai", "gpt", "openai")))
    assert names(found) == (["kbo-results"], ["openai"])
    assert found.intent.skills == ("kbo-results",)


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("gpt", "openai"),
        ("chatgpt", "openai"),
        ("anthropic", "claude"),
        ("google", "gemini"),
        ("openai", "openai"),
    ],
)
def test_a_vendor_stands_for_its_only_connection(word: str, name: str) -> None:
    assert names(resolved(said(skills=pick("kbo-results"), providers=pick(word))))[1] == [name]


def test_a_kind_stands_for_a_connection_with_another_name() -> None:
    main = provider("main", "openai")
    assert names(resolved(said(skills=pick("kbo-results"), providers=pick("openai")), providers=(main,)))[1] == ["main"]


def test_a_connection_that_is_called_so_comes_before_the_vendor() -> None:
    gpt, other = provider("gpt", "claude"), provider("main", "openai")
    found = resolved(said(skills=pick("kbo-results"), providers=pick("gpt")), providers=(gpt, other))
    assert found.providers == (gpt,)


def test_which_of_several_connections_of_a_vendor_is_meant_is_not_guessed() -> None:
    regions = (provider("us", "openai"), provider("eu", "openai", active=False))
    for what in (said(skills=pick("kbo-results"), providers=pick("gpt")), said(either=pick("kbo-results", "gpt"))):
        assert refusal(what, providers=regions) == (Reason.AMBIGUOUS_PROVIDER, ("gpt",), ("eu", "us"))


def test_an_exception_that_could_be_several_is_not_guessed_either() -> None:
    regions = (provider("us", "openai"), provider("eu", "openai"), CLAUDE)
    what = said(skills=pick("kbo-results"), providers=pick(every=True, but=("gpt",)))
    assert refusal(what, providers=regions)[0] is Reason.AMBIGUOUS_PROVIDER


@pytest.mark.parametrize(
    ("slots", "expected"),
    [
        (
            {"skills": pick("kbo-reslts"), "providers": pick("openai")},
            (Reason.UNKNOWN_SKILL, ("kbo-reslts",), ("kbo-results",)),
        ),
        (
            {"skills": pick("kbo-results"), "providers": pick("opnai")},
            (Reason.UNKNOWN_PROVIDER, ("opnai",), ("openai",)),
        ),
        (
            {"skills": pick("kbo-results"), "either": pick("opnai")},
            (Reason.UNKNOWN_PROVIDER, ("opnai",), ("openai",)),
        ),
        ({"either": pick("kbo")}, (Reason.UNKNOWN_NAME, ("kbo",), ("kbo-results",))),
        ({"either": pick("gemin")}, (Reason.UNKNOWN_NAME, ("gemin",), ("gemini",))),
        ({"either": pick(Name("gemin", "2"))}, (Reason.UNKNOWN_SKILL, ("gemin",), ())),
        (
            {"skills": pick("kbo-results"), "providers": pick("antropic")},
            (Reason.UNKNOWN_PROVIDER, ("antropic",), ("claude",)),
        ),
        ({"skills": pick("zzz", "yyy"), "providers": pick("xxx")}, (Reason.UNKNOWN_SKILL, ("zzz", "yyy"), ())),
        ({"providers": pick(Name("openai", "2"))}, (Reason.UNKNOWN_PROVIDER, ("openai",), ("openai",))),
    ],
    ids=[
        "skill",
        "provider",
        "the-one-that-is-left",
        "either-skill",
        "either-provider",
        "with-a-ref",
        "vendor",
        "several",
        "provider-with-a-ref",
    ],
)
def test_an_unknown_name_comes_back_with_what_is_close(
    slots: dict[str, Any], expected: tuple[Reason, tuple[str, ...], tuple[str, ...]]
) -> None:
    assert refusal(said(**slots)) == expected


def test_what_is_clear_beside_an_unknown_name_is_told() -> None:
    found = unclear(said(skills=pick("zzz", Name("kbo-results", "2")), providers=pick("openai")))
    assert found.intent == Intent(action=Action.INSTALL, skills=("kbo-results",), providers=("openai",))


def test_where_the_sentence_says_what_it_is_nothing_else_is_tried() -> None:
    swapped = said(skills=pick("openai"), providers=pick("kbo-results"))
    assert refusal(swapped)[:2] == (Reason.UNKNOWN_SKILL, ("openai",))
    removed = said(Action.UNINSTALL, skills=pick("openai"))
    assert refusal(removed)[:2] == (Reason.UNKNOWN_SKILL, ("openai",))


@pytest.mark.parametrize("action", [*LOOKS, *REPAIRS])
def test_who_looks_or_repairs_may_name_whatever_there_is(action: Action) -> None:
    assert names(resolved(said(action, skills=pick("openai")))) == ([], ["openai"])
    assert names(resolved(said(action, providers=pick("kbo-results")))) == (["kbo-results"], [])
    assert names(resolved(said(action, skills=pick("old-report")))) == (["old-report"], [])
    assert names(resolved(said(action))) == ([], [])


def test_only_a_connection_is_verified_and_never_a_skill() -> None:
    assert names(resolved(said(Action.VERIFY, skills=pick("openai"), either=pick("claude")))) == (
        [],
        ["openai", "claude"],
    )
    assert refusal(said(Action.VERIFY, either=pick("kbo-results")))[:2] == (Reason.UNKNOWN_PROVIDER, ("kbo-results",))
    assert unclear(said(Action.VERIFY)).reason is Reason.MISSING_PROVIDER
    assert names(resolved(said(Action.VERIFY, either=pick(every=True))))[1] == ["openai", "claude", "gemini"]


def test_a_name_of_both_is_what_its_place_says() -> None:
    assert names(resolved(said(skills=pick("claude"), providers=pick("claude")))) == (["claude"], ["claude"])
    assert names(resolved(said(Action.STATUS, skills=pick("claude")))) == (["claude"], [])
    assert names(resolved(said(Action.STATUS, providers=pick("claude")))) == ([], ["claude"])


def test_a_name_of_both_is_what_is_still_missing() -> None:
    assert names(resolved(said(skills=pick("kbo-results"), either=pick("claude")))) == (["kbo-results"], ["claude"])
    assert names(resolved(said(providers=pick("openai"), either=pick("claude")))) == (["claude"], ["openai"])
    assert names(resolved(said(either=pick(Name("claude", "1")), providers=pick("openai")))) == (["claude"], ["openai"])


@pytest.mark.parametrize(
    "what",
    [
        said(either=pick("claude")),
        said(either=pick("claude", "kbo-results"), providers=pick("openai")),
        said(Action.STATUS, either=pick("claude")),
        said(Action.UNINSTALL, either=pick("claude")),
        said(Action.UNINSTALL, skills=pick("kbo-results"), either=pick("claude")),
        said(skills=pick("kbo-results"), either=pick(but=("claude",))),
    ],
    ids=["alone", "beside-another", "looked-at", "removed", "removed-perhaps-from-there", "excepted"],
)
def test_a_name_of_both_is_not_guessed(what: Said) -> None:
    assert refusal(what) == (Reason.AMBIGUOUS_NAME, ("claude",), ())


def test_one_skill_in_two_versions_is_not_guessed() -> None:
    what = said(skills=pick(Name("kbo-results", "2"), "kbo-results"), providers=pick("openai"))
    candidates = ("kbo-results@2", "kbo-results@latest")
    assert refusal(what) == (Reason.AMBIGUOUS_NAME, ("kbo-results",), candidates)


def test_of_what_comes_close_that_comes_first_which_its_place_says() -> None:
    skills = (skill("open-ai"), *SKILLS)
    for slot, reason, candidates in (
        ("skills", Reason.UNKNOWN_SKILL, ("open-ai", "openai")),
        ("providers", Reason.UNKNOWN_PROVIDER, ("openai", "open-ai")),
    ):
        what = replace(said(Action.SHOW), **{slot: pick("opnai")})
        assert refusal(what, skills=skills) == (reason, ("opnai",), candidates)
