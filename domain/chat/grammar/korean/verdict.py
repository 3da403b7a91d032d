"""What the verbs of a Korean sentence come to together: what shall be done, or why nothing may come of it."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from domain.chat.grammar.korean.marks import Mark
from domain.chat.grammar.korean.moods import Mood, mood_of
from domain.chat.grammar.korean.particles import PLACES, Role
from domain.chat.grammar.korean.pieces import Piece, Small, Spoken, Thing
from domain.chat.grammar.korean.verbs import ACTIONS, Sense
from domain.chat.grammar.korean.words import Word

# What may be about another verb, as 설치 in 설치 취소, 설치 목록 and 설치 상태.
_TOPIC_WORDS: Final = frozenset(
    {
        Word.LIST,
        Word.STATUS,
        Word.HISTORY,
        Word.RUN,
        Word.WHO,
        Word.PERSON,
        Word.SKILL,
        Word.THING,
        Word.WHY,
        Word.ENOUGH,
        Word.FAILED,
        Word.SUCCEEDED,
    }
)
_BETWEEN: Final = frozenset(
    {Word.EVERY, Word.FILLER, Word.AGAIN, Word.HOW, Word.WHY, Word.WHO, Word.WHEN, Word.WHAT, Word.WHERE, Word.STATUS}
)
_READING: Final = frozenset(
    {
        Sense.LOOK,
        Sense.CHECK,
        Sense.BECOME,
        Sense.FAIL,
        Sense.SUCCEED,
        Sense.EXIST,
        Sense.DO,
        Sense.TRY,
        Sense.RUN,
        Sense.WAIT,
        Sense.HELP,
    }
)
_DENIABLE: Final = frozenset(
    {*ACTIONS, Sense.DO, Sense.TRY, Sense.RUN, Sense.LOOK, Sense.CHECK, Sense.REGISTER, Sense.CONNECT}
)


class Heard(Struct, frozen=True, kw_only=True):
    """A verb in its sentence. `topic`: it is only what another one is about."""

    sense: Sense
    mood: Mood
    marks: frozenset[Mark]
    at: int
    text: str
    topic: bool = False
    guessed: bool = False

    @property
    def commands(self) -> bool:
        """Whether it asks for something to be done, in whichever tone."""
        return self.mood in (Mood.COMMAND, Mood.POLITE, Mood.UNSURE, Mood.AND) and not self.topic

    @property
    def forbids(self) -> bool:
        """`안 된다`, said of what somebody does"""
        undone = self.sense is Sense.FAIL or Mark.UNDONE in self.marks
        return undone and self.text.startswith("안") and Mark.PAST not in self.marks and self.mood is not Mood.RELATIVE

    @property
    def denies(self) -> bool:
        if self.sense in (Sense.FORBID, Sense.KEEP):
            return True
        narrows = Mark.RELATIVE in self.marks and self.sense not in (Sense.BECOME, Sense.EXIST)
        return self.mood is Mood.NEGATED and (narrows or self.sense in _DENIABLE)


def verbs_of(pieces: Sequence[Piece], *, asked: bool) -> tuple[Heard, ...]:
    heard: list[Heard] = []
    for at, piece in enumerate(pieces):
        if isinstance(piece, Spoken):
            heard.append(_heard(pieces, at, piece, asked=asked))
    return tuple(_with_topics(pieces, heard))


def _heard(pieces: Sequence[Piece], at: int, piece: Spoken, *, asked: bool) -> Heard:
    verb = piece.verb
    last = not any(isinstance(each, Spoken) for each in pieces[at + 1 :])
    mood = mood_of(verb.marks, asked=asked and last)
    topic = mood is Mood.ARGUMENT and _is_topic(pieces, at, verb.sense)
    if mood is Mood.ARGUMENT and not topic:
        mood = Mood.DELIBERATION if asked and last else Mood.COMMAND
    return Heard(
        sense=verb.sense, mood=mood, marks=verb.marks, at=at, text=piece.text, topic=topic, guessed=verb.guessed
    )


def _is_topic(pieces: Sequence[Piece], at: int, sense: Sense) -> bool:
    """`설치 목록`, `설치 취소`, `설치 클로드에서 취소`."""
    between = False
    for piece in pieces[at + 1 :]:
        match piece:
            case Small() if piece.word in _TOPIC_WORDS:
                return not between
            case Small() if piece.word in _BETWEEN:
                continue
            case Thing() if piece.role in (*PLACES, Role.JOINED):
                between = True
            case Spoken():
                following = piece.verb.sense
                if between or sense is not Sense.INSTALL:
                    return following is Sense.CANCEL or (following in _READING and not between)
                return following is not sense
            case _:
                return False
    return False


def _with_topics(pieces: Sequence[Piece], heard: list[Heard]) -> list[Heard]:
    """하다 does what the noun before it says: `설치 다 해줘`; 다시 하다 does it again."""
    found: list[Heard] = []
    for verb in heard:
        topic = next((each for each in reversed(found) if each.sense in ACTIONS and _is_named(each)), None)
        taken = verb.sense in (Sense.DO, Sense.TRY, Sense.RUN) and verb.mood is not Mood.RELATIVE and not verb.topic
        again = any(isinstance(each, Small) and each.word is Word.AGAIN for each in pieces[: verb.at])
        if taken and topic is not None and (topic.topic or not again):
            found.append(_as(verb, topic.sense))
        elif taken and again:
            found.append(_as(verb, Sense.RETRY))
        else:
            found.append(verb)
    return found


def _is_named(verb: Heard) -> bool:
    """`설치 시작`, `설치하는 작업 시작`"""
    return verb.topic or (verb.mood is Mood.RELATIVE and Mark.PAST not in verb.marks and verb.sense is Sense.INSTALL)


def _as(verb: Heard, sense: Sense) -> Heard:
    return Heard(
        sense=sense, mood=verb.mood, marks=verb.marks, at=verb.at, text=verb.text, topic=False, guessed=verb.guessed
    )
