"""An event as a live stream shows it: the same JSON as in a run's history, encoded once for everybody who listens."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar.response.sse import ServerSentEventMessage
from msgspec import Struct

from domain.events import Event, Recorded, Role, UnknownEvent
from domain.install_run.state import ENDINGS
from projections.read_model import noun_of
from projections.run_history import HistoryEvent, run_of

ACCESS: Final = "access"
# What a hash was made of is as good as gone, and still nobody needs to see the hash: how the names of such members begin.
SECRETS: Final[Mapping[str, tuple[str, ...]]] = {ACCESS: ("secret",), "chat": ("token", "text")}

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
    name = recorded.topic if isinstance(event, UnknownEvent) else recorded.name
    shown = HistoryEvent(
        id=recorded.id,
        position=recorded.position,
        event=name,
        stream=recorded.stream,
        version=recorded.version,
        at=recorded.at,
        actor=recorded.actor,
        request_id=recorded.request_id,
        correlation_id=recorded.correlation_id,
        causation_id=recorded.causation_id,
        data=msgspec.Raw(_ENCODER.encode(_data(event, topic=recorded.topic))),
    )
    message = ServerSentEventMessage(id=recorded.position, event=name, data=_ENCODER.encode(shown))
    return Frame(
        position=recorded.position,
        name=name,
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
                return UUID(str(_members(event)["runId"]))
    return None


def _data(event: Event, *, topic: str) -> Any:
    if (secrets := SECRETS.get(noun_of(topic))) is not None:
        return {name: value for name, value in _members(event).items() if not name.startswith(secrets)}
    return _members(event) if isinstance(event, UnknownEvent) else event


def _members(event: Event) -> dict[str, Any]:
    """As JSON has them; read anew, since what another program wrote may stand on several lines."""
    data = event.data if isinstance(event, UnknownEvent) else _ENCODER.encode(event)
    members: dict[str, Any] = msgspec.json.decode(data)
    return members
