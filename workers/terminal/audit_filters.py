"""What the audit log is narrowed by, the same for the list and the export."""

import functools
from collections.abc import Callable
from typing import Any, Final

import rich_click as click

from workers.terminal.listing import search_option, since_option, until_option

RESULTS: Final = ("success", "failure", "denied")
OPTIONS: Final = (
    click.option("--actor", multiple=True, metavar="KEY_ID", help="Only what this key, or this part of Waybill, did."),
    click.option("--action", multiple=True, help="Only this: skill.registered, install_run.queued, access.denied, ..."),
    click.option(
        "--target", multiple=True, help="Only what was done to this: skill:NAME, provider:NAME, install_run:ID."
    ),
    click.option("--result", multiple=True, type=click.Choice(RESULTS), help="Only what went like this."),
    click.option("--code", multiple=True, help="Only with this error code."),
    search_option(
        "the action, or in the name of who did it or of what it was done to, or with this id of a run or request"
    ),
    since_option,
    until_option,
)
NAMES: Final = ("actor", "action", "target", "result", "code", "q", "since", "until")

Filters = dict[str, str | tuple[str, ...] | None]


def audit_filters(command: Callable[..., None]) -> Callable[..., None]:
    """The command is called with `filters`, as the API takes them."""

    @functools.wraps(command)
    def filtered(*arguments: Any, **options: Any) -> None:
        filters: Filters = {name: options.pop(name) for name in NAMES}
        command(*arguments, filters=filters, **options)

    for option in reversed(OPTIONS):
        filtered = option(filtered)
    return filtered
