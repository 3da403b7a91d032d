"""`waybill alerts test`: a message that is no alert, to see whether alerts arrive where they should."""

from pathlib import Path

import msgspec
import rich_click as click

from workers.settings import Settings
from workers.terminal.alerts_on_nats import data_option, nats_option, on_nats
from workers.terminal.command import json_option, no_color_option
from workers.terminal.screen import Screen


@click.command("test")
@nats_option
@data_option
@json_option
@no_color_option
def test(*, nats_url: str | None, data: Path | None, as_json: bool, no_color: bool) -> None:
    """Send a test message the whole way that alerts go: over NATS, and to every webhook, whatever it filters.

    It is on `waybill.alerts.info.test`, of the kind `test`: no event, and in no list of alerts. It needs the password of the alerts
    part, from the data folder or WAYBILL_NATS_ALERTS_PASSWORD. Webhooks are sent it by the running alerts part.
    """
    screen = Screen(as_json=as_json, no_color=no_color)

    async def work(settings: Settings) -> None:
        from adapters.nats.alerts import alert_data  # noqa: PLC0415 - as in `on_nats`
        from workers.alert_listening import publish_test  # noqa: PLC0415

        message = await publish_test(settings)
        screen.show(msgspec.to_builtins(alert_data(message)))
        screen.tell(message.id)
        screen.say("Published on waybill.alerts.info.test; subscribers have it now.")
        screen.hint(f"waybill alerts deliveries --message {message.id}", purpose="See how it went to webhooks")

    on_nats(screen, work, nats_url=nats_url, data=data)
