"""`waybill providers`: change, verify, activate, deactivate."""

from typing import Final

import rich_click as click

from workers.terminal.answers import Provider, understood
from workers.terminal.command import Terminal, api_command
from workers.terminal.credential_input import credential_options, read_credential
from workers.terminal.provider_options import fields_of, settings_options
from workers.terminal.provider_view import provider_page, show_verified

CLEARABLE: Final = {"organization": "organization", "project": "project", "base-agent": "baseAgent"}


@click.command("change")
@click.argument("provider")
@settings_options
@credential_options
@click.option("--clear", multiple=True, type=click.Choice(list(CLEARABLE)), help="Have none of it; may be repeated.")
@api_command
def change(
    terminal: Terminal,
    *,
    provider: str,
    credential: str | None,
    credential_stdin: bool,
    clear: tuple[str, ...],
    **settings: str | int | None,
) -> None:
    """Change what is said of a PROVIDER connection, by name or id, and verify it at once.

    What is not said stays as it is; another --base-url needs the key again. A connection that cannot be verified with what is
    new goes out of use, with the reason, and the exit code is 5. How many installs may run at once is changed without asking
    the provider.
    """
    body = fields_of(settings)
    if twice := [name for name in clear if CLEARABLE[name] in body]:
        raise click.UsageError(f"--{twice[0]} and --clear {twice[0]} do not go together.")
    body |= {CLEARABLE[name]: None for name in clear}
    if credential is not None or credential_stdin or "baseUrl" in body:
        body["credential"] = read_credential(credential, from_stdin=credential_stdin)
    if not body:
        raise click.UsageError("Say at least one thing that shall be different; --help lists them.")
    with terminal.screen.busy(f"Changing {provider}"):
        answer = terminal.client.patch("providers", provider, body=body)
    if body.keys() == {"concurrencyMax"}:
        terminal.screen.show(answer.body, provider_page(understood(answer.body, Provider)))
    else:
        show_verified(terminal, answer.body)


@click.command("verify")
@click.argument("provider")
@api_command
def verify(terminal: Terminal, *, provider: str) -> None:
    """Ask the PROVIDER again whether the connection works; one that does is used from then on.

    If it does not, the reason is shown and the exit code is 5. One that is refused goes out of use; one that cannot be reached
    just now stays in use. One that a person deactivated stays so.
    """
    with terminal.screen.busy(f"Verifying {provider}"):
        answer = terminal.client.post("providers", provider, "verify", body=None)
    show_verified(terminal, answer.body)


@click.command("activate")
@click.argument("provider")
@api_command
def activate(terminal: Terminal, *, provider: str) -> None:
    """Verify the PROVIDER connection and, if that passes, use it again; else the exit code is 5."""
    with terminal.screen.busy(f"Verifying {provider}"):
        answer = terminal.client.patch("providers", provider, body={"active": True})
    name = show_verified(terminal, answer.body).name
    terminal.screen.hint(f"waybill install SKILL --on {name} --wait", purpose="Install there")


@click.command("deactivate")
@click.argument("provider")
@api_command
def deactivate(terminal: Terminal, *, provider: str) -> None:
    """Take the PROVIDER connection out of use until a person activates it; what is installed there stays."""
    answer = terminal.client.patch("providers", provider, body={"active": False})
    shown = understood(answer.body, Provider)
    terminal.screen.show(answer.body, provider_page(shown))
    terminal.screen.hint(f"waybill providers activate {shown.name}", purpose="Use it again")
