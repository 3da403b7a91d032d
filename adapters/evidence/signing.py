"""Ed25519 for notes: the keys, their signatures, and the check."""

import os

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from domain.evidence.note import KEY_BYTES, NoteError, Sign, SigningKey, VerifyingKey, key_id, parse_signing_key


def verify_ed25519(public: bytes, message: bytes, signature: bytes) -> bool:
    """Implements `Verify`."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def signer_of(seed: bytes) -> Sign:
    return Ed25519PrivateKey.from_private_bytes(seed).sign


def public_of(key: SigningKey) -> VerifyingKey:
    public = Ed25519PrivateKey.from_private_bytes(key.seed).public_key()
    return VerifyingKey(key.name, public.public_bytes_raw())


def new_signing_key(name: str) -> SigningKey:
    return _signing_key(name, os.urandom(KEY_BYTES))


def read_signing_key(written: str) -> SigningKey:
    """`PRIVATE+KEY+...`, whose id must be that of the key. Raises NoteError, which does not repeat the key."""
    key = parse_signing_key(written)
    if public_of(key).id != key.key_id:
        raise NoteError("the key's id does not fit the key: it was not copied in full")
    return key


def _signing_key(name: str, seed: bytes) -> SigningKey:
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return SigningKey(name, seed, key_id(name, public))
