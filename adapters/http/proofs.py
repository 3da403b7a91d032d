"""`/api/events/{event}/proof`: an event to take along, with all that it takes to see that it was stored"""

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from adapters.http.application import Application
from adapters.http.authentication import Requires, context_of, require_role
from adapters.http.checkpoint import MEDIA_TYPE, NO_QUERY
from adapters.http.event_frames import frame_of
from adapters.http.operations import Binary, Header, Operation, described
from adapters.http.resuming import POSITION
from domain.errors import Code, EventNotFound
from domain.events import Recorded, Role
from projections.shown_event import keeps_back
from queries.event_proof import event_proof, find_event

DISPOSITION: Final = Header(name="Content-Disposition", description="A name for the file.")


@get(
    "/events/{event:str}/proof",
    guards=[Requires(Role.VIEWER)],
    opt=described(
        Operation(
            id="getEventProof",
            summary="A proof of one event that can be checked without the database",
            description=(
                "`event` is an id or a position. The answer is a C2SP tlog-proof with the event itself, byte for byte, the hashes that "
                "lead from it to the root, and the signed checkpoint: `waybill audit check` needs nothing else but the "
                "notary's public key. An event that has something in it which is shown to nobody is for admins, as are those "
                "about access."
            ),
            answers={200: ("The proof.", Binary(MEDIA_TYPE))},
            refuses=(Code.NOT_FOUND_EVENT, Code.FORBIDDEN, Code.CONFLICT_EVIDENCE),
            gives=(DISPOSITION,),
        )
    ),
)
async def show_event_proof(
    request: Request[Any, Any, Any], event: FromPath[str], application: NamedDependency[Application]
) -> Response[str]:
    NO_QUERY.read(request)
    stored = await find_event(application.stored, _named(event))
    position = stored.position
    (recorded,) = await application.live.log.read(after=position - 1, limit=1)
    require_role(context_of(request.scope).actor, _role_for(recorded))
    proof = await event_proof(application.tiles, stored)
    headers = {DISPOSITION.name: f'attachment; filename="waybill-event-{position}.tlog-proof"'}
    return Response(str(proof), media_type=MEDIA_TYPE, headers=headers)


def _named(event: str) -> UUID | int:
    """Raises EventNotFound."""
    if POSITION.fullmatch(event.encode()):
        return int(event)
    try:
        return UUID(event)
    except ValueError:
        raise EventNotFound from None


def _role_for(recorded: Recorded) -> Role:
    """Who may see it as it is stored."""
    return Role.ADMIN if keeps_back(recorded) else frame_of(recorded).role
