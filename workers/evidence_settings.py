"""What the environment says of the notary: the key it signs with, where the evidence goes, and how often it checks everything."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

from domain.evidence.note import NoteError, SigningKey, parse_signing_key
from workers.environment_values import read_path

KEY: Final = "WAYBILL_NOTARY_KEY"
FOLDER: Final = "WAYBILL_EVIDENCE"
VERIFY: Final = "WAYBILL_EVIDENCE_VERIFY_SECONDS"
VERIFY_SECONDS_MIN: Final = 60
VERIFY_SECONDS_MAX: Final = 30 * 86_400


class EvidenceSettings(Struct, frozen=True, kw_only=True):
    """`verify_seconds`: 0 is never. Without a key or a folder those in the data folder are meant."""

    key: SigningKey | None = None
    folder: Path | None = None
    verify_seconds: int = 3600


def read_evidence(environment: Mapping[str, str]) -> EvidenceSettings:
    """Raises ValueError with a message that names the setting, and does not repeat the key."""
    settings = EvidenceSettings(key=_key(environment.get(KEY, "").strip()), folder=read_path(environment, FOLDER))
    text = environment.get(VERIFY, "").strip()
    if not text:
        return settings
    if not (text.isdecimal() and (int(text) == 0 or VERIFY_SECONDS_MIN <= int(text) <= VERIFY_SECONDS_MAX)):
        raise ValueError(f"{VERIFY} must be 0, or a number from {VERIFY_SECONDS_MIN} to {VERIFY_SECONDS_MAX}.")
    return EvidenceSettings(key=settings.key, folder=settings.folder, verify_seconds=int(text))


def _key(text: str) -> SigningKey | None:
    try:
        return parse_signing_key(text) if text else None
    except NoteError as error:
        raise ValueError(f"{KEY} cannot be used: {error}.") from None
