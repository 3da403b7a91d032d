"""Alerts as people read them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from rich.text import Text

from workers.terminal.answers import Alert
from workers.terminal.grid import Cell, Grid, facts
from workers.terminal.wording import ago, counted, duration, moment, printable

HEADERS: Final = ("ID", "RAISED (UTC)", "STATUS", "SEVERITY", "RULE", "ABOUT")
# The word alone is enough.
_STYLES: Final = {"info": "cyan", "warning": "yellow", "critical": "bold red"}
_STATUSES: Final = {"open": ("●", "red"), "resolved": ("✔", "green")}
_UNKNOWN: Final = ("·", "")


def alerts_grid(items: Sequence[Alert]) -> Grid:
    rows = [
        (
            printable(alert.id),
            moment(alert.raised_at),
            alert_status(alert.status),
            severity_text(alert.severity),
            printable(alert.rule),
            printable(alert.subject),
        )
        for alert in items
    ]
    return Grid(HEADERS, rows)


def alert_page(alert: Alert, *, now: datetime) -> Grid:
    pairs: list[tuple[str, Cell]] = [
        ("alert", printable(alert.id)),
        ("rule", printable(alert.rule)),
        ("severity", severity_text(alert.severity)),
        ("status", alert_status(alert.status)),
        ("about", printable(alert.subject)),
        ("raised", ago(alert.raised_at, now=now)),
        ("said", f"{counted(alert.times, 'time')}, the last one {ago(alert.notified_at, now=now)}"),
    ]
    if alert.resolved_at is not None:
        lasted = duration(alert.raised_at, alert.resolved_at)
        pairs.append(("resolved", f"{ago(alert.resolved_at, now=now)}, after {lasted}"))
    pairs += [(printable(name), fact_text(value)) for name, value in alert.facts.items()]
    pairs.append(("runbook", printable(alert.runbook)))
    return facts(pairs)


def severity_text(severity: str) -> Text:
    return Text(printable(severity), style=_STYLES.get(severity, ""))


def alert_status(status: str) -> Text:
    symbol, style = _STATUSES.get(status, _UNKNOWN)
    return Text(f"{symbol} {printable(status)}", style=style)


def fact_text(value: Any) -> str:
    """As JSON has it, but for what is words already."""
    words = {None: "-", True: "yes", False: "no"}
    return words[value] if value is None or isinstance(value, bool) else printable(str(value))
