"""`waybill openapi`: the contract as OpenAPI 3.1, out of the program itself; no server is asked."""

import json

import rich_click as click

from adapters.http.app import contract
from workers.terminal.command import json_option
from workers.terminal.documents import VERSION, print_document, written


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
    print_document(written_contract(), only_digest=only_digest, as_json=as_json)


def written_contract() -> str:
    """As `docs/openapi.json` holds it."""
    return written(json.loads(contract(version=VERSION)))
