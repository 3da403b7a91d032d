"""What is asked before anything is done: the command in plain words, whole and exact."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.chat.intent import Language
from domain.chat.plan import AnyStep, InstallStep, Plan, UninstallStep
from domain.chat.replies.replying import plan_words, reply
from tests.domain.chat.replies.samples import (
    CANCEL,
    INSTALL,
    RETRY,
    ROLLBACK,
    SKIPPED,
    STEPS,
    UNINSTALLS,
    VERIFY,
    asked,
    pinned,
    run_id,
)

KO, EN = Language.KOREAN, Language.ENGLISH
HOLDS_KO = "확인해 주시기 전에는 아무것도 하지 않아요. 확인 토큰은 10분 동안, 2026-11-22 15:40:12 UTC까지 쓸 수 있어요."
HOLDS_EN = (
    "Nothing is done before you confirm it. The token for that is good for 10 minutes, until 2026-11-22 15:40:12 UTC."
)


@pytest.mark.parametrize(
    ("steps", "english", "korean"),
    [
        ((INSTALL,), "Shall I install kbo-results v3 at openai and claude (2 places)?", "openai와 claude 2곳에 kbo-results v3을 설치할까요?"),
        (UNINSTALLS[:1], "Shall I remove kbo-results v3 from openai?", "openai에서 kbo-results v3을 제거할까요?"),
        (UNINSTALLS, "Shall I remove kbo-results v3 from openai, claude and gemini (3 places)?", "openai, claude와 gemini 3곳에서 kbo-results v3을 제거할까요?"),
        ((CANCEL,), f"Shall I cancel run {run_id(2)} (kbo-results v4 at openai)?", f"실행 {run_id(2)}(kbo-results v4, openai)의 작업을 취소할까요?"),
        ((RETRY,), f"Shall I try kbo-results v5 again at claude, where run {run_id(4)} failed?", f"실행 {run_id(4)}에서 실패한 claude의 kbo-results v5를 재시도할까요?"),
        ((ROLLBACK,), f"Shall I take back run {run_id(6)} (kbo-results v6 at gemini), to what was there before?", f"실행 {run_id(6)}(kbo-results v6, gemini)의 결과를 이전 상태로 롤백할까요?"),
        ((VERIFY,), "Shall I check the connection openai?", "openai 연결을 확인할까요?"),
    ],
    ids=["install", "uninstall", "uninstall at several", "cancel", "retry", "rollback", "verify"],
)  # fmt: skip
def test_one_thing_is_asked_in_one_sentence(steps: tuple[AnyStep, ...], english: str, korean: str) -> None:
    assert reply(asked(*steps)).splitlines() == [english, HOLDS_EN]
    assert reply(asked(*steps, language=KO)).splitlines() == [korean, HOLDS_KO]


def test_several_things_are_counted_and_listed_with_what_is_left_out() -> None:
    english = reply(asked(INSTALL, *UNINSTALLS[:1], skipped=SKIPPED[:2], unsure=("instal", "opnai"))).splitlines()
    assert english == [
        "I am not sure that I read “instal” and “opnai” right.",
        "Shall I do these 2 things?",
        "- install kbo-results v3 at openai and claude (2 places)",
        "- remove kbo-results v3 from openai",
        "Left out:",
        "- kbo-results at gemini: the connection is not in use (conflict:providers)",
        f"- kbo-results at claude: run {run_id(7)} is at it already",
        HOLDS_EN,
    ]
    korean = reply(asked(INSTALL, *UNINSTALLS[:1], skipped=SKIPPED[:2], unsure=("설치헤",), language=KO)).splitlines()
    assert korean == [
        "“설치헤” 부분은 제대로 이해했는지 확실하지 않아요.",
        "다음 2가지를 할까요?",
        "- openai와 claude 2곳에 kbo-results v3을 설치",
        "- openai에서 kbo-results v3을 제거",
        "제외한 것:",
        "- gemini의 kbo-results: 사용하지 않는 연결이에요 (conflict:providers)",
        f"- claude의 kbo-results: 이미 진행 중이에요 (실행 {run_id(7)})",
        HOLDS_KO,
    ]


@pytest.mark.parametrize("language", Language)
def test_the_plan_stands_apart_from_the_question(language: Language) -> None:
    words = plan_words(Plan(steps=STEPS, skipped=SKIPPED), language).splitlines()
    assert len(words) == len(STEPS) + 1 + len(SKIPPED)
    assert all(line.startswith("- ") for line in words if line not in ("Left out:", "제외한 것:"))
    assert plan_words(Plan(), language) == ""


@pytest.mark.parametrize("language", Language)
def test_of_two_versions_each_is_asked_about(language: Language) -> None:
    older = replace(UNINSTALLS[1], version=2)
    first, second = plan_words(Plan(steps=(UNINSTALLS[0], older, UNINSTALLS[2])), language).splitlines()
    assert all(words in first for words in ("v3", "openai", "gemini"))
    assert all(words in second for words in ("v2", "claude"))


NAMES = st.from_regex(r"[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,6}){0,3}", fullmatch=True)


@settings(max_examples=50)
@given(
    language=st.sampled_from(Language),
    skill=NAMES,
    version=st.integers(1, 10_000),
    places=st.lists(NAMES, min_size=1, max_size=12, unique=True),
    removes=st.booleans(),
)
def test_whatever_is_going_to_be_done_is_named(
    language: Language, skill: str, version: int, places: list[str], *, removes: bool
) -> None:
    steps: list[AnyStep] = [
        InstallStep(
            run_id=run_id(1), skill_id=run_id(2), skill=skill, version=version, digest="d", providers=pinned(*places)
        )
    ]
    if removes:
        steps = [
            UninstallStep(
                run_id=run_id(1),
                installation_id=run_id(2),
                installed_by=run_id(3),
                skill=skill,
                version=version,
                provider=place,
            )
            for place in places
        ]
    words = reply(asked(*steps, language=language))
    assert f"{skill} v{version}" in words
    assert all(place in words for place in places)
    assert len(places) == 1 or f"{len(places)} places" in words or f"{len(places)}곳" in words
