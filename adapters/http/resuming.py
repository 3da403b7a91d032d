"""From where on a stream of events is wanted: behind the last one that the client has."""

import re
from typing import Annotated, Any, Final

from litestar import Request
from msgspec import Meta

from adapters.http.operations import Header
from domain.errors import BadRequest

HEADER: Final = "Last-Event-ID"
POSITION: Final = re.compile(rb"[0-9]{1,18}")
POSITION_MAX: Final = 10**18 - 1
LAST_EVENT_ID: Final = Header(
    name=HEADER,
    description="The position of the last event that the client has; goes before `after`.",
    schema={"type": "string", "pattern": "^[0-9]{1,18}$"},
)

After = Annotated[int, Meta(ge=0, le=POSITION_MAX)]


def resumed_after(request: Request[Any, Any, Any], after: int | None) -> int | None:
    """The header goes before the parameter: a browser sends it by itself when it comes back. Raises BadRequest."""
    name = HEADER.lower().encode()
    given = [value for header, value in request.scope["headers"] if header == name and value]
    if not given:
        return after
    if len(given) > 1 or not POSITION.fullmatch(given[0]):
        raise BadRequest(f"{HEADER} may be given once, and is the position of an event.")
    return int(given[0])
