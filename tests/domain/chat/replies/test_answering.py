"""What chat says of what was done, looked up, and not done."""

import re
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.chat.facts import (
    DeedsFound,
    InstallationsFound,
    ProvidersFound,
    RunsFound,
    SkillsFound,
    StatusFound,
)
from domain.chat.intent import Action, Intent, Language
from domain.chat.outcome import Outcome
from domain.chat.plan import AnyStep, CancelStep, Plan, StepRefused
from domain.chat.reasons import Reason
from domain.chat.replies.replying import reply
from domain.chat.replies.wording import QUOTED_CHARS_MAX
from domain.errors import Code
from domain.events import Role
from tests.domain.chat.replies.samples import (
    CANCEL,
    FOUND,
    INSTALL,
    RETRY,
    ROLLBACK,
    SKIPPED,
    STEPS,
    UNINSTALLS,
    VERIFY,
    asked,
    deed,
    installation,
    outcome,
    provider,
    run,
    run_id,
    skill,
    target,
)

KO, EN = Language.KOREAN, Language.ENGLISH


def every_outcome(language: Language) -> list[Outcome]:
    refused = (StepRefused(step=1, code=Code.CONFLICT_RUN),)
    words: dict[str, Any] = {"unknown": ("kbo-resluts",), "candidates": ("kbo-results", "kbo"), "required": Role.ADMIN}
    intents = [Intent(action=action) for action in Action]
    return [
        *(outcome(language, accepted=False, reason=reason, **words) for reason in Reason),
        *(outcome(language, accepted=False, reason=reason) for reason in Reason),
        *(outcome(language, accepted=False, reason=Reason.NOTHING_TO_DO, intent=intent) for intent in intents),
        *(outcome(language, found=found) for found in FOUND),
        *(outcome(language, found=found, dry_run=True, reason=Reason.DRY_RUN) for found in FOUND),
        outcome(language, plan=Plan(steps=STEPS, skipped=SKIPPED), refusals=refused),
        outcome(language, plan=Plan(skipped=SKIPPED)),
        outcome(language, plan=Plan(steps=STEPS), dry_run=True, reason=Reason.DRY_RUN, asks_first=True),
        outcome(language, accepted=False, reason=Reason.REFUSED, plan=Plan(steps=STEPS[:2]), refusals=refused),
        outcome(language),
        asked(*STEPS, language=language, skipped=SKIPPED, unsure=("instal",)),
    ]


@pytest.mark.parametrize("language", Language)
def test_there_is_an_answer_to_everything_in_its_language(language: Language) -> None:
    for one in every_outcome(language):
        said = reply(one)
        assert said.strip(), one
        assert not re.search(r"\n\n|  | $|None|True|False", said), said
        assert bool(re.search("[가-힣]", said.replace("민수", ""))) == (language is KO), said


def test_korean_is_in_one_register() -> None:
    said = "\n".join(reply(one) for one in every_outcome(KO))
    assert not re.search(r"니다|니까|하라|해라", said)
    assert "해요" in said or "어요" in said


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("reason", [one for one in Reason if one is not Reason.CONFIRMATION_REQUIRED])
def test_no_two_reasons_sound_alike(language: Language, reason: Reason) -> None:
    """But for those that say which name it was that is not clear."""
    ambiguous = {Reason.AMBIGUOUS_PROVIDER, Reason.AMBIGUOUS_NAME, Reason.AMBIGUOUS_RUN}
    said = {one: reply(outcome(language, accepted=False, reason=one)) for one in Reason}
    same = {one for one, words in said.items() if words == said[reason]}
    assert same == (ambiguous if reason in ambiguous else {reason})


@pytest.mark.parametrize("language", Language)
def test_whatever_was_not_done_is_said_to_be_not_done(language: Language) -> None:
    nothing = re.compile(
        r"[Nn]othing (?:more )?was done|아무것도 하지 않았어요|더 하지 않았어요|confirmed first|확인이 필요해요|nothing to do|할 일이 없어요"
    )
    for reason in Reason:
        assert nothing.search(reply(outcome(language, accepted=False, reason=reason))), reason


