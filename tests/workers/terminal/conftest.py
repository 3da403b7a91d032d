"""What the terminal's tests share."""

from collections.abc import Iterator

import click
import pytest

from workers.cli import waybill
from workers.terminal.contents import Unopened


@pytest.fixture(scope="session")
def commands() -> frozenset[str]:
    """Every command's words behind `waybill`, groups included."""
    return frozenset(_walk(waybill, ""))


def _walk(group: click.Group, before: str) -> Iterator[str]:
    for name, listed in group.commands.items():
        command = listed.open() if isinstance(listed, Unopened) else listed
        yield before + name
        if isinstance(command, click.Group):
            yield from _walk(command, f"{before}{name} ")
