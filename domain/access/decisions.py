"""Issuing and revoking API keys."""

from datetime import datetime

from domain.access.events import ApiKeyIssued, ApiKeyRevoked
from domain.access.state import ApiKey
from domain.errors import ApiKeyUnfit, BadRequest, Problem
from domain.events import Role


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
    if expires_at is not None and expires_at <= now:
        problem = Problem(pointer="/expiresAt", message="must be in the future")
        raise BadRequest("The key would have expired already.", problems=(problem,))
    if key is not None:
        return ()
    return (ApiKeyIssued(key_id=key_id, name=name, role=role, secret_sha256=secret_sha256, expires_at=expires_at),)


def revoke(key: ApiKey, *, by: str) -> tuple[ApiKeyRevoked, ...]:
    """`by` is the key id of who asks. A key does not revoke itself, so whoever revokes one still has one. Raises ApiKeyUnfit."""
    if key.key_id == by:
        raise ApiKeyUnfit("A key cannot revoke itself: issue another one, and revoke this one with that.")
    return () if key.revoked else (ApiKeyRevoked(key_id=key.key_id),)
