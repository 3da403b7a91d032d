"""Events as they happen, from one connection after another: what was seen is not sent again, and nothing between is missed."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import httpx2
import msgspec

from workers.terminal.client import Client, Query
from workers.terminal.exit_codes import ExitCode
from workers.terminal.failures import Failure, failure

MEDIA_TYPE: Final = "text/event-stream"
# The server shows every 15 seconds that it is there.
SILENCE_SECONDS_MAX: Final = 45.0
PAUSE_SECONDS_MIN: Final = 0.5
PAUSE_SECONDS_MAX: Final = 10.0
PAUSE_GROWTH: Final = 1.6
# A server that restarts is waited for; one that stays away for so long is not.
AWAY_SECONDS_MAX: Final = 600.0
TOO_MANY: Final = "rate_limit:api"
PASSING: Final = frozenset({ExitCode.UNREACHABLE, ExitCode.TIMEOUT})


class Tail:
    """`position` is that of the last event, or up to where there was none that was asked for; None before the first word.

    `say` is told when the server is lost and found again, and when its store was set back.
    """

    def __init__(
        self,
        client: Client,
        path: Sequence[str],
        query: Query,
        *,
        say: Callable[[str], None],
    ) -> None:
        self._client = client
        self._path = path
        self._query = query
        self._say = say
        self._pause_seconds = PAUSE_SECONDS_MIN
        self._lost_at: float | None = None
        self._complained = False
        self._over = False
        self.position: str | None = None

    def events(self) -> Iterator[Any]:
        """Each as the API gives it, until there can be no more. Raises Failure: at once for what stays so, and when the server was
        away for too long.
        """
        while not self._over:
            error = None
            try:
                yield from self._connected()
            except Failure as failed:
                error = failed
            if error is not None:
                self._lose(error)
            if not self._over:
                time.sleep(self._pause_seconds)

    def _connected(self) -> Iterator[Any]:
        """The events of one connection. Raises Failure."""
        resuming = {} if self.position is None else {"Last-Event-ID": self.position}
        with self._client.stream(
            *self._path, query=self._query, accept=MEDIA_TYPE, headers=resuming, silence_seconds=SILENCE_SECONDS_MAX
        ) as response:
            for message in httpx2.EventSource(response):
                self._find()
                self.position = message.id or self.position
                match message.event:
                    case "end":
                        self._over = True
                        return
                    case "reset":
                        self._say(f"The store was set back: it goes on behind position {self.position}.")
                    case "message" | "reconnect":
                        pass
                    case _:
                        yield _decoded(message.data)

    def _lose(self, error: Failure) -> None:
        """Raises it if another try is not worth it; before the first word none is."""
        passes = error.exit_code in PASSING or error.trouble.code == TOO_MANY
        now = time.monotonic()
        self._lost_at = now if self._lost_at is None else self._lost_at
        if self.position is None or not passes or now - self._lost_at > AWAY_SECONDS_MAX:
            raise error
        if not self._complained:
            self._say(f"The connection is lost; trying again, behind position {self.position}.")
        self._complained = True
        self._pause_seconds = min(self._pause_seconds * PAUSE_GROWTH, PAUSE_SECONDS_MAX)

    def _find(self) -> None:
        if self._complained:
            self._say("Connected again.")
        self._lost_at, self._complained, self._pause_seconds = None, False, PAUSE_SECONDS_MIN


def _decoded(data: str) -> Any:
    """Raises Failure."""
    try:
        return msgspec.json.decode(data)
    except msgspec.DecodeError as error:
        raise failure(
            "bad_response:api", f"An event of the server is not JSON: {error}.", title="Unknown answer"
        ) from error
