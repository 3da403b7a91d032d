"""`/livez` and `/readyz`: whether this process answers, and whether what it needs does."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any, Final, Literal

from litestar import Request, Response, get
from litestar.di import NamedDependency
from msgspec import UNSET, Struct, UnsetType

from adapters.http.health_details import AskDetails, Details
from adapters.http.momentary import Momentary
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


class CheckReport(Struct, frozen=True, kw_only=True, rename="camel"):
    name: str
    status: Literal["ok", "failed", "timeout"]
    detail: str | None
    lag_events: int | None
    parked: tuple[str, ...]


class Readiness(Struct, frozen=True, kw_only=True, rename="camel"):
    """`degraded`: requests are accepted, and something is behind or away. `details` are there if they were asked for."""

    status: Literal["ready", "degraded", "unavailable"]
    checks: tuple[CheckReport, ...]
    details: Details | UnsetType = UNSET


class Verbosity(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`?verbose` alone is a yes."""

    verbose: Literal["", "true", "false"] = "false"


class Checks:
    """What readiness rests on. Nobody can have it looked at more often than `Momentary` does."""

    def __init__(self, checks: Sequence[Check], details: AskDetails | None = None) -> None:
        self._checks = tuple(checks)
        self._ask_details = details
        self._reports = Momentary(self._report_all)
        self._details = Momentary(self._find_details)

    async def reports(self) -> tuple[CheckReport, ...]:
        return await self._reports()

    async def details(self) -> Details | UnsetType:
        return await self._details()

    def is_unavailable(self, failed: Collection[str]) -> bool:
        return any(check.essential and check.name in failed for check in self._checks)

    async def _report_all(self) -> tuple[CheckReport, ...]:
        return tuple(await asyncio.gather(*(_report(check) for check in self._checks)))

    async def _find_details(self) -> Details | UnsetType:
        return UNSET if self._ask_details is None else await self._ask_details()


class Liveness(Struct, frozen=True, kw_only=True):
    status: Literal["alive"] = "alive"


NO_QUERY: Final = QueryReader(NoParameters)
VERBOSITY: Final = QueryReader(Verbosity)


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
            parameters=Verbosity,
            public=True,
        )
    ),
)
async def show_readiness(request: Request[Any, Any, Any], checks: NamedDependency[Checks]) -> Response[Readiness]:
    verbose = VERBOSITY.read(request).verbose != "false"
    details: Details | UnsetType = UNSET
    if verbose:
        reports, details = await asyncio.gather(checks.reports(), checks.details())
    else:
        reports = await checks.reports()
    failed = {report.name for report in reports if report.status != "ok"}
    unavailable = checks.is_unavailable(failed)
    status: Literal["ready", "degraded", "unavailable"] = (
        "unavailable" if unavailable else "degraded" if failed else "ready"
    )
    return Response(Readiness(status=status, checks=reports, details=details), status_code=503 if unavailable else 200)


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
