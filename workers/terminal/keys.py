"""`waybill keys`: list, show, revoke; what issues one stands in `key_issuing.py`."""

import sys
from datetime import UTC, datetime
from typing import Final

import rich_click as click

from domain.access.key import read_key
from workers.terminal.answers import ApiKey, understood
from workers.terminal.command import Terminal, api_command, leave
from workers.terminal.exit_codes import ExitCode
from workers.terminal.key_issuing import ROLES, issue
from workers.terminal.key_view import key_page, keys_grid
from workers.terminal.listing import limit_option, search_option, show_list
from workers.terminal.wording import counted, printable

STATUSES: Final = ("active", "expired", "revoked")


class KeyId(click.ParamType[str]):
    """The id of a key, or the key itself, of which no more than the id is sent anywhere."""

    name = "id"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ARG002 - click's signature
        key = read_key(value.strip())
        return value if key is None else key.key_id


@click.group()
def keys() -> None:
    """Issue API keys, look at them and revoke them."""


@keys.command("list")
@click.option("--role", type=click.Choice(ROLES), help="Only those with this role.")
@click.option("--status", type=click.Choice(STATUSES), help="Only those that are so now.")
@search_option("their name or id")
@limit_option
@api_command
def list_keys(terminal: Terminal, *, limit: int, **filters: str | None) -> None:
    """List the keys, the newest first, also those that open nothing any more. When one was used last may be a minute old."""
    show_list(
        terminal,
        ("keys",),
        filters,
        limit=limit,
        shape=ApiKey,
        grid=lambda items: keys_grid(items, now=datetime.now(UTC)),
        empty="There is no such key.",
    )


@keys.command("show")
@click.argument("key_id", metavar="ID", type=KeyId())
@api_command
def show(terminal: Terminal, *, key_id: str) -> None:
    """Show one key: whose it is, until when it is valid, and who issued and revoked it."""
    document = terminal.client.get("keys", key_id)
    terminal.screen.show(document, key_page(understood(document, ApiKey), now=datetime.now(UTC)))


@keys.command("revoke")
@click.argument("key_ids", metavar="ID...", nargs=-1, required=True, type=KeyId())
@click.option("--yes", "-y", is_flag=True, help="Do not ask whether to do it.")
@api_command
def revoke(terminal: Terminal, *, key_ids: tuple[str, ...], yes: bool) -> None:
    """Revoke keys: within a second they open nothing any more, for good. A person at a terminal is asked first.

    The key that this command itself uses cannot be among them.
    """
    screen = terminal.screen
    if not yes and sys.stdin.isatty() and not _agreed(terminal, key_ids):
        screen.say("Nothing was changed.")
        leave(ExitCode.USAGE)
    revoked = []
    for key_id in key_ids:
        revoked.append(terminal.client.delete("keys", key_id).body)
        screen.say(f"{printable(key_id)} is revoked.")
    items = [understood(document, ApiKey) for document in revoked]
    screen.show({"items": revoked}, keys_grid(items, now=datetime.now(UTC)))


def _agreed(terminal: Terminal, key_ids: tuple[str, ...]) -> bool:
    """Asked by name, which also finds what does not exist before anything was revoked. Raises Failure."""
    for key_id in key_ids:
        key = understood(terminal.client.get("keys", key_id), ApiKey)
        terminal.screen.say(
            f"{printable(key.id)}: {printable(key.name)} ({printable(key.role)}), {printable(key.status)}"
        )
    return click.confirm(f"Revoke {counted(len(key_ids), 'key')}?", err=True)


keys.add_command(issue)
