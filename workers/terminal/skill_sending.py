"""Sends a skill, with a bar for what takes a while, and in words for what was named."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Final

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn
from rich.text import Text

from workers.terminal.client import Client
from workers.terminal.failures import Failure
from workers.terminal.screen import Screen, may_redraw
from workers.terminal.skill_sources import Given, with_places

# What is smaller is sent before anybody could read a bar.
BAR_BYTES_MIN: Final = 1_000_000


def send(client: Client, given: Given, *, screen: Screen | None = None) -> tuple[Any, bool]:
    """The skill as the server answers it, and whether this made a version. Raises Failure, which names files, not places."""
    try:
        with _showing(screen, given) as sent:
            answer = client.upload("skills", payload=given.payload, sent=sent, answer_seconds=given.answer_seconds)
    except Failure as error:
        document = with_places(error.document, given.places, files=given.files)
        raise Failure(document, exit_code=error.exit_code) from error
    return answer.body, answer.status == HTTPStatus.CREATED


@contextmanager
def _showing(screen: Screen | None, given: Given) -> Iterator[Callable[[int], None]]:
    """Give it the size of each piece that was sent."""
    size_bytes = len(given.payload.content)
    if screen is None:
        yield _nobody_looks
    elif size_bytes < BAR_BYTES_MIN or not may_redraw(screen.talk):
        with screen.busy(given.doing):
            yield _nobody_looks
    else:
        columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn())
        with Progress(*columns, console=screen.talk, transient=True) as progress:
            task = progress.add_task(Text(given.doing).plain, total=size_bytes)
            yield lambda piece_bytes: progress.advance(task, piece_bytes)


def _nobody_looks(_piece_bytes: int) -> None:
    """For what is over at once, and where nobody sees it."""
