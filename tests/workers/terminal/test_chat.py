"""`waybill chat` against a server whose every answer the test decides: what is sent, what is asked, and how it ends."""

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.workers.terminal.answered import RUN_ID, run, target
from tests.workers.terminal.talking import CONFIRMATION, ChatServer, Keyboard, asked, said
from workers.terminal import conversing
from workers.terminal.chat import chat

OTHER_ID = RUN_ID.replace("001", "002", 1)
TOKEN = CONFIRMATION["token"]
Say = Callable[..., int]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    monkeypatch.setattr(conversing, "PAUSE_SECONDS", 0.0)
    with ChatServer() as server, server.standing():
        monkeypatch.setenv("WAYBILL_URL", server.url)
        monkeypatch.setenv("WAYBILL_API_KEY", "wb_key")
        yield server


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch) -> Say:
    def say(*arguments: str, typed: str | None = None) -> int:
        """The exit code; `typed` is what a person types, None if nobody is there."""
        if typed is not None:
            monkeypatch.setattr(sys, "stdin", Keyboard(typed))
        with pytest.raises(SystemExit) as ended:
            chat.main(list(arguments), prog_name="waybill chat")
        return int(ended.value.code or 0)

    return say


def test_what_is_said_is_sent_and_what_is_answered_is_shown(
    server: ChatServer, say: Say, capsys: pytest.CaptureFixture[str]
) -> None:
    server.will_say(said("설치를 시작했어요.\n\x1b[31m둘째 줄"))
    assert say("openai에", "a-skill", "설치해줘") == 0
    assert [heard.body for heard in server.heard] == [{"message": "openai에 a-skill 설치해줘"}]
    assert capsys.readouterr().out == "설치를 시작했어요.\n\\x1b[31m둘째 줄\n"


def test_every_message_has_a_key_of_its_own_unless_it_is_given_one(server: ChatServer, say: Say) -> None:
    server.will_say(said(), said(), said())
    assert [say("help"), say("help"), say("help", "--idempotency-key", "mine")] == [0, 0, 0]
    first, second, third = (heard.key for heard in server.heard)
    assert first
    assert second not in (None, first)
    assert third == "mine"


def test_an_answer_that_was_lost_is_asked_for_again_with_the_same_key(
    server: ChatServer, say: Say, capsys: pytest.CaptureFixture[str]
) -> None:
    server.will_say(None, None, said())
    assert say("install", "a-skill") == 0
    assert len(server.heard) == 3
    assert len(set(server.heard[0].key or "")) > 1
    assert len({heard.key for heard in server.heard}) == 1
    assert capsys.readouterr().out == "Done.\n"


def test_one_that_is_still_carried_out_is_waited_for(server: ChatServer, say: Say) -> None:
    server.answers = [(409, {"code": "conflict:api", "detail": "Still at it.", "requestId": "r"}), (200, said())]
    assert say("install", "a-skill") == 0
    assert len({heard.key for heard in server.heard}) == 1


def test_what_is_lost_for_good_can_be_sent_again(
    server: ChatServer, say: Say, capsys: pytest.CaptureFixture[str]
) -> None:
    server.will_say(None, None, None)
    assert say("install", "a-skill") == 8
    assert f"--idempotency-key {server.heard[0].key}" in capsys.readouterr().err


def test_a_refusal_is_not_sent_again(server: ChatServer, say: Say) -> None:
    server.answers = [(403, {"code": "forbidden:auth", "detail": "No.", "requestId": "r"})]
    assert say("verify", "openai") == 3
    assert len(server.heard) == 1


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({}, 0),
        ({"reason": "dry_run"}, 0),
        ({"refusals": [{"step": 0, "code": "conflict:install_runs"}]}, 6),
        ({"accepted": False, "reason": "negated"}, 2),
        ({"accepted": False, "reason": "provider_inactive"}, 2),
        ({"accepted": False, "reason": "forbidden"}, 3),
        ({"accepted": False, "reason": "unknown_skill"}, 4),
        ({"accepted": False, "reason": "unknown_version"}, 4),
        ({"accepted": False, "reason": "unknown_provider"}, 4),
        ({"accepted": False, "reason": "unknown_run"}, 4),
        ({"accepted": False, "reason": "unknown_name"}, 4),
        ({"accepted": False, "reason": "of a newer server"}, 2),
    ],
    ids=lambda value: str(value.get("reason", "") or "done") if isinstance(value, dict) else None,
)
def test_the_exit_code_says_what_became_of_it(server: ChatServer, say: Say, answer: dict[str, Any], code: int) -> None:
    server.will_say(said(**answer))
    assert say("x") == code


