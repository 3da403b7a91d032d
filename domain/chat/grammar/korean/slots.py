"""Which names of a Korean sentence are skills and which are providers, by particle, noun and verb, and which are left out."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from msgspec import Struct

from domain.chat.grammar.korean.groups import Group, groups_of
from domain.chat.grammar.korean.particles import PLACES, Role
from domain.chat.grammar.korean.pieces import Piece, Small, Version
from domain.chat.grammar.korean.words import Word
from domain.chat.intent import Action
from domain.chat.said import Name, Pick

_KINDS: Final = {
    Word.SKILL: Word.SKILL,
    Word.PROVIDER: Word.PROVIDER,
    Word.CONNECTED: Word.PROVIDER,
    Word.PLACE: Word.PROVIDER,
    Word.RUN: Word.RUN,
    Word.HISTORY: Word.RUN,
}
_OF_SKILLS: Final = frozenset({Action.INSTALL, Action.UNINSTALL})


class Slots(Struct, frozen=True, kw_only=True):
    """`every_run`: all runs that fit. `crossed`: some here and others there (`a에 b, c에 d`), which is more than one command."""

    skills: Pick = Pick()
    providers: Pick = Pick()
    either: Pick = Pick()
    refs: tuple[str, ...] = ()
    every_run: bool = False
    crossed: bool = False
    groups: tuple[Group, ...] = ()


class _Slot:
    def __init__(self) -> None:
        self.names: list[Name] = []
        self.excepted: list[str] = []
        self.every = False

    def add(self, group: Group) -> None:
        if group.excepted:
            self.excepted += [thing.text for thing in group.things]
        else:
            self.names += [Name(thing.text, thing.ref) for thing in group.things]

    @property
    def pick(self) -> Pick:
        return Pick(
            names=tuple(dict.fromkeys(self.names)), every=self.every, excepted=tuple(dict.fromkeys(self.excepted))
        )


def slots_of(pieces: Sequence[Piece], action: Action) -> Slots:
    """`action` decides where a name with an object particle, or with none, belongs."""
    groups = tuple(groups_of(pieces))
    filled = _Filler(pieces, groups, action)
    for group in groups:
        filled.place(group)
    for at, piece in enumerate(pieces):
        if isinstance(piece, Small) and piece.word in (Word.EVERY, Word.EVERYWHERE, Word.REST):
            filled.every(at, piece)
    return filled.slots()


class _Filler:
    def __init__(self, pieces: Sequence[Piece], groups: tuple[Group, ...], action: Action) -> None:
        self._pieces = pieces
        self._groups = groups
        self._action = action
        self._inside = {at for group in groups for at in range(group.begin, group.end)}
        self._placed_elsewhere = sum(self._at_place(group) for group in groups)
        self._skills, self._providers, self._either = _Slot(), _Slot(), _Slot()
        self._every_run = False

    def place(self, group: Group) -> None:
        self._slot(group).add(group)

    def _slot(self, group: Group) -> _Slot:
        if group.hint is not None:
            return self._skills if group.hint is Word.SKILL else self._providers
        if any(thing.ref for thing in group.things):
            return self._skills
        if self._at_place(group):
            return self._providers
        if group.role is Role.OBJECT and self._action in _OF_SKILLS and (not group.known or self._placed_elsewhere):
            return self._skills
        if group.known or self._action is Action.VERIFY:
            return self._providers
        return self._either

    def _at_place(self, group: Group) -> bool:
        before = self._pieces[group.begin - 1] if group.begin else None
        pointed = isinstance(before, Small) and before.word is Word.PLACE_NEXT
        return group.role in PLACES or pointed

    def every(self, at: int, piece: Small) -> None:
        """Of what: by the noun beside it, the particle it has, or what was left out just before it."""
        if at in self._inside:
            return
        before = next((group for group in self._groups if group.end == at and group.excepted), None)
        kind = self._kind(at, piece)
        if kind is Word.BOTH:
            return
        if kind is Word.PROVIDER:
            self._providers.every = True
        elif kind is Word.SKILL:
            self._skills.every = True
        elif kind is Word.RUN:
            self._every_run = True
        elif before is not None:
            self._slot(before).every = True
        else:
            self._either.every = True

    def _kind(self, at: int, piece: Small) -> Word | None:
        """`모든 스킬`, or else `스킬 전부`."""
        before, following = self._small(at - 1), self._small(at + 1)
        if before is not None and before.word is Word.BOTH:
            return Word.BOTH
        if piece.word is Word.EVERYWHERE:
            return Word.PROVIDER
        if piece.role is Role.NONE and following is not None and following.word is Word.EVERY:
            following = self._small(at + 2)
        if piece.role is Role.NONE and following is not None and following.word in _KINDS:
            return _KINDS[following.word]
        claimed = self._small(at - 2)
        if (
            before is not None
            and before.word in _KINDS
            and (claimed is None or claimed.word is not Word.EVERY or claimed.role in PLACES)
        ):
            return _KINDS[before.word]
        return Word.PROVIDER if piece.role in PLACES else None

    def _small(self, at: int) -> Small | None:
        piece = self._pieces[at] if 0 <= at < len(self._pieces) else None
        return piece if isinstance(piece, Small) and at not in self._inside else None

    def slots(self) -> Slots:
        refs = [
            each.ref for at, each in enumerate(self._pieces) if isinstance(each, Version) and at not in self._inside
        ]
        return Slots(
            skills=self._skills.pick,
            providers=self._providers.pick,
            either=self._without_needless_every(),
            refs=tuple(dict.fromkeys(refs)),
            every_run=self._every_run,
            crossed=self._crossed(),
            groups=self._groups,
        )

    def _without_needless_every(self) -> Pick:
        """Where both are named, 다 stands for "completely"."""
        skills, providers = self._skills.names or self._skills.every, self._providers.names or self._providers.every
        if skills and providers and not self._either.excepted:
            self._either.every = False
        return self._either.pick

    def _crossed(self) -> bool:
        if self._action not in _OF_SKILLS:
            return False
        each = any(isinstance(piece, Small) and piece.word is Word.EACH for piece in self._pieces)
        several = len(self._providers.names) > 1 and len(self._skills.names) + len(self._either.names) > 1
        if each and several:
            return True
        row = [self._at_place(group) for group in self._groups if not group.excepted]
        turns = sum(one is not other for one, other in pairwise(row))
        return turns >= 3
