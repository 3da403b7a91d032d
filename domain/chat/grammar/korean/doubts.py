"""What might change what a Korean command means though nothing is made of it: then it is asked about first."""

from collections.abc import Iterator
from typing import Final

from domain.chat.grammar.korean.moods import Mood
from domain.chat.grammar.korean.particles import Role
from domain.chat.grammar.korean.pieces import Small, Unknown
from domain.chat.grammar.korean.questions import Scene
from domain.chat.grammar.korean.slots import Slots
from domain.chat.grammar.korean.verbs import ACTIONS, Sense
from domain.chat.grammar.korean.verdict import Heard
from domain.chat.grammar.korean.words import Word
from domain.chat.intent import Action

# Verbs before a noun that the action takes as they are: `실패한 실행 취소`, `설치된 pdf 삭제`.
_OF_RUNS: Final = frozenset({Sense.INSTALL, Sense.RUN, Sense.WAIT, Sense.FAIL, Sense.SUCCEED, Sense.DO, Sense.BECOME})
_NARROWING: Final = {
    Action.INSTALL: frozenset({Sense.REGISTER}),
    Action.UNINSTALL: frozenset({Sense.INSTALL, Sense.EXIST}),
    Action.CANCEL: _OF_RUNS,
    Action.RETRY: _OF_RUNS,
    Action.ROLLBACK: _OF_RUNS,
    Action.VERIFY: frozenset({Sense.CONNECT, Sense.REGISTER}),
}
_ON_RUNS: Final = frozenset({Action.CANCEL, Action.RETRY, Action.ROLLBACK})
_STATES: Final = frozenset(
    {Word.FAILED, Word.PARTIAL, Word.SUCCEEDED, Word.RUNNING, Word.QUEUED, Word.LAST, Word.RECENT}
)
_ASKING: Final = frozenset({Word.WHY, Word.WHEN, Word.WHERE, Word.WHAT, Word.HOW, Word.LIST, Word.HISTORY, Word.PERSON})
_HEAVY: Final = frozenset({Word.TIME, Word.BOTH, Word.EXCEPT, Word.NEVER, *_ASKING})
# Verbs that say no more than that it be done.
_LIGHT: Final = frozenset({Sense.DO, Sense.TRY, Sense.HELP})


def doubts_of(scene: Scene, slots: Slots, action: Action, verbs: tuple[Heard, ...]) -> tuple[str, ...]:
    """`verbs` are those that say what is to be done."""
    if not action.changes:
        return ()
    found = (*_of_verbs(scene, action, verbs), *_of_words(scene, slots, action), *_of_names(slots, action))
    return tuple(dict.fromkeys(found))


def _of_verbs(scene: Scene, action: Action, verbs: tuple[Heard, ...]) -> Iterator[str]:
    cut_off = bool(verbs) and all(verb.mood is Mood.AND for verb in verbs)
    for verb in scene.verbs:
        narrows = verb.mood is Mood.RELATIVE and verb.sense not in _NARROWING[action]
        takes_back = (
            verb.topic and verb.sense in ACTIONS and verb.sense is not Sense.INSTALL and action is not Action.CANCEL
        )
        stray = verb not in verbs and verb.commands and verb.sense not in _LIGHT
        meant = verb in verbs and (cut_off or verb.mood is Mood.UNSURE)
        if verb.guessed or narrows or takes_back or stray or meant:
            yield verb.text


def _of_words(scene: Scene, slots: Slots, action: Action) -> Iterator[str]:
    grouped = {at for group in slots.groups for at in range(group.begin, group.end)}
    begins = {group.begin for group in slots.groups}
    for at, piece in enumerate(scene.pieces):
        if isinstance(piece, Unknown) or (
            isinstance(piece, Small)
            and at not in grouped
            and _is_heavy(piece, slots, action, before_name=at + 1 in begins)
        ):
            yield piece.text


def _is_heavy(piece: Small, slots: Slots, action: Action, *, before_name: bool) -> bool:
    match piece.word:
        case Word.EXCEPT_NEXT:
            return not before_name
        case Word.REST:
            return not any(group.excepted for group in slots.groups)
        case Word.MINE:
            return slots.every_run or any(pick.every for pick in (slots.skills, slots.providers, slots.either))
        case Word.BEFORE:
            return action is not Action.ROLLBACK
        case Word.STATUS:
            return action is not Action.VERIFY
        case _:
            return piece.word in _HEAVY or (piece.word in _STATES and action not in _ON_RUNS)


def _left_out_of_what(slots: Slots) -> tuple[str, ...]:
    """An exception where neither all are said nor others named instead."""
    skills, providers, either = slots.skills, slots.providers, slots.either
    if any(pick.every for pick in (skills, providers, either)):
        return ()
    missing = (not skills.names) + (not providers.names)
    told = () if providers.names else providers.excepted
    told += () if skills.names or either.names else skills.excepted
    return told + (() if missing <= 1 and len(either.names) >= missing else either.excepted)


def _of_names(slots: Slots, action: Action) -> Iterator[str]:
    """More versions than names to have them, exceptions from nothing, and Korean words as objects of what is done to runs."""
    if len(slots.refs) > 1:
        yield from slots.refs
    yield from _left_out_of_what(slots)
    for group in slots.groups:
        if action in _ON_RUNS and group.role is Role.OBJECT and group.hint is None:
            yield from (thing.text for thing in group.things if not thing.foreign)
