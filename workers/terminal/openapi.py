"""`waybill openapi`: the contract as OpenAPI 3.1, out of the program itself; no server is asked."""

import hashlib
import json
from typing import Final

import rich_click as click

from adapters.http.app import contract
from workers.terminal.command import json_option
from workers.terminal.screen import Screen

# The document is about the contract: another release with the same contract is no other document.
VERSION: Final = "0.0.0"
INDENT: Final = 2


@click.command("openapi")
@click.option(
    "--digest",
    "only_digest",
    is_flag=True,
    help="Print the SHA-256 of the document, as docs/05-api-contract.md has it.",
)
@json_option
def openapi(*, only_digest: bool, as_json: bool) -> None:
    """Print the OpenAPI document of this version, always in the same order. A server has its own at /openapi.json."""
    text = written_contract()
    if not only_digest:
        click.echo(text, nl=False)
    elif as_json:
        Screen(as_json=True).write_json({"digest": digest_of(text)})
    else:
        click.echo(digest_of(text))


def written_contract() -> str:
    """As `docs/openapi.json` holds it."""
    document = json.loads(contract(version=VERSION))
    return json.dumps(document, indent=INDENT, sort_keys=True, ensure_ascii=False) + "\n"


def digest_of(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
