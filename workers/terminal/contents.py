"""A table of contents as a click group: it knows every command's one line, and imports only the command that is called."""

from collections.abc import Iterable
from importlib import import_module
from typing import Any

import rich_click as click
from msgspec import Struct


class Entry(Struct, frozen=True):
    """`where` is `module:attribute`."""

    name: str
    where: str
    summary: str


class Contents(click.RichGroup):
    """The processes bring in all of Waybill, which takes longer than most commands run: nobody else should wait for that."""

    def add_chapter(self, title: str, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self.add_command(Unopened(entry, chapter=title))

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """In the order in which they are listed."""
        return [*self.commands]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        return name, command.open() if isinstance(command, Unopened) else command, rest


class Unopened(click.RichCommand):
    """Stands for a command until it is called."""

    def __init__(self, entry: Entry, *, chapter: str) -> None:
        super().__init__(name=entry.name, help=entry.summary, panel=chapter)
        self._where = entry.where

    def open(self) -> click.Command:
        module, _, attribute = self._where.partition(":")
        command: Any = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)  # noqa: S101 - a wrong entry is a defect of the table
        return command
