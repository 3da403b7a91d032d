"""How a chat action looks: one line in a list, and a page of its own."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import ValidationError, convert
from rich.console import Group, RenderableType
from rich.text import Text

from domain.chat.intent import Language
from domain.chat.plan import Plan
from domain.chat.replies.replying import plan_words
from workers.terminal.advice import advice_for
from workers.terminal.chat_answers import ChatAction, ChatIntent
from workers.terminal.grid import Cell, Grid, facts
from workers.terminal.wording import age, ago, moment, printable, status_text

LANGUAGES: Final = {"ko": "Korean", "en": "English"}
PARSERS: Final = {"grammar": "by its grammar", "model": "by a language model"}
TEXT_LINES_MAX: Final = 2


def chat_actions_grid(actions: Sequence[ChatAction], *, now: datetime) -> Grid:
    rows = [
        (
            printable(action.id),
            age(action.at, now=now),
            printable(action.actor.name),
            printable(action.intent.action),
            status_text(action.status),
            printable(action.reason or ""),
            _text(action),
        )
        for action in actions
    ]
    headers = ("ID", "AGE", "WHO", "ACTION", "STATUS", "REASON", "TEXT")
    return Grid(headers, rows, tail=2, last_lines_max=TEXT_LINES_MAX)


def chat_action_page(action: ChatAction, *, now: datetime) -> RenderableType:
    understood = PARSERS.get(action.parser, printable(action.parser))
    language = LANGUAGES.get(action.language, printable(action.language))
    pairs: list[tuple[str, Cell]] = [
        ("chat action", printable(action.id)),
        ("text", _text(action)),
        ("said", f"{ago(action.at, now=now)} by {printable(action.actor.name)} ({printable(action.actor.id)})"),
        ("understood", f"{intent_words(action.intent)}, in {language}, {understood}"),
        ("status", status_text(action.status)),
    ]
    if action.reason is not None:
        code = f" ({printable(action.code)})" if action.code is not None else ""
        pairs.append(("reason", f"{printable(action.reason)}{code}"))
    if action.expires_at is not None:
        pairs.append(("to be confirmed", f"until {moment(action.expires_at)} UTC"))
    pairs += [("run", printable(run)) for run in action.run_ids]
    return Group(facts(pairs), *_plan(action.plan), *_advice(action))


def intent_words(intent: ChatIntent) -> str:
    """`install kbo-results@stable at openai, claude`."""
    ref = f"@{printable(intent.ref)}" if intent.ref is not None else ""
    skills = ", ".join(f"{printable(skill)}{ref}" for skill in intent.skills)
    providers = f"at {', '.join(map(printable, intent.providers))}" if intent.providers else ""
    run = f"run {printable(intent.run_id)}" if intent.run_id is not None else ""
    parts = (printable(intent.action), printable(intent.listed or ""), skills, providers, run)
    return " ".join(part for part in parts if part)


def _text(action: ChatAction) -> Text:
    if action.text is not None:
        return Text(printable(action.text))
    return Text("erased" if action.text_erased else "not yours to read", style="dim")


def _plan(document: dict[str, Any]) -> list[RenderableType]:
    """In words; one of a newer server's may hold what this version does not know, and `--json` shows."""
    try:
        words = plan_words(convert(document, Plan), Language.ENGLISH)
    except ValidationError:
        words = "The plan holds what this version of the command does not know."
    return [Text(), Text(words)] if words else []


def _advice(action: ChatAction) -> list[RenderableType]:
    advice = advice_for(action.code) if action.code is not None else None
    return [Text(), Text(advice)] if advice is not None else []
