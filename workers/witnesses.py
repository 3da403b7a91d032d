"""Who remembers what was signed: the newest checkpoint in the evidence folder, in the database, and on NATS."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from adapters.evidence.folder import EvidenceFolder
from adapters.evidence.signing import verify_ed25519
from domain.evidence.binding import bind
from domain.evidence.checkpoint import Checkpoint, parse_checkpoint
from domain.evidence.note import Note, NoteError, VerifyingKey, parse_note
from domain.evidence.ports import StoreHead, Tiles
from domain.evidence.verdict import Restore

DATABASE: Final = "the database"
FOLDER: Final = "the evidence folder"
NATS: Final = "NATS"


class EvidenceContradicted(Exception):  # noqa: N818 - what the evidence is, not what went wrong
    """The store is not what was signed; the text says how. `position` is the first event that is certainly concerned."""

    def __init__(self, said: str, *, position: int | None = None) -> None:
        super().__init__(said)
        self.position = position


class Witness(Struct, frozen=True, kw_only=True):
    """A checkpoint that was signed before, and who remembers it."""

    where: str
    note: Note
    checkpoint: Checkpoint


async def gather(
    *, folder: EvidenceFolder, tiles: Tiles, elsewhere: str | None, key: VerifyingKey
) -> tuple[Witness, ...]:
    """The one of the smallest tree first. `elsewhere` is the newest note on NATS. Raises EvidenceContradicted if one was not
    signed with this key, StoreOffline, OSError, NoteError.
    """
    in_folder, in_database = await asyncio.to_thread(folder.last), await tiles.latest()
    notes = {FOLDER: in_folder, DATABASE: in_database, NATS: elsewhere}
    witnesses = [_witness(where, note, key) for where, note in notes.items() if note is not None]
    return tuple(sorted(witnesses, key=lambda witness: witness.checkpoint.size))


def binding(witnesses: Iterable[Witness], head: StoreHead, restores: Sequence[Restore]) -> tuple[Witness, ...]:
    """Those that the store has to agree with: all, but what was forgotten in a restore that is on record. Raises
    EvidenceContradicted if it has not even as many events.
    """
    bound = tuple(
        witness for witness in witnesses if bind((witness.checkpoint,), store=head.store, restores=restores).checkpoints
    )
    for witness in bound:
        if witness.checkpoint.size > head.position:
            raise EvidenceContradicted(
                f"{witness.where} has a checkpoint over {witness.checkpoint.size} events, and the store has only "
                f"{head.position}",
                position=head.position + 1,
            )
    return bound


def _witness(where: str, given: Note | str, key: VerifyingKey) -> Witness:
    try:
        note = parse_note(given) if isinstance(given, str) else given
        checkpoint = parse_checkpoint(note.text)
    except NoteError as error:
        raise EvidenceContradicted(f"the newest checkpoint in {where} cannot be read: {error}") from None
    if not note.signed_by(key, verify_ed25519):
        names = ", ".join(signature.name for signature in note.signatures)
        raise EvidenceContradicted(
            f"the newest checkpoint in {where} is signed by {names}, and not with the key {key.name} of this notary"
        )
    return Witness(where=where, note=note, checkpoint=checkpoint)
