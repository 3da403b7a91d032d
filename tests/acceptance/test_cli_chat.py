"""`waybill chat` and `waybill chat-actions` against a running Waybill: from a sentence to what is live at the provider."""

import os
import pty
import subprocess

import pytest

from tests.acceptance.conftest import COMMAND, COMMAND_SECONDS, CommandLine, Ended, Sandbox

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]


def typed(cli: CommandLine, keys: str, *arguments: str) -> Ended:
    """What a command makes of a person who types this at a terminal."""
    person, terminal = pty.openpty()
    try:
        os.write(person, keys.encode())
        ended = subprocess.run(
            [*COMMAND, *arguments],
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
    return Ended(ended.returncode, ended.stdout, ended.stderr)


@pytest.mark.long
def test_a_sentence_installs_and_is_on_record_until_its_words_are_erased(
    cli: CommandLine, registered: str, sandbox: Sandbox
) -> None:
    installed = cli("chat", "openai에", registered, "설치해줘", "--wait", "--json")
    assert installed.code == 0, installed
    (run,) = installed.json["runs"]
    assert (run["status"], installed.json["runIds"]) == ("success", [run["id"]])
    assert f"openai에 {registered} v1을 설치하기 시작했어요. 실행: {run['id']}" in installed.json["reply"]
    assert [entry["provider"] for entry in sandbox.live(registered)] == ["openai"]
    action = installed.json["chatActionId"]
    shown = cli("chat-actions", "show", action)
    assert f"openai에 {registered} 설치해줘" in shown.out
    assert run["id"] in shown.out
    erased = cli("chat-actions", "erase", action)
    assert (erased.code, f"The text of {action} is erased." in erased.err) == (0, True), erased
    listed = cli("chat-actions", "list", "--action", "install", "--limit", "1")
    assert (action in listed.out, "erased" in listed.out, "설치해줘" in listed.out) == (True, True, False), listed


def test_what_takes_something_away_is_asked_first(cli: CommandLine, registered: str, sandbox: Sandbox) -> None:
    assert cli("install", registered, "--on", "openai", "--wait").code == 0
    words = f"uninstall {registered} from openai"
    asked = cli("chat", words)
    assert (asked.code, f"Shall I remove {registered} v1 from openai?" in asked.out) == (2, True), asked
    (hint,) = [line for line in asked.err.splitlines() if "waybill chat --confirm" in line]
    declined = typed(cli, "n\n", "chat", words)
    assert (declined.code, declined.out) == (2, "All right, nothing was done.\n"), declined
    assert sandbox.live(registered)
    confirmed = cli("chat", "--confirm", hint.rpartition(" ")[2], "--wait")
    assert confirmed.code == 0, confirmed
    assert sandbox.live(registered) == []


def test_a_conversation_at_a_terminal(cli: CommandLine, registered: str) -> None:
    keys = f"install {registered} on openai and claude\ny\n스킬 목록 보여줘\ninstall {registered}x on openai\n\x04"
    ended = typed(cli, keys, "chat")
    assert ended.code == 0, ended
    assert f"Shall I install {registered} v1 at openai and claude (2 places)?\n" in ended.err
    assert f"Installing {registered} v1 at openai and claude: run " in ended.out
    assert "스킬 " in ended.out
    assert f"There is no skill “{registered}x”." in ended.out
