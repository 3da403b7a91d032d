"""Proofs from tiles: of every event that is sealed, and of none that is not what was sealed."""

import pytest

from adapters.evidence.signing import new_signing_key, public_of, signer_of, verify_ed25519
from adapters.memory.evidence import MemoryStoredEvents, MemoryTiles
from adapters.memory.roles import MemoryRoles
from domain.errors import BadRequest, EventNotFound, EvidenceBroken, NotSealed
from domain.evidence.merkle import continues
from domain.evidence.note import sign_note
from domain.evidence.tiles import GrowingTiles
from queries.event_proof import event_proof, find_event, log_consistency, newest_checkpoint
from tests.domain.evidence.logs import event_id, leaves_of, log_of, signed

pytestmark = pytest.mark.anyio

KEY = new_signing_key("waybill-00000000")
PUBLIC = public_of(KEY)
SIZE, SEALED = 300, 290
EVENTS = log_of(SIZE)


@pytest.fixture
async def stored() -> MemoryStoredEvents:
    return MemoryStoredEvents(EVENTS)


@pytest.fixture
async def tiles() -> MemoryTiles:
    roles = MemoryRoles()
    tiles = MemoryTiles(roles)
    growth = GrowingTiles()
    growth.append(leaves_of(EVENTS[:SEALED]))
    note = str(sign_note(str(signed(EVENTS, SEALED)), KEY, signer_of(KEY.seed)))
    lease = await roles.acquire(role="notary", holder="test", seconds=60)
    assert lease is not None
    assert await tiles.write(growth.take_changed(), note=note, public_key=str(PUBLIC), size=SEALED, lease=lease)
    return tiles


@pytest.mark.parametrize("position", [1, 2, 255, 256, 257, SEALED])
async def test_every_sealed_event_has_a_proof(stored: MemoryStoredEvents, tiles: MemoryTiles, position: int) -> None:
    proof = await event_proof(tiles, await find_event(stored, position))
    assert proof.check(PUBLIC, verify_ed25519).size == SEALED
    assert proof.event == EVENTS[position - 1]


async def test_an_event_that_is_not_sealed_has_none_yet(stored: MemoryStoredEvents, tiles: MemoryTiles) -> None:
    with pytest.raises(NotSealed):
        await event_proof(tiles, await find_event(stored, SEALED + 1))
    with pytest.raises(NotSealed, match="No checkpoint was signed yet"):
        await event_proof(MemoryTiles(MemoryRoles()), await find_event(stored, 1))


async def test_what_is_not_there_has_none(stored: MemoryStoredEvents, tiles: MemoryTiles) -> None:
    with pytest.raises(EventNotFound, match="at position 301"):
        await event_proof(tiles, await find_event(stored, SIZE + 1))
    with pytest.raises(EventNotFound):
        await find_event(stored, event_id(SIZE + 1))
    assert await find_event(stored, event_id(7)) == EVENTS[6]


async def test_an_event_that_was_changed_is_not_proved(tiles: MemoryTiles) -> None:
    changed = [*EVENTS[:9], EVENTS[10].at(10), *EVENTS[10:]]
    with pytest.raises(EvidenceBroken):
        await event_proof(tiles, await find_event(MemoryStoredEvents(changed), 10))


async def test_tiles_that_are_missing_are_being_built(stored: MemoryStoredEvents, tiles: MemoryTiles) -> None:
    tiles.tiles.clear()
    with pytest.raises(NotSealed, match="built again"):
        await event_proof(tiles, await find_event(stored, 1))
    with pytest.raises(NotSealed, match="built again"):
        await log_consistency(tiles, former=3)


async def test_a_checkpoint_that_is_none_is_broken_evidence() -> None:
    class Strange(MemoryTiles):
        async def latest(self) -> str | None:
            return "nothing of the kind"

    with pytest.raises(EvidenceBroken):
        await newest_checkpoint(Strange(MemoryRoles()))


@pytest.mark.parametrize("former", [1, 100, 256, SEALED])
async def test_the_log_is_seen_to_have_only_grown(tiles: MemoryTiles, former: int) -> None:
    found = await log_consistency(tiles, former=former)
    root = found.sealed.checkpoint.root
    assert continues(signed(EVENTS, former).root, root, former=former, size=SEALED, path=found.path)
    assert found.sealed.public_key == str(PUBLIC)


async def test_nothing_is_known_of_a_size_that_was_not_signed(tiles: MemoryTiles) -> None:
    with pytest.raises(BadRequest, match="over 290 events"):
        await log_consistency(tiles, former=SEALED + 1)
