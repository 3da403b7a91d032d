"""API keys on the command line, against the running whole: issued, used, seen, revoked; and one without the API."""

import pytest

from tests.acceptance.conftest import CommandLine
from tests.kit.waiting import wait_until
from workers.terminal.trial import Trial

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

SOON_SECONDS = 15.0


def test_a_key_is_issued_used_and_revoked(cli: CommandLine) -> None:
    """As a script does it: `KEY=$(waybill keys issue ...)`."""
    issued = cli("keys", "issue", "--name", "CI 배포", "--role", "operator", "--expires", "90d")
    assert issued.code == 0, issued
    key = issued.out.strip()
    key_id = key.split("_")[1]
    assert (issued.out, key in issued.err) == (f"{key}\n", False)
    assert f"{key_id} is a key for CI 배포 (operator), valid until " in issued.err
    refused = cli("keys", "list", WAYBILL_API_KEY=key)
    assert (refused.code, "role admin" in refused.err) == (3, True), refused
    listed = cli("keys", "list", "--q", "배포", "--status", "active", "--json").json["items"]
    assert [(one["id"], one["role"]) for one in listed] == [(key_id, "operator")]
    revoked = cli("keys", "revoke", key)
    assert (revoked.code, revoked.err) == (0, f"{key_id} is revoked.\n")
    assert "✘ revoked" in revoked.out

    def is_shut() -> bool:
        return cli("skills", "list", WAYBILL_API_KEY=key).code == 3

    wait_until(is_shut, SOON_SECONDS)
    shown = cli("keys", "show", key_id)
    assert (shown.code, "revoked" in shown.out, "(admin)" in shown.out) == (0, True, True)


def test_what_cannot_be_revoked_says_why(cli: CommandLine) -> None:
    own = cli("keys", "revoke", "admin")
    assert (own.code, "(conflict:keys)" in own.err) == (2, True), own
    unknown = cli("keys", "revoke", "nobody", "--json")
    assert (unknown.code, unknown.json["code"]) == (4, "not_found:keys")


def test_a_key_is_issued_without_one_where_the_database_is(cli: CommandLine, waybill: Trial) -> None:
    arguments = ("keys", "issue", "--direct", "--data", waybill._folder / "data", "--name", "rescue", "--role", "admin")
    issued = cli(*arguments, WAYBILL_API_KEY="", WAYBILL_URL="")
    assert issued.code == 0, issued
    seen = cli("audit", "list", "--action", "api_key.issued", "--actor", "keys", WAYBILL_API_KEY=issued.out.strip())
    assert (seen.code, "waybill keys" in seen.out) == (0, True), seen
