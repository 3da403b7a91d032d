"""The options that say how a run is carried out; what is not said is the server's to decide."""

from collections.abc import Callable
from typing import Any, Final

import rich_click as click

from domain.install_run.policy import (
    ATTEMPT_TIMEOUT_SECONDS_MAX,
    ATTEMPTS_MAX,
    BACKOFF_SECONDS_MAX,
    RUN_TIMEOUT_SECONDS_MAX,
    START_TIMEOUT_SECONDS_MAX,
)

SECONDS: Final = "SECONDS"


def _seconds(option: str, most: int, what: str) -> Callable[..., Any]:
    return click.option(option, type=click.IntRange(1, most), metavar=SECONDS, help=what)


OPTIONS: Final = (
    click.option(
        "--all-or-nothing",
        is_flag=True,
        help="If it fails at one provider, take it back at the others. [default: keep what succeeded]",
    ),
    click.option(
        "--attempts-max", type=click.IntRange(1, ATTEMPTS_MAX), metavar="N", help="How often each provider is tried."
    ),
    click.option(
        "--backoff-seconds",
        type=click.FloatRange(0, BACKOFF_SECONDS_MAX),
        metavar=SECONDS,
        help="The wait after the first attempt; it doubles with each one more.",
    ),
    _seconds("--attempt-timeout-seconds", ATTEMPT_TIMEOUT_SECONDS_MAX, "How long one attempt may take."),
    _seconds("--start-timeout-seconds", START_TIMEOUT_SECONDS_MAX, "How long a provider may wait for its first one."),
    _seconds("--run-timeout-seconds", RUN_TIMEOUT_SECONDS_MAX, "How long the whole run may take."),
)


def policy_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add them all; `policy_of` makes the request's policy of what the command is called with."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def policy_of(given: dict[str, Any]) -> dict[str, Any]:
    """What was said, in the words of the API; nothing for what was not."""
    named = {_camel(name): value for name, value in given.items() if name != "all_or_nothing" and value is not None}
    return named | ({"mode": "all_or_nothing"} if given["all_or_nothing"] else {})


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)
