"""`/api/incidents`"""

from typing import Annotated, Any, Final
from uuid import UUID

from litestar import Request, Response, post
from litestar.di import NamedDependency
from msgspec import Meta, Struct

from adapters.http.application import Application
from adapters.http.authentication import Requires, context_of
from adapters.http.operations import Binary, Header, Operation, described
from adapters.http.requests import BodyReader, NoParameters, QueryReader
from domain.errors import BadRequest, Code, Problem
from domain.events import Role
from domain.evidence.case import RUNS_MAX, CaseScope
from queries.filtering import Moment

MEDIA_TYPE: Final = "application/zip"


class NewCase(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Either `runs`, or everything that happened from `since` on, the first included, until `until`, which is not."""

    runs: Annotated[tuple[UUID, ...], Meta(max_length=RUNS_MAX)] = ()
    since: Moment | None = None
    until: Moment | None = None


BODY: Final = BodyReader(NewCase)
NO_QUERY: Final = QueryReader(NoParameters)


@post(
    "/incidents/export",
    guards=[Requires(Role.ADMIN)],
    status_code=200,
    opt=described(
        Operation(
            id="exportIncident",
            summary="A case: the events of some runs, or of a time, with all that they rest on, their proofs and a report",
            description=(
                "A zip that `waybill incident open` checks and shows without a server and without a database. That it was "
                "taken, and by whom, is recorded before the first byte is sent. It holds no secret: of an event with the hash "
                "of a key or of somebody's words it has only the leaf."
            ),
            answers={200: ("The case.", Binary(MEDIA_TYPE))},
            body=NewCase,
            example={"runs": ["019aab0e-5d2c-7bb0-8a5e-0c1f8d1b2a3c"]},
            located=False,
            refuses=(Code.NOT_FOUND_RUN, Code.TOO_LARGE_EVIDENCE, Code.CONFLICT_BUSY),
            gives=(Header(name="Content-Disposition", description="A name for the file."),),
        )
    ),
)
async def export_incident(
    request: Request[Any, Any, Any], application: NamedDependency[Application]
) -> Response[bytes]:
    NO_QUERY.read(request)
    scope = _scope(await BODY.read(request))
    case = await application.export_incident(scope, context_of(request.scope))
    headers = {"Content-Disposition": 'attachment; filename="case.zip"'}
    return Response(case, media_type=MEDIA_TYPE, headers=headers)


def _scope(body: NewCase) -> CaseScope:
    """Raises BadRequest."""
    if bool(body.runs) == (body.since is not None):
        problem = Problem(pointer="/since" if body.runs else "/runs", message="say runs or since, and not both")
        raise BadRequest("A case is of runs, or of a time.", problems=(problem,))
    if body.until is not None and (body.since is None or body.until <= body.since):
        problem = Problem(pointer="/until", message="must come after since")
        raise BadRequest("Nothing happens from a time until one before it.", problems=(problem,))
    return CaseScope(runs=tuple(dict.fromkeys(body.runs)), since=body.since, until=body.until)
