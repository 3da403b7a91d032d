"""Why nothing was done, in Korean."""

from collections.abc import Callable, Mapping
from typing import Final

from domain.chat.intent import Action
from domain.chat.outcome import Outcome
from domain.chat.plan import STEPS_MAX
from domain.chat.reasons import Reason
from domain.chat.replies.candidates import MISSING, TO_PICK
from domain.chat.replies.particles import Particle, followed
from domain.chat.replies.wording import harmless, quoted, shown
from domain.events import Role

NOTHING_TO_DO: Final[Mapping[Action, str]] = {
    Action.UNINSTALL: "그곳에 설치된 것이 없어서 제거할 것도 없어요.",
    Action.CANCEL: "진행 중인 실행이 없어서 취소할 것도 없어요.",
    Action.RETRY: "실패한 것이 없어서 재시도할 것도 없어요.",
    Action.ROLLBACK: "되돌릴 것이 없어요.",
}


def refused(outcome: Outcome) -> str:
    said = _SAID[outcome.reason](outcome) if outcome.reason is not None else "아무것도 하지 않았어요."
    return " ".join(part for part in (said, _candidates(outcome)) if part)


def _unknown(what: str) -> Callable[[Outcome], str]:
    def say(outcome: Outcome) -> str:
        words, _ = shown(outcome.unknown)
        named = followed(", ".join(quoted(word) for word in words), Particle.CALLED) if words else "그런"
        return f"{named} {what} 없어요. 아무것도 하지 않았어요."

    return say


def _ambiguous(outcome: Outcome) -> str:
    words, _ = shown(outcome.unknown)
    named = followed(", ".join(quoted(word) for word in words), Particle.SUBJECT) + " " if words else ""
    return f"{named}여러 가지를 뜻할 수 있어서 아무것도 하지 않았어요."


def _archived(outcome: Outcome) -> str:
    words, _ = shown(outcome.unknown)
    skills = ", ".join(harmless(word) for word in words)
    named = f"{followed(skills, Particle.TOPIC)} " if skills else ""
    return f"{named}보관된 스킬이라서 아무것도 하지 않았어요."


def _forbidden(outcome: Outcome) -> str:
    return f"이 키로는 할 수 없어요. {outcome.required or Role.ADMIN} 권한이 필요해요. 아무것도 하지 않았어요."


def _candidates(outcome: Outcome) -> str:
    if not outcome.candidates:
        return ""
    names, more = shown(outcome.candidates)
    known = ", ".join([harmless(name) for name in names]) + (f" 외 {more}개" if more else "")
    if outcome.reason in MISSING:
        return f"고를 수 있는 것: {known}"
    if outcome.reason in TO_PICK:
        return f"이 중에서 하나를 말해 주세요: {known}"
    return f"혹시 {known} 중 하나인가요?" if len(outcome.candidates) > 1 else f"혹시 {known}인가요?"


def _plain(text: str) -> Callable[[Outcome], str]:
    return lambda _: text


_SAID: Final[Mapping[Reason, Callable[[Outcome], str]]] = {
    Reason.CONFIRMATION_REQUIRED: _plain("먼저 확인이 필요해요."),
    Reason.DRY_RUN: _plain("시험 삼아 살펴봤을 뿐, 아무것도 하지 않았어요."),
    Reason.NOT_UNDERSTOOD: _plain(
        "무슨 말인지 이해하지 못해서 아무것도 하지 않았어요. “도움말”이라고 하면 할 수 있는 말을 알려 드려요."
    ),
    Reason.NEGATED: _plain("하지 말라고 하셔서 아무것도 하지 않았어요."),
    Reason.QUESTION: _plain("질문으로 이해해서 아무것도 하지 않았어요. 하려면 “설치해줘”처럼 말해 주세요."),
    Reason.SEVERAL_ACTIONS: _plain("한 번에 여러 가지를 말씀하셔서 아무것도 하지 않았어요. 하나씩 말해 주세요."),
    Reason.MISSING_SKILL: _plain("어떤 스킬인가요? 아직 아무것도 하지 않았어요."),
    Reason.MISSING_PROVIDER: _plain("어느 연결에 할까요? 아직 아무것도 하지 않았어요."),
    Reason.MISSING_RUN: _plain("어떤 실행인가요? ID나 그 앞 8자리를 알려 주세요. 아직 아무것도 하지 않았어요."),
    Reason.UNKNOWN_SKILL: _unknown("스킬은"),
    Reason.UNKNOWN_VERSION: _unknown("버전은"),
    Reason.UNKNOWN_PROVIDER: _unknown("연결은"),
    Reason.UNKNOWN_RUN: _unknown("실행은"),
    Reason.UNKNOWN_NAME: _unknown("스킬이나 연결은"),
    Reason.AMBIGUOUS_PROVIDER: _ambiguous,
    Reason.AMBIGUOUS_NAME: _ambiguous,
    Reason.AMBIGUOUS_RUN: _ambiguous,
    Reason.TOO_MANY: _plain(f"한 번에 {STEPS_MAX}단계가 넘어서 아무것도 하지 않았어요. 나누어서 말해 주세요."),
    Reason.FORBIDDEN: _forbidden,
    Reason.SKILL_ARCHIVED: _archived,
    Reason.PROVIDER_INACTIVE: _plain("사용하지 않는 연결이라서 아무것도 하지 않았어요."),
    Reason.ALREADY_RUNNING: _plain("이미 진행 중이라서 더 하지 않았어요."),
    Reason.ALREADY_INSTALLED: _plain("이미 설치되어 있어서 아무것도 하지 않았어요."),
    Reason.WHOLE_RUN_ONLY: _plain(
        "다른 연결에서도 작업하는 실행이라 일부만 고를 수 없어요. 실행 ID로 말해 주세요. 아무것도 하지 않았어요."
    ),
    Reason.NOTHING_TO_DO: lambda outcome: NOTHING_TO_DO.get(outcome.intent.action, "할 일이 없어요."),
    Reason.REFUSED: _plain("거부될 작업이라서 아무것도 하지 않았어요."),
    Reason.CONFIRMATION_INVALID: _plain(
        "무엇에 대한 대답인지 알 수 없어서 아무것도 하지 않았어요. 질문과 함께 받은 확인 토큰으로 대답해 주세요."
    ),
    Reason.CONFIRMATION_EXPIRED: _plain(
        "확인할 수 있는 시간이 지나서 아무것도 하지 않았어요. 다시 말해 주시면 새로 여쭤볼게요."
    ),
    Reason.DECLINED: _plain("네, 아무것도 하지 않았어요."),
}
