from uuid import UUID

import pytest

from domain.chat.intent import Action, Intent, Listed
from domain.chat.outcome import Resolved, Unclear, WantedSkill
from domain.chat.reasons import Reason
from domain.chat.resolving import names_in, wants_every_skill
from domain.chat.said import NAMES_MAX, Name, RunPick, Said
from tests.domain.chat.naming import (
    GEMINI,
    KBO,
    OPENAI,
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

REPAIRS = (Action.CANCEL, Action.RETRY, Action.ROLLBACK)


def test_what_is_named_is_found_with_the_ref_that_it_was_given() -> None:
    found = resolved(said(skills=pick(Name("kbo-results", "stable")), providers=pick("openai")))
    assert found == Resolved(
        intent=Intent(action=Action.INSTALL, skills=("kbo-results",), ref="stable", providers=("openai",)),
        skills=(WantedSkill(KBO, "stable"),),
        providers=(OPENAI,),
    )


@pytest.mark.parametrize(
    ("own", "common", "refs", "ref"),
    [
        ((None, None), None, [None, None], None),
        ((None, None), "latest", ["latest", "latest"], "latest"),
        (("2", None), "1", ["2", "1"], None),
        (("2", "2"), None, ["2", "2"], "2"),
        (("2", None), None, ["2", None], None),
    ],
    ids=["none", "common", "own-before-common", "the-same", "only-one"],
)
def test_a_ref_is_of_all_skills_that_have_none_of_their_own(
    own: tuple[str | None, str | None], common: str | None, refs: list[str | None], ref: str | None
) -> None:
    skills = pick(Name("kbo-results", own[0]), Name("release-notes", own[1]))
    found = resolved(said(skills=skills, providers=pick("openai"), ref=common))
    assert [one.ref for one in found.skills] == refs
    assert found.intent.ref == ref


@pytest.mark.parametrize("ref", ["latest", "stable", "3", "v3", "1", "ab12cd34", "sha256:ab12cd34"])
def test_a_ref_that_may_pick_a_version_passes(ref: str) -> None:
    assert resolved(said(skills=pick(Name("kbo-results", ref)), providers=pick("openai"))).intent.ref == ref


@pytest.mark.parametrize("action", [Action.INSTALL, Action.STATUS, Action.UNINSTALL])
@pytest.mark.parametrize("ref", ["4", "v9", "0", "stabel", "my-password", "abc"])
def test_a_ref_that_picks_nothing_goes_no_further(action: Action, ref: str) -> None:
    found = unclear(said(action, skills=pick(Name("kbo-results", ref), "release-notes"), providers=pick("openai")))
    assert (found.reason, found.unknown) == (Reason.UNKNOWN_VERSION, (f"kbo-results@{ref}",))
    assert found.intent.ref is None
    assert found.candidates[-1] == "kbo-results@3"
    assert ("kbo-results@stable" in found.candidates) == (ref == "stabel")


@pytest.mark.parametrize("action", [*REPAIRS, Action.SHOW, Action.STATUS])
def test_a_run_that_is_named_in_full_is_told(action: Action) -> None:
    run = UUID("0198c0de-0000-7000-8000-000000000001")
    assert resolved(said(action, runs=RunPick(ids=(str(run),)))).intent.run_id == run
    assert resolved(said(action, runs=RunPick(ids=("0198c0de",)))).intent.run_id is None
    assert resolved(said(action, runs=RunPick(ids=(str(run), str(run))))).intent.run_id is None


@pytest.mark.parametrize(
    ("what", "reason", "candidates"),
    [
        (said(), Reason.MISSING_SKILL, ()),
        (said(providers=pick("openai")), Reason.MISSING_SKILL, ()),
        (said(either=pick(every=True)), Reason.MISSING_SKILL, ()),
        (said(skills=pick("kbo-results")), Reason.MISSING_PROVIDER, ("openai", "gemini")),
        (said(Action.UNINSTALL), Reason.MISSING_SKILL, ()),
        (said(Action.UNINSTALL, providers=pick("openai")), Reason.MISSING_SKILL, ()),
    ],
    ids=["both", "skill", "all-of-what", "provider", "nothing-removed", "removed-from"],
)
def test_what_is_missing_is_asked_for(what: Said, reason: Reason, candidates: tuple[str, ...]) -> None:
    providers = (OPENAI, provider("claude", "claude", active=False), GEMINI)
    assert refusal(what, providers=providers) == (reason, (), candidates)


def test_what_a_run_put_there_is_removed_without_a_name() -> None:
    assert names(resolved(said(Action.UNINSTALL, runs=RunPick(last=True)))) == ([], [])


def test_a_skill_that_is_archived_is_not_installed_and_all_else_may_be_done_with_it() -> None:
    what = said(skills=pick("kbo-results", "old-report"), providers=pick("openai"))
    assert refusal(what) == (Reason.SKILL_ARCHIVED, ("old-report",), ())
    assert names(resolved(said(Action.UNINSTALL, skills=pick("old-report"))))[0] == ["old-report"]


def test_too_many_names_are_not_looked_at() -> None:
    named = [f"skill-{number}" for number in range(NAMES_MAX)]
    skills = tuple(skill(name) for name in named)
    what = said(skills=pick(*named[1:]), providers=pick("openai"))
    assert len(resolved(what, skills=skills).skills) == NAMES_MAX - 1
    assert refusal(said(skills=pick(*named), providers=pick("openai")), skills=skills)[0] is Reason.TOO_MANY
    found = unclear(said(skills=pick(every=True), providers=pick("openai")), skills=(*skills, *SKILLS))
    assert found.reason is Reason.TOO_MANY
    assert found.intent.skills == ()


@pytest.mark.parametrize("obstacle", [Reason.NEGATED, Reason.QUESTION, Reason.SEVERAL_ACTIONS, Reason.NOT_UNDERSTOOD])
def test_where_the_sentence_itself_is_the_obstacle_nothing_is_looked_up(obstacle: Reason) -> None:
    assert unclear(said(obstacle=obstacle, skills=pick("zzz"))) == Unclear(reason=obstacle)


def test_no_action_is_nothing_understood_and_help_needs_nothing() -> None:
    assert unclear(said(Action.NONE)) == Unclear(reason=Reason.NOT_UNDERSTOOD)
    assert resolved(said(Action.HELP, either=pick("zzz"))) == Resolved(intent=Intent(action=Action.HELP))


def test_what_a_list_is_of_is_kept() -> None:
    assert resolved(said(Action.LIST, listed=Listed.RUNS)).intent == Intent(action=Action.LIST, listed=Listed.RUNS)


def test_everything_that_may_be_a_skill_is_asked_for() -> None:
    what = said(skills=pick("a", but=("b",)), providers=pick("c", but=("d",)), either=pick(Name("e", "1"), but=("f",)))
    assert names_in(what) == {"a", "b", "c", "d", "e", "f"}


@pytest.mark.parametrize(
    ("what", "wants"),
    [
        (said(skills=pick(every=True)), True),
        (said(skills=pick(but=("a",))), True),
        (said(either=pick(every=True)), True),
        (said(either=pick(but=("a",))), True),
        (said(skills=pick("a"), either=pick(every=True)), False),
        (said(skills=pick("a"), providers=pick(every=True)), False),
    ],
)
def test_all_skills_are_asked_for_where_they_may_be_meant(what: Said, *, wants: bool) -> None:
    assert wants_every_skill(what) is wants
