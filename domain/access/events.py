"""What can happen to an API key, and to those who come without the right to."""

from datetime import datetime

from domain.errors import Code
from domain.events import Event, Role


class ApiKeyIssued(Event, frozen=True, kw_only=True, rename="camel"):
    """`secret_sha256` is the hex digest of the random secret; the secret itself is shown once and kept nowhere."""

    TOPIC = "access.api_key_issued"

    key_id: str
    name: str
    role: Role
    secret_sha256: str
    expires_at: datetime | None = None


class ApiKeyRevoked(Event, frozen=True, kw_only=True, rename="camel"):
    """It opens nothing any more."""

    TOPIC = "access.api_key_revoked"

    key_id: str


class AccessDenied(Event, frozen=True, kw_only=True, rename="camel"):
    """`count` requests of one source were refused with this code; `source` is a key id or the caller's address."""

    TOPIC = "access.access_denied"

    source: str
    code: Code
    method: str
    path: str
    count: int = 1


AccessEvent = ApiKeyIssued | ApiKeyRevoked | AccessDenied
ApiKeyEvent = ApiKeyIssued | ApiKeyRevoked
