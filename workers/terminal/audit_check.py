"""`waybill audit check`: whether a proof proves its event; it needs the file and the notary's public key, and nothing else."""

from pathlib import Path
from typing import Any, Final

import msgspec
import rich_click as click
from rich.text import Text

from adapters.evidence.signing import verify_ed25519
from domain.evidence.checkpoint import Checkpoint
from domain.evidence.note import NoteError, VerifyingKey
from domain.evidence.proof import FORM, PROOF_CHARS_MAX, Proof, parse_proof
from workers.terminal.command import give_up, json_option, no_color_option
from workers.terminal.exit_codes import ExitCode
from workers.terminal.failures import Failure, failure
from workers.terminal.notary_keys import data_option, key_option, public_key
from workers.terminal.screen import Screen
from workers.terminal.wording import moment, printable

ENVELOPE_CHARS_SHOWN: Final = 4_000


@click.command("check")
@click.argument("proof", type=click.Path(path_type=Path, dir_okay=False))
@key_option
@data_option
@json_option
@no_color_option
def check(*, proof: Path, key: str | None, data: Path | None, as_json: bool, no_color: bool) -> None:
    """Check a PROOF that `waybill audit prove` has written: without the server, and without the database.

    Ends with 0 if the event in it is the one that the notary signed, and shows it; with 5 if it is not, and with 2 if the file is no
    proof.
    """
    screen = Screen(as_json=as_json, no_color=no_color)
    try:
        found = read_proof(proof)
        verifying = public_key(key, data=data)
        checkpoint = checked(found, verifying)
    except Failure as error:
        give_up(screen, error)
    document = {
        "proved": True,
        "event": as_document(found),
        "checkpoint": {
            "log": checkpoint.origin,
            "size": checkpoint.size,
            "store": checkpoint.store,
            "at": checkpoint.at,
        },
        "key": str(verifying),
    }
    screen.show(document, *_lines(found, checkpoint, verifying))


def read_proof(path: Path) -> Proof:
    """Raises Failure."""
    try:
        with path.open(encoding="utf-8") as file:
            written = file.read(PROOF_CHARS_MAX + 1)
        return parse_proof(written)
    except OSError as error:
        raise _no_proof(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise _no_proof(f"{path} is not a proof: it is no text.") from None
    except NoteError as error:
        cut = " It was cut off, or changed." if written.startswith(FORM) else ""
        raise _no_proof(f"{path} cannot be taken for a proof: {error}.{cut}") from None


def checked(proof: Proof, key: VerifyingKey) -> Checkpoint:
    """Raises Failure if it proves nothing."""
    try:
        return proof.check(key, verify_ed25519)
    except NoteError as error:
        signers = ", ".join(f"{one.name}+{one.key_id.hex()}" for one in proof.note.signatures)
        others = {one.name for one in proof.note.signatures} - {key.name}
        hint = f" It names {signers}: it is of another log, or the key is." if others else ""
        detail = f"This proves nothing: {error}.{hint}"
        document = {"type": "about:blank", "title": "Not proved", "detail": detail, "code": "unproved:evidence"}
        raise Failure(document, exit_code=ExitCode.FAILED) from None


def as_document(proof: Proof) -> dict[str, Any]:
    """The event as it is stored."""
    event = proof.event
    try:
        envelope = msgspec.json.decode(event.state)
    except (msgspec.DecodeError, UnicodeDecodeError):
        envelope = None
    return {
        "position": event.position,
        "stream": event.stream,
        "version": event.version,
        "topic": event.topic,
        "envelope": envelope,
    }


def _lines(proof: Proof, checkpoint: Checkpoint, key: VerifyingKey) -> list[Text]:
    event = proof.event
    envelope = printable(event.state.decode("utf-8", errors="replace"))
    shown = envelope[:ENVELOPE_CHARS_SHOWN] + ("…" if len(envelope) > ENVELOPE_CHARS_SHOWN else "")
    facts = {
        "position": str(event.position),
        "topic": printable(event.topic),
        "stream": f"{event.stream}, version {event.version}",
        "envelope": shown,
        "signed": f"over {checkpoint.size} events at {moment(checkpoint.at)} UTC",
        "by": f"{printable(key.name)}+{key.id.hex()}",
    }
    head = Text.assemble(("✔ ", "green"), "This event is what was stored.")
    return [head, *(Text.assemble((f"  {name:<9} ", "dim"), value) for name, value in facts.items())]


def _no_proof(detail: str) -> Failure:
    return failure("bad_request:evidence", detail, title="No proof")
