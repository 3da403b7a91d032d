"""The steps of a plan in Korean: what is wanted, what was begun, what could not be done, and what is left out."""

from collections.abc import Mapping, Sequence
from typing import Final, assert_never

from domain.chat.plan import (
    AnyStep,
    CancelStep,
    InstallStep,
    Plan,
    RetryStep,
    RollbackStep,
    Skipped,
    UninstallStep,
    VerifyStep,
)
from domain.chat.reasons import Reason
from domain.chat.replies.korean_words import enumerated
from domain.chat.replies.particles import Particle, followed
from domain.chat.replies.steps import grouped, pinned, places_of
from domain.chat.replies.wording import harmless
from domain.errors import Code

LEFT_OUT: Final[Mapping[Reason, str]] = {
    Reason.ALREADY_INSTALLED: "이미 설치되어 있어요",
    Reason.PROVIDER_INACTIVE: "사용하지 않는 연결이에요",
    Reason.SKILL_ARCHIVED: "보관된 스킬이에요",
    Reason.NOTHING_TO_DO: "할 일이 없어요",
    Reason.WHOLE_RUN_ONLY: "다른 연결에서도 작업하는 실행이라 일부만 고를 수 없어요",
    Reason.REFUSED: "거부될 작업이에요",
}
OTHERWISE: Final = "할 수 없어요"


def wanted(plan: Plan) -> list[str]:
    return [_together(steps) for steps in grouped(plan)]


def done(step: AnyStep) -> str:
    match step:
        case InstallStep() | UninstallStep():
            return f"{_phrase(step)}하기 시작했어요. 실행: {step.run_id}"
        case CancelStep():
            return f"{_phrase(step)}했어요. 이제 새로 시작되는 작업은 없어요."
        case RetryStep() | RollbackStep():
            return f"{_phrase(step)}하기 시작했어요. 새 실행: {step.run_id}"
        case VerifyStep():
            return f"{_phrase(step)}했어요."
        case _:
            assert_never(step)


def undone(step: AnyStep, code: Code) -> str:
    return f"{_phrase(step)}하지 못했어요: {code}"


def left_out(skipped: Skipped) -> str:
    what = _what(skipped)
    run = f"실행 {skipped.run_id}" if skipped.run_id is not None else ""
    if skipped.reason is Reason.ALREADY_RUNNING:
        already = f"이미 진행 중이에요 ({run})" if run else "이미 진행 중이에요"
        return ": ".join(part for part in (what, already) if part)
    code = f" ({skipped.code})" if skipped.code is not None else ""
    about = ", ".join(part for part in (what, run) if part) or "일부"
    return f"{about}: {LEFT_OUT.get(skipped.reason, OTHERWISE)}{code}"


def _what(skipped: Skipped) -> str:
    skill = harmless(skipped.skill or "")
    provider = harmless(skipped.provider or "")
    return f"{provider}의 {skill}" if skill and provider else skill or provider


def _together(steps: Sequence[AnyStep]) -> str:
    first = steps[0]
    if not isinstance(first, UninstallStep) or len(steps) == 1:
        return _phrase(first)
    return f"{_places(*steps)} {len(steps)}곳에서 {followed(pinned(first), Particle.OBJECT)} 제거"


def _phrase(step: AnyStep) -> str:
    """Ends with a noun that 하다 makes a verb of."""
    match step:
        case InstallStep():
            many = f" {len(step.providers)}곳" if len(step.providers) > 1 else ""
            return f"{_places(step)}{many}에 {followed(pinned(step), Particle.OBJECT)} 설치"
        case UninstallStep():
            return f"{_places(step)}에서 {followed(pinned(step), Particle.OBJECT)} 제거"
        case CancelStep():
            return f"실행 {step.cancelled}({pinned(step)}, {_places(step)})의 작업을 취소"
        case RetryStep():
            return f"실행 {step.retried}에서 실패한 {_places(step)}의 {followed(pinned(step), Particle.OBJECT)} 재시도"
        case RollbackStep():
            return f"실행 {step.taken_back}({pinned(step)}, {_places(step)})의 결과를 이전 상태로 롤백"
        case VerifyStep():
            return f"{_places(step)} 연결을 확인"
        case _:
            assert_never(step)


def _places(*steps: AnyStep) -> str:
    return enumerated(places_of(*steps))
