"""English: names go where the words before them put them."""

from typing import Final, Literal

from domain.chat.grammar.english.items import Item
from domain.chat.grammar.english.slots import Slot, Slots
from domain.chat.grammar.english.words import Part
from domain.chat.intent import Action
from domain.chat.said import Name

Place = Literal["lead", "object", "provider", "loose", "except"]

# Their objects are skills and nothing else; what others are about may be a connection as well.
OF_SKILLS: Final = frozenset({Action.INSTALL, Action.UNINSTALL})
NOT_OF_RUNS: Final = OF_SKILLS | {Action.VERIFY}
ONE_OR_MORE_RUNS: Final = frozenset({Part.RUN, Part.RUNS, Part.INSTALLATIONS})
RUN_NOUNS: Final = ONE_OR_MORE_RUNS | {Part.FAILED, Part.STATE}
SKILL_NOUNS: Final = frozenset({Part.SKILL, Part.SKILLS})
PROVIDER_NOUNS: Final = frozenset({Part.PROVIDER_NOUN, Part.PROVIDERS})
NAMES: Final = frozenset({Part.NAME, Part.WORD, Part.PROVIDER, Part.NUMBER})
# Where a skill should be named, such a word may be its name.
NOUNS: Final = frozenset(
    {Part.STATUS, Part.CAUSE, Part.HEALTH, Part.LIVE, Part.HELP, Part.DEED, Part.EARLIER, Part.LATER}
)
# Before one of these an ordinary word is a name in a question: "pdf status", "weather installed?".
AFTER_A_SUBJECT: Final = (
    RUN_NOUNS
    | SKILL_NOUNS
    | PROVIDER_NOUNS
    | {Part.STATUS, Part.VERB, Part.LIVE, Part.HEALTH, Part.VERSION, Part.BE, Part.PREPOSITION}
)
# Behind one of these may stand what a question is about.
BEFORE_A_SUBJECT: Final = frozenset(
    {
        Part.BE,
        Part.MODAL,
        Part.ASK,
        Part.STATUS,
        Part.NEGATED_BE,
        Part.CAUSE,
        Part.DEED,
        Part.LIVE,
        Part.WHETHER,
        Part.WHO,
        Part.WANT,
    }
)
# They say nothing about what a command is about.
ASIDE: Final = frozenset(
    {
        Part.MODAL,
        Part.YOU,
        Part.SPEAKER,
        Part.WANT,
        Part.MIND,
        Part.BEGIN,
        Part.AGAIN,
        Part.BE,
        Part.WHO,
        Part.ASK,
        Part.HELP,
        Part.WHETHER,
        Part.VERSION,
    }
)


class Gathering:
    """What is put where. `looking`: nothing can come of it, so that ordinary words which are not understood do not make it unsure.
    `passive`: the verb stands behind what it is about, "get pdf installed".
    """

    def __init__(self, action: Action, *, looking: bool, passive: bool = False) -> None:
        self.slots = Slots()
        self._action = action
        self._looking = looking
        self._place: Place = "object" if passive else "lead"
        # A name may come now; behind a name, only "and" or the like makes room for another one.
        self._fresh = True
        self._all = False
        self._ref: str | None = None
        self._ref_given = False
        self._label: Slot | None = None
        self._excepted_from: Place = "object"
        # The word that announced an exception, until one comes.
        self._excepting: str | None = None
        self._list: list[tuple[Slot, Name]] = []
        self._verb_seen = False
        self._before: Item | None = None
        self._after: Item | None = None

    def _follows(self, *parts: Part) -> bool:
        return self._before is not None and self._before.part in parts

    def _precedes(self, *parts: Part) -> bool:
        return self._after is not None and self._after.part in parts

    def _close(self) -> None:
        """What was left open gets the meaning that it has where nothing follows."""
        if self._all:
            self.slots.every.add("providers" if self._place == "provider" else "either")
        if self._excepting is not None:
            self._doubt(self._excepting)
        if self._ref is not None and not self._ref_given:
            self.slots.refs.append(self._ref)
        self._all, self._ref, self._ref_given, self._excepting = False, None, False, None

    def _go(self, place: Place) -> None:
        self._close()
        self._place, self._fresh, self._label, self._list = place, True, None, []

    def _doubt(self, text: str) -> None:
        self.slots.noise.append(text)

    def _name(self, item: Item) -> None:
        if item.part is Part.MENTION and not self._fresh:
            self._pick_version(item.text)
        elif self._is_out_of_place(item):
            self._doubt(item.text)
        elif self._place == "except":
            self.slots.excepted[self._slot_left(item)].append(item.text)
            self._excepting = None
        else:
            self._take(item)
        self._fresh = False

    def _is_out_of_place(self, item: Item) -> bool:
        """A word behind a name that is certainly complete, one in front of everything, or one of which something is said."""
        if item.part is Part.WORD and not self._looking and self._precedes(Part.BE):
            return True
        if not self._fresh and item.part is Part.WORD and not self._follows(Part.WORD):
            return True
        return self._place == "lead" and (not self._leads(item) or (self._verb_seen and not self._looking))

    def _leads(self, item: Item) -> bool:
        """Whether this is a name in front of everything else."""
        if item.part is not Part.WORD:
            return True
        if self._after is None:
            return False
        return self._after.is_mark(":") or (self._looking and self._after.part in AFTER_A_SUBJECT)

    def _take(self, item: Item) -> None:
        if self._place == "provider" and item.part is not Part.PROVIDER and self.slots.names["providers"]:
            self.slots.paired = self.slots.paired or self._precedes(Part.PREPOSITION, Part.REF)
        slot = self._slot(item)
        name = Name(item.text, item.ref or self._ref)
        self.slots.add(slot, name)
        self._list.append((slot, name))
        self._ref_given = self._ref_given or slot != "providers"

    def _slot(self, item: Item) -> Slot:
        if self._label is not None:
            return self._label
        if item.part is Part.PROVIDER and item.ref is None and not self._is_installed():
            return "providers"
        if self._place == "provider" or self._action is Action.VERIFY:
            return "providers"
        beside = bool(self._list) and not self._fresh and item.part is not Part.WORD
        return "skills" if self._place == "object" and self._action in OF_SKILLS and not beside else "either"

    def _is_installed(self) -> bool:
        """As `claude` in "install claude on openai"."""
        first = self._place == "object" and self._fresh and not self._list
        return first and self._action in OF_SKILLS and self._precedes(Part.PREPOSITION)

    def _slot_left(self, item: Item) -> Slot:
        """From what this is excepted: from what is meant in its entirety, if that is one of the two."""
        every = self.slots.every
        if item.part is Part.PROVIDER or self._label == "providers":
            return "providers"
        if self._label == "skills" or ("skills" in every and "providers" not in every):
            return "skills"
        if "either" in every or {"skills", "providers"} <= every:
            return "either"
        return "providers" if self._excepted_from == "provider" else "either"

    def _pick_version(self, ref: str) -> None:
        """Of the name that it stands behind; or else of those that follow."""
        behind_a_name = self._list and self._before is not None and self._before.part in NAMES
        if not behind_a_name or self._list[-1][1].ref is not None:
            self._close()
            self._ref = ref
            return
        slot, name = self._list[-1]
        if slot == "providers":
            self.slots.refs.append(ref)
        else:
            self._list[-1] = (slot, Name(name.text, ref))
            self.slots.change_last(slot, self._list[-1][1])
