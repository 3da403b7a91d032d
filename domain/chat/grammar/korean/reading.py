"""Reads a Korean sentence word by word. Verbs are tried over several words, since they are written with spaces and without."""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from domain.chat.grammar.korean.marks import Mark
from domain.chat.grammar.korean.naming import considered
from domain.chat.grammar.korean.particles import Role, role_of
from domain.chat.grammar.korean.pieces import (
    Comma,
    Piece,
    Run,
    Small,
    Spoken,
    Thing,
    Unknown,
    Version,
    in_role,
    small_of,
    stranger_of,
    thing_of,
)
from domain.chat.grammar.korean.tokens import is_hangul_word, words_of
from domain.chat.grammar.korean.verbs import ENGLISH, Sense, Verb, guessed_verb, verb_in, verb_with_strange_ending
from domain.chat.grammar.korean.versions import version_at
from domain.chat.grammar.korean.words import WORDS, Word
from domain.chat.grammar.providers import provider_at, provider_before
from domain.chat.grammar.refs import written_ref
from domain.chat.grammar.tokens import Kind, Token

JOINED_WORDS_MAX: Final = 6
GUESSED_WORDS_MAX: Final = 3
GUESSES_MAX: Final = 6
WORD_CHARS_MAX: Final = 30
_SKIPPED: Final = frozenset({"좀", "쫌", "한번", "제발", "하나"})
_SHORT: Final = frozenset({"다", "싹", "또", "왜"})
# 해야 하나
_ENDINGS_TOO: Final = frozenset({"하나"})
_PREFIXES: Final = ("안", "못")


def pieces_of(tokens: Sequence[Token]) -> tuple[Piece, ...]:
    return tuple(considered(tuple(_Reader(words_of(tokens)).read())))


