"""`waybill fixtures`: a request and an answer for every endpoint, status and error, for whoever builds a front end."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import rich_click as click
from msgspec import Struct

from workers.settings import shared_folder
from workers.terminal.command import give_up, json_option, no_color_option
from workers.terminal.failures import Failure, failure
from workers.terminal.grid import Grid
from workers.terminal.screen import Screen
from workers.terminal.wording import counted, printable

FOLDER: Final = Path("fixtures")


class Request(Struct, frozen=True, kw_only=True):
    method: str
    path: str


class Response(Struct, frozen=True, kw_only=True):
    status: int


class Exchange(Struct, frozen=True, kw_only=True):
    """What the list says of a fixture."""

    request: Request
    response: Response


class Fixture(Struct, frozen=True):
    """`text` is the file as it is."""

    name: str
    text: bytes


@click.command("fixtures")
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=FOLDER,
    show_default=True,
    metavar="DIR",
    help="The folder to write them into.",
)
@click.option(
    "--match", metavar="TEXT", default="", help="Only those whose name has this in it: install-runs.get, errors."
)
@click.option("--list", "only_list", is_flag=True, help="Write nothing, and say what there is.")
@json_option
@no_color_option
def fixtures(*, folder: Path, match: str, only_list: bool, as_json: bool, no_color: bool) -> None:
    """Write the fixtures of this version: JSON files with a request and what the API answers to it.

    No server is asked. They are what the tests compare with the running API, so they say what it says. A file of the same name
    is written over; others are left alone.
    """
    screen = Screen(as_json=as_json, no_color=no_color)
    found = [fixture for fixture in read_fixtures() if match in fixture.name]
    try:
        if not found:
            raise failure("not_found:api", f"No fixture has “{match}” in its name.", title="No such fixture")
        if only_list:
            screen.show(_listed(found), _grid(found))
            return
        write_fixtures(found, folder)
        document = {"folder": str(folder), "fixtures": [fixture.name for fixture in found]}
        screen.show(document, f"{counted(len(found), 'fixture')} in {printable(str(folder))}")
    except Failure as error:
        give_up(screen, error)


def read_fixtures() -> tuple[Fixture, ...]:
    """Those that came with this version, by name."""
    paths = sorted((shared_folder() / "fixtures").glob("*.json"), key=lambda path: path.stem)
    return tuple(Fixture(path.stem, path.read_bytes()) for path in paths)


def write_fixtures(found: Sequence[Fixture], folder: Path) -> None:
    """Raises Failure."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for fixture in found:
            (folder / f"{fixture.name}.json").write_bytes(fixture.text)
    except OSError as error:
        detail = f"{error.filename or folder} cannot be written: {error.strerror}."
        raise failure("bad_request:api", detail, title="Cannot be written") from error


def _listed(found: Sequence[Fixture]) -> list[dict[str, object]]:
    return [{"name": fixture.name, **msgspec.json.decode(fixture.text)} for fixture in found]


def _grid(found: Sequence[Fixture]) -> Grid:
    exchanges = [(fixture.name, msgspec.json.decode(fixture.text, type=Exchange)) for fixture in found]
    rows = [(name, str(said.response.status), f"{said.request.method} {said.request.path}") for name, said in exchanges]
    return Grid(("NAME", "STATUS", "REQUEST"), rows, tail=2)
