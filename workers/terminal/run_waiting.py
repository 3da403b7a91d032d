"""Several runs followed to their end, one after the other, within one time."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from workers.terminal.answers import Run, understood
from workers.terminal.command import Terminal
from workers.terminal.exit_codes import ExitCode, exit_code_of_run
from workers.terminal.run_view import run_page
from workers.terminal.screen import may_redraw
from workers.terminal.watching import attend, follow, told


def follow_all(terminal: Terminal, run_ids: Sequence[str], *, timeout_seconds: float) -> list[Any]:
    """The runs as they ended, each shown as it does. Raises Failure, also when time is over."""
    deadline = time.monotonic() + timeout_seconds
    runs: list[Any] = []
    for number, run_id in enumerate(run_ids):
        try:
            runs.append(_follow(terminal, run_id, timeout_seconds=max(round(deadline - time.monotonic(), 1), 0.0)))
        except KeyboardInterrupt:
            for left in run_ids[number:]:
                terminal.screen.hint(f"waybill runs watch {left}", purpose="\nThe run goes on. Follow it again")
            raise
    return runs


def exit_code_of_runs(runs: Sequence[Any]) -> ExitCode:
    """That of all of them if they ended alike."""
    codes = {exit_code_of_run(understood(run, Run).status) for run in runs}
    return codes.pop() if len(codes) == 1 else ExitCode.PARTLY_FAILED


def _follow(terminal: Terminal, run_id: str, *, timeout_seconds: float) -> Any:
    screen = terminal.screen
    if not screen.as_json and may_redraw(screen.out):
        return attend(terminal.client, run_id, console=screen.out, timeout_seconds=timeout_seconds)
    document = follow(terminal.client, run_id, timeout_seconds=timeout_seconds, report=told(screen.talk))
    screen.tell(run_page(understood(document, Run), now=datetime.now(UTC)))
    return document
