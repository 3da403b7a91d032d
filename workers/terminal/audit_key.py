"""`waybill audit key`: the notary's public key, for whoever is to check what it has signed."""

from pathlib import Path
from typing import Final

import rich_click as click
from rich.text import Text

from domain.evidence.note import NoteError, parse_verifying_key
from workers.terminal.command import Terminal, api_command
from workers.terminal.failures import failure
from workers.terminal.notary_keys import data_option, local_key
from workers.terminal.wording import printable

HEADER: Final = "Waybill-Notary-Key"


@click.command("key")
@data_option
@api_command
def key(terminal: Terminal, *, data: Path | None) -> None:
    """Print the notary's public key: from the data folder, else as the server says.

    Whoever is to trust a proof needs it from somebody they trust: give it to them before it is needed, and not together with
    the proof.
    """
    found = local_key(data)
    source = "folder"
    if found is None:
        source = "server"
        with terminal.client.stream("checkpoint", query={}, accept="text/plain") as response:
            response.read()
            written = response.headers.get(HEADER, "")
        try:
            found = parse_verifying_key(written)
        except NoteError as error:
            detail = f"The server named no public key of a notary: {error}."
            raise failure("bad_response:api", detail, title="Unknown answer") from None
    terminal.screen.show({"key": str(found), "name": found.name, "id": found.id.hex(), "from": source})
    if not terminal.screen.as_json:
        # In one piece however narrow the terminal is: it is going to be copied.
        terminal.screen.out.print(Text(printable(str(found))), soft_wrap=True)
    if source == "server":
        terminal.screen.say("As the server says: compare it with the notary's own before you rely on it.")
