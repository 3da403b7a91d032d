"""`waybill replay follow`: the events as they happen."""

from typing import Any

import rich_click as click

from workers.terminal.answers import Event, Provider, understood
from workers.terminal.client import PAGE_ITEMS_MAX, Client
from workers.terminal.closed_pipe import NobodyReads, until_nobody_reads
from workers.terminal.command import Terminal, api_command, leave
from workers.terminal.event_line import EventLines
from workers.terminal.event_tail import Tail
from workers.terminal.exit_codes import ExitCode


@click.command("follow")
@click.option("--run", metavar="RUN", help="Only the history of this run, from its beginning; ends when the run has.")
@click.option(
    "--stream", metavar="ID", help="Only this stream: a run, a skill, a provider connection, an installation."
)
@click.option("--event", "names", multiple=True, metavar="NAME", help="Only events of this name: ProviderFailed, ...")
@click.option("--actor", multiple=True, metavar="KEY_ID", help="Only what this key, or this part of Waybill, did.")
@click.option("--after", type=click.IntRange(min=0), metavar="POSITION", help="From behind there on, not from now.")
@api_command
def follow(
    terminal: Terminal,
    *,
    run: str | None,
    stream: str | None,
    names: tuple[str, ...],
    actor: tuple[str, ...],
    after: int | None,
) -> None:
    """Show every event as it happens, until you stop it with Ctrl-C.

    An option that is repeated means any of these. When the connection is lost, it goes on behind the last event that was
    shown. --json prints each event on a line of its own, as the API gives it.
    """
    if run is not None and stream is not None:
        raise click.UsageError("Say --run or --stream, but not both.")
    screen = terminal.screen
    # Of one run the server has no other filter than where to begin.
    path = ("events",) if run is None else ("install-runs", run, "events")
    query = {"after": after} if run is not None else {"after": after, "stream": stream, "event": names or None}
    tail = Tail(terminal.client, path, query, say=screen.say)
    lines = None if screen.as_json else EventLines(_provider_names(terminal.client))
    try:
        with until_nobody_reads():
            for document in tail.events():
                event = understood(document, Event)
                if (names and event.event not in names) or (actor and event.actor.id not in actor):
                    continue
                if lines is None:
                    screen.write_json_line(document)
                else:
                    screen.out.print(lines.line(event), soft_wrap=True)
    except NobodyReads:
        leave(ExitCode.OK)
    except KeyboardInterrupt:
        # The same command, but for what has been seen.
        filters = {
            "--run": (run,),
            "--stream": (stream,),
            "--event": names,
            "--actor": actor,
            "--after": (tail.position,),
        }
        words = [f"{name} {value}" for name, values in filters.items() for value in values if value is not None]
        screen.hint(" ".join(("waybill replay follow", *words)), purpose="Go on from there")
        raise


def _provider_names(client: Client) -> dict[str, str]:
    """Raises Failure."""
    document: dict[str, Any] = client.pages("providers", query={}, limit=PAGE_ITEMS_MAX)
    return {provider.id: provider.name for provider in (understood(item, Provider) for item in document["items"])}
