"""Which key was used when: noted beside the requests, and written all at once, now and then."""

import asyncio
from contextlib import suppress
from typing import Final

import structlog

from adapters.http.authentication import Authenticator
from domain.access.uses import KeyUses
from domain.events import Actor

WINDOW_SECONDS: Final = 60.0
CLOSE_SECONDS: Final = 2.0
# Of more keys than this in one window, the last uses of the others are not noted.
KEYS_MAX: Final = 10_000

log = structlog.get_logger(__name__)


class LastUses:
    """`note` returns at once and never fails; a task of its own writes, at most once in a window, and what it cannot write
    now it tries again later. `close` writes what still waits, as far as that is possible in a moment.
    """

    def __init__(self, key_uses: KeyUses, *, window_seconds: float = WINDOW_SECONDS) -> None:
        self._key_uses = key_uses
        self._window_seconds = window_seconds
        # By the loop's clock.
        self._used: dict[str, float] = {}
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def note(self, key_id: str) -> None:
        if len(self._used) < KEYS_MAX or key_id in self._used:
            self._used[key_id] = asyncio.get_running_loop().time()
        if self._task is None:
            self._task = asyncio.create_task(self._work())

    async def close(self) -> None:
        self._closing.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                if self._task is not None:
                    await self._task
                await self._write()

    async def _work(self) -> None:
        """Until no key was used for a window."""
        while self._used and not self._closing.is_set():
            await self._write()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._window_seconds):
                    await self._closing.wait()
        self._task = None

    async def _write(self) -> None:
        used, self._used = self._used, {}
        if not used:
            return
        now = asyncio.get_running_loop().time()
        try:
            await self._key_uses.note({key_id: now - at for key_id, at in used.items()})
        except Exception as error:  # noqa: BLE001 - the next write says the same and more
            log.warning("key_uses_not_written", keys=len(used), error=type(error).__name__)
            self._used = used | self._used


class NotingAuthenticator:
    """An authenticator that notes whose key was used."""

    def __init__(self, authenticate: Authenticator, *, uses: LastUses) -> None:
        self._authenticate = authenticate
        self._uses = uses

    async def __call__(self, text: str | None) -> Actor:
        """Raises as the authenticator does."""
        actor = await self._authenticate(text)
        self._uses.note(actor.id)
        return actor
