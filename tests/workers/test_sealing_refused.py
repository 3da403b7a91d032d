"""What the notary does not sign over: a store that is not what was signed, however it came to be so."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.evidence.signing import new_signing_key, signer_of
from domain.evidence.note import sign_note
from tests.kit.notarizing import KEY, Notarizing, checkpoint_of, event, notarizing
from workers.witnesses import EvidenceContradicted

pytestmark = pytest.mark.anyio

# So that there is something on the second level of tiles.
MANY = 300


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Notarizing]:
    async with notarizing(tmp_path / "evidence") as world:
        yield world


async def contradicted(
    world: Notarizing, said: str, *, position: int | None = None, elsewhere: str | None = None
) -> None:
    """And nothing is signed."""
    before = world.signed(), await world.tiles.latest()
    with pytest.raises(EvidenceContradicted, match=said) as refused:
        await world.seal(elsewhere=elsewhere)
    assert refused.value.position == position
    assert (world.signed(), await world.tiles.latest()) == before


async def test_an_event_that_was_changed_before_the_tree_is_made_again_is_noticed(world: Notarizing) -> None:
    world.happen(MANY)
    await world.seal()
    world.change(7)
    world.tiles.tiles.clear()
    await contradicted(world, f"the first {MANY} events are not those that the evidence folder has")
    world.lose_folder()
    await contradicted(world, f"the first {MANY} events are not those that the database has")


async def test_an_event_that_was_changed_between_file_and_row_is_noticed(world: Notarizing) -> None:
    world.happen(5)
    await world.seal()
    in_database, tiles = await world.tiles.latest(), dict(world.tiles.tiles)
    world.happen(5)
    await world.seal()
    world.tiles._checkpoint, world.tiles.tiles = (in_database or "", ""), tiles
    world.change(8)
    await contradicted(world, "the first 10 events are not those that the evidence folder has")


async def test_tiles_that_were_changed_with_the_events_are_noticed(world: Notarizing) -> None:
    """Somebody who knows how changes an event, and makes the tree again; the key they do not have."""
    world.happen(MANY)
    await world.seal()
    note = await world.tiles.latest()
    world.change(7)
    forged = Notarizing(world.path.with_name("forged"), world.tenure, world.tiles._roles)
    forged.stored.rows = world.stored.rows
    forged.key = new_signing_key(KEY.name)
    await forged.seal()
    world.tiles.tiles = forged.tiles.tiles
    world.tiles._checkpoint = note or "", ""
    await contradicted(world, "are not those that")
    world.tiles._checkpoint = forged.tiles._checkpoint
    await contradicted(world, "the newest checkpoint in the database is signed by waybill-test, and not with the key")


async def test_another_history_that_the_same_key_has_signed_is_noticed(world: Notarizing) -> None:
    """As where a copy of the store was tried out with the key, and took the place of the store."""
    world.happen(10)
    await world.seal()
    other = Notarizing(world.path.with_name("other"), world.tenure, world.tiles._roles)
    other.happen(20)
    other.change(7)
    await other.seal()
    world.stored.rows, world.tiles.tiles = other.stored.rows, other.tiles.tiles
    world.tiles._checkpoint = other.tiles._checkpoint
    await contradicted(world, "the first 10 events are not those that the evidence folder has a checkpoint of")


async def test_events_that_are_gone_from_the_end_are_noticed(world: Notarizing) -> None:
    world.happen(10)
    await world.seal()
    del world.stored.rows[8:]
    await contradicted(world, "has a checkpoint over 10 events, and the store has only 8", position=9)


async def test_up_to_a_hole_it_signs_and_no_further(world: Notarizing) -> None:
    world.happen(10)
    del world.stored.rows[6]
    with pytest.raises(EvidenceContradicted, match="event 7 is not in the store") as refused:
        await world.seal()
    assert refused.value.position == 7
    assert [checkpoint.size for checkpoint in world.signed()] == [6]
    await contradicted(world, "event 7 is not in the store", position=7)


async def test_what_came_before_the_restore_has_to_be_as_it_was(world: Notarizing) -> None:
    world.happen(20)
    await world.seal()
    world.tiles.tiles.clear()
    world.restore(25)
    world.change(7)
    await contradicted(world, "the first 20 events are not those that")


async def test_a_store_that_was_set_back_and_does_not_say_so_is_not_signed(world: Notarizing) -> None:
    world.happen(20)
    await world.seal()
    world.restore(15)
    world.restores.clear()
    await contradicted(world, "has a checkpoint over 20 events, and the store has only 16", position=17)
    world.happen(20)
    world.tiles.tiles.clear()
    await contradicted(world, "the first 20 events are not those that")


async def test_a_restore_that_somebody_appends_excuses_nothing(world: Notarizing) -> None:
    world.happen(20)
    await world.seal()
    world.change(7)
    world.tiles.tiles.clear()
    world.restore(20)
    await contradicted(world, "the first 20 events are not those that")


async def test_the_checkpoint_on_nats_is_a_witness_too(world: Notarizing) -> None:
    world.happen(20)
    (sealed,) = await world.seal()
    world.lose_folder()
    world.tiles.tiles.clear()
    world.tiles._checkpoint = None
    world.change(7)
    await contradicted(world, "the first 20 events are not those that NATS has a checkpoint of", elsewhere=sealed.note)
    world.stored.rows[6] = event(7)
    assert await world.seal(elsewhere=sealed.note) == []
    assert await world.tiles.latest() == sealed.note
    assert world.signed() == [checkpoint_of(sealed.note)]
    world.happen(1)
    assert [found.size for found in await world.seal(elsewhere=sealed.note)] == [21]


async def test_nothing_is_signed_after_another_notary_with_another_key(world: Notarizing) -> None:
    world.happen(3)
    await world.seal()
    world.key = new_signing_key("waybill-another")
    with pytest.raises(EvidenceContradicted, match=r"signed by waybill-test, and not with the key waybill-another"):
        await world.seal()


@pytest.mark.parametrize("place", ["folder", "database", "nats"])
async def test_what_cannot_be_read_is_not_passed_over(world: Notarizing, place: str) -> None:
    world.happen(3)
    await world.seal()
    strange = str(sign_note("no checkpoint\n", KEY, signer_of(KEY.seed)))
    if place == "folder":
        file = world.path / "checkpoints"
        file.write_bytes(file.read_bytes() + f"{strange}\n".encode())
    if place == "database":
        world.tiles._checkpoint = strange, ""
    with pytest.raises(EvidenceContradicted, match="cannot be read"):
        await world.seal(elsewhere=strange if place == "nats" else None)
