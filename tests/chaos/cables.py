"""A line to Postgres that is cut behind a COMMIT, run beside the processes that speak through it."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.kit.cable import Cable

START_SECONDS = 10.0


class Line:
    """Cut while it is `armed`, at most `cuts_max` times."""

    def __init__(self, socket: Path, cut_when: Callable[[bytes], bool]) -> None:
        self._cut_when = cut_when
        self._cable = Cable(socket, self._cut)
        self.armed = False
        self.cuts_max = 1
        self.url = ""

    @property
    def cuts(self) -> int:
        return self._cable.cuts

    async def hold(self, url: str, *, up: threading.Event, stop: asyncio.Event) -> None:
        async with self._cable as port:
            self.url = make_conninfo(url, host="127.0.0.1", port=port, sslmode="disable", gssencmode="disable")
            up.set()
            await stop.wait()

    def _cut(self, request: bytes) -> bool:
        return self.armed and self.cuts < self.cuts_max and self._cut_when(request)


@contextmanager
def cabled(url: str, cut_when: Callable[[bytes], bool]) -> Iterator[Line]:
    """A line to the database of this URL; `cut_when` is asked about everything that is sent through it."""
    line = Line(Path(str(conninfo_to_dict(url)["host"])) / ".s.PGSQL.5432", cut_when)
    loop, stop, up = asyncio.new_event_loop(), asyncio.Event(), threading.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(line.hold(url, up=up, stop=stop)), daemon=True)
    thread.start()
    try:
        assert up.wait(START_SECONDS), "the line did not come up"
        yield line
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