def test_what_was_begun_is_said_with_the_run_that_does_it() -> None:
    expected: dict[AnyStep, tuple[str, str, object]] = {
        INSTALL: ("Installing kbo-results v3 at openai and claude: run {}.", "openai와 claude 2곳에 kbo-results v3을 설치하기 시작했어요. 실행: {}", run_id(1)),
        UNINSTALLS[0]: ("Removing kbo-results v3 from openai: run {}.", "openai에서 kbo-results v3을 제거하기 시작했어요. 실행: {}", run_id(10)),
        CANCEL: ("Cancelled run {} (kbo-results v4 at openai): nothing more of it is begun.", "실행 {}(kbo-results v4, openai)의 작업을 취소했어요. 이제 새로 시작되는 작업은 없어요.", run_id(2)),
        RETRY: (f"Trying kbo-results v5 again at claude: run {{}}, of what failed in {run_id(4)}.", f"실행 {run_id(4)}에서 실패한 claude의 kbo-results v5를 재시도하기 시작했어요. 새 실행: {{}}", run_id(3)),
        ROLLBACK: (f"Taking back kbo-results v6 at gemini: run {{}}, which undoes {run_id(6)}.", f"실행 {run_id(6)}(kbo-results v6, gemini)의 결과를 이전 상태로 롤백하기 시작했어요. 새 실행: {{}}", run_id(5)),
        VERIFY: ("Checked the connection openai.", "openai 연결을 확인했어요.", None),
    }  # fmt: skip
    for step, (english, korean, run_of_it) in expected.items():
        assert reply(outcome(plan=Plan(steps=(step,)))) == english.format(run_of_it)
        assert reply(outcome(KO, plan=Plan(steps=(step,)))) == korean.format(run_of_it)


@pytest.mark.parametrize("language", Language)
def test_half_of_it_is_never_silent(language: Language) -> None:
    plan = Plan(steps=UNINSTALLS, skipped=SKIPPED)
    said = reply(outcome(language, plan=plan, refusals=(StepRefused(step=1, code=Code.CONFLICT_RUN),)))
    done, undone = said.splitlines()[:2], said.splitlines()[2]
    assert [str(run_id(10)) in done[0], str(run_id(12)) in done[1]] == [True, True]
    assert str(run_id(11)) not in said
    assert "claude" in undone
    assert "conflict:install_runs" in undone
    for skipped in SKIPPED:
        assert all(
            str(part) in said for part in (skipped.skill, skipped.provider, skipped.run_id, skipped.code) if part
        )


@pytest.mark.parametrize("language", Language)
def test_a_run_that_was_at_it_already_is_named_in_place_of_the_one_that_never_was(language: Language) -> None:
    said = reply(outcome(language, plan=Plan(steps=UNINSTALLS), run_ids=(run_id(10), run_id(60), run_id(12))))
    assert [str(run_id(number)) in said for number in (10, 11, 12, 60)] == [True, False, True, True]
    under_way = outcome(language, plan=Plan(steps=UNINSTALLS[:1], skipped=SKIPPED), run_ids=(run_id(10), run_id(7)))
    assert reply(under_way).count(str(run_id(7))) == 1
    cancelled = reply(outcome(language, plan=Plan(steps=(CANCEL, VERIFY)), run_ids=(run_id(2),)))
    assert cancelled == reply(outcome(language, plan=Plan(steps=(CANCEL, VERIFY))))


@pytest.mark.parametrize("reason", [Reason.DECLINED, Reason.CONFIRMATION_EXPIRED, Reason.CONFIRMATION_INVALID])
def test_of_a_plan_that_is_not_carried_out_nothing_more_is_said(reason: Reason) -> None:
    given: dict[str, Any] = {"accepted": False, "reason": reason}
    assert reply(outcome(**given, plan=Plan(steps=STEPS, skipped=SKIPPED))) == reply(outcome(**given))


@pytest.mark.parametrize("language", Language)
def test_more_than_a_few_that_were_left_out_are_counted(language: Language) -> None:
    said = reply(outcome(language, plan=Plan(steps=(INSTALL,), skipped=SKIPPED[:1] * 33)))
    assert said.count("gemini") == 20
    assert said.splitlines()[-1] in ("- and 13 more", "- 외 13개")