class _Reader:
    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._guesses_left = GUESSES_MAX

    def read(self) -> Iterator[Piece]:
        at = 0
        while at < len(self._tokens):
            pieces, taken = self._read(at)
            yield from pieces
            at += taken

    def _read(self, at: int) -> tuple[tuple[Piece, ...], int]:
        """What begins at a token, and how many tokens that takes."""
        token = self._tokens[at]
        match token.kind:
            case Kind.MARK:
                return ((Comma(),) if token.text in ",;&+/" else ()), 1
            case Kind.MENTION:
                return self._mention(at), 1
            case Kind.ID:
                return self._with_tail(Run(token.text), token.tail), 1
            case Kind.QUOTED:
                return self._with_tail(thing_of(token), token.tail), 1
            case Kind.WORD:
                return self._word(at)

    def _mention(self, at: int) -> tuple[Piece, ...]:
        """A ref that somebody wrote apart from its name; at the beginning, whoever is spoken to."""
        return (Version(written_ref(self._tokens[at].text)),) if at > 0 else ()

    def _word(self, at: int) -> tuple[tuple[Piece, ...], int]:
        token = self._tokens[at]
        if token.ref is None and (version := version_at(self._tokens, at)) is not None:
            return self._with_tail(Version(version.ref, version.role), version.tail), version.taken
        if (provider := provider_at(self._tokens, at)) is not None:
            name, taken = provider
            last = self._tokens[at + taken - 1]
            ref = written_ref(last.ref) if last.ref else None
            return self._with_tail(Thing(text=name, ref=ref, known=True), last.tail), taken
        if token.is_name:
            return self._with_tail(thing_of(token), token.tail), 1
        return self._hangul(at) if is_hangul_word(token) else self._foreign(at)

    def _foreign(self, at: int) -> tuple[tuple[Piece, ...], int]:
        token = self._tokens[at]
        role = role_of(token.tail)
        if token.text in ENGLISH and role in (None, Role.NONE) and (verb := self._verb(at)) is not None:
            return (verb,), verb.verb.taken
        if role is not None and (word := WORDS.get(token.text)) is not None and role is not Role.NAMED:
            return (Small(word, role, token.text),), 1
        if role in (None, Role.NONE) and (guess := self._guess(at)) is not None:
            return (guess,), guess.verb.taken
        return self._with_tail(thing_of(token), token.tail), 1

    def _hangul(self, at: int) -> tuple[tuple[Piece, ...], int]:
        text = self._tokens[at].text
        verb = self._verb(at)
        small = small_of(text)
        if small is not None and (verb is None or _prevails(small, verb, text)):
            return (small,), 1
        if verb is not None:
            return (verb,), verb.verb.taken
        pieces = self._whole(text) or self._glued(text)
        if pieces:
            return pieces, 1
        if (guess := self._guess(at)) is not None:
            return (guess,), guess.verb.taken
        strange = verb_with_strange_ending(text)
        return (stranger_of(text) if strange is None else Spoken(Verb(*strange, guessed=True), text),), 1

    def _whole(self, text: str) -> tuple[Piece, ...]:
        """A word of the language or a provider, with no more than a particle."""
        if (small := small_of(text)) is not None:
            return (small,)
        if (provider := provider_before(text)) is not None and (role := role_of(provider[1])) is not None:
            return (Thing(text=provider[0], role=role, known=True),)
        return ()

    def _glued(self, text: str) -> tuple[Piece, ...]:
        """Two that were written as one: `상태알려줘`, `전부삭제해줘`, `클로드에설치해줘`."""
        if len(text) > WORD_CHARS_MAX:
            return ()
        for cut in range(len(text) - 1, 0, -1):
            left = self._alone(text[:cut])
            right = left and (self._alone(text[cut:]) or self._glued(text[cut:]))
            if right and all(map(_stands_in_row, left + right)):
                return left + right
        return ()

    def _alone(self, text: str) -> tuple[Piece, ...]:
        if pieces := self._whole(text):
            return pieces
        verb = _negatable(text)
        return () if verb is None else (Spoken(verb, text),)

    def _verb(self, at: int) -> Spoken | None:
        """The longest row of words that is a verb together with its endings."""
        words = self._row(at)
        for count in range(len(words), 0, -1):
            for text in _joined(words[:count]):
                if (verb := _negatable(text)) is not None:
                    return Spoken(replace(verb, taken=count), text)
        return None

    def _guess(self, at: int) -> Spoken | None:
        words = self._row(at)
        if self._guesses_left == 0 or len(words[0]) > WORD_CHARS_MAX or (len(words) == 1 and words[0].isascii()):
            return None
        self._guesses_left -= 1
        for count in range(min(len(words), GUESSED_WORDS_MAX), 0, -1):
            if (found := guessed_verb("".join(words[:count]))) is not None:
                if Mark.BARE in found[1] and at + count < len(self._tokens):
                    continue
                return Spoken(Verb(*found, taken=count, guessed=True), words[0])
        return None

    def _row(self, at: int) -> list[str]:
        """A word and those that may go on with it."""
        first = self._tokens[at]
        words = [first.text + first.tail]
        for token in self._tokens[at + 1 : at + 1 + JOINED_WORDS_MAX]:
            if not is_hangul_word(token):
                break
            words.append(token.text)
        return words

    def _with_tail(self, piece: Thing | Run | Version, tail: str) -> tuple[Piece, ...]:
        """With its particle, and what was written together with it behind that."""
        if not tail:
            return (piece,)
        if (role := role_of(tail)) is not None:
            return (in_role(piece, role),)
        if isinstance(piece, Thing) and piece.text.isdigit():
            return (Unknown(piece.text + tail),)
        for cut in range(min(len(tail), WORD_CHARS_MAX) - 1, -1, -1):
            role = role_of(tail[:cut])
            behind = () if role is None else self._alone(tail[cut:]) or (self._glued(tail[cut:]) if cut else ())
            if role is not None and behind:
                return (in_role(piece, role), *behind)
        return (piece, Unknown(tail))


def _prevails(small: Small, verb: Spoken, text: str) -> bool:
    """Whether a word that may be a verb as well is none: `연결을`, and the 빼고 of `docx 빼고 있는 것`; but not `제거`, which is no
    제 with a particle.
    """
    if small.word is Word.EXCEPT:
        return Mark.LASTING in verb.verb.marks or verb.verb.taken == 1
    if verb.verb.is_noun:
        return len(small.text) > 1 or small.text == text
    return verb.verb.taken == 1 and small.text == text


def _stands_in_row(piece: Piece) -> bool:
    """Short words do not count where no space sets them apart: a name would fall to pieces."""
    return not isinstance(piece, Small) or len(piece.text) > 1 or piece.text in _SHORT


def _joined(words: Sequence[str]) -> tuple[str, ...]:
    """As one word: with all of them, and without those that may stand anywhere."""
    whole = "".join(words)
    kept = "".join(word for word in words if word not in _SKIPPED)
    if words[-1] in _SKIPPED:
        return (whole,) if words[-1] in _ENDINGS_TOO else ()
    return (whole,) if kept == whole else (whole, kept)


def _negatable(text: str) -> Verb | None:
    """A verb, with 안 or 못 before it or not."""
    found = verb_in(text)
    if found is not None:
        return Verb(*found)
    negated = verb_in(text[1:]) if text.startswith(_PREFIXES) and len(text) > 1 else None
    if negated is None:
        return None
    sense, marks = negated
    undone = Mark.UNDONE if sense in (Sense.BECOME, Sense.EXIST) else Mark.NEGATED
    return Verb(sense, marks - {Mark.BARE} | {undone})
