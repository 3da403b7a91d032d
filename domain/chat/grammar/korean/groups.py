"""Names that stand together have one place in a Korean sentence, that of the last: `claude랑 gemini에`, `pdf, docx 둘 다`."""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from domain.chat.grammar.korean.particles import PLACES, Role
from domain.chat.grammar.korean.pieces import Comma, Piece, Small, Thing, Version
from domain.chat.grammar.korean.words import Word

# What a noun says of the name beside it.
_HINTS: Final = {Word.SKILL: Word.SKILL, Word.PROVIDER: Word.PROVIDER, Word.CONNECTED: Word.PROVIDER}
_BARE: Final = (Role.NONE, Role.TOPIC, Role.NAMED)


class Group(Struct, frozen=True, kw_only=True):
    """`hint`: the noun that says what they are. `begin` and `end` are places among the pieces."""

    things: tuple[Thing, ...]
    role: Role
    hint: Word | None = None
    excepted: bool = False
    begin: int
    end: int

    @property
    def known(self) -> bool:
        return all(thing.known for thing in self.things)


def groups_of(pieces: Sequence[Piece]) -> Iterator[Group]:
    at = 0
    while at < len(pieces):
        if isinstance(pieces[at], Thing):
            group = _Collector(pieces, at).collect()
            yield group
            at = group.end
        else:
            at += 1


class _Collector:
    def __init__(self, pieces: Sequence[Piece], at: int) -> None:
        self._pieces = pieces
        self._begin = at
        self._at = at
        self._things: list[Thing] = []
        self._role = Role.NONE
        self._hint: Word | None = None

    def collect(self) -> Group:
        before = self._piece(self._begin - 1)
        first = self._thing()
        if isinstance(before, Small) and before.word in _HINTS and before.role is Role.NONE:
            self._hint = None if first.known and before.word is Word.SKILL else _HINTS[before.word]
        self._take(first)
        while self._goes_on():
            pass
        excepted = self._excepted()
        return Group(
            things=tuple(self._things),
            role=self._role,
            hint=self._hint,
            excepted=excepted,
            begin=self._begin,
            end=self._at,
        )

    def _goes_on(self) -> bool:
        return self._version() or self._noun() or self._both() or self._next()

    def _version(self) -> bool:
        """A ref next to the name, unless it is where the verb leads to: `v2로`."""
        piece, last = self._piece(self._at), self._things[-1]
        if not isinstance(piece, Version) or last.known or last.ref or self._role is not Role.NONE:
            return False
        if piece.role is Role.TOWARD:
            return False
        self._things[-1] = replace(last, ref=piece.ref)
        self._move(piece.role)
        return True

    def _noun(self) -> bool:
        """What they are: `kbo-results 스킬을`, `kbo-results라는 스킬을`."""
        piece = self._piece(self._at)
        if not isinstance(piece, Small) or piece.word not in _HINTS or self._role not in _BARE:
            return False
        if piece.word is Word.SKILL and self._things[-1].known:
            return False
        if self._hint is not None and self._hint is not _HINTS[piece.word]:
            return False
        self._hint = _HINTS[piece.word]
        self._move(piece.role)
        return True

    def _both(self) -> bool:
        """All of those that were named: `claude랑 gemini 둘 다에`."""
        piece = self._piece(self._at)
        if not isinstance(piece, Small) or len(self._things) < 2 or self._role not in _BARE:
            return False
        counted = isinstance(before := self._piece(self._at - 1), Small) and before.word is Word.BOTH
        if counted and piece.word in (Word.PLACE, Word.FILLER):
            self._move(piece.role)
            return True
        if piece.word not in (Word.BOTH, Word.EVERY, Word.EACH):
            return False
        following = self._piece(self._at + 1)
        if isinstance(following, Small) and following.word in (*_HINTS, Word.PLACE) and piece.word is Word.EVERY:
            return False
        self._move(piece.role)
        return True

    def _next(self) -> bool:
        """Another name in the same place."""
        at = self._at
        while isinstance(separator := self._piece(at), Comma) or _is_and(separator):
            at += 1
        piece, last = self._piece(at), self._things[-1]
        if not isinstance(piece, Thing):
            return False
        joined = self._role in (Role.JOINED, Role.OR) or (at > self._at and self._role is Role.NONE)
        alike = self._role is Role.NONE and last.known and piece.known
        by_comma = at > self._at and not any(_is_and(each) for each in self._pieces[self._at : at])
        mixed = by_comma and self._role is Role.NONE and last.known is not piece.known
        if not (joined or alike) or (mixed and not self._all_providers(at)):
            return False
        self._at = at
        self._take(piece)
        return True

    def _all_providers(self, at: int) -> bool:
        """Whether all that follow are connections: by a noun behind them, or as those before are and the last has a place."""
        last = self._things[-1]
        while isinstance(piece := self._piece(at), Thing | Comma) or _is_and(piece):
            last = piece if isinstance(piece, Thing) else last
            at += 1
        told = isinstance(piece, Small) and _HINTS.get(piece.word) is Word.PROVIDER
        return told or (any(thing.known for thing in self._things) and last.role in PLACES)

    def _excepted(self) -> bool:
        if self._role is Role.EXCEPTED:
            return True
        piece = self._piece(self._at)
        if isinstance(piece, Small) and piece.word is Word.EXCEPT and self._role is not Role.FROM:
            self._at += 1
            return True
        before = self._piece(self._begin - 1)
        return isinstance(before, Small) and before.word is Word.EXCEPT_NEXT

    def _take(self, thing: Thing) -> None:
        self._things.append(replace(thing, role=Role.NONE))
        self._move(thing.role)

    def _move(self, role: Role) -> None:
        self._role = role
        self._at += 1

    def _thing(self) -> Thing:
        piece = self._pieces[self._begin]
        assert isinstance(piece, Thing)  # noqa: S101 - where a group begins
        return piece

    def _piece(self, at: int) -> Piece | None:
        return self._pieces[at] if 0 <= at < len(self._pieces) else None


def _is_and(piece: Piece | None) -> bool:
    return isinstance(piece, Small) and piece.word in (Word.AND, Word.OR)
