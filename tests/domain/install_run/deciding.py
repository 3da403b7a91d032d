"""The decisions about a run at noon, unless a test says another time; and what a run goes back to."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from domain.errors import Code
from domain.install_run import decisions
from domain.install_run.ending import NO_UNDOES
from domain.install_run.events import ProviderFailed, ProviderSucceeded, RunEvent, Target, Undo
from domain.install_run.state import InstallRun
from tests.domain.facts import FIRST, LEASE_UNTIL, NOON, OPENAI

BACK: Final = Undo(provider_id=OPENAI.id, version=1, digest="sha256:one")
GONE: Final = Undo(provider_id=OPENAI.id)
A_MOMENT: Final = timedelta(microseconds=1)


def start(
    run: InstallRun, *, target: Target = OPENAI, attempt_id: UUID = FIRST, now: datetime = NOON
) -> tuple[RunEvent, ...]:
    return decisions.start(
        run, provider_id=target.id, attempt_id=attempt_id, now=now, since=NOON, lease_until=LEASE_UNTIL
    )


def settle(
    run: InstallRun,
    *,
    outcome: ProviderSucceeded | ProviderFailed,
    now: datetime = NOON,
    undoes: Mapping[UUID, Undo] = NO_UNDOES,
) -> tuple[RunEvent, ...]:
    return decisions.settle(run, outcome, now=now, undoes=undoes)


def expire_lease(
    run: InstallRun, *, target: Target = OPENAI, now: datetime = LEASE_UNTIL, undoes: Mapping[UUID, Undo] = NO_UNDOES
) -> tuple[RunEvent, ...]:
    return decisions.expire_lease(run, provider_id=target.id, now=now, undoes=undoes)


def expire(
    run: InstallRun, *, target: Target = OPENAI, now: datetime, undoes: Mapping[UUID, Undo] = NO_UNDOES
) -> tuple[RunEvent, ...]:
    return decisions.expire(run, provider_id=target.id, now=now, undoes=undoes)


def give_up(
    run: InstallRun, *, target: Target = OPENAI, undoes: Mapping[UUID, Undo] = NO_UNDOES
) -> tuple[RunEvent, ...]:
    """Because the connection went out of use."""
    return decisions.give_up(
        run, provider_id=target.id, code=Code.PROVIDER_UNAUTHORIZED, message=OUT_OF_USE, undoes=undoes
    )


OUT_OF_USE: Final = "The connection is out of use."


def cancel(run: InstallRun, *, undoes: Mapping[UUID, Undo] = NO_UNDOES) -> tuple[RunEvent, ...]:
    return decisions.cancel(run, undoes=undoes)


def rescue(run: InstallRun, *, target: Target = OPENAI, now: datetime = NOON) -> tuple[RunEvent, ...]:
    return decisions.rescue(run, provider_id=target.id, now=now, fault="ticket_lost")