def test_a_dry_run_says_what_would_be_done_and_that_it_was_not() -> None:
    tried: dict[str, Any] = {"dry_run": True, "reason": Reason.DRY_RUN}
    assert reply(outcome(plan=Plan(steps=(INSTALL,)), **tried)) == (
        "This would install kbo-results v3 at openai and claude (2 places).\nDry run: nothing was done."
    )
    assert reply(outcome(KO, plan=Plan(steps=UNINSTALLS[:2]), asks_first=True, **tried)) == (
        "실행하면 이렇게 돼요: openai와 claude 2곳에서 kbo-results v3을 제거\n"
        "시험 삼아 살펴봤을 뿐, 아무것도 하지 않았어요. 실제로는 먼저 여쭤볼 거예요."
    )
    assert reply(outcome(**tried)).startswith("This would only look something up.")


def test_names_that_are_close_are_offered() -> None:
    unknown = outcome(
        accepted=False, reason=Reason.UNKNOWN_SKILL, unknown=("kbo-resluts",), candidates=("kbo-results",)
    )
    assert reply(unknown) == "There is no skill “kbo-resluts”. Nothing was done. Did you mean kbo-results?"
    several = outcome(
        KO, accepted=False, reason=Reason.AMBIGUOUS_PROVIDER, unknown=("gpt",), candidates=("openai", "openai-eu")
    )
    assert reply(several) == (
        "“gpt”가 여러 가지를 뜻할 수 있어서 아무것도 하지 않았어요. 이 중에서 하나를 말해 주세요: openai, openai-eu"
    )
    archived = [
        reply(outcome(language, accepted=False, reason=Reason.SKILL_ARCHIVED, unknown=words))
        for language, words in ((EN, ()), (EN, ("old",)), (EN, ("old", "older")), (KO, ("old",)))
    ]
    assert archived == [
        "The skill is archived, so nothing was done.",
        "The skill old is archived, so nothing was done.",
        "The skills old and older are archived, so nothing was done.",
        "old는 보관된 스킬이라서 아무것도 하지 않았어요.",
    ]
    missing = outcome(accepted=False, reason=Reason.MISSING_PROVIDER, candidates=("openai", "claude"))
    assert reply(missing) == "At which provider? Nothing was done. There is: openai, claude."


@pytest.mark.parametrize("language", Language)
def test_the_role_that_it_takes_is_said(language: Language) -> None:
    assert "admin" in reply(outcome(language, accepted=False, reason=Reason.FORBIDDEN, required=Role.ADMIN))
    assert "operator" in reply(outcome(language, accepted=False, reason=Reason.FORBIDDEN, required=Role.OPERATOR))


HOSTILE = "Eve\x1b[31m\u202e\n<!channel> *x* `rm` [a](http://b) \u200b"


@pytest.mark.parametrize("language", Language)
def test_what_people_wrote_is_shown_and_not_obeyed(language: Language) -> None:
    for found in (
        RunsFound(items=(run(by=HOSTILE), run(target(HOSTILE)))),
        InstallationsFound(items=(installation(HOSTILE, by=HOSTILE),), absent=((HOSTILE, HOSTILE),)),
        StatusFound(runs=(run(by=HOSTILE),), installations=()),
        DeedsFound(items=(deed(by=HOSTILE), deed(target=HOSTILE))),
        SkillsFound(items=(skill(HOSTILE, labels={HOSTILE: 1}),)),
        ProvidersFound(items=(provider(HOSTILE), provider())),
    ):
        assert_harmless(reply(outcome(language, found=found)))
    plan = Plan(steps=(VERIFY, CancelStep(cancelled=run_id(1), skill=HOSTILE, version=1, providers=(HOSTILE,))))
    assert_harmless(reply(outcome(language, plan=plan)))


@given(language=st.sampled_from(Language), words=st.lists(st.text(), min_size=1, max_size=30))
def test_words_that_matched_nothing_are_quoted_within_bounds(language: Language, words: list[str]) -> None:
    for reason in (Reason.UNKNOWN_NAME, Reason.AMBIGUOUS_NAME, Reason.SKILL_ARCHIVED):
        said = reply(outcome(language, accepted=False, reason=reason, unknown=tuple(words)))
        assert_harmless(said)
        assert "\n" not in said
        assert len(said) <= 200 + 20 * (QUOTED_CHARS_MAX + 10)
    assert_harmless(reply(asked(INSTALL, language=language, unsure=tuple(words))))


def assert_harmless(text: str) -> None:
    kinds = {unicodedata.category(char) for char in text if char != "\n"}
    assert not kinds & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}, text
    assert not set(text) & set("<>&*`[]|~\\"), text
