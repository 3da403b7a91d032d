"""What a Korean sentence wants to know, where it wants nothing done: a list, a run, how it stands, who did it, or help."""

from typing import Final

from msgspec import Struct

from domain.chat.grammar.korean.marks import Mark
from domain.chat.grammar.korean.moods import Mood
from domain.chat.grammar.korean.pieces import Piece, Run, Small, Thing
from domain.chat.grammar.korean.verbs import DEEDS, Sense
from domain.chat.grammar.korean.verdict import Heard
from domain.chat.grammar.korean.words import Word
from domain.chat.grammar.runs import ACTIVE, FAILED, PARTIAL, QUEUED, RUNNING, SUCCEEDED
from domain.chat.intent import Action, Listed
from domain.chat.said import Deed
from domain.install_run.state import RunStatus

_KINDS: Final = frozenset({Word.SKILL, Word.PROVIDER, Word.RUN, Word.HISTORY, Word.CONNECTED})
_LOOKS: Final = frozenset({Sense.LOOK, Sense.CHECK, Sense.DO})
_STANDS: Final = frozenset({Sense.BECOME, Sense.FAIL, Sense.SUCCEED, Sense.RUN, Sense.WAIT})
_LISTABLE: Final = frozenset({Sense.EXIST, Sense.FAIL, Sense.SUCCEED, Sense.WAIT})
_NOTED: Final = frozenset({Mood.COMMAND, Mood.POLITE, Mood.UNSURE, Mood.AND, Mood.DELIBERATION})
_STATUS_WORDS: Final = {
    Word.SUCCEEDED: SUCCEEDED,
    Word.RUNNING: RUNNING,
    Word.QUEUED: QUEUED,
}
_STATUS_VERBS: Final = {Sense.RUN: RUNNING, Sense.WAIT: QUEUED, Sense.SUCCEED: SUCCEEDED, Sense.FAIL: FAILED}


class Scene(Struct, frozen=True, kw_only=True):
    """All there is of a sentence. `asked`: it ends in a question mark."""

    pieces: tuple[Piece, ...]
    verbs: tuple[Heard, ...]
    asked: bool

    @property
    def words(self) -> frozenset[Word]:
        return frozenset(piece.word for piece in self.pieces if isinstance(piece, Small))

    @property
    def things(self) -> tuple[Thing, ...]:
        return tuple(piece for piece in self.pieces if isinstance(piece, Thing))

    @property
    def run_ids(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(piece.id for piece in self.pieces if isinstance(piece, Run)))

    def has(self, *senses: Sense, moods: frozenset[Mood] = frozenset(Mood)) -> bool:
        return any(verb.sense in senses and verb.mood in moods for verb in self.verbs)

    @property
    def reports(self) -> bool:
        return any(
            verb.mood is Mood.REPORT and verb.sense not in (Sense.LOOK, Sense.CHECK, Sense.EXIST) for verb in self.verbs
        )


def deed_of(scene: Scene) -> Deed | None:
    return next(
        (DEEDS[verb.sense] for verb in reversed(scene.verbs) if verb.sense in DEEDS and verb.sense is not Sense.CHECK),
        None,
    )


def wants_who(scene: Scene) -> bool:
    """`누가 설치했어?`, `설치한 사람 알려줘`"""
    doer = Word.PERSON in scene.words and any(
        verb.sense in DEEDS and verb.mood is Mood.RELATIVE for verb in scene.verbs
    )
    return Word.WHO in scene.words or doer


def wants_help(scene: Scene) -> bool:
    words = scene.words
    tells = scene.has(Sense.LOOK, moods=frozenset({Mood.DELIBERATION}))
    able = Word.WHAT in words and (scene.has(Sense.DO) or tells) and not scene.things
    how = Word.HOW in words and any(verb.mood in _NOTED and verb.sense is not Sense.BECOME for verb in scene.verbs)
    helps = scene.has(Sense.HELP, moods=frozenset(Mood) - {Mood.RELATIVE})
    return Word.HELP in words or helps or able or how or scene.has(*Sense, moods=frozenset({Mood.HOW}))


def question_of(scene: Scene) -> tuple[Action, Listed | None] | None:
    """None if no question can be made out."""
    if _shows_run(scene):
        return Action.SHOW, None
    if _wants_list(scene):
        return Action.LIST, listed_of(scene)
    if _wants_status(scene):
        return Action.STATUS, None
    return None


def statuses_of(scene: Scene) -> tuple[RunStatus, ...]:
    """Those that a run has of which the sentence speaks, as in `실패한 실행`; not those that it asks after."""
    words = scene.words
    if Word.FAILED in words or scene.has(Sense.FAIL, moods=frozenset({Mood.RELATIVE})) or _what_failed(scene):
        return PARTIAL if Word.PARTIAL in words else FAILED
    if any(verb.sense is Sense.BECOME and verb.mood is Mood.NEGATED for verb in scene.verbs):
        return ACTIVE
    if Word.WHAT in words and _runs_now(scene) and not scene.things:
        return RUNNING
    found = [_STATUS_WORDS[word] for word in _STATUS_WORDS if word in words]
    found += [
        _STATUS_VERBS[verb.sense] for verb in scene.verbs if verb.sense in _STATUS_VERBS and verb.mood is Mood.RELATIVE
    ]
    return tuple(dict.fromkeys(status for statuses in found for status in statuses))


