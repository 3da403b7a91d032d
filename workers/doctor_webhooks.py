"""What the doctor asks of the webhooks: which there are, and who else may read their secrets. Nothing is sent to them."""

from collections.abc import Iterator
from typing import Final

from workers.doctor_checks import Check, counted, ok, warning
from workers.settings import Settings
from workers.webhook_settings import VARIABLE

OF_OTHERS: Final = 0o077


def examine_webhooks(settings: Settings) -> Iterator[Check]:
    """What cannot be used at all has kept the settings from being read."""
    file = settings.webhooks.file
    if file is None:
        return
    names = ", ".join(webhook.name for webhook in settings.webhooks.all)
    yield ok("webhooks", f"{counted(len(settings.webhooks.all), 'webhook')}: {names}" if names else f"none in {file}")
    if file.stat().st_mode & OF_OTHERS:
        yield warning(
            "webhooks_file",
            f"others on this machine may read {file}, which holds the secrets that alerts are signed with",
            remedy=f"chmod 600 the file that {VARIABLE} names.",
        )
