"""A notary's work in one go: the whole store as it stands is put into tiles and signed."""

from datetime import UTC, datetime

from adapters.evidence.signing import public_of, signer_of
from adapters.postgres.connection import open_pool
from adapters.postgres.evidence_tiles import PostgresTiles
from adapters.postgres.roles import PostgresRoles
from adapters.postgres.stored_events import PostgresStoredEvents
from domain.evidence.checkpoint import Checkpoint
from domain.evidence.note import SigningKey, sign_note
from domain.evidence.tiles import GrowingTiles

BATCH = 1_000


async def seal(database: str, key: SigningKey, *, leave_out: int = 0) -> int:
    """The size of the checkpoint. `leave_out`: so many of the newest events are not sealed yet."""
    async with open_pool(database, name="test-notary", size_max=2) as pool:
        stored, tiles, roles = PostgresStoredEvents(pool), PostgresTiles(pool), PostgresRoles(pool)
        head = await stored.head()
        size = head.position - leave_out
        growth = GrowingTiles()
        while growth.size < size:
            events = await stored.read(after=growth.size, limit=min(BATCH, size - growth.size))
            growth.append(b"".join(event.leaf for event in events))
        checkpoint = Checkpoint(origin=key.name, size=size, root=growth.root(), store=head.store, at=datetime.now(UTC))
        note = str(sign_note(str(checkpoint), key, signer_of(key.seed)))
        lease = await roles.acquire(role="notary", holder="test", seconds=60)
        assert lease is not None
        assert await tiles.write(
            growth.take_changed(), note=note, public_key=str(public_of(key)), size=size, lease=lease
        )
        await roles.release(lease)
    return size
