"""A run's events as the API gives them, each so many milliseconds after noon."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from domain.errors import Code
from domain.events import Event as DomainEvent
from domain.install_run.events import (
    ProviderFailed,
    ProviderRetryScheduled,
    ProviderStarted,
    ProviderSucceeded,
    RunQueued,
    SkillPin,
    Target,
    TicketTaken,
)
from domain.install_run.policy import Policy
from domain.installation.events import InstallationAwaited, InstallationEvent, InstallationReserved, Receipt
from domain.installation.state import installation_stream
from tests.workers.terminal.answered import NOON
from workers.terminal.answers import Event, understood

RUN, SKILL, OPENAI, CLAUDE, ATTEMPT = (UUID(int=number) for number in range(1, 6))
RECEIPT = Receipt(remote_id="skill_1", remote_version="2")


def queued(*names: str) -> RunQueued:
    """For openai, or for connections of these names, whose ids are in the same order."""
    ids = (OPENAI, CLAUDE, *(UUID(int=number) for number in range(100, 200)))
    targets = tuple(
        Target(id=one, name=name, kind="openai") for one, name in zip(ids, names or ("openai",), strict=False)
    )
    pin = SkillPin(id=SKILL, name="a-skill", version=3, digest="sha256:00", ref="latest")
    return RunQueued(skill=pin, targets=targets, policy=Policy())


def awaited() -> InstallationAwaited:
    return InstallationAwaited(run_id=RUN, version=3)


def reserved(provider: UUID = OPENAI) -> InstallationReserved:
    return InstallationReserved(run_id=RUN, skill_id=SKILL, provider_id=provider, version=3)


def started(
    provider: UUID = OPENAI, *, attempt: int = 1, issued: float | None = None, deliveries: int = 1
) -> ProviderStarted:
    """`issued`: the milliseconds after noon of its ticket, whose number is 6 more than that of the attempt."""
    at = None if issued is None else NOON + timedelta(milliseconds=issued)
    ticket = None if at is None else TicketTaken(sequence=attempt + 6, deliveries=deliveries, issued_at=at)
    return ProviderStarted(
        provider_id=provider, attempt_id=ATTEMPT, attempt=attempt, since=NOON, lease_until=NOON, ticket=ticket
    )


def failed(provider: UUID = OPENAI, *, final: bool = False, **more: Any) -> ProviderFailed:
    facts: dict[str, Any] = {"code": Code.PROVIDER_TIMEOUT, "message": "", "retryable": True, "ambiguous": False} | more
    return ProviderFailed(provider_id=provider, attempt_id=ATTEMPT, final=final, **facts)


def retrying(provider: UUID = OPENAI, *, due: float, attempt: int = 2) -> ProviderRetryScheduled:
    """`due` is in milliseconds after noon."""
    return ProviderRetryScheduled(provider_id=provider, attempt=attempt, due_at=NOON + timedelta(milliseconds=due))


def succeeded(provider: UUID = OPENAI) -> ProviderSucceeded:
    return ProviderSucceeded(provider_id=provider, attempt_id=ATTEMPT, receipt=RECEIPT)


def said(
    event: DomainEvent,
    milliseconds: float = 0,
    *,
    position: int = 1,
    provider: UUID = OPENAI,
    cause: str | None = None,
) -> Event:
    """`provider` is where, for an event of what is installed there. Its id is its position."""
    stream = installation_stream(SKILL, provider) if isinstance(event, InstallationEvent) else RUN
    return understood(
        {
            "id": str(position),
            "position": position,
            "event": type(event).__name__,
            "stream": str(stream),
            "at": NOON + timedelta(milliseconds=milliseconds),
            "actor": {"kind": "system", "id": "installer", "name": "installer"},
            "causationId": cause,
            "data": msgspec.to_builtins(event),
        },
        Event,
    )


def story(*told: tuple[float, DomainEvent]) -> list[Event]:
    """These at their milliseconds, the first at position 1."""
    return [said(event, at, position=position) for position, (at, event) in enumerate(told, start=1)]
