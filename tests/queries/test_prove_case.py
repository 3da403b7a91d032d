"""The proofs of a case: of all that is sealed, waiting a moment for what is about to be."""

import asyncio

import pytest

from adapters.evidence.signing import signer_of
from adapters.memory.evidence import MemoryTiles
from adapters.memory.roles import MemoryRoles
from domain.evidence.checkpoint import Checkpoint
from domain.evidence.leaf import StoredEvent
from domain.evidence.merkle import includes
from domain.evidence.note import sign_note
from domain.evidence.tiles import TILE_HASHES, GrowingTiles
from queries import prove_case as proving
from queries.prove_case import prove_case
from tests.kit.cases import KEY, PUBLIC, STORE
from tests.kit.facts import NOON

pytestmark = pytest.mark.anyio

EVENTS = [
    StoredEvent(position=number, stream=STORE, version=number, topic="a.b", state=b"{}") for number in range(1, 701)
]


class Notary:
    """Seals as much as it is told to."""

    def __init__(self) -> None:
        self.roles = MemoryRoles()
        self.tiles = MemoryTiles(self.roles)

    async def seal(self, size: int) -> bytes:
        growth = GrowingTiles()
        growth.append(b"".join(event.leaf for event in EVENTS[:size]))
        checkpoint = Checkpoint(origin=KEY.name, size=size, root=growth.root(), store=STORE, at=NOON)
        await self.write(growth.take_changed(), str(sign_note(str(checkpoint), KEY, signer_of(KEY.seed))))
        return growth.root()

    async def write(self, tiles: list[tuple[int, int, bytes]], note: str) -> None:
        lease = await self.roles.acquire(role="notary", holder="test", seconds=60)
        assert lease is not None
        assert await self.tiles.write(tiles, note=note, public_key=str(PUBLIC), size=1, lease=lease)


async def test_every_event_leads_to_the_root() -> None:
    notary = Notary()
    root = await notary.seal(700)
    proven = await prove_case(notary.tiles, [1, 256, 257, 511, 700])
    assert proven.public_key == str(PUBLIC)
    assert proven.paths.keys() == {1, 256, 257, 511, 700}
    for position, path in proven.paths.items():
        assert includes(root, size=700, index=position - 1, leaf=EVENTS[position - 1].leaf, path=path)


async def test_it_waits_for_the_notary_and_not_for_ever() -> None:
    notary = Notary()
    await notary.seal(300)
    proven, _ = await asyncio.gather(prove_case(notary.tiles, [100, 400]), notary.seal(500))
    assert proven.paths.keys() == {100, 400}
    assert (await prove_case(notary.tiles, [100, 600], seal_seconds=0.01)).paths.keys() == {100}


async def test_without_a_notary_there_is_no_proof() -> None:
    proven = await prove_case(Notary().tiles, [1], seal_seconds=0.01)
    assert (proven.note, proven.public_key, proven.paths) == (None, None, {})


async def test_what_is_no_checkpoint_goes_along_as_it_is() -> None:
    notary = Notary()
    await notary.write([], "nonsense")
    proven = await prove_case(notary.tiles, [1], seal_seconds=0.01)
    assert (proven.note, proven.paths) == ("nonsense", {})


async def test_what_the_tiles_lack_has_no_proof() -> None:
    """Somebody has deleted some of them."""
    notary = Notary()
    await notary.seal(700)
    del notary.tiles.tiles[0, 1]
    proven = await prove_case(notary.tiles, [1, TILE_HASHES + 1, 700])
    assert proven.paths.keys() == {1, 700}


async def test_the_tiles_at_hand_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proving, "TILES_KEPT_MAX", 1)
    notary = Notary()
    await notary.seal(700)
    assert len((await prove_case(notary.tiles, range(1, 701))).paths) == 700
