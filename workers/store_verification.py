"""A verification as a person asks for it: straight on the database, with the settings that the parts have."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final
from uuid import UUID

from adapters.evidence.checkpoint_file import last_note, read_notes
from adapters.evidence.folder import EvidenceFolder
from adapters.postgres.connection import open_pool
from adapters.postgres.evidence_checks import PostgresEvidenceChecks
from adapters.postgres.evidence_tiles import PostgresTiles
from adapters.postgres.stored_events import PostgresStoredEvents
from domain.evidence.checkpoint import Checkpoint
from domain.evidence.note import NOTE_CHARS_MAX, Note, NoteError, VerifyingKey, parse_note
from domain.evidence.proof import Proof
from domain.evidence.verdict import Verdict
from queries.event_proof import event_proof, find_event
from workers.awaiting import migrated
from workers.notary_key import evidence_folder
from workers.opening import postgres_url
from workers.settings import Settings
from workers.verifying_store import OnProgress, checkpoint_of, verify_store

NAME: Final = "waybill-verify"
POOL_SIZE_MAX: Final = 2
# Characters have four bytes at most.
REST_BYTES_MAX: Final = 4 * NOTE_CHARS_MAX


async def verify_directly(
    settings: Settings,
    *,
    key: VerifyingKey,
    evidence: Path | None,
    against: Sequence[Checkpoint],
    on_progress: OnProgress,
) -> Verdict:
    """`evidence` is another folder than that of the settings. Raises SettingsError, StoreOffline, OSError."""
    async with open_pool(postgres_url(settings), name=NAME, size_max=POOL_SIZE_MAX) as pool:
        await migrated(pool)
        return await verify_store(
            stored=PostgresStoredEvents(pool),
            tiles=PostgresTiles(pool),
            folder=EvidenceFolder(evidence) if evidence else evidence_folder(settings),
            key=key,
            checks=PostgresEvidenceChecks(pool),
            against=against,
            on_progress=on_progress,
        )


async def prove_directly(settings: Settings, event: UUID | int) -> Proof:
    """Raises SettingsError, EventNotFound, NotSealed, EvidenceBroken, StoreOffline."""
    async with open_pool(postgres_url(settings), name="waybill-prove", size_max=1) as pool:
        await migrated(pool)
        stored = PostgresStoredEvents(pool)
        return await event_proof(PostgresTiles(pool), await find_event(stored, event))


def read_kept(path: Path, key: VerifyingKey) -> list[Checkpoint]:
    """The checkpoints that somebody kept in a file: one, or all that stood in a file of checkpoints. Raises NoteError, OSError."""
    kept = [checkpoint_of(note, key) for note in _notes(path)]
    if not kept:
        raise NoteError("there is no signed checkpoint in it")
    return kept


def _notes(path: Path) -> Sequence[Note]:
    """A single one need not have the empty line behind it by which they are told apart in a file of many."""
    with path.open("rb") as file:
        notes = list(read_notes(path))
        _, end = last_note(path)
        file.seek(end)
        rest = file.read(REST_BYTES_MAX).decode(errors="replace").strip()
    return [*notes, parse_note(f"{rest}\n")] if rest else notes
