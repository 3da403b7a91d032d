"""The proof of one event, and that the log has only grown since somebody looked."""

from typing import Final
from uuid import UUID

from msgspec import Struct

from domain.errors import BadRequest, EventNotFound, EvidenceBroken, NotSealed
from domain.evidence.checkpoint import Checkpoint, parse_checkpoint
from domain.evidence.leaf import StoredEvent
from domain.evidence.merkle import includes
from domain.evidence.note import Note, NoteError, parse_note
from domain.evidence.ports import StoredEvents, Tiles
from domain.evidence.proof import Proof
from domain.evidence.tiles import TilesMissing, consistency, inclusion

NOT_THERE: Final = "There is no event {event}."


class Sealed(Struct, frozen=True, kw_only=True):
    """The newest checkpoint, and the key that it is said to be signed with."""

    note: Note
    checkpoint: Checkpoint
    public_key: str


class Consistency(Struct, frozen=True, kw_only=True):
    """The hashes by which the tree of the newest checkpoint is seen to have begun as a former one."""

    sealed: Sealed
    path: tuple[bytes, ...]


async def find_event(stored: StoredEvents, event: UUID | int) -> StoredEvent:
    """By id or by position. Raises EventNotFound, StoreOffline."""
    found = await stored.one(event)
    if found is None:
        raise EventNotFound(NOT_THERE.format(event=event if isinstance(event, UUID) else f"at position {event}"))
    return found


async def newest_checkpoint(tiles: Tiles) -> Sealed:
    """Raises NotSealed, EvidenceBroken, StoreOffline."""
    written = await tiles.latest()
    if written is None:
        raise NotSealed(
            "No checkpoint was signed yet; the notary signs the first one within a second of the first event."
        )
    try:
        note = parse_note(written)
        return Sealed(note=note, checkpoint=parse_checkpoint(note.text), public_key=await tiles.public_key() or "")
    except NoteError as error:
        raise EvidenceBroken from error


async def event_proof(tiles: Tiles, event: StoredEvent) -> Proof:
    """Raises NotSealed, EvidenceBroken, StoreOffline."""
    position = event.position
    sealed = await newest_checkpoint(tiles)
    checkpoint = sealed.checkpoint
    if position > checkpoint.size:
        raise NotSealed
    try:
        path = await inclusion(tiles, index=position - 1, size=checkpoint.size)
    except TilesMissing as error:
        raise NotSealed("The tree over the events is being built again; send the request again.") from error
    if not includes(checkpoint.root, size=checkpoint.size, index=position - 1, leaf=event.leaf, path=path):
        raise EvidenceBroken
    return Proof(event=event, path=path, note=sealed.note)


async def log_consistency(tiles: Tiles, *, former: int) -> Consistency:
    """Raises BadRequest for more events than are signed, NotSealed, EvidenceBroken, StoreOffline."""
    sealed = await newest_checkpoint(tiles)
    size = sealed.checkpoint.size
    if former > size:
        raise BadRequest(f"The newest checkpoint is over {size} events, and knows nothing of {former}.")
    try:
        path = await consistency(tiles, former=former, size=size)
    except TilesMissing as error:
        raise NotSealed("The tree over the events is being built again; send the request again.") from error
    return Consistency(sealed=sealed, path=path)
