"""The scenarios of docs/qa-scenarios.md in which somebody says what is wanted, against the real processes."""

from collections.abc import Iterator

import pytest

from tests.acceptance.conftest import Sandbox
from tests.acceptance.front_end import FrontEnd, Json, new_name, said
from workers.terminal.trial import Trial

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]


@pytest.fixture
def page(waybill: Trial) -> Iterator[FrontEnd]:
    with FrontEnd(waybill.url, waybill.api_key) as page:
        yield page


def say(page: FrontEnd, message: str, **more: object) -> Json:
    return page.post("/chat-ops", {"message": message} | more)


def test_qa_18_a_sentence_installs_and_another_asks_how_it_went(
    page: FrontEnd, registered: str, sandbox: Sandbox
) -> None:
    answer = say(page, f"openai에 {registered} 설치해줘")
    assert (answer["accepted"], answer["reason"], answer["language"]) == (True, None, "ko")
    assert answer["intent"]["action"] == "install"
    (run,) = answer["runIds"]
    assert page.ended(run)["status"] == "success"
    assert [entry["provider"] for entry in sandbox.live(registered)] == ["openai"]
    asked = say(page, "됐어?")
    assert (asked["accepted"], asked["intent"]["action"]) == (True, "status")
    assert registered in asked["reply"]
    who = say(page, f"who installed {registered} on openai?")
    assert (who["accepted"], who["intent"]["action"], who["language"]) == (True, "who", "en")
    action = page.get(f"/chat-actions/{answer['chatActionId']}")
    assert (action["status"], action["runIds"], action["text"]) == (
        "accepted",
        [run],
        f"openai에 {registered} 설치해줘",
    )
    assert page.get(f"/install-runs/{run}")["correlationId"] == action["correlationId"]


def test_qa_19_what_changes_several_things_is_asked_first_and_done_once(
    page: FrontEnd, registered: str, sandbox: Sandbox
) -> None:
    asked = say(page, f"install {registered} on openai and claude")
    assert (asked["accepted"], asked["reason"], asked["runIds"]) == (False, "confirmation_required", [])
    plan = asked["confirmation"]["plan"]
    assert registered in plan
    assert "openai" in plan
    assert "claude" in plan
    assert page.get(f"/install-runs?skill={registered}")["items"] == []
    confirmed = page.post("/chat-ops", {"confirm": asked["confirmation"]["token"]})
    again = page.post("/chat-ops", {"confirm": asked["confirmation"]["token"], "message": "yes"})
    assert (confirmed["accepted"], again["runIds"]) == (True, confirmed["runIds"])
    (run,) = confirmed["runIds"]
    assert page.ended(run)["status"] == "success"
    removal = say(page, f"{registered} 전부 삭제해줘")
    assert removal["reason"] == "confirmation_required"
    declined = page.post("/chat-ops", {"confirm": removal["confirmation"]["token"], "message": "아니"})
    assert (declined["accepted"], declined["reason"]) == (False, "declined")
    assert len(page.get(f"/install-runs?skill={registered}")["items"]) == 1
    assert {entry["provider"] for entry in sandbox.live(registered)} == {"openai", "claude"}


def test_qa_20_what_is_not_meant_or_not_known_does_nothing(page: FrontEnd, registered: str) -> None:
    mistyped = say(page, f"install {registered}x on openai")
    assert (mistyped["accepted"], mistyped["reason"]) == (False, "unknown_skill")
    assert registered in mistyped["candidates"]
    for message, reason in (
        (f"don't install {registered} on openai", "negated"),
        (f"openai에 {registered} 설치하지 마", "negated"),
        (f"should I install {registered} on openai?", "question"),
        ("lorem ipsum dolor", "not_understood"),
    ):
        answer = say(page, message)
        assert (answer["accepted"], answer["reason"], answer["intent"]["action"]) == (False, reason, "none"), message
    dry = say(page, f"install {registered} on openai", dryRun=True)
    assert (dry["accepted"], dry["reason"], dry["chatActionId"], dry["runIds"]) == (True, "dry_run", None, [])
    assert page.get(f"/install-runs?skill={registered}")["items"] == []


def test_qa_21_what_was_said_is_erased_and_what_was_done_stays(page: FrontEnd, registered: str) -> None:
    secret = f"sk-proj-{new_name()}-T3BlbkFJa8Kq2Zx9Lw4Rt7Yv1Bn6Mc3Pd5Sf"
    answer = say(page, f"install {registered} on openai please, my key is {secret}")
    path = f"/chat-actions/{answer['chatActionId']}"
    text = page.get(path)["text"]
    assert registered in text
    assert secret not in text
    erased = said(page.ask("DELETE", f"{path}/text"), 200)
    assert (erased["text"], erased["textErased"]) == (None, True)
    kept = page.get(path)
    assert (kept["text"], kept["textErased"], kept["intent"]) == (None, True, answer["intent"])
