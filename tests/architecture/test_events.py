"""Every event keeps its promises to the store: a topic for ever, and data of every version that can still be read."""

import importlib
import json
import pkgutil
import re
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

import domain
from adapters.postgres.mapper import decode_event
from domain.catalog import BY_TOPIC, EVENTS
from domain.events import Event, UnknownEvent
from tests.architecture.sources import ROOT

GOLDEN_FOLDER: Final = ROOT / "tests" / "domain" / "golden"
GOLDEN_NAME: Final = re.compile(r"(?P<topic>[a-z_]+\.[a-z_]+)\.v(?P<version>[1-9][0-9]*)(?:\.[a-z_]+)?\.json")
GOLDENS: Final = tuple(sorted(GOLDEN_FOLDER.iterdir()))


def of_golden(path: Path) -> tuple[str, int]:
    name = GOLDEN_NAME.fullmatch(path.name)
    assert name is not None, (
        f"{path.name} is not <topic>.v<version>.json, nor <topic>.v<version>.<what_is_special>.json"
    )
    return name["topic"], int(name["version"])


def lost(written: Any, rewritten: Any) -> bool:
    """Whether something that was written is missing or different now; fields that came later, with a default, are fine."""
    if isinstance(written, dict) and isinstance(rewritten, dict):
        return any(key not in rewritten or lost(value, rewritten[key]) for key, value in written.items())
    if isinstance(written, list) and isinstance(rewritten, list):
        return len(written) != len(rewritten) or any(map(lost, written, rewritten))
    return bool(written != rewritten)


def all_subclasses(kind: type[Event]) -> set[type[Event]]:
    return {found for child in kind.__subclasses__() for found in (child, *all_subclasses(child))}


def test_every_event_of_the_domain_is_in_the_catalogue() -> None:
    for module in pkgutil.walk_packages(domain.__path__, prefix="domain."):
        importlib.import_module(module.name)
    ours = {event for event in all_subclasses(Event) if event.__module__.startswith("domain.")}
    assert ours - {UnknownEvent} == set(EVENTS)


def test_topics_are_unique() -> None:
    assert len(BY_TOPIC) == len(EVENTS)


@pytest.mark.parametrize("event", EVENTS)
def test_the_topic_is_the_noun_and_the_event(event: type[Event]) -> None:
    noun = event.__module__.split(".")[1]
    snake_case = re.sub(r"(?<!^)(?=[A-Z])", "_", event.__name__).lower()
    assert f"{noun}.{snake_case}" == event.TOPIC


@pytest.mark.parametrize("event", EVENTS)
def test_the_event_is_frozen_and_written_in_camel_case(event: type[Event]) -> None:
    assert event.__struct_config__.frozen
    assert not [field for field in event.__struct_encode_fields__ if "_" in field]


@pytest.mark.parametrize("event", EVENTS)
def test_there_is_one_upcaster_a_step(event: type[Event]) -> None:
    assert set(event.UPCASTERS) == set(range(1, event.VERSION))


def test_every_version_of_every_event_has_a_golden() -> None:
    needed = {(event.TOPIC, version) for event in EVENTS for version in range(1, event.VERSION + 1)}
    assert {of_golden(path) for path in GOLDENS} == needed


@pytest.mark.parametrize("path", GOLDENS, ids=lambda path: path.stem)
def test_a_golden_is_read_as_its_event_and_written_again_without_a_loss(path: Path) -> None:
    topic, version = of_golden(path)
    written = path.read_bytes()
    event = decode_event(topic, version, written)
    assert type(event) is BY_TOPIC[topic]
    if version == event.VERSION:
        assert not lost(json.loads(written), json.loads(msgspec.json.encode(event)))


@pytest.mark.parametrize(
    ("written", "rewritten", "is_lost"),
    [
        ({"name": "a", "versions": [1, 2]}, {"name": "a", "versions": [1, 2]}, False),
        ({"name": "a"}, {"name": "a", "labels": []}, False),
        ({"name": "a"}, {"title": "a"}, True),
        ({"name": "a"}, {"name": "b"}, True),
        ({"versions": [{"number": 1}]}, {"versions": []}, True),
        ({"versions": [{"number": 1}]}, {"versions": [{}]}, True),
    ],
)
def test_a_loss_is_noticed(written: object, rewritten: object, is_lost: bool) -> None:  # noqa: FBT001
    assert lost(written, rewritten) is is_lost
