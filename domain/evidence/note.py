"""Signed notes and the keys that sign them, in the forms of C2SP (signed-note, Ed25519). The arithmetic of Ed25519 is elsewhere."""

import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Final

from msgspec import Struct

ED25519: Final = b"\x01"
KEY_BYTES: Final = 32
KEY_ID_BYTES: Final = 4
SIGNATURE_BYTES: Final = 64
NOTE_CHARS_MAX: Final = 64 * 1024
NAME: Final = re.compile(r"[^\s+]{1,128}")
SIGNATURE_LINE: Final = re.compile(r"— (?P<name>[^\s+]+) (?P<signature>[A-Za-z0-9+/]+={0,2})")
PRIVATE: Final = "PRIVATE+KEY"

# (public key, message, signature) -> whether the signature is that of the message.
Verify = Callable[[bytes, bytes, bytes], bool]
# (message) -> signature
Sign = Callable[[bytes], bytes]


class NoteError(ValueError):
    """This is not a signed note, or not a key for one; the message says what is wrong."""


class VerifyingKey(Struct, frozen=True):
    """What everybody may know: whose signature it is, and how to check it."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        return key_id(self.name, self.public)

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{b64encode(ED25519 + self.public).decode()}"


class SigningKey(Struct, frozen=True):
    """`seed` is the secret: 32 bytes, from which the public key follows. `repr` does not tell it."""

    name: str
    seed: bytes
    key_id: bytes

    def __str__(self) -> str:
        return f"{PRIVATE}+{self.name}+{self.key_id.hex()}+{b64encode(ED25519 + self.seed).decode()}"

    def __repr__(self) -> str:
        return f"SigningKey({self.name}+{self.key_id.hex()})"


class Signature(Struct, frozen=True):
    name: str
    key_id: bytes
    signature: bytes

    def __str__(self) -> str:
        return f"— {self.name} {b64encode(self.key_id + self.signature).decode()}\n"


class Note(Struct, frozen=True):
    """`text` ends with a line feed and is what is signed."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return f"{self.text}\n{''.join(map(str, self.signatures))}"

    def signed_by(self, key: VerifyingKey, verify: Verify) -> bool:
        """Signatures of others, and of other kinds, are passed over."""
        return any(
            signature.name == key.name
            and signature.key_id == key.id
            and len(signature.signature) == SIGNATURE_BYTES
            and verify(key.public, self.text.encode(), signature.signature)
            for signature in self.signatures
        )


def key_id(name: str, public: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + public).digest()[:KEY_ID_BYTES]


def sign_note(text: str, key: SigningKey, sign: Sign) -> Note:
    return Note(text, (Signature(key.name, key.key_id, sign(text.encode())),))


def parse_note(written: str) -> Note:
    """Raises NoteError."""
    if len(written) > NOTE_CHARS_MAX:
        raise NoteError(f"a signed note has at most {NOTE_CHARS_MAX} characters")
    text, blank, lines = written.rpartition("\n\n")
    if not blank or not lines.endswith("\n"):
        raise NoteError("a signed note is a text, an empty line, and lines of signatures")
    return Note(text + "\n", tuple(map(_signature, lines.removesuffix("\n").split("\n"))))


def parse_verifying_key(written: str) -> VerifyingKey:
    """`<name>+<key id>+<base64>`. Raises NoteError."""
    name, id_hex, public = _key_parts(written.strip())
    key = VerifyingKey(name, public)
    if key.id.hex() != id_hex:
        raise NoteError("the key's id does not fit the key: it was not copied in full")
    return key


def parse_signing_key(written: str) -> SigningKey:
    """`PRIVATE+KEY+<name>+<key id>+<base64>`. Raises NoteError, which does not repeat the key."""
    prefix, separator, rest = written.strip().partition(f"{PRIVATE}+")
    if prefix or not separator:
        raise NoteError(f"a signing key begins with {PRIVATE}+")
    name, id_hex, seed = _key_parts(rest)
    return SigningKey(name, seed, bytes.fromhex(id_hex))


def _key_parts(written: str) -> tuple[str, str, bytes]:
    parts = written.split("+", 2)
    if len(parts) != 3 or not NAME.fullmatch(parts[0]) or not re.fullmatch("[0-9a-f]{8}", parts[1]):
        raise NoteError("a key is written <name>+<8 hex digits>+<base64>")
    try:
        content = b64decode(parts[2], validate=True)
    except ValueError:
        raise NoteError("the key's last part is not base64") from None
    if content[:1] != ED25519 or len(content) != 1 + KEY_BYTES:
        raise NoteError("only Ed25519 keys are taken")
    return parts[0], parts[1], content[1:]


def _signature(line: str) -> Signature:
    found = SIGNATURE_LINE.fullmatch(line)
    try:
        content = b64decode(found["signature"], validate=True) if found else b""
    except ValueError:
        content = b""
    if found is None or len(content) <= KEY_ID_BYTES:
        raise NoteError("a line after the empty one is not a signature")
    return Signature(found["name"], content[:KEY_ID_BYTES], content[KEY_ID_BYTES:])
