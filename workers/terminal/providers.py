"""`waybill providers`: connect, list, show; what changes a connection stands in `provider_changes.py` and `provider_pauses.py`."""

import rich_click as click

from workers.terminal.answers import Provider, understood
from workers.terminal.command import Terminal, api_command
from workers.terminal.credential_input import credential_options, read_credential
from workers.terminal.listing import limit_option, search_option, show_list
from workers.terminal.provider_changes import activate, change, deactivate, verify
from workers.terminal.provider_options import fields_of, settings_options
from workers.terminal.provider_pauses import pause, resume
from workers.terminal.provider_view import provider_page, providers_grid, show_verified


@click.group()
def providers() -> None:
    """Connect providers and look after the connections."""


@providers.command("connect")
@click.argument("name")
@click.option("--kind", required=True, metavar="KIND", help="What the provider is: openai, claude or gemini.")
@settings_options
@credential_options
@api_command
def connect(
    terminal: Terminal,
    *,
    name: str,
    kind: str,
    credential: str | None,
    credential_stdin: bool,
    **settings: str | int | None,
) -> None:
    """Connect the provider as NAME and verify it at once.

    Without --credential or --credential-stdin a person is asked for the key, which is not shown. A connection that cannot be
    verified is kept, inactive, with the reason; the exit code is 5 then.
    """
    body = {"name": name, "kind": kind, "credential": read_credential(credential, from_stdin=credential_stdin)}
    with terminal.screen.busy(f"Verifying {name}"):
        answer = terminal.client.post("providers", body=body | fields_of(settings))
    provider = show_verified(terminal, answer.body)
    terminal.screen.hint(f"waybill install SKILL --on {provider.name} --wait", purpose="Install there")


@providers.command("list")
@click.option("--kind", multiple=True, metavar="KIND", help="Only those of this kind; may be repeated.")
@click.option("--active/--inactive", default=None, help="Only those in use, or only those out of use.")
@search_option("their name, their kind or their base URL")
@limit_option
@api_command
def list_providers(
    terminal: Terminal, *, kind: tuple[str, ...], active: bool | None, q: str | None, limit: int
) -> None:
    """List the connections, the newest first."""
    query = {"kind": kind, "active": None if active is None else str(active).lower(), "q": q}
    nothing = "No provider is connected yet: waybill providers connect openai --kind openai"
    empty = "There is no such connection." if any(query.values()) else nothing
    show_list(terminal, ("providers",), query, limit=limit, shape=Provider, grid=providers_grid, empty=empty)


@providers.command("show")
@click.argument("provider")
@api_command
def show(terminal: Terminal, *, provider: str) -> None:
    """Show one PROVIDER connection, by name or id. Nobody can see its credential."""
    document = terminal.client.get("providers", provider)
    terminal.screen.show(document, provider_page(understood(document, Provider)))


for command in (change, verify, activate, deactivate, pause, resume):
    providers.add_command(command)
