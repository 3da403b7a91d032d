"""The options that connecting a provider and changing a connection share, and the fields of a request that they become."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import rich_click as click

FIELDS: Final = {
    "base_url": "baseUrl",
    "organization": "organization",
    "project": "project",
    "base_agent": "baseAgent",
    "concurrency_max": "concurrencyMax",
}
OPTIONS: Final[tuple[Any, ...]] = (
    click.option("--base-url", metavar="URL", help="Where its API is, if not at the provider's own address."),
    click.option("--organization", metavar="ID", help="Sent to the provider with every request."),
    click.option("--project", metavar="ID", help="Sent to the provider with every request."),
    click.option("--base-agent", metavar="ID", help="What agents are built on, where a skill is installed as one."),
    click.option("--concurrency-max", type=click.IntRange(1, 64), help="How many installs may run there at once."),
)


def settings_options(function: Callable[..., None]) -> Callable[..., None]:
    """Given as keyword arguments, None for those that are left out, which `fields_of` takes."""
    for option in reversed(OPTIONS):
        function = option(function)
    return function


def fields_of(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a request for what was given."""
    return {FIELDS[name]: value for name, value in settings.items() if value is not None}
