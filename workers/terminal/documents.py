"""The contracts for programs, as they are printed and kept in `docs/`: always in the same order, with a digest of the whole."""

import hashlib
import json
from typing import Any, Final

import rich_click as click

from workers.terminal.screen import Screen

# A document is about the contract: another release with the same contract is no other document.
VERSION: Final = "0.0.0"
INDENT: Final = 2


def written(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=INDENT, sort_keys=True, ensure_ascii=False) + "\n"


def digest_of(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def print_document(text: str, *, only_digest: bool, as_json: bool) -> None:
    if not only_digest:
        click.echo(text, nl=False)
    elif as_json:
        Screen(as_json=True).write_json({"digest": digest_of(text)})
    else:
        click.echo(digest_of(text))
