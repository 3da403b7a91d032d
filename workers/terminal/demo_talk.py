"""The demo's conversation: two questions, and a removal that is only asked about."""

import shlex
from typing import Any, Final

from workers.terminal.client import Client
from workers.terminal.narrator import Narrator, expect
from workers.terminal.wording import printable

REMOVAL: Final = "confirmation_required"


def talk(narrator: Narrator, client: Client, *, skill: str) -> None:
    """Raises Mismatch, Failure."""
    asked = _say(narrator, client, f"{skill} 어디에 설치돼 있어?")
    expect((asked["accepted"], asked["language"]) == (True, "ko"), "a question in Korean is answered in Korean")
    expect(all(name in asked["reply"] for name in ("openai", "claude", "gemini")), "it is installed at all three")
    who = _say(narrator, client, f"who installed {skill} on claude?")
    expect((who["accepted"], who["intent"]["action"]) == (True, "who"), "who it was is told")
    removal = _say(narrator, client, f"uninstall {skill} everywhere")
    expect((removal["accepted"], removal["reason"]) == (False, REMOVAL), "a removal is asked about first")
    declined = client.post("chat-ops", body={"confirm": removal["confirmation"]["token"], "message": "no"}).body
    narrator.tell(f"no\n{printable(declined['reply'])}")
    expect(declined["reason"] == "declined", "after a no nothing happens")


def _say(narrator: Narrator, client: Client, message: str) -> Any:
    narrator.command(f"chat {shlex.quote(message)}")
    answer = client.post("chat-ops", body={"message": message}).body
    narrator.tell("\n".join(printable(line) for line in answer["reply"].splitlines()))
    return answer
