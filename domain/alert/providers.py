"""The connections that their provider refuses or does not answer, folded from events."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.alert.decisions import Condition
from domain.alert.events import Facts
from domain.alert.findings import Cause, Finding, cause_of, timestamp
from domain.alert.rules import RuleName
from domain.errors import Code
from domain.events import Recorded
from domain.provider.events import (
    ProviderActivated,
    ProviderConnected,
    ProviderDeactivated,
    ProviderKind,
    ProviderVerificationFailed,
    ProviderVerified,
)


class Fault(Struct, frozen=True, kw_only=True):
    """Why the last verification failed, and since when none has succeeded."""

    since: datetime
    code: Code | None
    cause: Cause


class Connection(Struct, frozen=True, kw_only=True):
    """`shelved`: a person took it out of use, and knows."""

    name: str
    kind: ProviderKind
    active: bool = False
    shelved: bool = False
    fault: Fault | None = None


class FailingProviders:
    """From a failure until a verification succeeds or a person decides otherwise."""

    def __init__(self) -> None:
        self._connections: dict[UUID, Connection] = {}

    def take(self, recorded: Recorded) -> None:
        if isinstance(recorded.event, ProviderConnected):
            event = recorded.event
            self._connections[recorded.stream] = Connection(name=event.name, kind=event.kind)
        elif (connection := self._connections.get(recorded.stream)) is not None:
            self._connections[recorded.stream] = _evolved(connection, recorded)

    def findings(self) -> Iterator[Finding]:
        for connection in self._connections.values():
            fault = connection.fault
            if fault is None or connection.shelved:
                continue
            facts: Facts = {
                "kind": connection.kind,
                "code": fault.code,
                "active": connection.active,
                "since": timestamp(fault.since),
            }
            condition = Condition(rule=RuleName.PROVIDER_FAILING, subject=f"provider:{connection.name}", facts=facts)
            yield Finding(condition=condition, cause=fault.cause)


def _evolved(connection: Connection, recorded: Recorded) -> Connection:
    before = connection.fault
    since = before.since if before else recorded.at
    match recorded.event:
        case ProviderVerificationFailed(code=code):
            return replace(connection, fault=Fault(since=since, code=code, cause=cause_of(recorded)))
        case ProviderDeactivated(requested=False):
            fault = before or Fault(since=since, code=None, cause=cause_of(recorded))
            return replace(connection, active=False, fault=fault)
        case ProviderDeactivated():
            return replace(connection, active=False, shelved=True)
        case ProviderActivated():
            return replace(connection, active=True, shelved=False, fault=None)
        case ProviderVerified():
            return replace(connection, fault=None)
        case _:
            return connection
