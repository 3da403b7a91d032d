"""`waybill installations` against a running Waybill: what is live where, whether it still is, and how it goes away."""

import os
import pty
import subprocess

import pytest

from tests.acceptance.conftest import COMMAND, COMMAND_SECONDS, CommandLine, Sandbox

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]


@pytest.fixture
def installed(cli: CommandLine, registered: str) -> str:
    ended = cli("install", registered, "--on", "openai,claude", "--wait")
    assert ended.code == 0, ended
    return registered


def test_what_was_installed_is_listed_and_shown_with_how_to_use_it(cli: CommandLine, installed: str) -> None:
    listed = cli("installations", "list", "--skill", installed)
    assert listed.code == 0, listed
    assert [line.split()[:5] for line in listed.out.splitlines()[1:]] == [
        [installed, "v1", "claude", "·", "none"],
        [installed, "v1", "openai", "·", "none"],
    ]
    shown = cli("installations", "show", installed, "--on", "openai")
    one = cli("installations", "show", installed, "--on", "openai", "--json").json
    assert (shown.code, f'"skill_id": "{one["remote"]["id"]}"' in shown.out) == (0, True)
    assert shown.out.endswith(f"{one['usage']}\n")
    assert cli("installations", "show", one["id"], "--json").json["id"] == one["id"]


def test_all_of_it_is_still_there(cli: CommandLine, installed: str) -> None:
    verified = cli("installations", "verify", "--skill", installed)
    assert (verified.code, "2 installations verified: 2 as installed." in verified.err) == (0, True), verified
    ids = [item["id"] for item in cli("installations", "list", "--skill", installed, "--json").json["items"]]
    named = cli("installations", "verify", *ids, "--json")
    assert [(item["id"], item["drift"]) for item in named.json["items"]] == [(one, "none") for one in ids]


def test_what_is_gone_is_told_by_the_exit_code_and_how_to_put_it_back(
    cli: CommandLine, installed: str, sandbox: Sandbox
) -> None:
    sandbox.fault("status", operation="get", status=404)
    verified = cli("installations", "verify", "--skill", installed)
    assert verified.code == 5, verified
    assert "2 installations verified: 1 as installed, 1 gone." in verified.err
    assert f"waybill install {installed}@1 --on openai --wait" in verified.err
    drifted = cli("installations", "list", "--skill", installed, "--drift", "missing")
    assert "✘ missing" in drifted.out
    mended = cli("installations", "verify", "--drift", "missing", "--skill", installed)
    assert (mended.code, "1 as installed" in mended.err) == (0, True)


def test_a_provider_that_does_not_say_is_no_good_news(cli: CommandLine, installed: str, sandbox: Sandbox) -> None:
    sandbox.fault("status", operation="get", status=500)
    verified = cli("installations", "verify", "--skill", installed, "--provider", "openai")
    assert (verified.code, "internal:provider" in verified.out) == (5, True), verified
    shown = cli("installations", "show", installed, "--on", "openai")
    assert "openai did not say whether it is still there." in shown.out


def test_what_is_uninstalled_is_gone_at_the_provider_and_from_the_list(
    cli: CommandLine, installed: str, sandbox: Sandbox
) -> None:
    removed = cli("installations", "uninstall", installed, "--on", "openai", "--wait")
    assert removed.code == 0, removed
    assert f"{installed} v1 is removed from openai." in removed.out
    assert [entry["provider"] for entry in sandbox.live(installed)] == ["claude"]
    listed = cli("installations", "list", "--skill", installed, "--json").json["items"]
    assert [item["provider"]["name"] for item in listed] == ["claude"]
    again = cli("installations", "uninstall", installed, "--on", "openai")
    assert (again.code, "(not_found:installations)" in again.err) == (4, True)


def test_an_uninstall_that_fails_leaves_the_installation(cli: CommandLine, installed: str, sandbox: Sandbox) -> None:
    sandbox.fault("status", operation="delete_skill", status=403)
    failed = cli("installations", "uninstall", installed, "--on", "openai", "--wait")
    assert (failed.code, "forbidden:provider" in failed.out) == (5, True), failed
    assert cli("installations", "show", installed, "--on", "openai").code == 0


@pytest.mark.parametrize(("answer", "code", "kinds"), [("n", 2, ["install"]), ("y", 0, ["uninstall", "install"])])
def test_a_person_is_asked_first(
    cli: CommandLine, registered: str, *, answer: str, code: int, kinds: list[str]
) -> None:
    cli("install", registered, "--on", "openai", "--wait")
    person, terminal = pty.openpty()
    try:
        os.write(person, f"{answer}\n".encode())
        ended = subprocess.run(
            [*COMMAND, "installations", "uninstall", registered, "--on", "openai", "--wait"],
            stdin=terminal,
            env=cli.environment,
            capture_output=True,
            encoding="utf-8",
            timeout=COMMAND_SECONDS,
            check=False,
        )
    finally:
        os.close(person)
        os.close(terminal)
    assert (ended.returncode, f"Remove {registered} v1 from openai?" in ended.stderr) == (code, True), ended
    runs = cli("runs", "list", "--skill", registered, "--json").json["items"]
    assert [run["kind"] for run in runs] == kinds


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("show", "nothing"), 2),
        (("show", "nothing", "--on", "openai"), 4),
        (("show", "00000000-0000-4000-8000-000000000000"), 4),
        (("verify", "nothing"), 2),
        (("verify", "00000000-0000-4000-8000-000000000000"), 4),
        (("verify", "00000000-0000-4000-8000-000000000000", "--drift", "missing"), 2),
        (("verify", "--skill", "nothing"), 0),
        (("list", "--drift", "much"), 2),
        (("uninstall", "nothing"), 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_what_is_not_there_and_what_makes_no_sense(cli: CommandLine, arguments: tuple[str, ...], code: int) -> None:
    assert cli("installations", *arguments).code == code
