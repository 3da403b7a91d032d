"""A chat action as people read it: one line in a list, and a page."""

from datetime import timedelta
from typing import Any

import pytest

from tests.workers.terminal.answered import NOON, RUN_ID, in_a_pipe, on_a_terminal
from workers.terminal.answers import understood
from workers.terminal.chat_action_view import chat_action_page, chat_actions_grid, intent_words
from workers.terminal.chat_answers import ChatAction, ChatIntent

NOW = NOON + timedelta(hours=2)
ID = "019ab000-0000-7000-8000-00000000cafe"
STEP = {
    "does": "uninstall",
    "runId": RUN_ID,
    "installationId": RUN_ID,
    "installedBy": RUN_ID,
    "skill": "a-skill",
    "version": 3,
    "provider": "openai",
}
SKIPPED = {"skill": "a-skill", "provider": "gemini", "reason": "provider_inactive", "code": "conflict:providers"}
PLAN = {"steps": [STEP], "skipped": [SKIPPED]}


def action(**more: Any) -> ChatAction:
    document: dict[str, Any] = {
        "id": ID,
        "at": NOON,
        "actor": {"id": "k1", "name": "Kim", "kind": "api_key", "role": "operator"},
        "language": "ko",
        "parser": "grammar",
        "text": "openai에서 a-skill 삭제해줘",
        "textErased": False,
        "status": "accepted",
        "intent": {"action": "uninstall", "skills": ["a-skill"], "ref": None, "providers": ["openai"]},
        "plan": PLAN,
        "runIds": [RUN_ID],
    }
    return understood(document | more, ChatAction)


@pytest.mark.parametrize(
    ("one", "shown"),
    [
        (action(), ["Kim", "uninstall", "✔ accepted", "openai에서 a-skill 삭제해줘"]),
        (
            action(status="rejected", reason="unknown_skill"),
            ["✘ rejected", "unknown_skill", "openai에서 a-skill 삭제해줘"],
        ),
        (action(status="waiting", text=None), ["○ waiting", "not yours to read"]),
        (action(text=None, textErased=True), ["✔ accepted", "erased"]),
        (action(text="two\nlines\x1b[31m"), ["two lines\\x1b[31m"]),
        (action(status="of a newer server"), ["· of a newer server"]),
    ],
    ids=["accepted", "rejected", "of somebody else", "erased", "hostile", "unknown"],
)
def test_in_a_list_it_is_one_line(one: ChatAction, shown: list[str]) -> None:
    head, line = in_a_pipe(chat_actions_grid([one], now=NOW)).splitlines()
    assert head.split() == ["ID", "AGE", "WHO", "ACTION", "STATUS", "REASON", "TEXT"]
    assert line.startswith(f"{ID}  2h   Kim")
    assert all(words in line for words in shown)


def test_the_list_fits_a_terminal() -> None:
    long = action(text="가나다라 " * 100)
    lines = on_a_terminal(chat_actions_grid([long, action()], now=NOW)).splitlines()
    assert len(lines) <= 2 + 2 * 3
    assert "…" in "".join(lines)


def test_the_page_says_what_was_said_understood_planned_and_done() -> None:
    page = in_a_pipe(chat_action_page(action(expiresAt=NOON + timedelta(minutes=10)), now=NOW))
    for line in (
        f"chat action      {ID}",
        "text             openai에서 a-skill 삭제해줘",
        "said             2026-11-22 12:00:00 UTC (2h ago) by Kim (k1)",
        "understood       uninstall a-skill at openai, in Korean, by its grammar",
        "status           ✔ accepted",
        "to be confirmed  until 2026-11-22 12:10:00 UTC",
        f"run              {RUN_ID}",
        "- remove a-skill v3 from openai",
        "- a-skill at gemini: the connection is not in use (conflict:providers)",
    ):
        assert line in page.splitlines(), page


def test_why_nothing_was_done_stands_there_with_what_to_do() -> None:
    refused = action(
        status="rejected", reason="refused", code="conflict:install_runs", runIds=[], parser="model", language="en"
    )
    page = in_a_pipe(chat_action_page(refused, now=NOW))
    assert "reason       refused (conflict:install_runs)" in page
    assert "in English, by a language model" in page
    assert "waybill runs show" in page
    assert "run  " not in page


def test_a_plan_of_a_newer_server_does_not_keep_the_rest_from_being_read() -> None:
    newer = action(plan={"steps": [{"does": "something new"}], "skipped": []})
    assert "does not know" in in_a_pipe(chat_action_page(newer, now=NOW))
    assert "does not know" not in in_a_pipe(chat_action_page(action(plan={"steps": [], "skipped": []}), now=NOW))


@pytest.mark.parametrize(
    ("intent", "words"),
    [
        (ChatIntent(action="none"), "none"),
        (ChatIntent(action="list", listed="skills"), "list skills"),
        (ChatIntent(action="cancel", run_id=RUN_ID), f"cancel run {RUN_ID}"),
        (
            ChatIntent(action="install", skills=("a", "b"), ref="stable", providers=("openai", "gemini")),
            "install a@stable, b@stable at openai, gemini",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_was_understood_in_a_few_words(intent: ChatIntent, words: str) -> None:
    assert intent_words(intent) == words
