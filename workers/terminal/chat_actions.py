"""`waybill chat-actions`: list, show, erase."""

import sys
from datetime import UTC, datetime

import rich_click as click

from domain.chat.intent import Action
from domain.chat.state import ChatStatus
from workers.terminal.answers import understood
from workers.terminal.chat_action_view import chat_action_page, chat_actions_grid
from workers.terminal.chat_answers import ChatAction
from workers.terminal.command import Terminal, api_command, leave
from workers.terminal.exit_codes import ExitCode
from workers.terminal.listing import limit_option, show_list, since_option, until_option
from workers.terminal.wording import counted, printable


@click.group("chat-actions")
def chat_actions() -> None:
    """See what was said and what came of it, and erase the words."""


@chat_actions.command("list")
@click.option("--actor", multiple=True, metavar="KEY_ID", help="Only what this key said.")
@click.option(
    "--action",
    multiple=True,
    type=click.Choice([one.value for one in Action]),
    help="Only what was understood as this.",
)
@click.option(
    "--status", multiple=True, type=click.Choice([one.value for one in ChatStatus]), help="Only what came to this."
)
@since_option
@until_option
@limit_option
@api_command
def list_chat_actions(terminal: Terminal, *, limit: int, **filters: str | tuple[str, ...] | None) -> None:
    """List what was said, the newest first. The words are shown to whoever said them and to admins.

    An option that is repeated means any of these.
    """
    nothing = 'Nothing was said yet: waybill chat "install SKILL on PROVIDER"'
    show_list(
        terminal,
        ("chat-actions",),
        filters,
        limit=limit,
        shape=ChatAction,
        grid=lambda items: chat_actions_grid(items, now=datetime.now(UTC)),
        empty="There is no such chat action." if any(filters.values()) else nothing,
    )


@chat_actions.command("show")
@click.argument("chat_action", metavar="ID")
@api_command
def show(terminal: Terminal, *, chat_action: str) -> None:
    """Show one chat action: what was said, how it was understood, what was to be done, and what came of it."""
    document = terminal.client.get("chat-actions", chat_action)
    action = understood(document, ChatAction)
    terminal.screen.show(document, chat_action_page(action, now=datetime.now(UTC)))
    for run in action.run_ids:
        terminal.screen.hint(f"waybill runs show {printable(run)}", purpose="Look at its run")


@chat_actions.command("erase")
@click.argument("chat_actions", metavar="ID...", nargs=-1, required=True)
@click.option("--yes", "-y", is_flag=True, help="Do not ask whether to do it.")
@api_command
def erase(terminal: Terminal, *, chat_actions: tuple[str, ...], yes: bool) -> None:
    """Erase the words of chat actions, for good: your own, or anybody's as an admin. What was understood and done stays.

    A person at a terminal is asked first.
    """
    screen = terminal.screen
    question = f"Erase what was said, {counted(len(chat_actions), 'text')}, for good?"
    if not yes and sys.stdin.isatty() and not click.confirm(question, err=True):
        screen.say("Nothing was changed.")
        leave(ExitCode.USAGE)
    erased = []
    for chat_action in chat_actions:
        erased.append(terminal.client.delete("chat-actions", chat_action, "text").body)
        screen.say(f"The text of {printable(chat_action)} is erased.")
    items = [understood(document, ChatAction) for document in erased]
    screen.show({"items": erased}, chat_actions_grid(items, now=datetime.now(UTC)))
