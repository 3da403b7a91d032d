"""Issues an API key without the API: for whoever reaches the database, when nobody has an admin key any more."""

from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from adapters.http.resources import IssuedApiKey, as_stored, shown_as
from commands.issue_api_key import IssueApiKey
from domain.access.key import key_id_from
from domain.access.state import key_stream
from domain.events import Actor, Context, Role
from projections.api_keys import API_KEYS
from queries.api_key_view import KeyStatus
from workers.awaiting import migrated
from workers.settings import Settings
from workers.wiring import new_id, write_side

BY: Final = Actor(kind="system", id="keys", name="waybill keys")


async def issue_directly(
    settings: Settings, *, name: str, role: str, expires: timedelta | datetime | None
) -> IssuedApiKey:
    """An event like any other, of which the audit log says that no key did it. `expires` is when, or after how long.

    Raises SettingsError, BadRequest, StoreOffline.
    """
    async with write_side(settings, part="keys") as write:
        await migrated(write.pool)
        command = IssueApiKey(
            key_id=key_id_from(new_id()),
            name=name,
            role=Role(role),
            expires_at=expires if isinstance(expires, datetime) else None,
            expires_in_seconds=int(expires.total_seconds()) if isinstance(expires, timedelta) else None,
        )
        context = Context(actor=BY, request_id=f"keys-{uuid4().hex[:12]}", correlation_id=uuid4())
        key = await write.commands.issue_api_key(command, context)
        row = as_stored(API_KEYS, await write.store.load(key_stream(command.key_id)))
    return shown_as(IssuedApiKey, row, status=KeyStatus.ACTIVE, last_used_at=None, key=key)
