"""English: what a sentence is about, word by word."""

from collections.abc import Callable, Sequence
from typing import Final

from msgspec.structs import replace

from domain.chat.grammar.english.gathering import (
    ASIDE,
    BEFORE_A_SUBJECT,
    NAMES,
    NOT_OF_RUNS,
    NOUNS,
    OF_SKILLS,
    ONE_OR_MORE_RUNS,
    PROVIDER_NOUNS,
    RUN_NOUNS,
    SKILL_NOUNS,
    Gathering,
)
from domain.chat.grammar.english.items import Item
from domain.chat.grammar.english.slots import Slot, Slots
from domain.chat.grammar.english.words import Part
from domain.chat.intent import Action

# A colon behind one of these only opens the list that they announce.
ANNOUNCING: Final = (
    SKILL_NOUNS | PROVIDER_NOUNS | {Part.PREPOSITION, Part.OF, Part.VERB, Part.EXCEPT, Part.ALL, Part.NUMBER}
)


class Reader(Gathering):
    """Goes through a sentence once."""

    def __init__(self, action: Action, *, looking: bool, passive: bool = False) -> None:
        super().__init__(action, looking=looking, passive=passive)
        self._handlers: dict[Part, Callable[[Item], None]] = {
            **dict.fromkeys((Part.NAME, Part.WORD, Part.PROVIDER, Part.MENTION), self._name),
            **dict.fromkeys((Part.VERB, Part.EVERYWHERE, Part.AND, Part.OR, Part.ALL, Part.EVERYTHING), self._open),
            **dict.fromkeys((Part.CALLED, Part.PRONOUN, Part.ANY), self._open),
            **dict.fromkeys(SKILL_NOUNS | PROVIDER_NOUNS, self._noun),
            **dict.fromkeys(RUN_NOUNS, self._run_noun),
            Part.PREPOSITION: self._preposition,
            Part.OF: self._of,
            Part.EXCEPT: self._except,
            Part.MARK: self._mark,
            Part.REF: self._version,
            Part.LAST: self._last,
            Part.RUN_ID: self._run_id,
            Part.NUMBER: self._number,
            Part.AGAIN: self._open,
        }

    def read(self, items: Sequence[Item]) -> Slots:
        padded = (None, *items, None)
        for before, item, after in zip(padded, items, padded[2:], strict=False):
            self._before, self._after = before, after
            self._handlers.get(item.part, self._other)(item)
        self._close()
        if (
            self._action is Action.VERIFY
            and not self.slots.has_names
            and any(item.part is Part.PROVIDERS for item in items)
        ):
            self.slots.every.add("providers")
        return self.slots

    def _open(self, item: Item) -> None:
        """Words that make room for names, or fill it."""
        match item.part:
            case Part.VERB:
                self._go("object")
                self._verb_seen = True
            case Part.EVERYWHERE:
                self._go("provider")
                self.slots.every.add("providers")
            case Part.EVERYTHING:
                self.slots.every.add("providers" if self._place == "provider" else "either")
            case Part.ALL:
                self._all = True
            case Part.OR:
                self.slots.vague = True
            case Part.PRONOUN:
                self.slots.pronoun = True
            case Part.ANY:
                self._doubt(item.text)
            case _:
                pass
        filled = item.part in (Part.EVERYWHERE, Part.EVERYTHING, Part.PRONOUN)
        self._fresh = not filled and (item.part is not Part.ANY or self._looking)

    def _preposition(self, item: Item) -> None:
        if item.word == "to" and self._precedes(Part.VERB, Part.BE, Part.BEGIN):
            return
        if self._follows(Part.EXCEPT):
            self._excepted_from = "provider"
            return
        self.slots.paired = self.slots.paired or (item.word == "from" and self._action is Action.INSTALL)
        self._go("provider")

    def _of(self, item: Item) -> None:
        if not self._follows(Part.EXCEPT, Part.ALL):
            ref, self._ref = self._ref, None
            self._go("object" if item.word == "of" and self._action in OF_SKILLS else "loose")
            self._ref = ref

    def _except(self, item: Item) -> None:
        place = self._place
        self._go("except")
        self._excepted_from = self._excepted_from if place == "except" else place
        self._excepting = item.text

    def _mark(self, item: Item) -> None:
        if item.is_mark(",", "\n"):
            self._fresh = True
        elif not item.is_mark(":"):
            self._go("lead")
        elif self._follows(*ANNOUNCING) and not (self._follows(*PROVIDER_NOUNS) and "providers" in self.slots.every):
            self._fresh, self._all = True, False
        elif self._action in OF_SKILLS and self._place != "lead" and not self.slots.names["skills"]:
            self._go("object")
        else:
            self._go("lead")

    def _version(self, item: Item) -> None:
        of_runs = item.ref == "latest" and self._after is not None and self._after.part in RUN_NOUNS
        if of_runs:
            self.slots.last_run = self.slots.last_run or not self._precedes(Part.RUNS)
        else:
            self._pick_version(item.ref or "")

    def _last(self, _: Item) -> None:
        if self._precedes(Part.RUNS, Part.NUMBER) or self._action in NOT_OF_RUNS:
            self.slots.vague = True
        elif self._precedes(Part.VERSION):
            self.slots.vague = self.slots.vague or self._action is not Action.ROLLBACK
        elif not self._precedes(Part.VERB):
            self.slots.last_run = True

    def _run_id(self, item: Item) -> None:
        if self._action in NOT_OF_RUNS:
            self._name(item)
        else:
            self.slots.run_ids.append(item.text)
            self._fresh = False

    def _run_noun(self, item: Item) -> None:
        if self._action in NOT_OF_RUNS:
            if item.part is Part.FAILED:
                self.slots.vague = True
            elif item.part is not Part.INSTALLATIONS and not self._follows(Part.VERB):
                self._doubt(item.text)
            return
        if self._all:
            self._all, self.slots.every_run = False, True
        elif item.part is Part.RUNS and item.word == "ones":
            self.slots.every_run = True
        if self._follows(Part.PRONOUN) and item.part in ONE_OR_MORE_RUNS:
            self.slots.last_run = True
        self._fresh = self._looking

    def _noun(self, item: Item) -> None:
        """What kind of thing is meant: by the names before it ("the pdf skill"), all of it, or by the names behind it."""
        slot: Slot = "skills" if item.part in SKILL_NOUNS else "providers"
        if self._all:
            self._all, self._fresh = False, False
            self.slots.every.add(slot)
            self._place = "provider" if slot == "providers" else "object"
        elif self._list and self._before is not None and self._before.part in NAMES:
            self._name_kind(slot, single=item.part is Part.SKILL)
        else:
            place = self._place
            self._go("provider" if slot == "providers" else "object")
            self._place = "except" if place == "except" else self._place
            self._label = slot

    def _name_kind(self, slot: Slot, *, single: bool) -> None:
        if slot == "skills" and self._place == "provider" and not self._follows(Part.PROVIDER):
            self.slots.paired = self.slots.paired or len(self._list) > 1
        self.slots.move([one for one in self._list if slot == "providers" or one[0] != "providers"], slot)
        if single and self._follows(Part.PROVIDER):
            self.slots.move(self._list[-1:], slot)
        self._fresh = False

    def _number(self, item: Item) -> None:
        nouns = RUN_NOUNS | SKILL_NOUNS | PROVIDER_NOUNS
        if self._all and self._follows(Part.ALL) and (self._after is None or self._after.part not in NAMES):
            return
        if self._after is not None and self._after.part in nouns:
            self.slots.vague = self.slots.vague or not self._all
        elif self._fresh and self._place in ("object", "provider", "except") and not self._looking:
            self._name(item)
        else:
            self._doubt(item.text)
            if self._before is not None and self._before.part in NAMES:
                self._pick_version(item.text)

    def _other(self, item: Item) -> None:
        if self._looking:
            if item.part in BEFORE_A_SUBJECT:
                self._go("object" if self._place in ("lead", "object") or self._label else self._place)
        elif self._action in OF_SKILLS and self._place == "object" and self._fresh and item.part in NOUNS:
            self._name(replace(item, part=Part.WORD))
            self._doubt(item.text)
        elif (item.part not in ASIDE or self._verb_seen) and not (
            item.part is Part.HEALTH and self._action is Action.VERIFY
        ):
            self._doubt(item.text)
