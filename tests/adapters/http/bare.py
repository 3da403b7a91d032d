"""The API with nothing behind it, for what never gets that far."""

import asyncio
from collections.abc import Sequence
from typing import Any

from litestar.types import ASGIApp

from adapters.http.app import build_app
from adapters.http.application import Application
from adapters.http.authentication import Authenticator
from adapters.http.denials import Denials
from adapters.http.health import Check, CheckOutcome
from adapters.http.observation import UNOBSERVED, Observation
from adapters.http.pages import Cursors
from commands.record_denial import RecordDenial
from domain.events import Actor, Context, Role


def bare_application() -> Application:
    nothing: dict[str, Any] = dict.fromkeys(Application.__struct_fields__)
    return Application(**nothing | {"base_urls": {}, "cursors": Cursors(lambda: ["a key of tests"])})


async def admit(_: str | None) -> Actor:
    """Everybody is an admin."""
    return Actor(kind="api_key", id="admin", name="admin", role=Role.ADMIN)


async def forget(_: RecordDenial, __: Context) -> None:
    """Denials are not what is looked at."""


def bare_app(
    *,
    authenticate: Authenticator = admit,
    checks: Sequence[Check] = (),
    observation: Observation = UNOBSERVED,
    requests_per_second: int = 0,
) -> ASGIApp:
    return build_app(
        application=bare_application(),
        authenticate=authenticate,
        denials=Denials(record=forget),
        checks=checks,
        version="0.0.0",
        observation=observation,
        requests_per_second=requests_per_second,
    )


def check(name: str, outcome: CheckOutcome | Exception | None, *, essential: bool = False) -> Check:
    """None: it never answers."""

    async def answer() -> CheckOutcome:
        if outcome is None:
            await asyncio.Event().wait()
        if isinstance(outcome, Exception):
            raise outcome
        assert outcome is not None
        return outcome

    return Check(name=name, essential=essential, ask=answer)
