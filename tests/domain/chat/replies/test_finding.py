"""What chat says of what was looked up: runs, what is installed where, who did it, and what can be said at all."""

import itertools
import re

import pytest

from domain.chat.facts import (
    DeedsFound,
    HelpFound,
    InstallationsFound,
    RunsFound,
    SkillsFound,
)
from domain.chat.grammar.parsing import parse
from domain.chat.intent import Action, Language
from domain.chat.replies.replying import reply
from domain.install_run.state import RunStatus, TargetStatus
from tests.domain.chat.replies.samples import (
    PARTLY,
    SKILL,
    deed,
    installation,
    outcome,
    run,
    run_id,
    skill,
    target,
)

KO, EN = Language.KOREAN, Language.ENGLISH


def test_how_a_run_stands() -> None:
    assert reply(outcome(found=RunsFound(items=(PARTLY,)))) == (
        "Installing kbo-results v3 failed in part: openai done, claude failed after 4 attempts (overloaded:provider). "
        f"Run {run_id(1)}, asked for by Kim at 2026-11-22 15:40:12 UTC, ended 2026-11-22 15:40:12 UTC, "
        f"tried again as run {run_id(3)}."
    )
    assert reply(outcome(KO, found=RunsFound(items=(PARTLY,)))) == (
        "kbo-results v3 설치에 일부 실패했어요: openai 완료, claude 4번 시도 후 실패 (overloaded:provider). "
        f"실행 {run_id(1)}, Kim이 2026-11-22 15:40:12 UTC에 요청, 2026-11-22 15:40:12 UTC 종료, "
        f"실행 {run_id(3)}에서 재시도."
    )


@pytest.mark.parametrize("language", Language)
def test_statuses_are_words_and_all_different(language: Language) -> None:
    runs = [reply(outcome(language, found=RunsFound(items=(run(status=status),)))) for status in RunStatus]
    targets = [
        reply(outcome(language, found=RunsFound(items=(run(target("openai", status)),)))) for status in TargetStatus
    ]
    assert len(set(runs)) == len(RunStatus)
    assert len(set(targets)) == len(TargetStatus)
    assert not re.search("partial_failed|success|queued|running", "".join(runs + targets))


def test_where_something_is_and_where_it_is_not() -> None:
    found = InstallationsFound(items=(installation(),), absent=(("kbo-results", "claude"),))
    assert reply(outcome(found=found)).splitlines() == [
        f"kbo-results v3 is installed at openai. Run {run_id(1)} put it there at 2026-11-22 15:40:12 UTC, asked for by Kim.",
        "kbo-results is not installed at claude.",
    ]
    nothing = InstallationsFound(items=())
    assert reply(outcome(found=nothing)) == "Nothing is installed there."
    assert reply(outcome(KO, found=nothing)) == "설치된 것이 없어요."
    gone = InstallationsFound(items=(installation(drift="missing", active_run_id=run_id(2)),))
    assert reply(outcome(found=gone)).startswith("kbo-results v3 was installed at openai, but it is gone there. ")
    assert reply(outcome(KO, found=gone)) == (
        f"openai에 kbo-results v3을 설치했지만 지금은 그곳에 없어요. 실행 {run_id(1)}, Kim이 2026-11-22 15:40:12 UTC에 요청. "
        f"지금 실행 {run_id(2)}도 작업 중이에요."
    )


PAIR = f"installation:{SKILL}@claude"
WHO = {
    "asked": (deed(target=PAIR), "asked to have kbo-results installed at claude (run {run})", "claude에 kbo-results를 설치하도록 요청했어요 (실행 {run})"),
    "installed": (deed("installation.changed", PAIR), "installed kbo-results at claude (run {run})", "claude에 kbo-results를 설치했어요 (실행 {run})"),
    "removed": (deed("installation.removed", PAIR), "removed kbo-results from claude (run {run})", "claude에서 kbo-results를 제거했어요 (실행 {run})"),
    "cancelled": (deed("install_run.cancel_requested"), "cancelled run {run}", "{run} 실행을 취소했어요"),
    "registered": (deed("skill.registered", f"skill:{SKILL}", run_id=None), "registered the skill kbo-results", "kbo-results 스킬을 등록했어요"),
    "unknown": (deed("api_key.issued", "api_key:k1", run_id=None), "api_key.issued the API key k1", "k1 API 키: api_key.issued"),
}  # fmt: skip


@pytest.mark.parametrize("done", WHO)
def test_who_did_it(done: str) -> None:
    fact, english, korean = WHO[done]
    found = DeedsFound(items=(fact,))
    assert reply(outcome(found=found)) == f"2026-11-22 15:40:12 UTC: 민수 {english.format(run=run_id(1))}."
    assert reply(outcome(KO, found=found)) == f"2026-11-22 15:40:12 UTC에 민수가 {korean.format(run=run_id(1))}."


@pytest.mark.parametrize("language", Language)
def test_everything_that_was_found_is_in_the_answer(language: Language) -> None:
    for first, second in itertools.product(("a-skill", "b-skill"), repeat=2):
        said = reply(outcome(language, found=SkillsFound(items=(skill(first), skill(second)))))
        assert first in said
        assert second in said
    many = SkillsFound(items=tuple(skill(f"skill-{number}") for number in range(50)))
    assert "skill-19" in reply(outcome(language, found=many))
    assert re.search("and 30 more|외 30개", reply(outcome(language, found=many)))


@pytest.mark.parametrize("language", Language)
def test_what_help_says_can_be_said(language: Language) -> None:
    _, *examples = reply(outcome(language, found=HelpFound(skill=SKILL, provider="openai"))).splitlines()
    heard = [parse(example.removeprefix("- ")) for example in examples]
    assert [(one.language, one.obstacle, one.unsure) for one in heard] == [(language, None, ())] * len(examples)
    assert [one.action for one in heard] == [
        Action.INSTALL,
        Action.STATUS,
        Action.LIST,
        Action.LIST,
        Action.SHOW,
        Action.CANCEL,
        Action.RETRY,
        Action.ROLLBACK,
        Action.UNINSTALL,
        Action.VERIFY,
        Action.WHO,
    ]
