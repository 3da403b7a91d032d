"""How Waybill itself is doing, and what of it is worth an alert: a part that nobody runs, what falls behind, a key that expires."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct

from domain.alert.decisions import Condition
from domain.alert.events import Facts
from domain.alert.findings import Finding, Lasting, Trouble, timestamp
from domain.alert.rules import Expiring, RuleName, Rules
from domain.events import Role


class Part(Struct, frozen=True, kw_only=True):
    """A part that one process at a time is. `holder` is the last one, `position` how far it has come."""

    name: str
    holder: str | None
    held: bool
    position: int


class ReadModelPlace(Struct, frozen=True, kw_only=True):
    """`parked_event` is the event that it could not take."""

    name: str
    position: int
    parked_event: UUID | None


class KeyInUse(Struct, frozen=True, kw_only=True):
    """An API key that somebody uses, and that ends."""

    id: str
    name: str
    role: Role
    expires_at: datetime
    used_at: datetime


class Situation(Struct, frozen=True, kw_only=True):
    """`head` is the position of the newest event, `sealed` how many events the newest checkpoint is over."""

    head: int
    sealed: int
    parts: Sequence[Part]
    read_models: Sequence[ReadModelPlace]
    keys: Sequence[KeyInUse] = ()
    nats_connected: bool = True


class Waybill:
    """What is wrong with Waybill itself, by rule. A lag whose part nobody runs is not said beside that: it is the same thing."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._lasting = {
            RuleName.PROJECTION_LAG: Lasting(after_seconds=rules.projection_lag.after_seconds),
            RuleName.RELAY_LAG: Lasting(after_seconds=rules.relay_lag.after_seconds),
            RuleName.CHECKPOINT_LAG: Lasting(after_seconds=rules.checkpoint_lag.after_seconds),
            RuleName.PART_MISSING: Lasting(after_seconds=rules.part_missing.after_seconds),
            RuleName.NATS_OFFLINE: Lasting(after_seconds=rules.nats_offline.after_seconds),
        }

    def findings(
        self, name: RuleName, situation: Situation, *, now: datetime, opened: Collection[str]
    ) -> Iterator[Finding]:
        troubles = self._troubles(name, situation, opened)
        for subject, trouble in self._lasting[name].those(troubles, now=now, opened=opened):
            yield Finding(condition=Condition(rule=name, subject=subject, facts=trouble.facts))

    def _troubles(self, name: RuleName, situation: Situation, opened: Collection[str]) -> Mapping[str, Trouble]:
        match name:
            case RuleName.PROJECTION_LAG:
                return {**self._behind(name, situation, opened), **_parked(situation)}
            case RuleName.PART_MISSING:
                return _missing(situation)
            case RuleName.NATS_OFFLINE:
                return {} if situation.nats_connected else {"store": Trouble(facts={"server": "nats"})}
            case _:
                return self._behind(name, situation, opened)

    def _behind(self, name: RuleName, situation: Situation, opened: Collection[str]) -> Mapping[str, Trouble]:
        rule = {
            RuleName.PROJECTION_LAG: self._rules.projection_lag,
            RuleName.RELAY_LAG: self._rules.relay_lag,
        }.get(name, self._rules.checkpoint_lag)
        return {
            subject: Trouble(facts={"lagEvents": lag, "position": situation.head - lag, "part": part}, size=lag)
            for subject, part, lag in _lags(name, situation)
            if lag > rule.events and (subject in opened or not self._explained(part, situation))
        }

    def _explained(self, part: str, situation: Situation) -> bool:
        return self._rules.part_missing.enabled and any(one.name == part and not one.held for one in situation.parts)


def _lags(name: RuleName, situation: Situation) -> Iterator[tuple[str, str, int]]:
    """What follows the events, the part that sees to it, and how many it has not come to yet."""
    if name is RuleName.PROJECTION_LAG:
        for model in situation.read_models:
            yield f"read_model:{model.name}", "projector", situation.head - model.position
    elif name is RuleName.RELAY_LAG:
        for part in situation.parts:
            if part.name == "relay":
                yield "part:relay", "relay", situation.head - part.position
    else:
        yield "part:notary", "notary", situation.head - situation.sealed


def _parked(situation: Situation) -> Mapping[str, Trouble]:
    return {
        f"read_model:{model.name}": Trouble(
            facts={
                "lagEvents": situation.head - model.position,
                "position": model.position,
                "parkedEvent": str(model.parked_event),
            },
            certain=True,
        )
        for model in situation.read_models
        if model.parked_event is not None
    }


def _missing(situation: Situation) -> Mapping[str, Trouble]:
    return {
        f"part:{part.name}": Trouble(facts={"part": part.name, "lastHolder": part.holder})
        for part in situation.parts
        if not part.held
    }


def credential_expiring(keys: Sequence[KeyInUse], rule: Expiring, *, now: datetime) -> Iterator[Finding]:
    before = timedelta(seconds=rule.before_seconds)
    for key in keys:
        if now < key.expires_at <= now + before and key.used_at > now - before:
            facts: Facts = {
                "name": key.name,
                "role": key.role.value,
                "expiresAt": timestamp(key.expires_at),
                "lastUsedAt": timestamp(key.used_at),
            }
            yield Finding(
                condition=Condition(rule=RuleName.CREDENTIAL_EXPIRING, subject=f"api_key:{key.id}", facts=facts)
            )
