"""The form of an API key: `wb_<key id>_<secret><checksum>`; the checksum tells a typo from a stranger without a look-up."""

import hashlib
import hmac
import re
import zlib
from typing import Final
from uuid import UUID

from msgspec import Struct

from domain.access.state import ApiKey

PREFIX: Final = "wb"
ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
SECRET_BYTES: Final = 32
SECRET_CHARS: Final = 43
CHECKSUM_CHARS: Final = 6
KEY_ID_ALPHABET: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
KEY_ID_CHARS: Final = 12
NAME_CHARS_MAX: Final = 64
FORM: Final = re.compile(
    rf"{PREFIX}_([a-z0-9]{{4,32}})_([0-9A-Za-z]{{{SECRET_CHARS}}})([0-9A-Za-z]{{{CHECKSUM_CHARS}}})"
)
# Whatever is seen, in any language, with spaces within; nothing that steers a terminal or turns the text around.
NAME_PATTERN: Final = (
    r"^(?! )[^\u0000-\u001f\u007f-\u00a0\u00ad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000"
    r"\ud800-\uf8ff\ufeff\ufff0-\uffff]+(?<! )$(?!\n)"
)


class PresentedKey(Struct, frozen=True):
    """A key as somebody sent it: well-formed, not yet known to be right."""

    key_id: str
    secret: str


def is_name(text: str) -> bool:
    """Whether a key may be called so."""
    return len(text) <= NAME_CHARS_MAX and re.search(NAME_PATTERN, text) is not None


def key_id_from(unique: UUID) -> str:
    """A key id of KEY_ID_CHARS letters and digits; equal for equal ids."""
    number = int.from_bytes(hashlib.sha256(unique.bytes).digest()[:8])
    return _digits(number, KEY_ID_CHARS, alphabet=KEY_ID_ALPHABET)


def write_key(*, key_id: str, secret: bytes) -> str:
    """The key a person keeps; `secret` are SECRET_BYTES random bytes."""
    text = _digits(int.from_bytes(secret), SECRET_CHARS)
    return f"{PREFIX}_{key_id}_{text}{_checksum(key_id, text)}"


def read_key(text: str) -> PresentedKey | None:
    """None if it is not a key of ours, or was mistyped."""
    match = FORM.fullmatch(text)
    if match is None or _checksum(match[1], match[2]) != match[3]:
        return None
    return PresentedKey(match[1], match[2])


def without_keys(text: str) -> str:
    """The same without the secrets of keys of ours that stand in it, for what is kept or shown."""
    return FORM.sub(rf"{PREFIX}_\1_...", text)


def hash_secret(secret: str) -> str:
    """Sha256 in hex: enough for 256 random bits, and no lever for a caller to burn our time with."""
    return hashlib.sha256(secret.encode()).hexdigest()


def opens(key: ApiKey, presented: PresentedKey) -> bool:
    return hmac.compare_digest(key.secret_sha256, hash_secret(presented.secret))


def _checksum(key_id: str, secret: str) -> str:
    return _digits(zlib.crc32(f"{key_id}_{secret}".encode()), CHECKSUM_CHARS)


def _digits(number: int, chars: int, *, alphabet: str = ALPHABET) -> str:
    digits = []
    for _ in range(chars):
        number, digit = divmod(number, len(alphabet))
        digits.append(alphabet[digit])
    return "".join(reversed(digits))
