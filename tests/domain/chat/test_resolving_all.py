"""What "all", "everywhere" and "except" come to."""

import pytest

from domain.chat.intent import Action
from domain.chat.outcome import Resolved, Unclear
from domain.chat.reasons import Reason
from domain.chat.resolving import resolve
from domain.chat.said import Name, Pick, Said
from tests.domain.chat.naming import catalogue, pick, said

EVERY = ["openai", "claude", "gemini"]
IN_USE = ["kbo-results", "release-notes", "claude"]
THERE = [*IN_USE, "old-report"]
NOTHING: list[str] = []


def all_but(*names: str) -> Pick:
    return pick(every=True, but=names)


@pytest.mark.parametrize(
    ("what", "skills", "providers"),
    [
        (said(skills=pick("kbo-results"), providers=all_but()), ["kbo-results"], EVERY),
        (said(skills=pick("kbo-results"), either=all_but()), ["kbo-results"], EVERY),
        (said(either=pick("kbo-results", every=True)), ["kbo-results"], EVERY),
        (said(providers=pick("openai"), either=all_but()), IN_USE, ["openai"]),
        (said(either=pick("openai", every=True)), IN_USE, ["openai"]),
        (said(skills=all_but(), providers=all_but()), IN_USE, EVERY),
        (said(skills=all_but("kbo-results"), providers=pick("openai")), IN_USE[1:], ["openai"]),
        (said(skills=pick("kbo-results"), providers=all_but("gpt")), ["kbo-results"], EVERY[1:]),
        (said(skills=pick("kbo-results"), either=all_but("gemini")), ["kbo-results"], EVERY[:2]),
        (said(skills=pick("kbo-results"), either=all_but("claude")), ["kbo-results"], ["openai", "gemini"]),
        (said(providers=pick("openai"), either=all_but("claude")), IN_USE[:2], ["openai"]),
        (said(either=pick("kbo-results", every=True, but=("gemini",))), ["kbo-results"], EVERY[:2]),
        (said(skills=pick("kbo-results"), providers=pick(but=("openai",))), ["kbo-results"], EVERY[1:]),
        (said(skills=pick("kbo-results"), providers=pick(every=True), either=pick(but=("claude",))), ["kbo-results"], ["openai", "gemini"]),
        (said(skills=pick("kbo-results"), providers=pick("claude", but=("openai",))), ["kbo-results"], ["claude"]),
        (said(skills=pick("kbo-results"), providers=pick("claude", "openai", but=("openai",))), ["kbo-results"], ["claude"]),
        (said(skills=pick("kbo-results"), providers=pick("openai"), either=all_but()), ["kbo-results"], ["openai"]),
        (said(Action.UNINSTALL, either=all_but()), THERE, NOTHING),
        (said(Action.UNINSTALL, providers=pick("openai"), either=all_but()), THERE, ["openai"]),
        (said(Action.UNINSTALL, skills=all_but("kbo-results")), THERE[1:], NOTHING),
        (said(Action.STATUS, providers=pick("openai"), either=all_but()), THERE, ["openai"]),
        (said(Action.CANCEL, either=all_but()), NOTHING, NOTHING),
        (said(Action.RETRY, either=all_but()), NOTHING, NOTHING),
        (said(Action.VERIFY, either=all_but("openai")), NOTHING, EVERY[1:]),
        (said(Action.VERIFY, providers=pick("openai"), either=all_but()), NOTHING, ["openai"]),
    ],
)  # fmt: skip
def test_all_are_those_of_the_kind_that_nobody_named(what: Said, skills: list[str], providers: list[str]) -> None:
    found = resolve(what, catalogue(what))
    assert isinstance(found, Resolved), found
    assert [one.skill.name for one in found.skills] == skills
    assert [one.name for one in found.providers] == providers
    assert (found.intent.skills, found.intent.providers) == (tuple(skills), tuple(providers))


@pytest.mark.parametrize(
    ("what", "every_skill", "every_provider"),
    [
        (said(skills=pick("kbo-results"), either=all_but()), False, True),
        (said(providers=pick("openai"), either=all_but()), True, False),
        (said(skills=pick("kbo-results"), providers=pick("openai"), either=all_but()), False, False),
        (said(Action.UNINSTALL, either=all_but()), True, False),
        (said(Action.CANCEL, either=all_but()), False, False),
        (said(Action.VERIFY, either=all_but()), False, True),
        (said(skills=pick("kbo-results"), providers=pick(but=("openai",))), False, True),
    ],
)
def test_that_all_were_meant_is_told(what: Said, *, every_skill: bool, every_provider: bool) -> None:
    found = resolve(what, catalogue(what))
    assert isinstance(found, Resolved), found
    assert (found.every_skill, found.every_provider) == (every_skill, every_provider)


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        (said(skills=pick("kbo-results"), providers=all_but("opnai")), Reason.UNKNOWN_PROVIDER),
        (said(skills=all_but("kbo"), providers=pick("openai")), Reason.UNKNOWN_SKILL),
        (said(skills=pick("kbo-results"), either=all_but("opnai")), Reason.UNKNOWN_PROVIDER),
        (said(either=all_but("openai")), Reason.MISSING_SKILL),
        (said(Action.UNINSTALL, either=all_but("openai")), Reason.MISSING_SKILL),
        (said(skills=pick("kbo-results"), providers=all_but(*EVERY)), Reason.NOTHING_TO_DO),
        (said(skills=pick("kbo-results", but=("kbo-results",)), providers=pick("openai")), Reason.NOTHING_TO_DO),
        (said(skills=all_but(*IN_USE), providers=pick("openai")), Reason.NOTHING_TO_DO),
        (said(Action.UNINSTALL, skills=pick("kbo-results", but=("kbo-results",))), Reason.NOTHING_TO_DO),
        (said(skills=all_but(), providers=pick("openai"), ref="stable"), Reason.UNKNOWN_VERSION),
    ],
)
def test_an_exception_that_is_not_known_or_leaves_nothing_stops_it(what: Said, reason: Reason) -> None:
    found = resolve(what, catalogue(what))
    assert isinstance(found, Unclear), found
    assert found.reason is reason


def test_a_skill_that_was_named_beside_all_keeps_its_ref() -> None:
    what = said(skills=pick(Name("kbo-results", "2"), every=True), providers=pick("openai"), ref="1")
    found = resolve(what, catalogue(what))
    assert isinstance(found, Resolved), found
    refs = {one.skill.name: one.ref for one in found.skills}
    assert refs == {"kbo-results": "2", "release-notes": "1", "claude": "1"}
