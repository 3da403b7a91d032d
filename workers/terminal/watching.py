"""Following a run until it ends, for a bounded time: the server answers when something has changed, or it is asked again and
again, ever more slowly.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.live import Live
from rich.text import Text

from workers.terminal.answers import Run, understood
from workers.terminal.client import Client
from workers.terminal.exit_codes import ExitCode
from workers.terminal.failures import Failure
from workers.terminal.run_view import run_page
from workers.terminal.screen import may_redraw, put
from workers.terminal.wording import clock, printable, received, status_text

PAUSE_SECONDS_MIN: Final = 0.1
PAUSE_SECONDS_MAX: Final = 2.0
PAUSE_GROWTH: Final = 1.4
# A server that restarts is waited for; one that stays away is not.
AWAY_SECONDS_MAX: Final = 30.0
REDRAWS_PER_SECOND: Final = 8

# How long the server is asked to wait; proxies may cut a connection that is silent for longer than half a minute.
WAIT_SECONDS_MAX: Final = 20.0

TOO_MANY: Final = "rate_limit:api"
PASSING: Final = frozenset({ExitCode.UNREACHABLE, ExitCode.TIMEOUT, ExitCode.NOT_FOUND})

Report = Callable[[Any], None]


def follow(client: Client, run_id: str, *, timeout_seconds: float, report: Report, first: Any = None) -> Any:
    """Report every state that is seen, as the server gives it; return the last one. Raises Failure, also when time is over.

    `first` is a state that is known already.
    """
    deadline = time.monotonic() + timeout_seconds
    asking = Asking(client, run_id)
    pause = PAUSE_SECONDS_MIN
    last: Run | None = None
    if first is not None:
        report(first)
        last = understood(first, Run)
    while True:
        patience = 0.0 if last is None else min(deadline - time.monotonic(), AWAY_SECONDS_MAX)
        document = asking.ask(seconds=deadline - time.monotonic(), patience_seconds=patience)
        run = last if document is None else understood(document, Run)
        assert run is not None  # noqa: S101 - what has not changed was there before
        if run == last:
            pause = min(pause * PAUSE_GROWTH, PAUSE_SECONDS_MAX)
        else:
            report(document)
            last, pause = run, PAUSE_SECONDS_MIN
        if run.ended:
            return document
        left = deadline - time.monotonic()
        if left <= 0:
            raise _too_long(run, timeout_seconds=timeout_seconds)
        if not asking.waits:
            time.sleep(min(pause, left))


class Asking:
    """Asks for a run again and again. A server that gives an ETag waits with its answer until there is something new; of an
    older one it is to be asked at intervals. `waits`: the next answer is going to be waited for.
    """

    def __init__(self, client: Client, run_id: str) -> None:
        self._client = client
        self._run_id = run_id
        self._etag: str | None = None
        self.waits = False

    def ask(self, *, seconds: float, patience_seconds: float) -> Any:
        """The run, None if it has not changed in so many seconds. Raises Failure.

        `patience_seconds`: for so long may a run that is known to exist not be there: the server may restart meanwhile, and the
        read side may not have it yet.
        """
        until = time.monotonic() + patience_seconds
        pause = PAUSE_SECONDS_MIN
        while True:
            try:
                return self._ask(seconds)
            except Failure as error:
                left = until - time.monotonic()
                if left <= 0 or not (error.exit_code in PASSING or error.trouble.code == TOO_MANY):
                    raise
                time.sleep(min(pause, left))
                pause = min(pause * PAUSE_GROWTH, PAUSE_SECONDS_MAX)

    def _ask(self, seconds: float) -> Any:
        wait = 0.0 if self._etag is None else max(0.0, min(seconds, WAIT_SECONDS_MAX))
        began = time.monotonic()
        answer = self._client.get_unless_known(
            "install-runs", self._run_id, etag=self._etag, query={"wait": f"{wait:.3f}" if wait else None}
        )
        changed = answer.status is not HTTPStatus.NOT_MODIFIED
        self._etag = answer.etag
        # One that is about to stop waits no more.
        self.waits = self._etag is not None and (changed or time.monotonic() - began >= wait / 2)
        return answer.body


def attend(client: Client, run_id: str, *, console: Console, timeout_seconds: float, first: Any = None) -> Any:
    """Follow a run for whoever looks on: its page, drawn over again with every change, or a line for each and the page at the end."""
    watch = partial(follow, client, run_id, timeout_seconds=timeout_seconds, first=first)
    if may_redraw(console):
        page = _Page()
        with Live(page, console=console, refresh_per_second=REDRAWS_PER_SECOND, vertical_overflow="visible"):
            return watch(report=page.turn)
    document = watch(report=told(console))
    put(console, run_page(understood(document, Run), now=datetime.now(UTC)))
    return document


def told(console: Console) -> Report:
    """A line for each change of the run and of its targets."""
    seen: dict[str, str] = {}

    def report(document: Any) -> None:
        run = understood(document, Run)
        at = clock(datetime.now(UTC))
        if seen.get("") != run.status:
            console.print(_line(at, "run", run.status), soft_wrap=True)
        for target in run.targets:
            if seen.get(target.provider.id) != target.status:
                outcome = received(target.receipt) if target.receipt else printable(target.code or "")
                line = _line(at, printable(target.provider.name), target.status).append(f"  {outcome}".rstrip())
                console.print(line, soft_wrap=True)
        seen.update({"": run.status} | {target.provider.id: target.status for target in run.targets})

    return report


class _Page:
    def __init__(self) -> None:
        self._run: Run | None = None

    def turn(self, document: Any) -> None:
        self._run = understood(document, Run)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Group() if self._run is None else run_page(self._run, now=datetime.now(UTC))


def _too_long(run: Run, *, timeout_seconds: float) -> Failure:
    document = {
        "type": "about:blank",
        "title": "Still running",
        "detail": f"The run {run.id} has not ended within {timeout_seconds:g} s. It goes on.",
        "code": "timeout:wait",
        "instance": f"/api/install-runs/{run.id}",
    }
    return Failure(document, exit_code=ExitCode.TIMEOUT)


def _line(at: str, who: str, status: str) -> Text:
    return Text.assemble((at, "dim"), f"  {who}  ", status_text(status))
