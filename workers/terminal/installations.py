"""`waybill installations`: list, show, verify, uninstall."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import rich_click as click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from workers.terminal.answers import Installation, Page, Run, understood
from workers.terminal.command import Terminal, api_command, leave
from workers.terminal.exit_codes import ExitCode
from workers.terminal.failures import failure
from workers.terminal.install import timeout_option, watch_to_the_end
from workers.terminal.installation_view import findings, installation_page, installations_grid, repair
from workers.terminal.listing import ALL_MAX, limit_option, search_option, show_list
from workers.terminal.run_view import run_page
from workers.terminal.screen import may_redraw
from workers.terminal.wording import pinned, printable

NAMES: Final = "the name of the skill or the provider, or in the provider's own id"
DRIFTS: Final = ("none", "missing", "changed", "unknown")
# Small enough that a bar moves, large enough that providers are asked at once.
VERIFIED_AT_ONCE: Final = 20
PAGES_MAX: Final = 1_000
REPAIRS_SHOWN_MAX: Final = 3

Filters = dict[str, str | None]
Step = Callable[[int], None]

skill_option = click.option("--skill", help="Only those of this skill, by name or id.")
provider_option = click.option("--provider", help="Only those at this provider, by name or id.")
drift_option = click.option("--drift", type=click.Choice(DRIFTS), help="Only those of which the provider said this.")
on_option = click.option("--on", "on", metavar="PROVIDER", help="Where, if SKILL is named: a connection's name or id.")


@click.group()
def installations() -> None:
    """See what is live where, ask the providers whether it still is, and remove it."""


@installations.command("list")
@click.option("--skill", multiple=True, help="Only those of this skill, by name or id; may be repeated.")
@click.option("--provider", multiple=True, help="Only those at this provider, by name or id; may be repeated.")
@click.option("--drift", multiple=True, type=click.Choice(DRIFTS), help="Only those of which the provider said this.")
@search_option(NAMES)
@limit_option
@api_command
def list_installations(terminal: Terminal, *, limit: int, **filters: str | tuple[str, ...] | None) -> None:
    """List what is live, the newest pair of skill and provider first."""
    nothing = "Nothing is installed yet: waybill install SKILL --on PROVIDER"
    show_list(
        terminal,
        ("installations",),
        filters,
        limit=limit,
        shape=Installation,
        grid=lambda items: installations_grid(items, now=datetime.now(UTC)),
        empty="There is no such installation." if any(filters.values()) else nothing,
    )


@installations.command("show")
@click.argument("installation", metavar="SKILL|ID")
@on_option
@api_command
def show(terminal: Terminal, *, installation: str, on: str | None) -> None:
    """Show one installation and how to use it: that of SKILL --on PROVIDER, or the one with this ID."""
    document = find(terminal, installation, on=on)
    one = understood(document, Installation)
    terminal.screen.show(document, installation_page(one, now=datetime.now(UTC)))
    terminal.screen.hint(f"waybill installations verify {one.id}", purpose="Ask the provider whether it is still there")


@installations.command("verify")
@click.argument("ids", metavar="[ID]...", nargs=-1, type=click.UUID)
@skill_option
@provider_option
@drift_option
@search_option(NAMES)
@api_command
def verify(terminal: Terminal, *, ids: tuple[UUID, ...], **filters: str | None) -> None:
    """Ask the providers whether what is installed is still there as it was, all of it unless told otherwise.

    What they say is recorded. The exit code is 5 if something is gone, was replaced, or could not be asked about.
    """
    if ids and any(filters.values()):
        raise click.UsageError("Name the installations, or filter them, but not both.")
    screen = terminal.screen
    pages: list[Page] = []
    with _progress(terminal, ids, filters) as step:
        for page in _pages(terminal, ids, filters):
            pages.append(page)
            step(len(page.items))
    verified = [one for page in pages for one in page.items]
    items = [understood(one, Installation) for one in verified]
    document = {"items": verified, "nextCursor": None, "stale": any(page.stale for page in pages)}
    screen.show(document, *([installations_grid(items, now=datetime.now(UTC))] if items else []))
    if not items:
        screen.say("There is nothing to verify.")
        return
    screen.say(findings(items))
    for one in [one for one in items if one.drift in ("missing", "changed")][:REPAIRS_SHOWN_MAX]:
        screen.hint(repair(one), purpose="Put it back")
    if any(one.drift != "none" for one in items):
        leave(ExitCode.FAILED)


@installations.command("uninstall")
@click.argument("installation", metavar="SKILL|ID")
@on_option
@click.option("--yes", "-y", is_flag=True, help="Do not ask whether to do it.")
@click.option("--wait", is_flag=True, help="Follow the run to its end.")
@timeout_option
@api_command
def uninstall(
    terminal: Terminal, *, installation: str, on: str | None, yes: bool, wait: bool, timeout_seconds: float
) -> None:
    """Remove what is live at a provider: that of SKILL --on PROVIDER, or the installation with this ID.

    It is a run of its own kind, behind those at work on the same skill and provider. A person at a terminal is asked first.
    With --wait the exit code says how the run ended: 0 success, 5 failed.
    """
    one = understood(find(terminal, installation, on=on), Installation)
    screen = terminal.screen
    what = f"{pinned(one.skill.name, one.version)} from {printable(one.provider.name)}"
    if not yes and sys.stdin.isatty() and not click.confirm(f"Remove {what}?", err=True):
        screen.say("Nothing was changed.")
        leave(ExitCode.USAGE)
    answer = terminal.client.post("installations", one.id, "uninstall", body=None)
    run = understood(answer.body, Run)
    if run.reused:
        screen.say("A run is going to remove it already; this is that run.")
    if not wait:
        screen.show(answer.body, run_page(run, now=datetime.now(UTC)))
        screen.hint(f"waybill runs watch {run.id}", purpose="Follow it")
        return
    watch_to_the_end(terminal, run.id, timeout_seconds=timeout_seconds, first=answer.body)


def find(terminal: Terminal, installation: str, *, on: str | None) -> Any:
    """The installation as the server gives it. Raises Failure, UsageError."""
    if on is not None:
        found = terminal.client.pages("installations", query={"skill": installation, "provider": on}, limit=1)["items"]
        if not found:
            detail = f"Nothing of {installation} is live at {on}."
            raise failure("not_found:installations", detail, title="Nothing installed there")
        return found[0]
    try:
        return terminal.client.get("installations", str(UUID(installation)))
    except ValueError:
        raise click.UsageError(f"Where? Say --on PROVIDER, or give an id instead of {installation}.") from None


def _pages(terminal: Terminal, ids: tuple[UUID, ...], filters: Filters) -> Iterator[Page]:
    """The installations, as they are after their providers were asked, page by page. Raises Failure."""
    for begin in range(0, len(ids), VERIFIED_AT_ONCE):
        body = {"installations": ids[begin : begin + VERIFIED_AT_ONCE]}
        yield understood(terminal.client.post("installations", "verify", body=body).body, Page)
    if ids:
        return
    body_of_filters = {name: value for name, value in filters.items() if value is not None}
    cursor: str | None = None
    for _ in range(PAGES_MAX):
        query = {"limit": VERIFIED_AT_ONCE, "cursor": cursor}
        answer = terminal.client.post("installations", "verify", body=body_of_filters, query=query)
        page = understood(answer.body, Page)
        yield page
        cursor = page.next_cursor
        if cursor is None:
            return


@contextmanager
def _progress(terminal: Terminal, ids: tuple[UUID, ...], filters: Filters) -> Iterator[Step]:
    """A bar, for a person only; it has to count first how much there is to do."""
    console = terminal.screen.talk
    if not may_redraw(console):
        yield lambda _: None
        return
    total = len(ids) or len(terminal.client.pages("installations", query=filters, limit=ALL_MAX)["items"])
    columns = (TextColumn("Asking the providers"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda count: bar.advance(task, count)
