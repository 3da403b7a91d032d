"""What a Korean sentence says, also one with English words in it."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from domain.chat.grammar.korean.doubts import doubts_of
from domain.chat.grammar.korean.moods import Mood
from domain.chat.grammar.korean.particles import Role
from domain.chat.grammar.korean.pieces import Small, Spoken
from domain.chat.grammar.korean.questions import (
    Scene,
    deed_of,
    picks_last,
    question_of,
    statuses_of,
    verifies,
    wants_help,
    wants_who,
)
from domain.chat.grammar.korean.reading import pieces_of
from domain.chat.grammar.korean.slots import Slots, slots_of
from domain.chat.grammar.korean.verbs import ACTIONS, Sense
from domain.chat.grammar.korean.verdict import Heard, verbs_of
from domain.chat.grammar.korean.words import Word
from domain.chat.grammar.tokens import Token
from domain.chat.intent import Action, Language, Listed
from domain.chat.reasons import Reason
from domain.chat.said import Pick, RunPick, Said

_ON_RUNS: Final = frozenset({Action.CANCEL, Action.RETRY, Action.ROLLBACK})


def hear(tokens: Sequence[Token]) -> Said:
    """Of the tokens of a normalised text."""
    asked = any(token.ends_sentence and token.text == "?" for token in tokens)
    pieces = pieces_of(tokens)
    scene = Scene(pieces=pieces, verbs=verbs_of(pieces, asked=asked), asked=asked)
    commands = _commands(scene)
    if (obstacle := _obstacle(scene, commands)) is not None:
        return _nothing(obstacle)
    if wants_who(scene):
        return _of_slots(scene, Action.WHO)
    if wants_help(scene):
        return Said(language=Language.KOREAN, action=Action.HELP)
    if commands:
        action, verbs = next(iter(commands.items()))
        return _of_slots(scene, action, verbs=tuple(verbs))
    if (question := question_of(scene)) is None:
        return _nothing(Reason.NOT_UNDERSTOOD)
    return _of_slots(scene, question[0], listed=question[1])


def _nothing(obstacle: Reason) -> Said:
    return Said(language=Language.KOREAN, action=Action.NONE, obstacle=obstacle)


def _commands(scene: Scene) -> dict[Action, list[Heard]]:
    """What shall be done, by the verbs that say so."""
    found: dict[Action, list[Heard]] = {}
    for verb in scene.verbs:
        action = _action(scene, verb)
        if action is not None and verb.commands:
            found.setdefault(action, []).append(verb)
    relative_only = all(verb.mood is Mood.RELATIVE for verb in scene.verbs)
    if Word.AGAIN in scene.words and relative_only and (scene.things or scene.run_ids or _speaks_of_runs(scene)):
        return {Action.RETRY: []}
    if Word.ENOUGH in scene.words and set(found) <= {Action.INSTALL, Action.RETRY, Action.CANCEL}:
        return {Action.CANCEL: [verb for verbs in found.values() for verb in verbs]}
    return found


def _action(scene: Scene, verb: Heard) -> Action | None:
    if verb.sense is Sense.CHECK:
        return Action.VERIFY if verifies(scene) else None
    if verb.sense is Sense.INSTALL and Word.AGAIN in scene.words:
        of_run = scene.run_ids or _speaks_of_runs(scene) or not scene.things
        return Action.RETRY if of_run else Action.INSTALL
    return ACTIONS.get(verb.sense)


def _speaks_of_runs(scene: Scene) -> bool:
    return bool(statuses_of(scene)) or bool(scene.words & {Word.LAST, Word.RECENT, Word.RUN, Word.THAT})


def _obstacle(scene: Scene, commands: dict[Action, list[Heard]]) -> Reason | None:
    denied = any(verb.denies for verb in scene.verbs) or _taken_back(scene)
    if denied or (Word.NOT in scene.words and any(verb.sense in ACTIONS for verb in scene.verbs)):
        return Reason.NEGATED
    if commands and _is_choice(scene):
        return Reason.NOT_UNDERSTOOD
    if _weighs(scene) or (commands and _conditional(scene)):
        return Reason.QUESTION
    asks = wants_who(scene) or any(_asks(verb) for verb in scene.verbs)
    if len(commands) > 1 or (commands and asks):
        return Reason.SEVERAL_ACTIONS
    return None


def _taken_back(scene: Scene) -> bool:
    """`설치해줘 말고`, `설치하는 건 안 돼`"""
    if not scene.asked and any(verb.forbids for verb in scene.verbs) and _speaks_of_doing(scene):
        return True
    pairs = pairwise(scene.pieces)
    return any(isinstance(one, Spoken) and isinstance(two, Small) and two.word is Word.EXCEPT for one, two in pairs)


def _speaks_of_doing(scene: Scene) -> bool:
    return any(verb.sense in ACTIONS and verb.mood is Mood.RELATIVE for verb in scene.verbs)


def _is_choice(scene: Scene) -> bool:
    """One of two: nobody can say which."""
    things = any(thing.role is Role.OR for thing in scene.things)
    return things or Word.OR in scene.words


def _weighs(scene: Scene) -> bool:
    return any(verb.mood is Mood.DELIBERATION and _action(scene, verb) is not None for verb in scene.verbs)


def _conditional(scene: Scene) -> bool:
    return any(verb.mood is Mood.DELIBERATION for verb in scene.verbs)


def _asks(verb: Heard) -> bool:
    """To see something is another thing than to have something done."""
    return verb.sense is Sense.LOOK and verb.mood in (Mood.COMMAND, Mood.POLITE)


def _of_slots(scene: Scene, action: Action, *, verbs: tuple[Heard, ...] = (), listed: Listed | None = None) -> Said:
    slots = slots_of(scene.pieces, action)
    if slots.crossed:
        return _nothing(Reason.SEVERAL_ACTIONS)
    statuses = statuses_of(scene) if action in _ON_RUNS or listed is Listed.RUNS else ()
    changes = action.changes
    runs = _runs(scene, slots, action)
    polite = changes and (
        any(verb.mood is Mood.POLITE for verb in verbs) or any(verb.mood is Mood.REPORT for verb in scene.verbs)
    )
    return Said(
        language=Language.KOREAN,
        action=action,
        skills=slots.skills,
        providers=slots.providers,
        either=_either(slots, runs, changes=changes),
        ref=slots.refs[0] if slots.refs else None,
        runs=runs,
        statuses=statuses,
        listed=listed,
        deed=deed_of(scene) if action is Action.WHO else None,
        unsure=doubts_of(scene, slots, action, verbs),
        polite=polite,
    )


def _runs(scene: Scene, slots: Slots, action: Action) -> RunPick:
    last = picks_last(scene, action)
    every = action in _ON_RUNS and not last and not scene.run_ids
    of_statuses = bool(statuses_of(scene))
    return RunPick(ids=scene.run_ids, last=last, every=every and (slots.every_run or of_statuses))


def _either(slots: Slots, runs: RunPick, *, changes: bool) -> Pick:
    """다 says nothing where something is only looked at, or where it is the runs that are all meant."""
    every = slots.either.every and changes and not runs.every
    return Pick(names=slots.either.names, every=every, excepted=slots.either.excepted)