@pytest.mark.parametrize(("language", "no"), [("en", "no"), ("ko", "아니"), ("fr", "no")])
def test_a_person_is_asked_and_nothing_but_a_yes_is_one(
    server: ChatServer, say: Say, capsys: pytest.CaptureFixture[str], *, language: str, no: str
) -> None:
    declined = said("Nothing was done.", accepted=False, reason="declined")
    server.will_say(asked(language), said(), asked(language), declined, asked(language), declined)
    assert [say("x", typed="y\n"), say("x", typed="n\n"), say("x", typed="\n")] == [0, 2, 2]
    answers = [heard.body for heard in server.heard][1::2]
    assert answers == [{"confirm": TOKEN}, {"confirm": TOKEN, "message": no}, {"confirm": TOKEN, "message": no}]
    assert len({heard.key for heard in server.heard}) == 6
    streams = capsys.readouterr()
    assert streams.out.splitlines() == ["Done.", "Nothing was done.", "Nothing was done."]
    assert streams.err.count("Shall I?") == 3
    assert ("진행할까요? [y/N]" if language == "ko" else "Go ahead? [y/N]") in streams.err


def test_without_a_person_the_token_is_printed_with_what_to_do_with_it(
    server: ChatServer, say: Say, capsys: pytest.CaptureFixture[str]
) -> None:
    server.will_say(asked(), asked(), said())
    assert say("uninstall", "a-skill") == 2
    streams = capsys.readouterr()
    assert (streams.out, f"waybill chat --confirm {TOKEN}\n" in streams.err) == ("Shall I?\n", True)
    assert say("uninstall", "a-skill", "--json") == 2
    assert json.loads(capsys.readouterr().out)["confirmation"] == CONFIRMATION
    assert say("--confirm", TOKEN) == 0
    assert server.heard[-1].body == {"confirm": TOKEN}


def test_yes_is_said_beforehand(server: ChatServer, say: Say, capsys: pytest.CaptureFixture[str]) -> None:
    server.will_say(asked(), said(), said("At once."))
    assert say("uninstall", "a-skill", "--yes") == 0
    assert [heard.body for heard in server.heard] == [{"message": "uninstall a-skill"}, {"confirm": TOKEN}]
    streams = capsys.readouterr()
    assert (streams.out, "Shall I?" in streams.err) == ("Done.\n", True)
    assert say("--yes", "list", "skills") == 0
    assert capsys.readouterr().out == "At once.\n"


def test_a_no_may_go_with_a_token(server: ChatServer, say: Say) -> None:
    server.will_say(said(accepted=False, reason="declined"))
    assert say("no", "--confirm", TOKEN) == 2
    assert server.heard[0].body == {"message": "no", "confirm": TOKEN}


def test_a_dry_run_is_one(server: ChatServer, say: Say) -> None:
    server.will_say(said(reason="dry_run"))
    assert say("install", "a-skill", "--dry-run") == 0
    assert server.heard[0].body == {"message": "install a-skill", "dryRun": True}


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("  ",),
        ("--yes",),
        ("--dry-run", "--confirm", TOKEN),
        ("x", "--dry-run", "--yes"),
        ("x", "--dry-run", "--wait"),
    ],
    ids=" ".join,
)
def test_what_makes_no_sense_is_not_sent(server: ChatServer, say: Say, arguments: tuple[str, ...]) -> None:
    assert say(*arguments) == 2
    assert server.heard == []


