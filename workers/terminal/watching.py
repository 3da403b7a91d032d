"""Following a run until it ends: asking again and again, ever more slowly while nothing changes, for a bounded time."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
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

PASSING: Final = frozenset({ExitCode.UNREACHABLE, ExitCode.TIMEOUT, ExitCode.NOT_FOUND})

Report = Callable[[Any], None]


def follow(client: Client, run_id: str, *, timeout_seconds: float, report: Report, first: Any = None) -> Any:
    """Report every state that is seen, as the server gives it; return the last one. Raises Failure, also when time is over.

    `first` is a state that is known already.
    """
    deadline = time.monotonic() + timeout_seconds
    pause = PAUSE_SECONDS_MIN
    last: Run | None = None
    if first is not None:
        report(first)
        last = understood(first, Run)
    while True:
        if last is None:
            document = client.get("install-runs", run_id)
        else:
            document = _ask_patiently(client, run_id, until=min(deadline, time.monotonic() + AWAY_SECONDS_MAX))
        run = understood(document, Run)
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
        time.sleep(min(pause, left))


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


def _ask_patiently(client: Client, run_id: str, *, until: float) -> Any:
    """Of a run that is known to exist: the server may restart meanwhile, and the read side may not have it yet."""
    while True:
        try:
            return client.get("install-runs", run_id)
        except Failure as error:
            left = until - time.monotonic()
            if error.exit_code not in PASSING or left <= 0:
                raise
            time.sleep(min(PAUSE_SECONDS_MAX, left))


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
