"""An API key, folded from its events."""

from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct

from domain.access.events import ApiKeyIssued
from domain.events import Fold, Role, stream_named


def key_stream(key_id: str) -> UUID:
    return stream_named("key", key_id)


def denials_stream(source: str) -> UUID:
    return stream_named("denials", source)


class ApiKey(Struct, frozen=True, kw_only=True):
    key_id: str
    name: str
    role: Role
    secret_sha256: str
    expires_at: datetime | None


def evolve(_: ApiKey | None, event: ApiKeyIssued) -> ApiKey:
    return ApiKey(
        key_id=event.key_id,
        name=event.name,
        role=event.role,
        secret_sha256=event.secret_sha256,
        expires_at=event.expires_at,
    )


API_KEY: Final = Fold(noun="access", evolve=evolve)
