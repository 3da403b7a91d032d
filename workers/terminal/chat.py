"""`waybill chat`: say what is wanted, in English or Korean."""

import sys
from contextlib import suppress
from typing import Final

import rich_click as click
from msgspec.structs import replace

from workers.terminal.command import Terminal, api_command, explain, leave
from workers.terminal.conversing import Manner, converse
from workers.terminal.failures import Failure
from workers.terminal.install import idempotency_key_option, timeout_option

with suppress(ImportError):  # some systems have none
    import readline  # noqa: F401 - with it a line that is typed can be edited

EXITS: Final = frozenset({"exit", "quit", "bye", "나가기", "종료", "끝"})


@click.command("chat")
@click.argument("words", metavar="[MESSAGE]...", nargs=-1)
@click.option("--yes", "-y", is_flag=True, help="Confirm what would be asked about; without it a person is asked.")
@click.option("--dry-run", is_flag=True, help="Only say what was understood and what would be done.")
@click.option("--confirm", metavar="TOKEN", help="Carry out the plan that came with this token; a MESSAGE may say no.")
@click.option("--wait", is_flag=True, help="Follow the runs that come of it to their end.")
@timeout_option
@idempotency_key_option
@api_command
def chat(
    terminal: Terminal,
    *,
    words: tuple[str, ...],
    yes: bool,
    dry_run: bool,
    confirm: str | None,
    wait: bool,
    timeout_seconds: float,
    idempotency_key: str | None,
) -> None:
    """Say what you want, in English or Korean: `waybill chat install kbo-results on openai`, `waybill chat "됐어?"`.

    Without a MESSAGE, in a terminal, there is a prompt. What changes more than a little is asked about first. The exit code says what
    became of it: 0 done or answered, 2 not done, 3 not with this role, 4 no such name, 6 done in part; with --wait, how the runs
    ended: 0 success, 5 failed, 6 failed in part.
    """
    if dry_run and (confirm is not None or yes or wait):
        raise click.UsageError("A dry run changes nothing: leave out --confirm, --yes and --wait.")
    manner = Manner(yes=yes, dry_run=dry_run, wait=wait, timeout_seconds=timeout_seconds)
    message = " ".join(words).strip()
    if message or confirm is not None:
        keyed = replace(manner, idempotency_key=idempotency_key)
        leave(converse(terminal, keyed, message=_sendable(message) or None, confirm=confirm))
    if not sys.stdin.isatty():
        raise click.UsageError("Say what you want: waybill chat install SKILL on PROVIDER")
    if idempotency_key is not None:
        raise click.UsageError("An idempotency key belongs to one message: say it, too.")
    _talk(terminal, manner)


def _talk(terminal: Terminal, manner: Manner) -> None:
    """Until whoever talks has had enough of it."""
    terminal.screen.say("Say what you want, in English or Korean. `help` shows how; exit or Ctrl-D ends this.")
    while (line := _line()) is not None:
        if not line:
            continue
        try:
            converse(terminal, manner, message=_sendable(line))
        except Failure as error:
            for part in explain(error.trouble):
                terminal.screen.say(part)
        except click.Abort:
            break
    click.echo(err=True)


def _line() -> str | None:
    """The next message, None at the end."""
    try:
        line: str = click.prompt("waybill", prompt_suffix="> ", default="", show_default=False, err=True)
    except click.Abort:
        return None
    return None if line.strip().lower() in EXITS else line.strip()


def _sendable(text: str) -> str:
    """Bytes that are no UTF-8 come from a terminal as half characters, which JSON does not take."""
    return text.encode(errors="replace").decode()