def listed_of(scene: Scene) -> Listed | None:
    words = scene.words
    if words & {Word.RUN, Word.HISTORY} or statuses_of(scene):
        return Listed.RUNS
    if scene.has(Sense.EXIST) and Word.PROVIDER in words and scene.things:
        return Listed.INSTALLATIONS
    at_provider = any(thing.known for thing in scene.things) and (Word.SKILL in words or scene.has(Sense.EXIST))
    if _speaks_of_installed(scene) or at_provider:
        return Listed.INSTALLATIONS
    if words & {Word.PROVIDER, Word.CONNECTED}:
        return Listed.PROVIDERS
    if Word.SKILL in words:
        return Listed.SKILLS
    return Listed.INSTALLATIONS if _exists_somewhere(scene) else None


def picks_last(scene: Scene, action: Action) -> bool:
    """Whether the last run is meant: `마지막 실행`, `방금 그거`."""
    if action in (Action.LIST, Action.INSTALL, Action.VERIFY, Action.HELP) or scene.run_ids:
        return False
    words = scene.words
    if Word.WHY in words and not scene.things:
        return action is Action.SHOW
    if action is Action.WHO and not words & {Word.RUN, Word.THAT}:
        return False
    pointed = Word.THAT in words and action in (Action.CANCEL, Action.RETRY, Action.ROLLBACK, Action.SHOW)
    recent = Word.RECENT in words and action.changes
    return Word.LAST in words or recent or (pointed and not scene.things and not statuses_of(scene))


def verifies(scene: Scene) -> bool:
    """Whether 확인 is about a connection, and not about how something stands."""
    words = scene.words
    if words & {Word.STATUS, Word.LIST, Word.RUN, Word.HISTORY, Word.SKILL, Word.WHAT, Word.WHERE, Word.LAST}:
        return False
    if scene.reports or scene.run_ids or scene.has(Sense.EXIST, Sense.INSTALL, *_STANDS):
        return False
    connections = bool(words & {Word.CONNECTED, Word.PROVIDER})
    return connections or (bool(scene.things) and all(thing.known for thing in scene.things))


def _shows_run(scene: Scene) -> bool:
    words = scene.words
    if Word.WHY in words:
        # The reason stands in the run.
        return True
    picked = bool(scene.run_ids) or (
        Word.LAST in words and Word.LIST not in words and not words & {Word.SKILL, Word.PROVIDER}
    )
    if not picked or scene.reports or Word.STATUS in words or words & {Word.HOW, Word.WHY}:
        return False
    return scene.has(*_LOOKS) or not scene.verbs


def _wants_list(scene: Scene) -> bool:
    words = scene.words
    if words & {Word.STATUS, Word.WHY} and Word.LIST not in words:
        return False
    looks = scene.has(*_LOOKS, moods=_NOTED)
    asks_what = bool(words & {Word.WHAT, Word.WHERE}) and (
        scene.has(*_LISTABLE) or _runs_now(scene) or _speaks_of_installed(scene)
    )
    kinds = bool(words & _KINDS) or (bool(statuses_of(scene)) and Word.THING in words)
    which = Word.WHAT in words and (kinds or Word.EVERY in words)
    checked = scene.has(Sense.CHECK) and not scene.has(Sense.INSTALL, moods=frozenset({Mood.RELATIVE}))
    installed = _speaks_of_installed(scene) and not checked
    return bool(
        Word.LIST in words
        or (Word.HISTORY in words and not scene.reports)
        or asks_what
        or which
        or (looks and not scene.reports and (kinds or installed or statuses_of(scene)))
        or (scene.has(Sense.EXIST) and (bool(words & _KINDS) or bool(statuses_of(scene))) and not scene.things)
    )


def _wants_status(scene: Scene) -> bool:
    words = scene.words
    about = scene.things or scene.run_ids or Word.LAST in words or any(verb.topic for verb in scene.verbs)
    looks = scene.has(*_LOOKS, moods=_NOTED) and bool(about)
    stands = any(verb.sense in _STANDS and verb.mood is not Mood.RELATIVE for verb in scene.verbs)
    asks = bool(words & {Word.STATUS, Word.WHY, Word.FAILED, Word.SUCCEEDED}) or (
        Word.HOW in words and bool(scene.things or scene.run_ids)
    )
    return scene.reports or stands or asks or looks or (scene.has(Sense.EXIST) and bool(scene.things))


def _speaks_of_installed(scene: Scene) -> bool:
    return any(
        verb.sense is Sense.INSTALL and (verb.topic or verb.mood in (Mood.RELATIVE, Mood.REPORT))
        for verb in scene.verbs
    )


def _runs_now(scene: Scene) -> bool:
    """`뭐가 돌고 있어?`"""
    return any(verb.sense is Sense.RUN and Mark.LASTING in verb.marks for verb in scene.verbs)


def _exists_somewhere(scene: Scene) -> bool:
    return scene.has(Sense.EXIST) and Word.WHERE in scene.words


def _what_failed(scene: Scene) -> bool:
    """`뭐가 실패했어?` asks for those that failed."""
    return Word.WHAT in scene.words and scene.has(Sense.FAIL) and not scene.things
