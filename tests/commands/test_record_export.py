from datetime import timedelta
from uuid import UUID

import pytest

from commands.record_export import RecordExport, RecordExportHandler
from domain.events import Actor, Context, Role
from domain.evidence.events import EvidenceExported
from domain.evidence.state import exports_stream
from tests.commands.world import World
from tests.kit.facts import NOON, context

pytestmark = pytest.mark.anyio

RUN = UUID(int=7)
AUDIT = RecordExport(kind="audit_log", format="csv", filters=("actor", "q"), up_to_position=41)
CASE = RecordExport(kind="incident", format="zip", runs=(RUN,), since=NOON, up_to_position=41)


def somebody(key_id: str) -> Context:
    actor = Actor(kind="api_key", id=key_id, name=key_id, role=Role.ADMIN)
    return Context(actor=actor, request_id="test-request", correlation_id=context().correlation_id)


@pytest.mark.parametrize(
    ("command", "event"),
    [
        (AUDIT, EvidenceExported(kind="audit_log", format="csv", filters=("actor", "q"), up_to_position=41)),
        (CASE, EvidenceExported(kind="incident", format="zip", runs=(RUN,), since=NOON, up_to_position=41)),
    ],
    ids=["audit_log", "incident"],
)
async def test_who_took_what_is_recorded(empty: World, command: RecordExport, event: EvidenceExported) -> None:
    position = await RecordExportHandler(handling=empty.handling)(command, somebody("ci"))
    (recorded,) = await empty.store.load(exports_stream("ci", NOON))
    assert (recorded.event, recorded.actor.id, recorded.position) == (event, "ci", position)


async def test_each_time_is_recorded_wherever_it_was_asked(empty: World) -> None:
    for world in (empty, empty, empty.another_process()):
        await RecordExportHandler(handling=world.handling)(AUDIT, somebody("ci"))
    assert len(await empty.store.load(exports_stream("ci", NOON))) == await empty.store.head() == 3


async def test_each_person_has_a_stream_a_day(empty: World) -> None:
    streams = {exports_stream(who, NOON + timedelta(days=days)) for who in ("ci", "ops") for days in (0, 1)}
    assert len(streams) == 4
