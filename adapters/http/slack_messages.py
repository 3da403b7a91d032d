"""What is said in Slack: plain text, and two buttons where something has to be confirmed."""

from typing import Any, Final

from domain.chat.intent import Language

# Slack's own limits of a text block and of a button's value.
TEXT_CHARS_MAX: Final = 3000
CUT: Final = "…"

CONFIRM: Final = "waybill_confirm"
DECLINE: Final = "waybill_decline"
BUTTONS: Final = {Language.ENGLISH: ("Do it", "Leave it"), Language.KOREAN: ("진행", "취소")}

WORKING: Final = {
    Language.ENGLISH: "Got it, one moment. The answer comes here.",
    Language.KOREAN: "접수했어요. 잠시 뒤 여기에 답할게요.",
}
STRANGER: Final = {
    Language.ENGLISH: "I do not know whose key to use for {user}. Ask an admin of Waybill to add this id.",
    Language.KOREAN: "{user} 님이 어느 키로 말하는지 몰라요. Waybill 관리자에게 이 아이디를 등록해 달라고 하세요.",
}
BUSY: Final = {
    Language.ENGLISH: "Too much is being asked at once. Say it again in a moment; nothing was done.",
    Language.KOREAN: "지금 요청이 너무 많아요. 잠시 뒤 다시 말해 주세요. 아무것도 하지 않았어요.",
}
FAILED: Final = {
    Language.ENGLISH: "That did not work: {detail} ({code})",
    Language.KOREAN: "하지 못했어요: {detail} ({code})",
}
UNEXPECTED: Final = {
    Language.ENGLISH: "Something unexpected happened, and it may not have been done. Ask for the status; the request is {request_id}.",
    Language.KOREAN: "예상하지 못한 문제가 생겨서 처리되지 않았을 수 있어요. 상태를 물어봐 주세요. 요청 번호는 {request_id}예요.",
}


def message(text: str, *, everybody: bool = False, replaces: bool = False) -> dict[str, Any]:
    """`everybody`: in the channel, else to who asked alone. `replaces` the message whose button was pressed."""
    shown = text if len(text) <= TEXT_CHARS_MAX else text[: TEXT_CHARS_MAX - len(CUT)] + CUT
    return {
        "response_type": "in_channel" if everybody else "ephemeral",
        "replace_original": replaces,
        "text": _escaped(shown),
        "blocks": [{"type": "section", "text": {"type": "plain_text", "text": shown, "emoji": False}}],
    }


def question(text: str, *, token: str, language: Language) -> dict[str, Any]:
    """The plan, and a button each for yes and no."""
    asked = message(text)
    yes, no = BUTTONS[language]
    asked["blocks"].append({"type": "actions", "elements": [_button(CONFIRM, yes, token), _button(DECLINE, no, token)]})
    return asked


def _button(action: str, label: str, token: str) -> dict[str, Any]:
    return {"type": "button", "action_id": action, "value": token, "text": {"type": "plain_text", "text": label}}


def _escaped(text: str) -> str:
    """The short text of notifications is marked-up; these three signs are all that could become a link or a mention."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
