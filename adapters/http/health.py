"""`/livez` and `/readyz`: whether this process answers, and whether what it needs does."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, Literal

from litestar import Request, Response, get
from litestar.di import NamedDependency
from msgspec import Struct

from adapters.http.operations import Operation, described
from adapters.http.requests import NoParameters, QueryReader
from domain.errors import WaybillError

# Whoever asks waits a second; the rest of it is for the answer itself.
CHECK_SECONDS: Final = 0.9


class CheckOutcome(Struct, frozen=True, kw_only=True):
    """`detail` is for a person and anybody may read it. `lag_events`: how far behind; `parked`: read models by name."""

    ok: bool
    detail: str | None = None
    lag_events: int | None = None
    parked: tuple[str, ...] = ()


class Check(Struct, frozen=True, kw_only=True):
    """One thing that is asked. Without an `essential` one no request can be answered. `ask` may raise anything."""

    name: str
    essential: bool
    ask: Callable[[], Awaitable[CheckOutcome]]


class Checks(Struct, frozen=True):
    """What readiness rests on."""

    all: tuple[Check, ...]


class CheckReport(Struct, frozen=True, kw_only=True, rename="camel"):
    name: str
    status: Literal["ok", "failed", "timeout"]
    detail: str | None
    lag_events: int | None
    parked: tuple[str, ...]


class Readiness(Struct, frozen=True, kw_only=True, rename="camel"):
    """`degraded`: requests are accepted, and something is behind or away."""

    status: Literal["ready", "degraded", "unavailable"]
    checks: tuple[CheckReport, ...]


class Liveness(Struct, frozen=True, kw_only=True):
    status: Literal["alive"] = "alive"


NO_QUERY: Final = QueryReader(NoParameters)


@get(
    "/livez",
    opt=described(
        Operation(
            id="livez", summary="Whether this process answers", answers={200: ("It does.", Liveness)}, public=True
        ),
    ),
)
async def show_liveness(request: Request[Any, Any, Any]) -> Liveness:
    NO_QUERY.read(request)
    return Liveness()


@get(
    "/readyz",
    opt=described(
        Operation(
            id="readyz",
            summary="Whether what this process needs answers",
            answers={
                200: ("Requests are accepted; `degraded` if something is behind or away.", Readiness),
                503: ("Requests cannot be answered.", Readiness),
            },
            public=True,
        )
    ),
)
async def show_readiness(request: Request[Any, Any, Any], checks: NamedDependency[Checks]) -> Response[Readiness]:
    NO_QUERY.read(request)
    reports = tuple(await asyncio.gather(*(_report(check) for check in checks.all)))
    failed = {report.name for report in reports if report.status != "ok"}
    unavailable = any(check.essential and check.name in failed for check in checks.all)
    status: Literal["ready", "degraded", "unavailable"] = (
        "unavailable" if unavailable else "degraded" if failed else "ready"
    )
    return Response(Readiness(status=status, checks=reports), status_code=503 if unavailable else 200)


async def _report(check: Check) -> CheckReport:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            outcome = await check.ask()
    except TimeoutError:
        return _failed(check, "timeout", f"No answer within {CHECK_SECONDS} s.")
    except WaybillError as error:
        return _failed(check, "failed", error.detail)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer; its text may hold addresses or secrets
        return _failed(check, "failed", type(error).__name__)
    return CheckReport(
        name=check.name,
        status="ok" if outcome.ok else "failed",
        detail=outcome.detail,
        lag_events=outcome.lag_events,
        parked=outcome.parked,
    )


def _failed(check: Check, status: Literal["failed", "timeout"], detail: str) -> CheckReport:
    return CheckReport(name=check.name, status=status, detail=detail, lag_events=None, parked=())
