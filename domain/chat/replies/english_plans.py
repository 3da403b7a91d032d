"""The steps of a plan in English: what is wanted, what was begun, what could not be done, and what is left out."""

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
from domain.chat.replies.english_words import counted, enumerated
from domain.chat.replies.steps import grouped, pinned, places_of
from domain.chat.replies.wording import harmless
from domain.errors import Code

LEFT_OUT: Final[Mapping[Reason, str]] = {
    Reason.ALREADY_INSTALLED: "installed already",
    Reason.PROVIDER_INACTIVE: "the connection is not in use",
    Reason.SKILL_ARCHIVED: "the skill is archived",
    Reason.NOTHING_TO_DO: "nothing to do",
    Reason.WHOLE_RUN_ONLY: "the run is at work elsewhere, too, and is taken as a whole only",
    Reason.REFUSED: "it would be refused",
}
OTHERWISE: Final = "it is not possible"


def wanted(plan: Plan) -> list[str]:
    return [_together(steps) for steps in grouped(plan)]


def done(step: AnyStep) -> str:
    match step:
        case InstallStep():
            return f"Installing {pinned(step)} at {_places(step)}: run {step.run_id}."
        case UninstallStep():
            return f"Removing {pinned(step)} from {_places(step)}: run {step.run_id}."
        case CancelStep():
            return f"Cancelled run {step.cancelled} ({pinned(step)} at {_places(step)}): nothing more of it is begun."
        case RetryStep():
            return (
                f"Trying {pinned(step)} again at {_places(step)}: run {step.run_id}, of what failed in {step.retried}."
            )
        case RollbackStep():
            return f"Taking back {pinned(step)} at {_places(step)}: run {step.run_id}, which undoes {step.taken_back}."
        case VerifyStep():
            return f"Checked the connection {_places(step)}."
        case _:
            assert_never(step)


def undone(step: AnyStep, code: Code) -> str:
    return f"Could not {_phrase(step)}: {code}."


def left_out(skipped: Skipped) -> str:
    what = " at ".join(harmless(name) for name in (skipped.skill, skipped.provider) if name is not None)
    run = f"run {skipped.run_id}" if skipped.run_id is not None else ""
    if skipped.reason is Reason.ALREADY_RUNNING:
        return ": ".join(part for part in (what, f"{run or 'a run'} is at it already") if part)
    code = f" ({skipped.code})" if skipped.code is not None else ""
    about = ", ".join(part for part in (what, run) if part) or "some of it"
    return f"{about}: {LEFT_OUT.get(skipped.reason, OTHERWISE)}{code}"


def _together(steps: Sequence[AnyStep]) -> str:
    first = steps[0]
    if not isinstance(first, UninstallStep) or len(steps) == 1:
        return _phrase(first)
    return f"remove {pinned(first)} from {_places(*steps)} ({counted(len(steps), 'place')})"


def _phrase(step: AnyStep) -> str:
    match step:
        case InstallStep():
            many = f" ({counted(len(step.providers), 'place')})" if len(step.providers) > 1 else ""
            return f"install {pinned(step)} at {_places(step)}{many}"
        case UninstallStep():
            return f"remove {pinned(step)} from {_places(step)}"
        case CancelStep():
            return f"cancel run {step.cancelled} ({pinned(step)} at {_places(step)})"
        case RetryStep():
            return f"try {pinned(step)} again at {_places(step)}, where run {step.retried} failed"
        case RollbackStep():
            return f"take back run {step.taken_back} ({pinned(step)} at {_places(step)}), to what was there before"
        case VerifyStep():
            return f"check the connection {_places(step)}"
        case _:
            assert_never(step)


def _places(*steps: AnyStep) -> str:
    return enumerated(places_of(*steps))
