"""`waybill asyncapi`: what Waybill says on NATS as AsyncAPI 3, out of the program itself; no server is asked."""

import rich_click as click

from adapters.nats.asyncapi import describe
from workers.terminal.command import json_option
from workers.terminal.documents import VERSION, print_document, written


@click.command("asyncapi")
@click.option("--digest", "only_digest", is_flag=True, help="Print the SHA-256 of the document.")
@json_option
def asyncapi(*, only_digest: bool, as_json: bool) -> None:
    """Print the AsyncAPI document of this version: every subject on NATS and its messages, always in the same order."""
    print_document(written_asyncapi(), only_digest=only_digest, as_json=as_json)


def written_asyncapi() -> str:
    """As `docs/asyncapi.json` holds it."""
    return written(describe(version=VERSION))
