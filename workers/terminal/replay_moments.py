"""A moment of the past, as a person says it and as it is shown."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import rich_click as click
from rich.text import Text

from workers.terminal.answers import Run
from workers.terminal.listing import Moment
from workers.terminal.replay_answers import BrokenRows
from workers.terminal.wording import printable

FORMS: Final = "a position (42), a time (2026-11-22T12:00:00Z) nor an age (90s, 15m, 2h, 3d)"


class PastMoment(Moment):
    """A position, a time, without a zone that of this machine, or how long ago; the value is as the API takes it."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value)
        if text.isascii() and text.isdigit():
            return text
        try:
            return super().convert(text, param, ctx)
        except click.BadParameter:
            self.fail(f"{text!r} is neither {FORMS}.", param, ctx)


def instant(at: datetime) -> str:
    """In UTC, to the millisecond."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + " UTC"


def target_names(run: Run | None) -> dict[str, str]:
    """The providers of a run by id."""
    return {} if run is None else {target.provider.id: target.provider.name for target in run.targets}


def warnings(broken: Sequence[BrokenRows]) -> list[Text]:
    return [
        Text(
            f"The read model {printable(one.model)} cannot take the event at {one.position}: {printable(one.message)}. "
            "What follows in it is not shown.",
            style="yellow",
        )
        for one in broken
    ]
