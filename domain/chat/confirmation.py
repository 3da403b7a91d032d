"""The form of a confirmation: `<chat action id as 32 hex digits>.<43 characters>`; what is stored of it is a hash."""

import base64
import hashlib
import re
from typing import Final
from uuid import UUID

SECRET_BYTES: Final = 32
FORM: Final = re.compile(r"([0-9a-f]{32})\.[A-Za-z0-9_-]{43}")


def write_token(action_id: UUID, secret: bytes) -> str:
    """`secret` are SECRET_BYTES random bytes."""
    return f"{action_id.hex}.{base64.urlsafe_b64encode(secret).decode().rstrip('=')}"


def action_of(token: str) -> UUID | None:
    """The chat action that it would confirm, None if it is no token of ours."""
    match = FORM.fullmatch(token)
    return UUID(match[1]) if match else None


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def hash_text(salt: bytes, text: str) -> str:
    return hashlib.sha256(salt + text.encode()).hexdigest()
