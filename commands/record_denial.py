"""Write down that somebody was turned away."""

from typing import Final

from msgspec import Struct

from commands.handling import Handling, Session
from domain.access.events import AccessDenied
from domain.access.state import denials_stream
from domain.errors import Code
from domain.events import Context, Fold

DENIALS: Final = Fold[int](noun="access", evolve=lambda count, event: (count or 0) + event.count)


class RecordDenial(Struct, frozen=True, kw_only=True):
    """`count` requests of one source were refused; method, path and code are those of one of them."""

    source: str
    code: Code
    method: str
    path: str
    count: int = 1


class RecordDenialHandler:
    def __init__(self, *, handling: Handling) -> None:
        self._handling = handling

    async def __call__(self, command: RecordDenial, context: Context) -> None:
        """Raises Busy, StoreOffline."""
        # A stream a day, because it is loaded to be appended to, and somebody may knock for years.
        stream = denials_stream(f"{command.source}/{self._handling.clock():%Y-%m-%d}")
        denied = AccessDenied(
            source=command.source,
            code=command.code,
            method=command.method,
            path=command.path,
            count=command.count,
        )

        async def decide(session: Session) -> None:
            await session.load(stream, DENIALS)
            session.append(stream, denied)

        await self._handling.handle(decide, context=context)
