"""English: what was gathered, as it is said to the rest of chat."""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from domain.chat.grammar import runs
from domain.chat.grammar.english.gathering import RUN_NOUNS
from domain.chat.grammar.english.items import Item
from domain.chat.grammar.english.looking import WELL
from domain.chat.grammar.english.slots import Slots
from domain.chat.grammar.english.words import Part
from domain.chat.intent import Action, Language
from domain.chat.said import RunPick, Said
from domain.install_run.state import RunStatus

OF_ONE_RUN: Final = frozenset({Action.CANCEL, Action.RETRY, Action.ROLLBACK})
NARROWED: Final = OF_ONE_RUN | {Action.LIST}


def said_of(action: Action, items: Sequence[Item], slots: Slots) -> Said:
    statuses = _statuses(items) if action in NARROWED else ()
    refs = tuple(dict.fromkeys(slots.refs))
    if statuses and action in OF_ONE_RUN and "either" in slots.every:
        slots.every.discard("either")
        slots.every_run = True
    return Said(
        language=Language.ENGLISH,
        action=action,
        skills=slots.pick("skills"),
        providers=slots.pick("providers"),
        either=slots.pick("either"),
        ref=refs[0] if refs else None,
        runs=_runs(action, items, slots, statuses),
        statuses=statuses,
    )


def _runs(action: Action, items: Sequence[Item], slots: Slots, statuses: tuple[RunStatus, ...]) -> RunPick:
    picked = slots.runs()
    if action is Action.LIST or picked.ids or picked.last:
        return replace(picked, every=False) if action is Action.LIST else picked
    if slots.pronoun and action in OF_ONE_RUN and not slots.has_names and not statuses:
        return replace(picked, last=True)
    if (
        action is Action.SHOW
        and not slots.has_names
        and not any(item.part in RUN_NOUNS - {Part.FAILED} for item in items)
    ):
        return replace(picked, last=True)
    one = any(item.part is Part.RUN for item in items)
    return replace(picked, every=True) if action in OF_ONE_RUN and statuses and not one else picked


def _statuses(items: Sequence[Item]) -> tuple[RunStatus, ...]:
    found: list[RunStatus] = []
    for item in items:
        if item.part is Part.FAILED:
            found.extend(runs.FAILED)
        elif item.part is Part.STATE:
            found.extend(item.statuses)
        elif item.word in WELL and any(other.part in RUN_NOUNS for other in items):
            found.extend(runs.SUCCEEDED)
    return tuple(dict.fromkeys(found))
