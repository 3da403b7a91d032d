"""The contract changes where everybody sees it: in the stored OpenAPI document, and with it in docs/05-api-contract.md."""

import json
import re
from typing import Final

from click.testing import CliRunner

from tests.architecture.sources import ROOT
from workers.terminal.documents import digest_of
from workers.terminal.openapi import openapi, written_contract

STORED: Final = ROOT / "docs" / "openapi.json"
CONTRACT: Final = ROOT / "docs" / "05-api-contract.md"
DIGEST: Final = re.compile(r"`(sha256:[0-9a-f]{64})`")
REWRITE: Final = (
    "docs/openapi.json is not what the API says: look what has changed, then `waybill openapi > docs/openapi.json`."
)
REVIEW: Final = (
    "docs/openapi.json has changed: go through docs/05-api-contract.md, correct what it says, "
    "and put the output of `waybill openapi --digest` into it."
)


def printed(*arguments: str) -> str:
    ran = CliRunner().invoke(openapi, arguments)
    assert ran.exit_code == 0, ran.output
    return ran.stdout


def test_the_stored_document_is_what_the_api_says() -> None:
    assert STORED.read_text(encoding="utf-8") == written_contract(), REWRITE


def test_the_written_contract_was_looked_at_when_the_stored_document_changed() -> None:
    said = DIGEST.findall(CONTRACT.read_text(encoding="utf-8"))
    assert said == [digest_of(STORED.read_text(encoding="utf-8"))], REVIEW


def test_the_command_prints_the_document_byte_by_byte_and_its_digest() -> None:
    assert printed() == printed("--json") == written_contract()
    assert printed("--digest") == digest_of(written_contract()) + "\n"
    assert json.loads(printed("--digest", "--json")) == {"digest": digest_of(written_contract())}
