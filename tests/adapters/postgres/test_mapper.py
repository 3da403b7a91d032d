"""What is read back is what was written, in its newest shape; what a newer program wrote is carried, not lost."""

from typing import Any, ClassVar
from uuid import uuid4

import msgspec
import pytest
from eventsourcing.persistence import Notification, StoredEvent

from adapters.postgres import mapper
from domain.catalog import BY_TOPIC
from domain.events import Event, Recorded, UnknownEvent
from domain.install_run.events import RunSucceeded
from tests.kit.facts import recorded


def read_back(stored: StoredEvent, *, position: int) -> Recorded:
    return mapper.to_recorded(
        Notification(
            id=position,
            originator_id=stored.originator_id,
            originator_version=stored.originator_version,
            topic=stored.topic,
            state=stored.state,
        )
    )


def test_an_event_comes_back_with_everything_that_was_said_about_it() -> None:
    before = recorded(RunSucceeded(succeeded=2), stream=uuid4(), position=7, version=3)
    assert read_back(mapper.to_stored(before), position=7) == before
    assert mapper.event_id(mapper.to_stored(before).state) == before.id


class Shipped(Event, frozen=True, kw_only=True, rename="camel"):
    """Once it counted boxes; then it named its weight in pounds; now in grams."""

    TOPIC = "test.shipped"
    VERSION = 3
    UPCASTERS: ClassVar[dict[int, Any]] = {
        1: lambda data: {"weightPounds": data["boxes"] * 10},
        2: lambda data: {"weightGrams": data["weightPounds"] * 454},
    }

    weight_grams: int


@pytest.mark.parametrize(
    ("version", "data"), [(1, b'{"boxes":2}'), (2, b'{"weightPounds":20}'), (3, b'{"weightGrams":9080}')]
)
def test_an_older_shape_is_brought_up_step_by_step(monkeypatch: pytest.MonkeyPatch, version: int, data: bytes) -> None:
    monkeypatch.setitem(BY_TOPIC, Shipped.TOPIC, Shipped)
    monkeypatch.setitem(mapper._DATA, Shipped.TOPIC, msgspec.json.Decoder(Shipped))
    assert mapper.decode_event(Shipped.TOPIC, version, data) == Shipped(weight_grams=9080)


@pytest.mark.parametrize(("topic", "version"), [("future.thing_happened", 1), (RunSucceeded.TOPIC, 99)])
def test_what_is_newer_than_this_program_is_carried_as_it_is(topic: str, version: int) -> None:
    event = mapper.decode_event(topic, version, b'{"new":true}')
    assert isinstance(event, UnknownEvent)
    assert (event.topic, event.version, bytes(event.data)) == (topic, version, b'{"new":true}')
