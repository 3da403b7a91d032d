"""The notary on real servers: a second behind, with NATS away, in turn, and what it does with a store that was changed."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from adapters.nats.streams import CHECKPOINTS_STREAM
from domain.alert.events import AlertRaised, AlertResolved
from domain.evidence.checkpoint import Checkpoint
from tests.kit.jetstream import NatsUnderTest, running_nats
from tests.kit.waiting import eventually
from tests.workers.notarized import SECONDS_MAX, Office, office
from workers.notary import GATHER_SECONDS, PAUSE_SECONDS

pytestmark = pytest.mark.anyio

CHANGE = "UPDATE events SET state = convert_to(replace(convert_from(state, 'UTF8'), 'test', 'tset'), 'UTF8') WHERE notification_id = 3"
CHANGE_BACK = CHANGE.replace("'test', 'tset'", "'tset', 'test'")
FORGET_TILES = "DELETE FROM evidence_tiles"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[NatsUnderTest]:
    async with running_nats(tmp_path / "nats") as server:
        yield server


@pytest.fixture
async def notary(database: str, server: NatsUnderTest, tmp_path: Path) -> AsyncIterator[Office]:
    async with office(database, server, tmp_path) as opened:
        yield opened


def follow_each_other(checkpoints: list[Checkpoint]) -> bool:
    sizes = [checkpoint.size for checkpoint in checkpoints]
    return sizes == sorted(set(sizes))


async def test_what_is_stored_is_signed_and_published(notary: Office) -> None:
    await notary.open()
    await notary.happen(3)
    await notary.sealed()
    await notary.happen(2)
    newest = await notary.sealed()
    assert newest.root == await notary.root(newest.size)
    assert notary.signed()[-1] == newest
    await notary.has_published(newest.size)
    assert await notary.published() == notary.signed()
    assert (notary.data / "notary.key").stat().st_mode & 0o777 == 0o600

    async def written_down() -> bool:
        return notary.ask("SELECT position FROM roles WHERE role = 'notary'") == [{"position": newest.size}]

    await eventually(written_down, SECONDS_MAX)


def test_the_pauses_leave_it_time_to_be_less_than_a_second_behind() -> None:
    assert GATHER_SECONDS + PAUSE_SECONDS <= 0.5


@pytest.mark.long
async def test_where_nothing_happens_nothing_is_signed(notary: Office) -> None:
    await notary.happen(1)
    await notary.open()
    await notary.sealed()
    await notary.close()
    await notary.open()

    async def again() -> bool:
        return notary.ask("SELECT epoch FROM roles WHERE role = 'notary'") == [{"epoch": 2}]

    await eventually(again, SECONDS_MAX)
    await notary.close()
    assert [checkpoint.size for checkpoint in notary.signed()] == [1]
    assert await notary.published() == notary.signed()


@pytest.mark.long
async def test_nats_away_delays_only_what_is_published(notary: Office, server: NatsUnderTest) -> None:
    await notary.open()
    await notary.happen(1)
    await notary.has_published((await notary.sealed()).size)
    await server.kill()
    for _ in range(2):
        await notary.happen(1)
        newest = await notary.sealed()
    await server.start()
    await notary.has_published(newest.size)
    assert await notary.published() == notary.signed()
    assert len(notary.signed()) == 3


async def test_a_nats_that_forgot_everything_is_given_the_newest(notary: Office, server: NatsUnderTest) -> None:
    await notary.open()
    await notary.happen(1)
    newest = await notary.sealed()
    await notary.has_published(newest.size)
    await server.wipe()

    async def there_again() -> bool:
        async with server.jetstream() as jetstream:
            found = [info.config.name for info in await jetstream.streams_info()]
        return CHECKPOINTS_STREAM in found and bool(await notary.published())

    await eventually(there_again, SECONDS_MAX)
    assert await notary.published() == [newest]
    await notary.close()
    await server.wipe()
    await notary.open()
    await eventually(there_again, SECONDS_MAX)
    assert await notary.published() == [newest]


@pytest.mark.long
async def test_another_takes_over_where_the_first_one_ended(notary: Office) -> None:
    await notary.open()
    await notary.happen(300)
    await notary.sealed()
    await notary.open()
    await notary.close()
    await notary.happen(1)
    newest = await notary.sealed()
    assert newest.root == await notary.root(newest.size)
    assert follow_each_other(notary.signed())


async def test_another_machine_makes_its_own_folder_and_needs_the_key(notary: Office, tmp_path: Path) -> None:
    await notary.open()
    await notary.happen(300)
    await notary.sealed()
    await notary.close()
    first, notary.data = notary.data, tmp_path / "another"
    with capture_logs() as logs:
        await notary.open()
        await notary.alarmed(AlertRaised)
        await notary.close()
    (said,) = [entry for entry in logs if entry["event"] == "evidence_contradicted"]
    assert "and not with the key" in said["reason"]
    assert notary.signed() == []
    shutil.copy(first / "notary.key", notary.data / "notary.key")
    await notary.open()
    newest = await notary.sealed()
    assert newest.root == await notary.root(newest.size)
    assert notary.signed()[0].size == 300
    assert follow_each_other(notary.signed())
    await notary.alarmed(AlertResolved)


async def test_a_store_that_is_not_what_was_signed_is_not_signed_and_a_person_hears_of_it(notary: Office) -> None:
    await notary.open()
    await notary.happen(5)
    before = await notary.sealed()
    await notary.close()
    notary.tamper(CHANGE, FORGET_TILES)
    with capture_logs() as logs:
        await notary.open()
        alert = await notary.alarmed(AlertRaised)
        await notary.happen(3)
        await notary.close()
    assert alert.facts == {"finding": "contradicted", "position": None}
    (said,) = [entry for entry in logs if entry["event"] == "evidence_contradicted"]
    assert "the first 5 events are not those that the evidence folder has a checkpoint of" in said["reason"]
    assert notary.signed() == [before]
    notary.tamper(CHANGE_BACK)
    await notary.open()
    newest = await notary.sealed()
    assert newest.root == await notary.root(newest.size)
    await notary.alarmed(AlertResolved)


async def test_the_whole_store_is_verified_at_the_start(notary: Office) -> None:
    """The tiles are as they were, so that signing alone would not notice."""
    await notary.open()
    await notary.happen(5)
    await notary.sealed()
    await notary.close()
    notary.tamper(CHANGE)
    notary.verify_seconds = 3600
    await notary.open()
    alert = await notary.alarmed(AlertRaised)
    assert alert.facts == {"finding": "changed", "position": 3, "findings": 1}
    await notary.close()
    notary.tamper(CHANGE_BACK)
    await notary.open()
    await notary.alarmed(AlertResolved)


async def test_events_that_are_gone_while_it_works_are_noticed(notary: Office) -> None:
    await notary.open()
    await notary.happen(5)
    await notary.sealed()
    with capture_logs() as logs:
        notary.tamper("DELETE FROM events WHERE notification_id > 3", "UPDATE head SET position = 3")
        await notary.alarmed(AlertRaised)
    assert [entry["position"] for entry in logs if entry["event"] == "evidence_contradicted"] == [4]


@pytest.mark.long
async def test_with_the_key_lost_a_new_one_signs_from_the_first_event_where_nobody_remembers_the_former(
    notary: Office, server: NatsUnderTest, tmp_path: Path
) -> None:
    await notary.open()
    await notary.happen(300)
    former = await notary.sealed()
    await notary.close()
    await server.wipe()
    notary.tamper("DELETE FROM checkpoint")
    notary.data = tmp_path / "another"
    await notary.open()
    newest = await notary.sealed()
    assert (newest.size, newest.root) == (former.size, former.root)
    assert newest.origin != former.origin
    await notary.close()
    assert notary.signed() == [newest]
    assert await notary.alerts() == []
