"""`waybill providers`: connect, list, show."""

import sys
from datetime import UTC, datetime
from getpass import getpass
from typing import Any

import rich_click as click
from rich.console import Group, RenderableType
from rich.text import Text

from workers.terminal.advice import advice_for
from workers.terminal.answers import Provider, understood
from workers.terminal.command import Terminal, api_command, leave
from workers.terminal.exit_codes import ExitCode
from workers.terminal.grid import Grid, facts
from workers.terminal.listing import limit_option, show_list
from workers.terminal.wording import ago, printable, status_text


@click.group()
def providers() -> None:
    """Connect providers and look at the connections."""


def check_reference(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """A secret on the command line would stand in the shell's history and in the list of processes."""
    if value is not None and not value.startswith(("env:", "file:")):
        raise click.BadParameter(
            "this takes a reference (env:NAME or file:NAME), never a secret. Give the secret with --credential-stdin, "
            "or leave both out and be asked for it.",
            context,
            parameter,
        )
    return value


@providers.command("connect")
@click.argument("name")
@click.option("--kind", required=True, metavar="KIND", help="What the provider is: openai.")
@click.option("--base-url", metavar="URL", help="Where its API is, if not at the provider's own address.")
@click.option(
    "--credential",
    metavar="REFERENCE",
    callback=check_reference,
    help="Where the server finds the key: env:WAYBILL_CREDENTIAL_..., or file:NAME in its credentials folder.",
)
@click.option("--credential-stdin", is_flag=True, help="Read the key itself from stdin; it is stored encrypted.")
@click.option("--organization", metavar="ID", help="Sent to the provider with every request.")
@click.option("--project", metavar="ID", help="Sent to the provider with every request.")
@click.option("--concurrency-max", type=click.IntRange(1, 64), help="How many installs may run there at once.")
@api_command
def connect(
    terminal: Terminal,
    *,
    name: str,
    kind: str,
    base_url: str | None,
    credential: str | None,
    credential_stdin: bool,
    organization: str | None,
    project: str | None,
    concurrency_max: int | None,
) -> None:
    """Connect the provider as NAME and verify it at once.

    Without --credential or --credential-stdin a person is asked for the key, which is not shown. A connection that cannot be
    verified is kept, inactive, with the reason; the exit code is 5 then.
    """
    body = {
        "name": name,
        "kind": kind,
        "credential": credential or read_secret(from_stdin=credential_stdin),
        "baseUrl": base_url,
        "organization": organization,
        "project": project,
        "concurrencyMax": concurrency_max,
    }
    with terminal.screen.busy(f"Verifying {name}"):
        answer = terminal.client.post(
            "providers", body={key: value for key, value in body.items() if value is not None}
        )
    provider = understood(answer.body, Provider)
    terminal.screen.show(answer.body, provider_page(provider))
    if not provider.active:
        terminal.screen.say(advice_for(provider.verification.code or "") or "The connection could not be verified.")
        leave(ExitCode.FAILED)
    terminal.screen.hint(f"waybill install SKILL --on {provider.name} --wait", purpose="Install there")


@providers.command("list")
@limit_option
@api_command
def list_providers(terminal: Terminal, *, limit: int) -> None:
    """List the connections, the newest first."""
    empty = "No provider is connected yet: waybill providers connect openai --kind openai"
    show_list(terminal, ("providers",), {}, limit=limit, shape=Provider, grid=providers_grid, empty=empty)


@providers.command("show")
@click.argument("provider")
@api_command
def show(terminal: Terminal, *, provider: str) -> None:
    """Show one PROVIDER connection, by name or id. Nobody can see its credential."""
    document = terminal.client.get("providers", provider)
    terminal.screen.show(document, provider_page(understood(document, Provider)))


def read_secret(*, from_stdin: bool) -> str:
    """From stdin, or from a person who is asked without an echo."""
    if from_stdin:
        secret = sys.stdin.read().strip()
        if not secret:
            raise click.UsageError("stdin holds no credential.")
        return secret
    if not sys.stdin.isatty():
        raise click.UsageError("No credential: give --credential REFERENCE, or the key itself with --credential-stdin.")
    return getpass("Key of the provider (not shown): ", stream=sys.stderr)


def providers_grid(items: list[Provider]) -> Grid:
    rows = [
        (printable(provider.name), printable(provider.kind), _state(provider), _verified(provider))
        for provider in items
    ]
    return Grid(("NAME", "KIND", "STATE", "VERIFICATION"), rows)


def provider_page(provider: Provider) -> RenderableType:
    at = provider.verification.at
    pairs: list[tuple[str, Any]] = [
        ("provider", printable(provider.name)),
        ("id", provider.id),
        ("kind", printable(provider.kind)),
        ("state", _state(provider)),
        ("verification", _verified(provider)),
        ("verified", "never" if at is None else ago(at, now=datetime.now(UTC))),
        ("base URL", printable(provider.base_url)),
        ("at once", str(provider.concurrency_max)),
    ]
    return Group(facts(pairs))


def _state(provider: Provider) -> Text:
    return status_text("active" if provider.active else "inactive")


def _verified(provider: Provider) -> str:
    verification = provider.verification
    said = f": {printable(verification.message)}" if verification.message else ""
    return printable(verification.status) + (f" {printable(verification.code)}{said}" if verification.code else "")
