"""`waybill providers`: pause, resume."""

import re
from typing import Any, Final

import rich_click as click

from workers.terminal.answers import Provider, understood
from workers.terminal.command import Terminal, api_command
from workers.terminal.provider_view import provider_page

UNIT_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Span(click.ParamType[int]):
    """A span of time as people write it, read as seconds."""

    name = "span"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        found = re.fullmatch(r"([1-9][0-9]{0,6})([smhd]?)", str(value))
        if found is None:
            self.fail(f"{value!r} is no span of time; 90s, 10m, 2h and 1d are.", param, ctx)
        return int(found[1]) * UNIT_SECONDS[found[2] or "s"]


@click.command("pause")
@click.argument("provider")
@click.option(
    "--for", "seconds", type=Span(), metavar="SPAN", help="For this long (90s, 10m, 2h). [default: until resumed]"
)
@api_command
def pause(terminal: Terminal, *, provider: str, seconds: int | None) -> None:
    """Send nothing more through the PROVIDER connection for a while: what is asked of it waits, and fails only when its own
    time is over. A call that is under way is not cut.
    """
    body = None if seconds is None else {"seconds": seconds}
    answer = terminal.client.post("providers", provider, "pause", body=body)
    shown = understood(answer.body, Provider)
    terminal.screen.show(answer.body, provider_page(shown))
    terminal.screen.hint(f"waybill providers resume {shown.name}", purpose="Use it again")


@click.command("resume")
@click.argument("provider")
@api_command
def resume(terminal: Terminal, *, provider: str) -> None:
    """End the pause of the PROVIDER connection, whoever began it."""
    answer = terminal.client.post("providers", provider, "resume", body=None)
    terminal.screen.show(answer.body, provider_page(understood(answer.body, Provider)))
