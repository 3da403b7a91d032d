"""`waybill doctor`: what is well, what is not, by how much, and what to do about it."""

import asyncio
import logging
from collections import Counter
from pathlib import Path
from typing import Final

import rich_click as click
import structlog
from msgspec import to_builtins
from msgspec.structs import replace
from rich.text import Text

from workers.doctor import Diagnosis, examine
from workers.doctor_checks import Check, Status
from workers.settings import read_connection
from workers.terminal.command import json_option, leave, no_color_option, url_option
from workers.terminal.exit_codes import ExitCode
from workers.terminal.grid import Cell, Grid
from workers.terminal.screen import Screen
from workers.terminal.wording import counted, printable

HEADERS: Final = ("STATUS", "CHECK", "FOUND")
STYLES: Final[dict[Status, str]] = {"ok": "green", "warning": "yellow", "failed": "bold red"}


@click.command("doctor")
@click.option("--data", type=click.Path(path_type=Path), help="The data folder of a `waybill up` (WAYBILL_DATA).")
@url_option
@json_option
@no_color_option
def doctor(*, data: Path | None, url: str | None, as_json: bool, no_color: bool) -> None:
    """Look at everything that Waybill rests on: settings, Postgres, NATS, the API, this machine.

    Asks with the settings that the parts have, finds the servers of a running `waybill up` in its data folder, and changes nothing.
    Ends with 0 if nothing failed, also with warnings; 5 if something did; 8 if neither Postgres nor NATS nor the API answers.
    """
    screen = Screen(as_json=as_json, no_color=no_color)
    # What goes wrong is in the findings.
    logging.disable()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
    connection = read_connection()
    try:
        with screen.busy("Looking at everything"):
            diagnosis = asyncio.run(examine(replace(connection, url=url or connection.url), data=data))
    except KeyboardInterrupt:
        leave(ExitCode.INTERRUPTED)
    screen.show(to_builtins(diagnosis), Grid(HEADERS, [row for check in diagnosis.checks for row in rows_of(check)]))
    numbers = Counter(check.status for check in diagnosis.checks)
    screen.say(f"{counted(len(diagnosis.checks), 'check')}: {', '.join(f'{numbers[each]} {each}' for each in STYLES)}")
    leave(exit_code_of(diagnosis))


def exit_code_of(diagnosis: Diagnosis) -> ExitCode:
    if not diagnosis.reached:
        return ExitCode.UNREACHABLE
    return ExitCode.FAILED if diagnosis.status == "failed" else ExitCode.OK


def rows_of(check: Check) -> list[tuple[Cell, ...]]:
    """What was found, and below it what to do."""
    rows: list[tuple[Cell, ...]] = [
        (Text(check.status, style=STYLES[check.status]), check.name, printable(check.detail))
    ]
    if check.remedy is not None:
        rows.append(("", "", Text(f"-> {printable(check.remedy)}", style="dim")))
    return rows
