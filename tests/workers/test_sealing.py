"""What the notary signs and what it does not, with every witness lost in turn, over events that were changed in every way."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.evidence.folder import EvidenceFolder
from domain.errors import StoreOffline
from domain.evidence.merkle import continues
from domain.evidence.tiles import TILE_HASHES, consistency
from tests.kit.notarizing import KEY, RESTORED, STORE, Notarizing, checkpoint_of, event, flip, notarizing
from workers import sealing

pytestmark = pytest.mark.anyio

# Two tiles and a bit, so that there is something on the second level.
MANY = 2 * TILE_HASHES + 9


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Notarizing]:
    async with notarizing(tmp_path / "evidence") as world:
        yield world


@pytest.fixture
def in_small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "EVENTS_MAX", 50)


async def test_what_is_there_is_signed_and_kept_everywhere(world: Notarizing) -> None:
    world.happen(MANY)
    (sealed,) = await world.seal()
    checkpoint = checkpoint_of(sealed.note)
    assert (checkpoint.origin, checkpoint.size, checkpoint.store) == (KEY.name, MANY, STORE)
    assert world.is_over_the_events(checkpoint)
    assert world.signed() == [checkpoint]
    assert await world.tiles.latest() == sealed.note
    assert world.leaves() == [found.leaf for found in world.stored.rows]
    assert (sealed.size, world.tiles.size, world.tenure.position) == (MANY, MANY, MANY)


async def test_an_empty_store_and_one_without_anything_new_are_not_signed(world: Notarizing) -> None:
    assert await world.seal() == []
    world.happen(3)
    assert len(await world.seal()) == 1
    assert await world.seal() == []
    assert await world.go_on() == []
    assert [checkpoint.size for checkpoint in world.signed()] == [3]


async def test_each_checkpoint_goes_on_from_the_one_before(world: Notarizing) -> None:
    for count in (1, 2, MANY, 5):
        world.happen(count)
        await world.seal()
    former, later = world.signed()[-3:-1]
    path = await consistency(world.tiles, former=former.size, size=later.size)
    assert continues(former.root, later.root, former=former.size, size=later.size, path=path)
    assert [checkpoint.size for checkpoint in world.signed()] == [1, 3, 3 + MANY, 8 + MANY]
    assert all(map(world.is_over_the_events, world.signed()))


@pytest.mark.usefixtures("in_small_batches")
async def test_much_is_signed_bit_by_bit(world: Notarizing) -> None:
    world.happen(175)
    assert [sealed.size for sealed in await world.seal()] == [50, 100, 150, 175]
    assert all(map(world.is_over_the_events, world.signed()))


async def test_what_came_into_the_folder_alone_is_not_signed_again(world: Notarizing) -> None:
    """Killed between the file and the row."""
    world.happen(10)
    await world.seal()
    in_database, tiles = await world.tiles.latest(), dict(world.tiles.tiles)
    world.happen(10)
    (sealed,) = await world.seal()
    world.tiles._checkpoint, world.tiles.tiles = (in_database or "", ""), tiles
    assert await world.seal() == []
    assert await world.tiles.latest() == sealed.note
    assert [checkpoint.size for checkpoint in world.signed()] == [10, 20]
    world.happen(1)
    assert [found.size for found in await world.seal()] == [21]
    assert all(map(world.is_over_the_events, world.signed()))


async def test_what_was_not_stored_in_time_is_looked_at_again(
    world: Notarizing, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> bool:
        raise StoreOffline

    world.happen(10)
    with monkeypatch.context() as patched:
        patched.setattr(world.tiles, "write", away)
        with pytest.raises(StoreOffline):
            await world.seal()
    assert [checkpoint.size for checkpoint in world.signed()] == [10]
    assert await world.seal() == []
    assert checkpoint_of(await world.tiles.latest() or "") == world.signed()[0]


async def test_without_the_role_nothing_is_signed(world: Notarizing) -> None:
    world.happen(10)
    world.tenure._clock = lambda: world.tenure._held_until
    assert await world.seal() == []
    assert (world.signed(), world.leaves(), world.tiles.tiles) == ([], [], {})


async def test_a_notary_that_loses_the_role_while_it_signs_stops(world: Notarizing) -> None:
    world.happen(10)
    await world.tiles._roles.acquire(role="notary", holder="test", seconds=60)
    assert await world.seal() == []
    assert world.tenure.lost.is_set()
    assert (await world.tiles.latest(), world.tiles.tiles, world.tenure.position) == (None, {}, 0)


@pytest.mark.parametrize("count", [5, MANY])
async def test_without_the_folder_it_makes_its_own_from_the_tiles(world: Notarizing, count: int) -> None:
    world.happen(count)
    (sealed,) = await world.seal()
    world.lose_folder()
    assert await world.seal() == []
    assert world.signed() == [checkpoint_of(sealed.note)]
    assert world.leaves() == [found.leaf for found in world.stored.rows]
    world.happen(1)
    assert [found.size for found in await world.seal()] == [count + 1]


async def test_leaves_that_the_folder_lost_are_filled_in(world: Notarizing) -> None:
    world.happen(MANY)
    await world.seal()
    file = world.path / f"leaves-{STORE}"
    file.write_bytes(file.read_bytes()[: 32 * 7 + 5])
    world.happen(1)
    await world.seal()
    assert world.leaves() == [found.leaf for found in world.stored.rows]


async def test_leaves_that_no_checkpoint_in_the_folder_is_over_are_replaced(world: Notarizing) -> None:
    world.happen(9)
    world.path.mkdir()
    (world.path / f"leaves-{STORE}").write_bytes(b"somebody's" * 20)
    await world.seal()
    assert world.leaves() == [found.leaf for found in world.stored.rows]


@pytest.mark.parametrize("damaged", [(0, 0), (0, 1), (0, 2), (1, 0)])
@pytest.mark.parametrize("how", ["changed", "lost", "shortened"])
@pytest.mark.usefixtures("in_small_batches")
async def test_tiles_that_are_not_what_was_signed_are_made_again(
    world: Notarizing, damaged: tuple[int, int], how: str
) -> None:
    """And the folder with them, which would have been filled from the first of them."""
    world.happen(MANY)
    newest = (await world.seal())[-1]
    whole = dict(world.tiles.tiles)
    damages = {"changed": flip(whole[damaged]), "shortened": whole[damaged][:-32]}
    world.tiles.tiles |= {damaged: damages.get(how, b"")}
    world.lose_folder()
    assert await world.seal() == []
    assert world.tiles.tiles == whole
    assert world.signed() == [checkpoint_of(newest.note)]
    assert world.leaves() == [found.leaf for found in world.stored.rows]
    world.happen(1)
    assert [found.size for found in await world.seal()] == [MANY + 1]


async def test_what_is_behind_the_head_is_not_signed(world: Notarizing) -> None:
    world.happen(10)
    head = await world.stored.head()
    world.stored.rows.append(event(11, said="by nobody"))
    await world.another().settle()
    sealed = await world.sealer.seal(world.tenure, head)
    assert sealed is not None
    assert sealed.size == 10


async def test_a_store_that_was_set_back_and_says_so_is_signed_on(world: Notarizing) -> None:
    world.happen(20)
    await world.seal()
    yesterday = await world.tiles.latest(), dict(world.tiles.tiles)
    world.happen(20)
    await world.seal()
    former = world.leaves()
    world.tiles._checkpoint, world.tiles.tiles = (yesterday[0] or "", ""), yesterday[1]
    world.restore(25)
    (world.path / f"leaves-{RESTORED}").write_bytes(b"what a crash has left" * 32)
    assert [found.size for found in await world.seal()] == [26]
    assert [(found.store, found.size) for found in world.signed()] == [(STORE, 20), (STORE, 40), (RESTORED, 26)]
    assert world.is_over_the_events(world.signed()[-1])
    assert world.leaves() == [found.leaf for found in world.stored.rows]
    kept = EvidenceFolder(world.path).leaves(STORE)
    assert kept is not None
    assert kept.read(after=0, limit=99) == b"".join(former)
    world.happen(3)
    assert [found.size for found in await world.seal()] == [29]


async def test_witnesses_of_the_same_are_one_witness(world: Notarizing) -> None:
    world.happen(20)
    (sealed,) = await world.seal()
    world.tiles.tiles.clear()
    assert await world.seal(elsewhere=sealed.note) == []
    world.happen(1)
    assert [found.size for found in await world.go_on()] == [21]


STEPS = ("happen", "happen", "seal", "restart", "lose the folder", "lose the tiles", "lose a leaf", "restore")


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(1, 300)), max_size=10))
async def test_whatever_is_lost_what_is_signed_is_always_what_was_stored(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    async with notarizing(tmp_path_factory.mktemp("evidence") / "evidence") as world:
        for step, number in [*steps, ("happen", 1), ("restart", 1)]:
            match step:
                case "happen":
                    world.happen(number)
                case "seal" if world.sealer.store == world.stored.store:
                    await world.go_on()
                case "lose the folder":
                    world.lose_folder()
                    await world.seal()
                case "lose the tiles":
                    world.tiles.tiles.clear()
                    await world.seal()
                case "lose a leaf" if (file := world.path / f"leaves-{world.stored.store}").exists():
                    file.write_bytes(file.read_bytes()[:-number])
                    await world.seal()
                case "restore" if world.stored.store == STORE:
                    world.restore(min(number, len(world.stored.rows)))
                case _:
                    await world.seal()
        newest = world.signed()[-1]
        assert newest.size == len(world.stored.rows)
        assert world.is_over_the_events(newest)
        assert world.leaves() == [found.leaf for found in world.stored.rows]
        assert all(world.is_over_the_events(found) for found in world.signed() if found.store == world.stored.store)
