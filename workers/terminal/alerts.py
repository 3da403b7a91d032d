"""`waybill alerts`: what a person has to know of, by which rules, and, without a word behind it, the part that finds it out."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
import rich_click as click

from domain.alert.rules import RuleName, Severity
from workers.settings import SettingsError, read_settings
from workers.terminal.alert_view import alert_page, alerts_grid
from workers.terminal.answers import Alert, understood
from workers.terminal.command import Terminal, api_command, give_up, json_option, no_color_option
from workers.terminal.contents import Contents, Entry, Unopened
from workers.terminal.failures import failure
from workers.terminal.listing import limit_option, show_list, since_option, until_option
from workers.terminal.screen import Screen

RULES: Final = tuple(rule.value for rule in RuleName)
SEVERITIES: Final = tuple(severity.value for severity in Severity)
STATUSES: Final = ("open", "resolved")
# It brings in all of Waybill.
PART: Final = Unopened(Entry("alerts", "workers.processes:alerts_command", "The part itself."), chapter="")


@click.group(cls=Contents, invoke_without_command=True)
@click.option("--supervised", is_flag=True, hidden=True, help="Stop at the end of standard input.")
@click.pass_context
def alerts(context: click.Context, *, supervised: bool) -> None:
    """Look at the alerts and follow them. Without a command this is the part of Waybill that raises them and tells of them: one at
    a time does, others stand by.
    """
    if context.invoked_subcommand is None:
        context.invoke(PART.open(), supervised=supervised)


@alerts.command("list")
@click.option("--status", multiple=True, type=click.Choice(STATUSES), help="Only those that are so now.")
@click.option("--rule", multiple=True, type=click.Choice(RULES), metavar="RULE", help="Only by this rule.")
@click.option("--severity", multiple=True, type=click.Choice(SEVERITIES), help="Only those that matter as much.")
@click.option(
    "--subject", multiple=True, help="Only about this: provider:NAME, install_run:ID, read_model:NAME, store."
)
@since_option
@until_option
@limit_option
@api_command
def list_alerts(terminal: Terminal, *, limit: int, **filters: str | tuple[str, ...] | None) -> None:
    """List the alerts, the newest first, also those that are resolved. An option that is repeated means any of these."""
    show_list(
        terminal, ("alerts",), filters, limit=limit, shape=Alert, grid=alerts_grid, empty="There is no such alert."
    )


@alerts.command("show")
@click.argument("alert_id", metavar="ID")
@api_command
def show(terminal: Terminal, *, alert_id: str) -> None:
    """Show one alert: what it is about, what was found, how often it was said, and which page says what to do."""
    document = terminal.client.get("alerts", alert_id)
    terminal.screen.show(document, alert_page(understood(document, Alert), now=datetime.now(UTC)))


@alerts.command("rules")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@json_option
@no_color_option
def show_rules(*, file: Path | None, as_json: bool, no_color: bool) -> None:
    """Print the rules that are in effect, as a file that WAYBILL_ALERT_RULES may name; or check FILE, and print those it makes.

    What a file leaves out is as it is without one.
    """
    from workers.alert_settings import as_toml, read_rules  # noqa: PLC0415 - tomllib is for this command alone

    screen = Screen(as_json=as_json, no_color=no_color)
    try:
        settings = read_settings(ask_running=False) if file is None else None
        rules = read_rules(file) if file is not None else settings.alerts.rules if settings else None
    except (SettingsError, ValueError) as error:
        give_up(screen, failure("bad_request:alerts", str(error), title="Usage"))
    screen.show(msgspec.to_builtins(rules))
    if not as_json and rules is not None:
        screen.out.print(as_toml(rules), soft_wrap=True, markup=False, highlight=False)
    if settings is not None and settings.alerts.rules_file is None:
        screen.say("Nothing is set: WAYBILL_ALERT_RULES may name a file with other rules.")


alerts.add_chapter(
    "On NATS and webhooks",
    (
        Entry("follow", "workers.terminal.alerts_follow:follow", "Follow the alerts on NATS as they are said."),
        Entry(
            "deliveries",
            "workers.terminal.alert_deliveries:deliveries",
            "See what was sent to webhooks, and how that went.",
        ),
        Entry("test", "workers.terminal.alerts_test:test", "Send a message to see whether alerts arrive."),
    ),
)
