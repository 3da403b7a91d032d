"""A proof that a person can keep: one event, its way to the root, and the signed checkpoint (C2SP tlog-proof)."""

import re
from base64 import b64decode, b64encode
from typing import Final

from msgspec import Struct

from domain.evidence.checkpoint import Checkpoint, parse_checkpoint
from domain.evidence.leaf import StoredEvent, parse_entry
from domain.evidence.merkle import HASH_BYTES, includes
from domain.evidence.note import Note, NoteError, Verify, VerifyingKey, parse_note

FORM: Final = "c2sp.org/tlog-proof@v1"
PROOF_CHARS_MAX: Final = 16 * 1024 * 1024
PATH_MAX: Final = 64
HEAD: Final = re.compile(
    rf"{re.escape(FORM)}\nextra (?P<entry>[A-Za-z0-9+/]+={{0,2}})\nindex (?P<index>0|[1-9][0-9]{{0,18}})\n"
    r"(?P<path>(?:[A-Za-z0-9+/]{43}=\n){0,64})\n(?P<note>.+)",
    re.DOTALL,
)


class Proof(Struct, frozen=True, kw_only=True):
    """`extra` carries the event itself, so that nothing else is needed to check it but the notary's public key."""

    event: StoredEvent
    path: tuple[bytes, ...]
    note: Note

    def __str__(self) -> str:
        lines = [FORM, f"extra {_base64(self.event.entry)}", f"index {self.event.position - 1}"]
        return "\n".join([*lines, *map(_base64, self.path), "", str(self.note)])

    def check(self, key: VerifyingKey, verify: Verify) -> Checkpoint:
        """The checkpoint that proves the event. Raises NoteError with what is wrong."""
        if not self.note.signed_by(key, verify):
            raise NoteError(f"the checkpoint is not signed by {key.name}+{key.id.hex()}")
        checkpoint = parse_checkpoint(self.note.text)
        if checkpoint.origin != key.name:
            raise NoteError(f"the checkpoint is that of another log, {checkpoint.origin}")
        index = self.event.position - 1
        if not includes(checkpoint.root, size=checkpoint.size, index=index, leaf=self.event.leaf, path=self.path):
            raise NoteError("the event is not the one that the checkpoint was signed over")
        return checkpoint


def parse_proof(written: str) -> Proof:
    """Raises NoteError if it is not exactly how a proof is written."""
    found = HEAD.fullmatch(written) if len(written) <= PROOF_CHARS_MAX else None
    if found is None:
        raise NoteError(f"this is not a proof: one begins with {FORM}")
    try:
        event = parse_entry(b64decode(found["entry"], validate=True))
        path = tuple(b64decode(line, validate=True) for line in found["path"].split("\n") if line)
    except ValueError as error:
        raise NoteError(f"this is not a proof of an event: {error}") from None
    if event.position - 1 != int(found["index"]) or any(len(hashed) != HASH_BYTES for hashed in path):
        raise NoteError("the proof contradicts itself: its index is not the event's")
    proof = Proof(event=event, path=path, note=parse_note(found["note"]))
    if str(proof) != written:
        raise NoteError("this is not exactly how a proof is written")
    return proof


def _base64(content: bytes) -> str:
    return b64encode(content).decode()
