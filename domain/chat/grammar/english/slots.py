"""What has been gathered from an English sentence so far."""

from typing import Literal

from domain.chat.said import NAMES_MAX, Name, Pick, RunPick

Slot = Literal["skills", "providers", "either"]


class Slots:
    """`noise` are words that may have mattered. `vague`: an "or", a number of things or the like was said, and no plan can be meant by
    that; `paired`: it was said of each skill where it shall go.
    """

    def __init__(self) -> None:
        self.names: dict[Slot, list[Name]] = {"skills": [], "providers": [], "either": []}
        self.excepted: dict[Slot, list[str]] = {"skills": [], "providers": [], "either": []}
        self.every: set[Slot] = set()
        self.refs: list[str] = []
        self.run_ids: list[str] = []
        self.last_run = False
        self.every_run = False
        self.pronoun = False
        self.noise: list[str] = []
        self.vague = False
        self.paired = False
        self._turns: list[Slot] = []

    def add(self, slot: Slot, name: Name) -> None:
        self.names[slot].append(name)
        turn: Slot = "providers" if slot == "providers" else "skills"
        if self._turns[-1:] != [turn]:
            self._turns.append(turn)
        self.paired = self.paired or len(self._turns) > 2

    def change_last(self, slot: Slot, name: Name) -> None:
        self.names[slot][-1] = name

    def move(self, names: list[tuple[Slot, Name]], to: Slot) -> None:
        for slot, name in names:
            if slot != to and name in self.names[slot]:
                self.names[slot].remove(name)
                self.names[to].append(name)

    def pick(self, slot: Slot) -> Pick:
        return Pick(
            names=tuple(dict.fromkeys(self.names[slot])),
            every=slot in self.every,
            excepted=tuple(dict.fromkeys(self.excepted[slot])),
        )

    def runs(self) -> RunPick:
        return RunPick(ids=tuple(dict.fromkeys(self.run_ids)), last=self.last_run, every=self.every_run)

    @property
    def says_no_plan(self) -> bool:
        """Whatever exists, nobody can tell what is meant."""
        unclear = self.vague or len(set(self.refs)) > 1 or self._excepts_from_nothing or self._is_said_twice
        return unclear or self.too_many

    @property
    def is_wide(self) -> bool:
        return bool(self.every) or self.every_run

    @property
    def _is_said_twice(self) -> bool:
        """All of it, and some of it by name."""
        both = bool(self.names["skills"]) and bool(self.names["providers"])
        return any(self.names[slot] for slot in self.every) or ("either" in self.every and both)

    @property
    def _excepts_from_nothing(self) -> bool:
        """Something is taken out of what was not said."""
        return any(
            texts and not (self.every or self.names[slot] or (slot != "providers" and self.names["skills"]))
            for slot, texts in self.excepted.items()
        )

    @property
    def has_names(self) -> bool:
        return any(self.names.values()) or bool(self.every)

    @property
    def too_many(self) -> bool:
        named = sum(len(names) for names in self.names.values())
        excepted = sum(len(names) for names in self.excepted.values())
        return max(named + excepted, len(self.run_ids)) > NAMES_MAX
