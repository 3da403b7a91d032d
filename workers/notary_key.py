"""The notary's key: from the environment, else in a file in the data folder, made on first use and never in the database."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from adapters.evidence.folder import EvidenceFolder
from adapters.evidence.signing import new_signing_key, public_of, read_signing_key
from domain.evidence.note import NoteError, SigningKey, VerifyingKey, parse_verifying_key
from workers.evidence_settings import KEY
from workers.nats_settings import NatsUser
from workers.private_files import write_private
from workers.settings import Settings, SettingsError

KEY_FILE: Final = "notary.key"
PUBLIC_KEY_FILE: Final = "notary.vkey"
EVIDENCE_FOLDER: Final = "evidence"
NAME_BYTES: Final = 4


def evidence_folder(settings: Settings) -> EvidenceFolder:
    return EvidenceFolder(settings.evidence.folder or settings.data / EVIDENCE_FOLDER)


def signing_key(settings: Settings) -> SigningKey:
    """The public key is left beside it, for whoever checks. Raises SettingsError."""
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = settings.data / KEY_FILE
    if settings.evidence.key is None and not path.exists():
        with suppress(FileExistsError):
            write_private(path, f"{new_signing_key(f'waybill-{os.urandom(NAME_BYTES).hex()}')}\n", exclusive=True)
    try:
        key = read_signing_key(str(settings.evidence.key) if settings.evidence.key else path.read_text())
    except NoteError as error:
        where = "WAYBILL_NOTARY_KEY" if settings.evidence.key else str(path)
        raise SettingsError(f"{where} cannot be used: {error}.") from None
    _leave(settings.data / PUBLIC_KEY_FILE, f"{public_of(key)}\n")
    return key


def find_public_key(settings: Settings) -> VerifyingKey | None:
    """None: there is no key here, and nobody has left a public one. Makes nothing. Raises SettingsError."""
    if settings.evidence.key is not None:
        return public_of(settings.evidence.key)
    path = settings.data / PUBLIC_KEY_FILE
    try:
        return parse_verifying_key(path.read_text())
    except FileNotFoundError:
        return None
    except NoteError as error:
        raise SettingsError(f"{path} cannot be used: {error}.") from None


def own_notary_key(part: NatsUser | None) -> Mapping[str, str]:
    """What a part's environment says of the key: none but the notary is given it."""
    return {} if part == "notary" else {KEY: ""}


def _leave(path: Path, text: str) -> None:
    if not path.exists() or path.read_text() != text:
        write_private(path, text)
