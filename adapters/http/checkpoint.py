"""`/api/checkpoint`: what the notary has signed last, and that the log has only grown since somebody looked"""

from base64 import b64encode
from typing import Annotated, Any, Final

from litestar import Request, Response, get
from litestar.di import NamedDependency
from msgspec import Meta, Struct

from adapters.http.application import Application
from adapters.http.authentication import Requires
from adapters.http.operations import Binary, Header, Operation, described
from adapters.http.requests import NoParameters, QueryReader
from adapters.http.resuming import POSITION_MAX
from domain.errors import Code
from domain.events import Role
from queries.event_proof import log_consistency, newest_checkpoint

MEDIA_TYPE: Final = "text/plain"
NO_QUERY: Final = QueryReader(NoParameters)
NOTARY_KEY: Final = Header(
    name="Waybill-Notary-Key",
    description="The notary's public key as this server has it. Compare it with one that you got another way.",
)


class ConsistencyQuery(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    former_size: Annotated[int, Meta(ge=1, le=POSITION_MAX)]


class LogConsistency(Struct, frozen=True, kw_only=True, rename="camel"):
    """`note` is the newest checkpoint; `hashes` are those of a consistency proof (RFC 9162, 2.1.4), in Base64."""

    former_size: int
    note: str
    public_key: str
    hashes: tuple[str, ...]


QUERY: Final = QueryReader(ConsistencyQuery)


@get(
    "/checkpoint",
    guards=[Requires(Role.VIEWER)],
    opt=described(
        Operation(
            id="getCheckpoint",
            summary="The newest signed checkpoint over all events",
            description=(
                "A signed note (C2SP tlog-checkpoint): the name of the log, how many events there are, the root of the Merkle tree "
                "over them (RFC 9162), the epoch of the store, the time, and the notary's signature. Keep one elsewhere, and "
                "`waybill audit verify --against` finds whether the store still has all that it was signed over."
            ),
            answers={200: ("The checkpoint.", Binary(MEDIA_TYPE))},
            refuses=(Code.CONFLICT_EVIDENCE,),
            gives=(NOTARY_KEY,),
        )
    ),
)
async def show_checkpoint(request: Request[Any, Any, Any], application: NamedDependency[Application]) -> Response[str]:
    NO_QUERY.read(request)
    sealed = await newest_checkpoint(application.tiles)
    return Response(str(sealed.note), media_type=MEDIA_TYPE, headers={NOTARY_KEY.name: sealed.public_key})


@get(
    "/checkpoint/consistency",
    guards=[Requires(Role.VIEWER)],
    opt=described(
        Operation(
            id="getCheckpointConsistency",
            summary="That the log of the newest checkpoint began as that of a former one",
            description="With the root of the former checkpoint, which the caller has kept, `hashes` lead to that of the newest one.",
            answers={200: ("The newest checkpoint and the proof.", LogConsistency)},
            parameters=ConsistencyQuery,
            refuses=(Code.CONFLICT_EVIDENCE,),
        )
    ),
)
async def show_consistency(
    request: Request[Any, Any, Any], application: NamedDependency[Application]
) -> Response[LogConsistency]:
    former = QUERY.read(request).former_size
    found = await log_consistency(application.tiles, former=former)
    return Response(
        LogConsistency(
            former_size=former,
            note=str(found.sealed.note),
            public_key=found.sealed.public_key,
            hashes=tuple(b64encode(hashed).decode() for hashed in found.path),
        )
    )
