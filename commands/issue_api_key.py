"""Issue an API key; its secret leaves here once and is kept nowhere."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from commands.handling import Handling, Session
from domain.access.decisions import issue
from domain.access.key import SECRET_BYTES, hash_secret, read_key, write_key
from domain.access.state import API_KEY, key_stream
from domain.events import Context, Role

FIRST_KEY_ID: Final = "admin"


class IssueApiKey(Struct, frozen=True, kw_only=True):
    """It expires at `expires_at`, or so many seconds after it was issued; never, if neither is given."""

    key_id: str
    name: str
    role: Role
    expires_at: datetime | None = None
    expires_in_seconds: int | None = None


class IssueApiKeyHandler:
    def __init__(self, *, handling: Handling, random_bytes: Callable[[int], bytes]) -> None:
        self._handling = handling
        self._random_bytes = random_bytes

    async def __call__(self, command: IssueApiKey, context: Context) -> str | None:
        """The key, or None if this key id was issued before: only one of several first starts gets it.

        Raises BadRequest, Busy, StoreOffline.
        """
        key = write_key(key_id=command.key_id, secret=self._random_bytes(SECRET_BYTES))
        presented = read_key(key)
        assert presented is not None  # noqa: S101 - just written
        stream = key_stream(command.key_id)

        async def decide(session: Session) -> None:
            issued = issue(
                await session.load(stream, API_KEY),
                key_id=command.key_id,
                name=command.name,
                role=command.role,
                secret_sha256=hash_secret(presented.secret),
                expires_at=_expiry(command, session.now),
                now=session.now,
            )
            session.append(stream, *issued)

        _, handled = await self._handling.handle(decide, context=context)
        return key if handled.position is not None else None


def _expiry(command: IssueApiKey, now: datetime) -> datetime | None:
    if command.expires_in_seconds is None:
        return command.expires_at
    return now + timedelta(seconds=command.expires_in_seconds)
