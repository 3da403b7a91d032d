"""How a person or a script gives the key of a provider: by reference, on stdin, or typed without an echo; never as an argument."""

import sys
from collections.abc import Callable
from getpass import getpass
from typing import Any

import rich_click as click


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


def credential_options(function: Callable[..., None]) -> Callable[..., None]:
    """`credential` and `credential_stdin`, for `read_credential`."""
    by_reference: Any = click.option(
        "--credential",
        metavar="REFERENCE",
        callback=check_reference,
        help="Where the server finds the key: env:WAYBILL_CREDENTIAL_..., or file:NAME in its credentials folder.",
    )
    itself: Any = click.option(
        "--credential-stdin", is_flag=True, help="Read the key itself from stdin; it is stored encrypted."
    )
    given: Callable[..., None] = by_reference(itself(function))
    return given


def read_credential(reference: str | None, *, from_stdin: bool) -> str:
    """The reference, or the key from stdin, or from a person who is asked without an echo."""
    if reference is not None:
        if from_stdin:
            raise click.UsageError("Give either --credential or --credential-stdin.")
        return reference
    if from_stdin:
        secret = sys.stdin.read().strip()
        if not secret:
            raise click.UsageError("stdin holds no credential.")
        return secret
    if not sys.stdin.isatty():
        raise click.UsageError("No credential: give --credential REFERENCE, or the key itself with --credential-stdin.")
    return getpass("Key of the provider (not shown): ", stream=sys.stderr)
