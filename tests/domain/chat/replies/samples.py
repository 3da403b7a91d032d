"""What may have become of a message, for the answers to be made of."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from domain.chat.facts import (
    DeedFact,
    DeedsFound,
    Found,
    HelpFound,
    InstallationFact,
    InstallationsFound,
    ProviderFact,
    ProvidersFound,
    RunFact,
    RunsFound,
    SkillFact,
    SkillsFound,
    StatusFound,
    TargetFact,
)
from domain.chat.intent import Language
from domain.chat.outcome import Outcome
from domain.chat.plan import (
    AnyStep,
    CancelStep,
    InstallStep,
    PinnedProvider,
    Plan,
    RetryStep,
    RollbackStep,
    Skipped,
    UninstallStep,
    VerifyStep,
)
from domain.chat.reasons import Reason
from domain.errors import Code
from domain.install_run.state import RunStatus, TargetStatus

AT = datetime(2026, 11, 22, 15, 40, 12, tzinfo=UTC)
SKILL = "kbo-results"


def run_id(number: int) -> UUID:
    return UUID(f"0198f3c2-1234-7abc-8def-{number:012d}")


def _given(more: dict[str, Any], otherwise: dict[str, Any]) -> dict[str, Any]:
    return otherwise | more


def pinned(*names: str) -> tuple[PinnedProvider, ...]:
    return tuple(PinnedProvider(id=run_id(90 + number), name=name) for number, name in enumerate(names))


INSTALL = InstallStep(
    run_id=run_id(1), skill_id=run_id(80), skill=SKILL, version=3, digest="d", providers=pinned("openai", "claude")
)
UNINSTALLS = tuple(
    UninstallStep(
        run_id=run_id(10 + number),
        installation_id=run_id(20 + number),
        installed_by=run_id(30 + number),
        skill=SKILL,
        version=3,
        provider=name,
    )
    for number, name in enumerate(("openai", "claude", "gemini"))
)
CANCEL = CancelStep(cancelled=run_id(2), skill=SKILL, version=4, providers=("openai",))
RETRY = RetryStep(run_id=run_id(3), retried=run_id(4), skill=SKILL, version=5, providers=("claude",))
ROLLBACK = RollbackStep(run_id=run_id(5), taken_back=run_id(6), skill=SKILL, version=6, providers=pinned("gemini"))
VERIFY = VerifyStep(provider=pinned("openai")[0])
STEPS: tuple[AnyStep, ...] = (INSTALL, UNINSTALLS[0], CANCEL, RETRY, ROLLBACK, VERIFY)
SKIPPED = (
    Skipped(skill=SKILL, provider="gemini", reason=Reason.PROVIDER_INACTIVE, code=Code.CONFLICT_PROVIDER),
    Skipped(skill=SKILL, provider="claude", run_id=run_id(7), reason=Reason.ALREADY_RUNNING),
    Skipped(skill=SKILL, provider="openai", reason=Reason.ALREADY_INSTALLED),
    Skipped(skill="old", reason=Reason.SKILL_ARCHIVED, code=Code.CONFLICT_SKILL),
    Skipped(skill="large", provider="gemini", reason=Reason.REFUSED, code=Code.PROVIDER_TOO_LARGE),
    Skipped(run_id=run_id(8), reason=Reason.WHOLE_RUN_ONLY),
    Skipped(run_id=run_id(9), reason=Reason.NOTHING_TO_DO),
)


def target(name: str, status: TargetStatus = TargetStatus.SUCCESS, **more: Any) -> TargetFact:
    given: dict[str, Any] = {"code": None, "attempts": 1, "next_attempt_at": None} | more
    return TargetFact(provider_id=run_id(90), provider=name, status=status, **given)


def run(*targets: TargetFact, status: RunStatus = RunStatus.SUCCESS, **more: Any) -> RunFact:
    given: dict[str, Any] = {
        "id": run_id(1),
        "kind": "install",
        "reason": None,
        "finished_at": AT,
        "retried_by": None,
        "by": "Kim",
    } | more
    return RunFact(
        status=status, skill=SKILL, version=3, targets=targets or (target("openai"),), by_id="k1", queued_at=AT, **given
    )


def installation(provider: str = "openai", **more: Any) -> InstallationFact:
    given: dict[str, Any] = {"drift": "none", "active_run_id": None, "by": "Kim"} | more
    return InstallationFact(id=run_id(50), skill=SKILL, provider=provider, version=3, run_id=run_id(1), at=AT, **given)


def provider(name: str = "openai", **more: Any) -> ProviderFact:
    given: dict[str, Any] = {"kind": "openai", "active": True, "paused": False, "code": None} | more
    return ProviderFact(id=run_id(90), name=name, **given)


def skill(name: str = SKILL, **more: Any) -> SkillFact:
    return SkillFact(id=run_id(80), name=name, version=3, **_given(more, {"labels": {}, "archived": False}))


def deed(action: str = "install_run.queued", target: str = f"install_run:{run_id(1)}", **more: Any) -> DeedFact:
    return DeedFact(at=AT, action=action, target=target, **_given(more, {"by": "민수", "run_id": run_id(1)}))


PARTLY = run(
    target("openai"),
    target("claude", TargetStatus.FAILED, code=Code.PROVIDER_OVERLOADED, attempts=4),
    status=RunStatus.PARTIAL_FAILED,
    retried_by=run_id(3),
)
WAITING = run(
    target("gemini", TargetStatus.QUEUED, code=Code.PROVIDER_RATE_LIMIT, attempts=2, next_attempt_at=AT),
    status=RunStatus.RUNNING,
    kind="uninstall",
    finished_at=None,
)
FOUND: tuple[Found, ...] = (
    SkillsFound(items=()),
    SkillsFound(items=(skill(labels={"stable": 2}), skill("old", archived=True)), more=True),
    ProvidersFound(items=()),
    ProvidersFound(
        items=(
            provider(),
            provider("seoul", kind="claude", active=False, code=Code.PROVIDER_UNAUTHORIZED),
            provider("g", paused=True),
        )
    ),
    RunsFound(items=()),
    RunsFound(items=(PARTLY,)),
    RunsFound(items=(PARTLY, WAITING, *(run(status=status) for status in RunStatus)), more=True),
    InstallationsFound(items=()),
    InstallationsFound(items=(), absent=((SKILL, "claude"),)),
    InstallationsFound(
        items=(
            installation(),
            *(installation(drift=drift, active_run_id=run_id(2)) for drift in ("missing", "changed", "unknown")),
        ),
        absent=((SKILL, "claude"),),
    ),
    StatusFound(runs=(), installations=()),
    StatusFound(runs=(PARTLY,), installations=(installation(),), absent=((SKILL, "claude"),)),
    DeedsFound(items=()),
    DeedsFound(
        items=(
            deed(),
            deed("installation.removed", f"installation:{SKILL}@claude"),
            deed("api_key.issued", "api_key:k1"),
        )
    ),
    HelpFound(),
    HelpFound(skill=SKILL, provider="openai"),
)


def outcome(language: Language = Language.ENGLISH, **more: Any) -> Outcome:
    return Outcome(language=language, **_given(more, {"accepted": True}))


def asked(*steps: AnyStep, language: Language = Language.ENGLISH, **more: Any) -> Outcome:
    plan = Plan(steps=steps, skipped=more.pop("skipped", ()))
    given: dict[str, Any] = {"accepted": False, "reason": Reason.CONFIRMATION_REQUIRED, "expires_at": AT} | more
    return Outcome(language=language, plan=plan, **given)
