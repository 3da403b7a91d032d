"""The two streams of every command: data on stdout, talk on stderr."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import msgspec
import rich_click as click
from rich.console import Console, RenderableType
from rich.text import Text

JSON_INDENT: Final = 2


class Screen:
    """With `as_json` stdout gets JSON and nothing else; without, it gets what people read, plain if no person is there."""

    def __init__(self, *, as_json: bool = False, no_color: bool = False) -> None:
        self.as_json = as_json
        self.out = _console(stderr=False, no_color=no_color)
        self.talk = _console(stderr=True, no_color=no_color)

    def show(self, document: object, *renderables: RenderableType) -> None:
        """The result: the document itself, or how people read it."""
        if self.as_json:
            self.write_json(document)
        for renderable in renderables:
            self.tell(renderable)

    def tell(self, renderable: RenderableType) -> None:
        """A part of the result, for people only."""
        if not self.as_json:
            put(self.out, renderable)

    def write_json(self, document: object) -> None:
        click.echo(msgspec.json.format(msgspec.json.encode(document), indent=JSON_INDENT))

    def write_json_line(self, document: object) -> None:
        """One of many, for who reads while it happens."""
        click.echo(msgspec.json.encode(document))

    def say(self, text: RenderableType) -> None:
        put(self.talk, text)

    def hint(self, command: str, *, purpose: str) -> None:
        """What a person may want to do next, whole enough to be copied."""
        line = Text.assemble((f"{purpose}: ", "dim"), command)
        self.talk.print(line, soft_wrap=True)

    @contextmanager
    def busy(self, doing: str) -> Iterator[None]:
        """A sign of life while something takes its time; for a person only."""
        if not may_redraw(self.talk):
            yield
            return
        with self.talk.status(Text(doing)):
            yield


def may_redraw(console: Console) -> bool:
    return console.is_terminal and not console.is_dumb_terminal


def put(console: Console, renderable: RenderableType) -> None:
    """Sentences are wrapped for a terminal only; what is wider in one piece is left whole."""
    console.print(renderable, soft_wrap=not console.is_terminal, crop=False)


def survive_any_encoding() -> None:
    """A terminal that cannot show a character shows another one, instead of ending the command."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure: Any = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")


def _console(*, stderr: bool, no_color: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    return Console(
        stderr=stderr,
        # What is piped stays plain, also where FORCE_COLOR is set.
        force_terminal=None if stream.isatty() else False,
        # None lets rich look: NO_COLOR, FORCE_COLOR, TERM.
        no_color=True if no_color else None,
        markup=False,
        emoji=False,
        highlight=False,
    )
