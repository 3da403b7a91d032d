"""What every command that speaks to the server has in common: its options, its connection, and how it ends when it fails."""

import functools
from collections.abc import Callable
from typing import Any, Final, NoReturn

import rich_click as click
from click.exceptions import Exit
from rich.text import Text

from domain.errors import WaybillError
from workers.settings import read_connection
from workers.terminal.advice import advice_for
from workers.terminal.client import Client
from workers.terminal.exit_codes import ExitCode
from workers.terminal.failures import Failure, Trouble, broken_rule
from workers.terminal.screen import Screen
from workers.terminal.wording import printable

PLACES_SHOWN_MAX: Final = 10
INDENT: Final = 2

json_option = click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print data as JSON on stdout, also an error (a problem, RFC 9457), and only talk on stderr.",
)
no_color_option = click.option("--no-color", is_flag=True, help="Print without colours, as NO_COLOR does.")
url_option = click.option("--url", metavar="URL", help="The server. [default: WAYBILL_URL, or this machine's]")


class Terminal:
    """What a command works with."""

    def __init__(self, *, client: Client, screen: Screen) -> None:
        self.client = client
        self.screen = screen


def api_command(function: Callable[..., None]) -> Callable[..., None]:
    """Call it with a `Terminal` first, add the common options, and turn a failure into words and an exit code."""

    @url_option
    @json_option
    @no_color_option
    @functools.wraps(function)
    def command(*arguments: Any, url: str | None, as_json: bool, no_color: bool, **options: Any) -> None:
        screen = Screen(as_json=as_json, no_color=no_color)
        try:
            with connect(url) as client:
                function(Terminal(client=client, screen=screen), *arguments, **options)
        except Failure as error:
            give_up(screen, error)
        except WaybillError as error:
            give_up(screen, broken_rule(error))
        except KeyboardInterrupt:
            leave(ExitCode.INTERRUPTED)

    return command


def connect(url: str | None) -> Client:
    """Raises Failure."""
    connection = read_connection()
    return Client(url=url or connection.url, api_key=connection.api_key, ca_file=connection.ca_file)


def leave(exit_code: ExitCode) -> NoReturn:
    raise Exit(exit_code)


def give_up(screen: Screen, error: Failure) -> NoReturn:
    if screen.as_json:
        screen.write_json(error.document)
    for line in explain(error.trouble):
        screen.say(line)
    leave(error.exit_code)


def explain(trouble: Trouble) -> list[Text]:
    """One paragraph: what is wrong and where, by which id to ask about it, and what to do next."""
    lines = [
        Text.assemble(("error: ", "bold red"), printable(trouble.detail), (f" ({printable(trouble.code)})", "dim"))
    ]
    lines += [
        Text.assemble((f"{printable(place.path or place.pointer)}: ", "bold"), printable(place.message))
        for place in trouble.errors[:PLACES_SHOWN_MAX]
    ]
    if len(trouble.errors) > PLACES_SHOWN_MAX:
        lines.append(Text(f"and {len(trouble.errors) - PLACES_SHOWN_MAX} more, all of them with --json"))
    lines += [Text(f"conflicting run: {printable(run)}") for run in trouble.conflicting_runs]
    if trouble.request_id is not None:
        lines.append(Text(f"request id: {printable(trouble.request_id)}", style="dim"))
    advice = advice_for(trouble.code)
    if advice is not None:
        lines.append(Text(advice))
    for line in lines[1:]:
        line.pad_left(INDENT)
    return lines