def test_bytes_that_are_no_text_do_not_end_it_badly(server: ChatServer, say: Say) -> None:
    server.will_say(said())
    assert say("x\udceb") == 0
    assert server.heard[0].body == {"message": "x?"}


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        (("success",), 0),
        (("failed",), 5),
        (("partial_failed",), 6),
        (("success", "success"), 0),
        (("failed", "failed"), 5),
        (("success", "failed"), 6),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_its_runs_are_followed_to_their_end(
    server: ChatServer, say: Say, capsys: pytest.CaptureFixture[str], *, statuses: tuple[str, ...], code: int
) -> None:
    ids = [RUN_ID, OTHER_ID][: len(statuses)]
    states = dict(zip(ids, statuses, strict=True))
    server.runs = {one: run(target(status=status), status=status, id=one) for one, status in states.items()}
    server.will_say(said(runIds=ids), said(runIds=ids))
    assert say("install", "a-skill", "--wait") == code
    shown = capsys.readouterr().out
    assert shown.startswith("Done.\n")
    assert all(one in shown for one in ids)
    assert say("install", "a-skill", "--wait", "--json") == code
    document = json.loads(capsys.readouterr().out)
    assert document["reply"] == "Done."
    assert {one["id"]: one["status"] for one in document["runs"]} == states


def test_what_could_not_be_done_counts_also_when_the_rest_succeeds(server: ChatServer, say: Say) -> None:
    server.runs = {RUN_ID: run(target(status="success"), status="success")}
    server.will_say(said(runIds=[RUN_ID], refusals=[{"step": 1, "code": "conflict:install_runs"}]))
    assert say("install", "a-skill", "--wait") == 6


def test_a_run_that_goes_on_for_too_long_is_not_waited_for(
    server: ChatServer, say: Say, capsys: pytest.CaptureFixture[str]
) -> None:
    server.runs = {RUN_ID: run(target(status="running"), status="running")}
    server.will_say(said(runIds=[RUN_ID]))
    assert say("install", "a-skill", "--wait", "--timeout", "0.2") == 7
    assert f"The run {RUN_ID} has not ended within 0.2 s." in capsys.readouterr().err


def test_its_runs_are_left_alone_unless_somebody_waits(server: ChatServer, say: Say) -> None:
    server.will_say(said(runIds=[RUN_ID]))
    assert say("install", "a-skill") == 0


def test_a_conversation_goes_on_until_somebody_has_had_enough(
    server: ChatServer, say: Say, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers = [
        (200, said("First.")),
        (503, {"code": "offline:database", "detail": "No database."}),
        (200, asked("ko")),
        (200, said("Second.")),
    ]
    assert say(typed="됐어?\n\n  cancel the last run \nuninstall a-skill\ny\nEXIT\nnever\n") == 0
    assert [heard.body for heard in server.heard] == [
        {"message": "됐어?"},
        {"message": "cancel the last run"},
        {"message": "uninstall a-skill"},
        {"confirm": TOKEN},
    ]
    streams = capsys.readouterr()
    assert streams.out.splitlines() == ["First.", "Second."]
    assert "No database. (offline:database)" in streams.err


@pytest.mark.parametrize(
    ("typed", "heard"), [("", 0), ("종료\n", 0), ("quit\n", 0), ("help\n", 1), ("uninstall a-skill\n", 1)]
)
def test_it_ends_where_nothing_more_is_typed(server: ChatServer, say: Say, typed: str, heard: int) -> None:
    """Also where a yes or a no was waited for: that is not a yes."""
    server.will_say(asked() if "uninstall" in typed else said())
    assert say(typed=typed) == 0
    assert len(server.heard) == heard


def test_a_key_is_for_one_message(server: ChatServer, say: Say) -> None:
    assert say("--idempotency-key", "mine", typed="help\n") == 2
    assert server.heard == []
