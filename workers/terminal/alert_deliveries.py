"""`waybill alerts deliveries`: what was sent to webhooks, and how that went."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import rich_click as click
from rich.text import Text

from domain.alert.deliveries import DeliveryStatus
from workers.terminal.answers import Answered
from workers.terminal.command import Terminal, api_command
from workers.terminal.grid import Grid
from workers.terminal.listing import limit_option, show_list, since_option, until_option
from workers.terminal.wording import clock, moment, printable

HEADERS: Final = ("TIME (UTC)", "WEBHOOK", "STATUS", "ATTEMPT", "ALERT", "SAID", "MESSAGE", "ANSWER")
_STATUSES: Final = {"delivered": ("✔", "green"), "failed": ("◐", "yellow"), "given_up": ("✘", "red")}
_UNKNOWN: Final = ("·", "")


class Delivery(Answered, frozen=True, kw_only=True):
    webhook: str
    message_id: str
    event: str
    rule: str
    attempt: int
    at: datetime
    status: str
    duration_seconds: float
    http_status: int | None = None
    error: str | None = None
    next_attempt_at: datetime | None = None


@click.command("deliveries")
@click.option("--webhook", multiple=True, metavar="NAME", help="Only to this webhook.")
@click.option(
    "--status", multiple=True, type=click.Choice([one.value for one in DeliveryStatus]), help="Only what went so."
)
@click.option("--rule", multiple=True, help="Only of alerts by this rule, or `test`.")
@click.option("--alert", multiple=True, metavar="ID", help="Only of this alert.")
@click.option("--message", multiple=True, metavar="ID", help="Only of this message: the webhook-id that was received.")
@since_option
@until_option
@limit_option
@api_command
def deliveries(terminal: Terminal, *, limit: int, **filters: str | tuple[str, ...] | None) -> None:
    """List the attempts to send alerts to webhooks, the newest first. An option that is repeated means any of these."""
    nothing = "Nothing was sent to a webhook yet. WAYBILL_WEBHOOKS names the file they are in; waybill alerts test tries them."
    show_list(
        terminal,
        ("alert-deliveries",),
        filters,
        limit=limit,
        shape=Delivery,
        grid=deliveries_grid,
        empty="There is no such delivery." if any(filters.values()) else nothing,
    )


def deliveries_grid(items: Sequence[Delivery]) -> Grid:
    rows = [
        (
            moment(delivery.at),
            printable(delivery.webhook),
            _status(delivery.status),
            str(delivery.attempt),
            printable(delivery.rule),
            printable(delivery.event),
            printable(delivery.message_id),
            _answer(delivery),
        )
        for delivery in items
    ]
    return Grid(HEADERS, rows, tail=2)


def _status(status: str) -> Text:
    symbol, style = _STATUSES.get(status, _UNKNOWN)
    return Text(f"{symbol} {printable(status.replace('_', ' '))}", style=style)


def _answer(delivery: Delivery) -> str:
    said = str(delivery.http_status) if delivery.http_status is not None else printable(delivery.error or "-")
    then = f", again at {clock(delivery.next_attempt_at)[:8]}" if delivery.next_attempt_at is not None else ""
    return f"{said} in {delivery.duration_seconds:.2f} s{then}"
