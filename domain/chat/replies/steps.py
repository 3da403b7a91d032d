"""The steps of a plan as every language speaks of them: which belong in one line, of what, and where."""

from typing import assert_never

from domain.chat.plan import (
    AnyStep,
    CancelStep,
    InstallStep,
    Plan,
    RetryStep,
    RollbackStep,
    UninstallStep,
    VerifyStep,
)
from domain.chat.replies.wording import harmless


def grouped(plan: Plan) -> list[list[AnyStep]]:
    """What is removed of one version belongs together: each place is a step of its own."""
    lines: dict[object, list[AnyStep]] = {}
    for step in plan.steps:
        together = (step.skill, step.version) if isinstance(step, UninstallStep) else step
        lines.setdefault(together, []).append(step)
    return [*lines.values()]


def pinned(step: InstallStep | UninstallStep | CancelStep | RetryStep | RollbackStep) -> str:
    return f"{harmless(step.skill)} v{step.version}"


def places_of(*steps: AnyStep) -> list[str]:
    return [harmless(name) for step in steps for name in _names(step)]


def _names(step: AnyStep) -> list[str]:
    match step:
        case UninstallStep():
            return [step.provider]
        case VerifyStep():
            return [step.provider.name]
        case InstallStep() | RollbackStep():
            return [provider.name for provider in step.providers]
        case CancelStep() | RetryStep():
            return [*step.providers]
        case _:
            assert_never(step)
