"""An event as a live stream shows it: the same JSON as in a run's history, encoded once for everybody who listens."""

from contextlib import suppress
from typing import Final
from uuid import UUID

import msgspec
from litestar.response.sse import ServerSentEventMessage
from msgspec import Struct

from domain.events import Recorded, Role, UnknownEvent
from domain.install_run.state import ENDINGS
from projections.read_model import noun_of
from projections.run_history import run_of
from projections.shown_event import members, shown

ACCESS: Final = "access"

_ENCODER: Final = msgspec.json.Encoder()


class Frame(Struct, frozen=True, kw_only=True):
    """`role` is needed to see it; `run_id` is the run in whose history it stands; `ends_run`: that run has ended with it.
    `message` is what goes over the line.
    """

    position: int
    name: str
    stream: UUID
    run_id: UUID | None
    ends_run: bool
    role: Role
    message: bytes


def frame_of(recorded: Recorded) -> Frame:
    """An event of a newer Waybill goes by its topic and with the data that it has."""
    event = recorded.event
    told = shown(recorded)
    message = ServerSentEventMessage(id=recorded.position, event=told.event, data=_ENCODER.encode(told))
    return Frame(
        position=recorded.position,
        name=told.event,
        stream=recorded.stream,
        run_id=owning_run(recorded),
        ends_run=type(event) in ENDINGS,
        role=Role.ADMIN if noun_of(recorded.topic) == ACCESS else Role.VIEWER,
        message=message.encode(),
    )


def owning_run(recorded: Recorded) -> UUID | None:
    """The run in whose history the event stands; of one that this Waybill does not know, by what its noun has had so far."""
    event = recorded.event
    if not isinstance(event, UnknownEvent):
        return run_of(recorded)
    match noun_of(event.topic):
        case "install_run":
            return recorded.stream
        case "installation":
            with suppress(KeyError, TypeError, ValueError):
                return UUID(str(members(event)["runId"]))
    return None
