"""An event as people see it, wherever it is shown: the newest shape of its data, without what nobody needs to see."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from domain.events import Event, Recorded, UnknownEvent
from projections.read_model import noun_of
from projections.run_history import HistoryEvent

# What a hash was made of is as good as gone, and still nobody needs to see the hash: how the names of such members begin.
SECRETS: Final[Mapping[str, tuple[str, ...]]] = {"access": ("secret",), "chat": ("token", "text")}

_ENCODER: Final = msgspec.json.Encoder()


def shown(recorded: Recorded) -> HistoryEvent:
    """An event of a newer Waybill goes by its topic and with the data that it has."""
    return HistoryEvent(
        id=recorded.id,
        position=recorded.position,
        event=recorded.topic if isinstance(recorded.event, UnknownEvent) else recorded.name,
        stream=recorded.stream,
        version=recorded.version,
        at=recorded.at,
        actor=recorded.actor,
        request_id=recorded.request_id,
        correlation_id=recorded.correlation_id,
        causation_id=recorded.causation_id,
        data=msgspec.Raw(_ENCODER.encode(_data(recorded.event, topic=recorded.topic))),
    )


def keeps_back(recorded: Recorded) -> bool:
    """Whether there is something in the event that is not shown, so that it is not given away as it is stored."""
    secrets = SECRETS.get(noun_of(recorded.topic))
    return secrets is not None and any(name.startswith(secrets) for name in members(recorded.event))


def members(event: Event) -> dict[str, Any]:
    """As JSON has them; read anew, since what another program wrote may stand on several lines."""
    data = event.data if isinstance(event, UnknownEvent) else _ENCODER.encode(event)
    found: dict[str, Any] = msgspec.json.decode(data)
    return found


def _data(event: Event, *, topic: str) -> Any:
    if (secrets := SECRETS.get(noun_of(topic))) is not None:
        return {name: value for name, value in members(event).items() if not name.startswith(secrets)}
    return members(event) if isinstance(event, UnknownEvent) else event
