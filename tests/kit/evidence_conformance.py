"""What every implementation of the ports of evidence must do. Subclass it with the fixtures that each suite names."""

from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import pytest
import uuid_utils.compat
from msgspec.structs import replace

from domain.evidence.leaf import StoredEvent
from domain.evidence.ports import StoredEvents, Tiles
from domain.evidence.tiles import TILE_BYTES
from domain.ports import Lease, Roles
from tests.kit.roles_conformance import hold

NOTE, KEY = "a note\n\n— somebody x08gow==\n", "somebody+00000000+AQ=="
Put = Callable[[list[StoredEvent]], Awaitable[None]]


def row(position: int, *, event_id: UUID | None = None, filling: str = "") -> StoredEvent:
    state = f'{{"id":"{event_id or uuid_utils.compat.uuid7()}","v":1,"data":{{"filling":"{filling}"}}}}'
    return StoredEvent(position=position, stream=uuid4(), version=1, topic="skill.skill_archived", state=state.encode())


class TilesConformance:
    """Fixtures: `tiles`, empty, and the `roles` whose leases it knows."""

    pytestmark = pytest.mark.anyio

    async def write(self, tiles: Tiles, lease: Lease, *written: tuple[int, int, bytes], size: int = 1) -> bool:
        return await tiles.write(written, note=NOTE, public_key=KEY, size=size, lease=lease)

    async def test_in_the_beginning_there_is_nothing(self, tiles: Tiles) -> None:
        assert await tiles.read(0, (0, 1)) == {}
        assert (await tiles.latest(), await tiles.public_key()) == (None, None)

    async def test_what_was_written_is_there_and_nothing_else(self, tiles: Tiles, roles: Roles) -> None:
        lease = await hold(roles, "a", role="notary")
        full, part = b"f" * TILE_BYTES, b"p" * 64
        assert await self.write(tiles, lease, (0, 0, full), (0, 1, part), (1, 0, part), (9, 2**40, part))
        assert await tiles.read(0, (1, 0, 2)) == {0: full, 1: part}
        assert await tiles.read(1, (0,)) == {0: part}
        assert await tiles.read(9, (2**40,)) == {2**40: part}
        assert (await tiles.latest(), await tiles.public_key()) == (NOTE, KEY)

    async def test_what_has_grown_takes_the_place_of_what_it_was(self, tiles: Tiles, roles: Roles) -> None:
        lease = await hold(roles, "a", role="notary")
        assert await self.write(tiles, lease, (0, 0, b"p" * 32), (0, 1, b"q" * 32))
        assert await tiles.write(((0, 0, b"p" * 64),), note="later", public_key="another", size=2, lease=lease)
        assert await tiles.read(0, (0, 1)) == {0: b"p" * 64, 1: b"q" * 32}
        assert (await tiles.latest(), await tiles.public_key()) == ("later", "another")

    async def test_a_checkpoint_may_come_without_tiles(self, tiles: Tiles, roles: Roles) -> None:
        assert await self.write(tiles, await hold(roles, "a", role="notary"))
        assert await tiles.latest() == NOTE

    async def test_whose_time_is_over_writes_nothing(self, tiles: Tiles, roles: Roles) -> None:
        former = await hold(roles, "a", role="notary")
        later = await hold(roles, "a", role="notary")
        assert not await self.write(tiles, former, (0, 0, b"p" * 32))
        assert not await self.write(tiles, replace(later, holder="b"), (0, 0, b"p" * 32))
        assert (await tiles.read(0, (0,)), await tiles.latest()) == ({}, None)
        assert await self.write(tiles, later, (0, 0, b"p" * 32))


class StoredEventsConformance:
    """Fixtures: `stored`, empty, and `put`, by which rows come there in any way."""

    pytestmark = pytest.mark.anyio

    async def test_in_the_beginning_there_is_nothing(self, stored: StoredEvents) -> None:
        assert await stored.read(after=0, limit=10) == ()
        assert (await stored.head()).position == 0
        assert await stored.one(1) is None
        assert await stored.one(uuid_utils.compat.uuid7()) is None

    async def test_rows_come_in_the_order_of_their_positions(self, stored: StoredEvents, put: Put) -> None:
        rows = [row(position) for position in (1, 2, 3, 4, 5)]
        await put(rows)
        assert await stored.read(after=0, limit=10) == tuple(rows)
        assert await stored.read(after=1, limit=2) == tuple(rows[1:3])
        assert await stored.read(after=5, limit=2) == ()
        assert (await stored.head()).position == 5

    async def test_a_hole_is_no_end(self, stored: StoredEvents, put: Put) -> None:
        rows = [row(position) for position in (1, 2, 700, 1_000_000)]
        await put(rows)
        assert await stored.read(after=0, limit=10) == tuple(rows)
        assert await stored.read(after=2, limit=1) == (rows[2],)

    async def test_what_is_no_event_is_read_as_it_stands(self, stored: StoredEvents, put: Put) -> None:
        strange = [replace(row(1), state=b"\xff\x00 no event"), replace(row(2), state=b""), row(3)]
        await put(strange)
        assert await stored.read(after=0, limit=10) == tuple(strange)
        assert await stored.one(1) == strange[0]

    async def test_one_is_found_by_its_position_or_its_id(self, stored: StoredEvents, put: Put) -> None:
        ids = [uuid_utils.compat.uuid7() for _ in range(9)]
        rows = [row(position, event_id=event_id) for position, event_id in enumerate(ids, start=1)]
        await put([*rows, replace(row(10), state=b"no event")])
        for found, event_id in zip(rows, ids, strict=True):
            assert await stored.one(found.position) == found
            assert await stored.one(event_id) == found
        assert await stored.one(11) is None
        assert await stored.one(uuid_utils.compat.uuid7()) is None
        assert await stored.one(uuid4()) is None
