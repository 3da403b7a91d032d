"""Issuing and revoking API keys."""

from datetime import UTC, datetime, timedelta
from typing import Final

from domain.access.events import ApiKeyIssued, ApiKeyRevoked
from domain.access.key import NAME_CHARS_MAX, is_name
from domain.access.state import ApiKey
from domain.errors import ApiKeyUnfit, BadRequest, Problem
from domain.events import Role

LIFETIME_MAX: Final = timedelta(days=3650)


def issue(
    key: ApiKey | None,
    *,
    key_id: str,
    name: str,
    role: Role,
    secret_sha256: str,
    expires_at: datetime | None,
    now: datetime,
) -> tuple[ApiKeyIssued, ...]:
    """Quiet if this key id was issued before: only one of several first starts makes the key. Raises BadRequest."""
    if key is not None:
        return ()
    if not is_name(name):
        problem = Problem(pointer="/name", message=f"must be 1 to {NAME_CHARS_MAX} printable characters")
        raise BadRequest("A key needs a name by which people know it.", problems=(problem,))
    if expires_at is not None:
        _check_expiry(expires_at, now)
        expires_at = expires_at.astimezone(UTC)
    return (ApiKeyIssued(key_id=key_id, name=name, role=role, secret_sha256=secret_sha256, expires_at=expires_at),)


def revoke(key: ApiKey, *, by: str) -> tuple[ApiKeyRevoked, ...]:
    """`by` is the key id of who asks. A key does not revoke itself, so whoever revokes one still has one. Raises ApiKeyUnfit."""
    if key.key_id == by:
        raise ApiKeyUnfit("A key cannot revoke itself: issue another one, and revoke this one with that.")
    return () if key.revoked else (ApiKeyRevoked(key_id=key.key_id),)


def _check_expiry(expires_at: datetime, now: datetime) -> None:
    if expires_at <= now:
        problem = Problem(pointer="/expiresAt", message="must be in the future")
        raise BadRequest("The key would have expired already.", problems=(problem,))
    if expires_at - now > LIFETIME_MAX:
        problem = Problem(pointer="/expiresAt", message=f"must be at most {LIFETIME_MAX.days} days from now")
        raise BadRequest(
            "No key is issued for so long; leave it out for one that does not expire.", problems=(problem,)
        )
