"""An API key, folded from its events."""

from datetime import datetime
from typing import Final, assert_never
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.access.events import ApiKeyEvent, ApiKeyIssued, ApiKeyRevoked
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
    revoked: bool = False

    def expired(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now


def evolve(key: ApiKey | None, event: ApiKeyEvent) -> ApiKey:
    match event:
        case ApiKeyIssued():
            return ApiKey(
                key_id=event.key_id,
                name=event.name,
                role=event.role,
                secret_sha256=event.secret_sha256,
                expires_at=event.expires_at,
            )
        case ApiKeyRevoked():
            assert key is not None  # noqa: S101 - what was never issued is never revoked
            return replace(key, revoked=True)
        case _:
            assert_never(event)


API_KEY: Final = Fold(noun="access", evolve=evolve)
