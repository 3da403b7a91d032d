"""What a tree of causes is made of: an event, why it stands where it stands, how long it took, and what else it rests on."""

from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import msgspec
from msgspec import Struct

from domain.events import Actor, Event, Recorded, UnknownEvent
from domain.install_run.events import (
    ProviderLeaseExpired,
    ProviderRescued,
    ProviderRetryScheduled,
    ProviderStarted,
    RunStarted,
)
from domain.installation.events import InstallationAwaited, InstallationReserved
from projections.run_history import run_of

# Why a node hangs where it hangs: it `begins` a tree, its cause is there, it was stored `together` with it, its `turn` came, or
# the run that was asked for there did it. What is `elsewhere` has its cause in another run, and for `lost` it was not found.
# What was given up because of a `cancel` points at it.
Because = Literal["begin", "cause", "together", "turn", "retry", "rollback", "cancel", "elsewhere", "lost"]
# What the time since the node above was spent on.
Spent = Literal["provider", "silence", "backoff", "turn", "queue", "person"]

# Whatever else an event has, like the hash of a secret or who was refused, is not needed to say why.
OF_RUNS: Final = {"kind", "skill", "targets", "retryOf", "rollbackOf", "succeeded", "failures", "reason", "runId"}
OF_TARGETS: Final = {
    "providerId",
    "attempt",
    "attempts",
    "receipt",
    "adopted",
    "dueAt",
    "leaseUntil",
    "fault",
    "ticket",
}
OF_FAILURES: Final = {"code", "message", "retryable", "ambiguous", "providerRequestId", "retryAfterSeconds"}
OF_PAIRS: Final = {"version", "removes", "kept", "drift", "settled", "discarded"}
OF_OTHERS: Final = {"until", "requested", "name", "label", "intent", "runIds", "refusals", "method", "path", "count"}
OF_ALERTS: Final = {"rule", "severity", "subject"}
SAID: Final = frozenset(OF_RUNS | OF_TARGETS | OF_FAILURES | OF_PAIRS | OF_OTHERS | OF_ALERTS)
BEGINNINGS: Final = (RunStarted, ProviderStarted)


class CauseLink(Struct, frozen=True, kw_only=True, rename="camel"):
    """What else an event rests on, outside of the tree. All but the first two are None if it is not in the store any more."""

    because: Because
    id: UUID | None
    run_id: UUID | None = None
    position: int | None = None
    event: str | None = None
    at: datetime | None = None
    say: dict[str, Any] | None = None


class CauseNode(Struct, frozen=True, kw_only=True, rename="camel"):
    """`run_id` is the run in whose history it stands, `provider` the name of the target that it is about. `after_seconds` have passed since the node above, `spent` on something that
    is known; `slow`: a large part of the time that the run took. `critical`: it decided when the run ended.

    `say` are those members of the event's data that say most.
    """

    id: UUID
    position: int
    event: str
    stream: UUID
    at: datetime
    actor: Actor
    run_id: UUID | None
    provider: str | None
    because: Because
    after_seconds: float | None
    spent: Spent | None
    slow: bool
    critical: bool
    say: dict[str, Any]
    also: tuple[CauseLink, ...]
    children: tuple["CauseNode", ...]


def name_of(recorded: Recorded) -> str:
    return recorded.topic if isinstance(recorded.event, UnknownEvent) else recorded.name


def said_of(event: Event) -> dict[str, Any]:
    if isinstance(event, UnknownEvent):
        return {}
    members: dict[str, Any] = msgspec.to_builtins(event, order="deterministic")
    return {name: value for name, value in members.items() if name in SAID and value is not None}


def link_to(recorded: Recorded, *, because: Because) -> CauseLink:
    return CauseLink(
        because=because,
        id=recorded.id,
        run_id=run_of(recorded),
        position=recorded.position,
        event=name_of(recorded),
        at=recorded.at,
        say=said_of(recorded.event),
    )


def spent_on(recorded: Recorded, above: Recorded) -> Spent | None:
    event, before = recorded.event, above.event
    if isinstance(before, InstallationAwaited) and isinstance(event, InstallationReserved):
        return "turn"
    if recorded.actor.kind == "api_key" and recorded.request_id != above.request_id:
        return "person"
    match before:
        case ProviderStarted():
            return "silence" if isinstance(event, ProviderLeaseExpired) else "provider"
        case ProviderRetryScheduled():
            return "backoff"
        case InstallationReserved() | ProviderRescued() if isinstance(event, (*BEGINNINGS, ProviderRescued)):
            return "queue"
        case _:
            return None
