"""Provider connections on the command line: changed, verified, put away and brought back, against the sandbox."""

import pytest

from tests.acceptance.conftest import CommandLine, Ended, Sandbox
from tests.acceptance.gate import Gate
from tests.kit.waiting import wait_until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

SECONDS_MAX = 15.0


@pytest.fixture
def connected(cli: CommandLine, registered: str, sandbox: Sandbox) -> str:
    """The name of a connection of its own to the sandbox."""
    name = f"own-{registered}"
    ended = connect(cli, name, url=f"{sandbox.url}/openai/v1")
    assert (ended.code, "✔ active" in ended.out) == (0, True), ended
    return name


def connect(cli: CommandLine, name: str, *, url: str, key: str = "sk-own") -> Ended:
    arguments = ("providers", "connect", name, "--kind", "openai", "--credential-stdin", "--base-url", url)
    return cli(*arguments, stdin=f"{key}\n")


def test_a_new_key_is_verified_and_a_wrong_one_is_5_with_what_to_do(cli: CommandLine, connected: str) -> None:
    refused = cli("providers", "change", connected, "--credential-stdin", stdin="sk-revoked-by-somebody\n")
    assert refused.code == 5, refused
    assert "✘ inactive" in refused.out
    assert "unauthorized:provider" in refused.out
    assert "give a valid key with `waybill providers change`" in refused.err
    assert "sk-revoked" not in refused.out + refused.err
    accepted = cli("providers", "change", connected, "--credential-stdin", "--json", stdin="sk-again\n")
    assert (accepted.code, accepted.json["active"]) == (0, True), accepted


def test_settings_are_changed_shown_and_cleared(cli: CommandLine, connected: str) -> None:
    changed = cli("providers", "change", connected, "--project", "proj_1", "--concurrency-max", "9")
    assert changed.code == 0, changed
    shown = cli("providers", "show", connected)
    assert all(text in shown.out for text in ("proj_1", "at once       9")), shown.out
    cleared = cli("providers", "change", connected, "--clear", "project", "--json")
    assert (cleared.json["project"], cleared.json["concurrencyMax"]) == (None, 9)


def test_it_is_put_away_and_brought_back(cli: CommandLine, connected: str, registered: str) -> None:
    away = cli("providers", "deactivate", connected)
    assert (away.code, "✘ inactive (deactivated by a person)" in away.out) == (0, True), away
    assert f"waybill providers activate {connected}" in away.err
    verified = cli("providers", "verify", connected, "--json")
    assert (verified.code, verified.json["active"]) == (0, False)
    refused = cli("install", registered, "--on", connected)
    assert (refused.code, "(conflict:providers)" in refused.err) == (2, True)
    back = cli("providers", "activate", connected)
    assert (back.code, "✔ active" in back.out) == (0, True)


def test_a_verification_that_fails_is_5_and_says_whether_it_stays_in_use(
    cli: CommandLine, connected: str, sandbox: Sandbox
) -> None:
    sandbox.fault("status", operation="list", status=503)
    overloaded = cli("providers", "verify", connected)
    assert (overloaded.code, "✔ active" in overloaded.out) == (5, True), overloaded
    assert "It stays in use" in overloaded.err
    sandbox.fault("status", operation="list", status=403)
    forbidden = cli("providers", "verify", connected)
    assert (forbidden.code, "✘ inactive" in forbidden.out) == (5, True)
    assert "may not manage skills" in forbidden.err
    sandbox.fault("status", operation="list", status=403)
    assert cli("providers", "activate", connected).code == 5
    assert cli("providers", "verify", connected).code == 0


def test_another_address_needs_the_key_again(cli: CommandLine, connected: str, sandbox: Sandbox) -> None:
    elsewhere = f"{sandbox.url.replace('127.0.0.1', 'localhost')}/openai/v1"
    alone = cli("providers", "change", connected, "--base-url", elsewhere)
    assert (alone.code, "--credential-stdin" in alone.err) == (2, True), alone
    moved = cli("providers", "change", connected, "--base-url", elsewhere, "--credential-stdin", stdin="sk-moved")
    assert (moved.code, elsewhere in moved.out) == (0, True), moved


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--credential", "sk-in-the-shell-history"),
        ("--credential", "file:a", "--credential-stdin"),
        ("--project", "a", "--clear", "project"),
        ("--concurrency-max", "65"),
        ("--credential", "env:PATH"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_meant_is_2_and_changes_nothing(
    cli: CommandLine, connected: str, arguments: tuple[str, ...]
) -> None:
    before = cli("providers", "show", connected, "--json").json
    refused = cli("providers", "change", connected, *arguments)
    assert refused.code == 2, refused
    assert "sk-in-the-shell" not in refused.out + refused.err
    assert cli("providers", "show", connected, "--json").json == before


@pytest.mark.parametrize("command", ["verify", "activate", "deactivate"])
def test_a_connection_that_is_not_there_is_4(cli: CommandLine, command: str) -> None:
    missing = cli("providers", command, "nobody", "--json")
    assert (missing.code, missing.json["code"]) == (4, "not_found:providers")


def test_more_places_are_used_within_seconds(cli: CommandLine, registered: str, gate: tuple[str, Gate]) -> None:
    """While the only place is taken by a call that does not end."""
    name, provider = gate
    cli("providers", "change", name, "--concurrency-max", "1")
    runs = [cli("install", skill, "--on", name, "--json").json["id"] for skill in (registered, "plain-english")]

    def running() -> int:
        shown = [cli("runs", "show", run, "--json").json["targets"][0]["status"] for run in runs]
        return shown.count("running")

    wait_until(lambda: running() == 1, SECONDS_MAX)
    changed = cli("providers", "change", name, "--concurrency-max", "2")
    assert changed.code == 0, changed
    wait_until(lambda: running() == 2, SECONDS_MAX)
    provider.open()
