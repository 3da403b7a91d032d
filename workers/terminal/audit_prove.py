"""`waybill audit prove`: an event to take along, with all that it takes to see that it was stored."""

import asyncio
import sys
import time
from pathlib import Path
from typing import Final
from uuid import UUID

import rich_click as click

from domain.errors import StoreOffline, WaybillError
from domain.evidence.checkpoint import parse_checkpoint
from domain.evidence.note import NoteError
from domain.evidence.proof import PROOF_CHARS_MAX, Proof, parse_proof
from workers.settings import SettingsError, read_settings
from workers.terminal.client import Client
from workers.terminal.command import connect, give_up, json_option, no_color_option, url_option
from workers.terminal.failures import Failure, broken_rule, failure
from workers.terminal.new_files import write_new
from workers.terminal.notary_keys import data_option
from workers.terminal.screen import Screen
from workers.terminal.wording import moment, printable, size

STDOUT: Final = Path("-")
MEDIA_TYPE: Final = "text/plain; charset=utf-8"
NOT_SEALED: Final = "conflict:evidence"
# The notary is at most a second behind.
TRIES_MAX: Final = 10
BETWEEN_SECONDS: Final = 0.3


class EventName(click.ParamType[UUID | int]):
    """An id or a position."""

    name = "event"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> UUID | int:
        text = str(value)
        if text.isdecimal() and 0 < int(text) < 10**18:
            return int(text)
        try:
            return UUID(text)
        except ValueError:
            self.fail(f"{text!r} is neither a position nor the id of an event.", param, ctx)


@click.command("prove")
@click.argument("event", type=EventName())
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    required=True,
    metavar="FILE",
    help="The file to write; - is stdout. What is there already is never written over.",
)
@click.option("--direct", is_flag=True, help="Without the API and a key: straight from the database.")
@data_option
@url_option
@json_option
@no_color_option
def prove(
    *,
    event: UUID | int,
    output: Path,
    direct: bool,
    data: Path | None,
    url: str | None,
    as_json: bool,
    no_color: bool,
) -> None:
    """Write a proof of EVENT, an id or a position, into a FILE: the event itself, byte for byte, and its way to a signed checkpoint.

    `waybill audit check` checks it without the server and without the database. An event that was just stored is waited for.
    """
    if output == STDOUT and as_json:
        raise click.UsageError("Only one of the proof and --json can have stdout.")
    screen = Screen(as_json=as_json, no_color=no_color)
    try:
        proof = _patiently(event, direct=direct, data=data, url=url)
        _write(output, str(proof))
    except Failure as error:
        give_up(screen, error)
    if output != STDOUT:
        _tell(screen, proof, output)


def _patiently(event: UUID | int, *, direct: bool, data: Path | None, url: str | None) -> Proof:
    """As soon as there is one. Raises Failure."""
    for again in reversed(range(TRIES_MAX)):
        try:
            return _directly(event, data=data) if direct else _through_api(event, url=url)
        except Failure as error:
            if error.trouble.code != NOT_SEALED or not again:
                raise
        time.sleep(BETWEEN_SECONDS)
    raise AssertionError  # the last try has returned or raised


def _through_api(event: UUID | int, *, url: str | None) -> Proof:
    with connect(url) as client:
        return _understood(_fetch(client, event), event)


def _fetch(client: Client, event: UUID | int) -> str:
    found = client.download("events", str(event), "proof", media_type=MEDIA_TYPE, bytes_max=PROOF_CHARS_MAX)
    return found.content.decode("utf-8", errors="replace")


def _understood(written: str, event: UUID | int) -> Proof:
    try:
        proof = parse_proof(written)
        parse_checkpoint(proof.note.text)
    except NoteError as error:
        detail = f"The server's answer is no proof: {error}."
        raise failure("bad_response:api", detail, title="Unknown answer") from None
    if isinstance(event, int) and proof.event.position != event:
        detail = f"The server's answer is a proof of event {proof.event.position}."
        raise failure("bad_response:api", detail, title="Unknown answer")
    return proof


def _directly(event: UUID | int, *, data: Path | None) -> Proof:
    """What reads the database is imported only here: it takes longer than to ask the API."""
    from workers.logs import configure_logs_of_command  # noqa: PLC0415
    from workers.store_verification import prove_directly  # noqa: PLC0415
    from workers.terminal.on_database import unreachable  # noqa: PLC0415

    try:
        settings = read_settings(data=data)
        configure_logs_of_command(part="prove", log_format=settings.log_format)
        return asyncio.run(prove_directly(settings, event))
    except SettingsError as error:
        raise failure("bad_request:evidence", str(error), title="Usage") from None
    except StoreOffline as error:
        raise unreachable(error) from error
    except WaybillError as error:
        raise broken_rule(error) from error


def _write(output: Path, written: str) -> None:
    """Raises Failure."""
    if output == STDOUT:
        sys.stdout.write(written)
        return
    write_new(output, written.encode(), code="bad_request:evidence")


def _tell(screen: Screen, proof: Proof, output: Path) -> None:
    checkpoint = parse_checkpoint(proof.note.text)
    written_bytes = len(str(proof).encode())
    document = {
        "path": str(output),
        "bytes": written_bytes,
        "position": proof.event.position,
        "topic": proof.event.topic,
        "size": checkpoint.size,
        "at": checkpoint.at,
    }
    screen.show(
        document,
        f"Event {proof.event.position} ({printable(proof.event.topic)}) is proved by the checkpoint over {checkpoint.size} events of "
        f"{moment(checkpoint.at)} UTC: {printable(str(output))}, {size(written_bytes)}.",
    )
    screen.hint(f"waybill audit check {output}", purpose="to check it, also without the database")
