"""The notary's public key, by which a person here knows what it has signed."""

from pathlib import Path
from typing import Final

import rich_click as click

from domain.evidence.note import PRIVATE, NoteError, VerifyingKey, parse_verifying_key
from workers.notary_key import PUBLIC_KEY_FILE, find_public_key
from workers.settings import SettingsError, read_settings
from workers.terminal.failures import Failure, failure

KEY_BYTES_MAX: Final = 4_096

key_option = click.option(
    "--key",
    metavar="KEY|FILE",
    help=f"The notary's public key, or a file that holds it. [default: {PUBLIC_KEY_FILE} in the data folder]",
)
data_option = click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="The data folder of the servers (WAYBILL_DATA).",
)


def public_key(given: str | None, *, data: Path | None) -> VerifyingKey:
    """What was given, else what the notary has left here. Raises Failure."""
    found = _read(given) if given is not None else local_key(data)
    if found is None:
        detail = (
            f"There is no public key of a notary here. Give it with --key: it is in {PUBLIC_KEY_FILE} in the notary's data "
            "folder, and `waybill audit key` prints it there."
        )
        raise _unusable(detail)
    return found


def local_key(data: Path | None) -> VerifyingKey | None:
    """Raises Failure."""
    try:
        return find_public_key(read_settings(data=data))
    except (SettingsError, OSError) as error:
        raise _unusable(str(error)) from None


def _read(given: str) -> VerifyingKey:
    text, where = given, "--key"
    path = Path(given)
    try:
        if path.is_file():
            where = given
            with path.open(encoding="utf-8") as file:
                text = file.read(KEY_BYTES_MAX)
        if text.strip().startswith(f"{PRIVATE}+"):
            detail = (
                f"{where} is a notary's secret key. Keep it where it is, and give the public one: `waybill audit key`."
            )
            raise _unusable(detail)
        return parse_verifying_key(text)
    except NoteError as error:
        raise _unusable(f"{where} is neither a public key nor a file with one: {error}.") from None
    except (OSError, UnicodeDecodeError):
        raise _unusable(f"{given} cannot be read.") from None


def _unusable(detail: str) -> Failure:
    return failure("bad_request:evidence", detail, title="No key")
