"""English: what a sentence says."""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from domain.chat.grammar.english.exceptions import with_exceptions
from domain.chat.grammar.english.gathering import PROVIDER_NOUNS, RUN_NOUNS, SKILL_NOUNS
from domain.chat.grammar.english.items import Item
from domain.chat.grammar.english.lexing import items_of
from domain.chat.grammar.english.looking import look_of
from domain.chat.grammar.english.reading import Reader
from domain.chat.grammar.english.relatives import without_relatives
from domain.chat.grammar.english.saying import said_of
from domain.chat.grammar.english.sentences import in_front_of, what_is_said, without_notice
from domain.chat.grammar.english.slots import Slots
from domain.chat.grammar.english.splitting import joined
from domain.chat.grammar.english.uses import CAUSING, Use, use_of
from domain.chat.grammar.english.verb_places import settled
from domain.chat.grammar.english.words import Part
from domain.chat.grammar.tokens import Kind, Token
from domain.chat.intent import Action, Language
from domain.chat.reasons import Reason
from domain.chat.said import Said

BEGGING: Final = frozenset({"please", "pls", "plz", "plss", "kindly"})
# In front of a message, one of these says that somebody else said it, or that it is a comment.
QUOTING: Final = frozenset({">", "#"})
OPEN_ENDED: Final = frozenset({Part.AND, Part.PREPOSITION, Part.OF, Part.CALLED})
WANTED: Final = frozenset({Use.COMMANDED, Use.WISHED})


def hear(tokens: tuple[Token, ...]) -> Said:
    """Of the tokens of a whole message; at least one."""
    items, aside = what_is_said(settled(with_exceptions(joined(without_relatives(items_of(tokens))))))
    if not items:
        return _nothing(Reason.NOT_UNDERSTOOD)
    uses = {at: use_of(items, at) for at, item in enumerate(items) if item.action is not None and item.action.changes}
    if (obstacle := _obstacle(items, uses)) is not None:
        return _nothing(obstacle)
    wanted = tuple(at for at, use in uses.items() if use in WANTED)
    if not wanted:
        return _looked(items, uses)
    begged = any(token.kind is Kind.WORD and token.text in BEGGING for token in tokens)
    quoted = (
        (tokens[0].text,) if tokens[0].text in QUOTING or [token.text for token in tokens[:2]] == ["/", "/"] else ()
    )
    return _commanded(items, (*quoted, *aside), wanted={at: uses[at] for at in wanted}, begged=begged)


def _nothing(obstacle: Reason) -> Said:
    return Said(language=Language.ENGLISH, action=Action.NONE, obstacle=obstacle)


def _obstacle(items: Sequence[Item], uses: dict[int, Use]) -> Reason | None:
    parts = {item.part for item in items}
    if parts & {Part.NOT, Part.NO_ACT}:
        return Reason.NEGATED
    if Part.NEGATED_BE in parts and not _asks_why_not(items):
        return Reason.NEGATED
    if Use.MUSED in uses.values() or Part.MUSE in parts or Part.SHOULD in parts:
        return Reason.QUESTION
    if parts & {Part.IF, Part.LATER} and any(use in WANTED for use in uses.values()):
        return Reason.NOT_UNDERSTOOD
    actions = {items[at].action for at, use in uses.items() if use in WANTED}
    shown = any(item.action is Action.SHOW and item.word not in CAUSING for item in items) and bool(actions)
    return Reason.SEVERAL_ACTIONS if len(actions) + shown > 1 else None


def _asks_why_not(items: Sequence[Item]) -> bool:
    """A question in the negative is a question: "isn't it installed?", "why didn't it work?"."""
    first = next(item for item in items if item.part is not Part.MARK)
    return first.part is Part.NEGATED_BE or first.word in ("why", "how come")


def _commanded(items: Sequence[Item], aside: Sequence[str], *, wanted: dict[int, Use], begged: bool) -> Said:
    verb = items[min(wanted)]
    action = verb.action or Action.NONE
    polite = Use.WISHED in wanted.values()
    if any(item.is_mark("?") for item in items) and not polite:
        if not begged:
            return _nothing(Reason.QUESTION)
        polite = True
    before, items = in_front_of(items, min(wanted))
    items = without_notice(items)
    if any(item.part in (Part.ASK, Part.WHETHER) for item in items[items.index(verb) :]):
        return _nothing(Reason.NOT_UNDERSTOOD)
    items = [replace(item, part=Part.BE) if item.word in CAUSING and item is not verb else item for item in items]
    slots = Reader(action, looking=False, passive=verb.form == "past").read(items)
    if slots.paired:
        return _nothing(Reason.SEVERAL_ACTIONS)
    said = said_of(action, items, slots)
    doubts = (*before, *slots.noise, *aside, *_left_over(items, verb))
    if slots.says_no_plan or ((slots.is_wide or said.runs.every) and doubts):
        return _nothing(Reason.NOT_UNDERSTOOD)
    if verb.word.startswith("downgrade") and not _picks_a_version(said):
        return _nothing(Reason.NOT_UNDERSTOOD)
    slips = [item.text for item in items if item.slip]
    return replace(said, unsure=tuple(dict.fromkeys((*slips, *doubts))), polite=polite)


def _left_over(items: Sequence[Item], verb: Item) -> tuple[str, ...]:
    """Other verbs that were not meant as commands, and what stands at the end as if something followed."""
    verbs = [item.text for item in items if item.part is Part.VERB and item.action is not verb.action]
    words = [item for item in items if item.part is not Part.MARK]
    return (*verbs, words[-1].text) if words[-1].part in OPEN_ENDED else tuple(verbs)


def _picks_a_version(said: Said) -> bool:
    return said.ref is not None or any(name.ref for name in (*said.skills.names, *said.either.names))


def _looked(items: Sequence[Item], uses: dict[int, Use]) -> Said:
    look = look_of(items)
    if look is None or (Use.TOLD in uses.values() and Part.WHO not in {item.part for item in items}):
        return _nothing(Reason.NOT_UNDERSTOOD)
    slots = Reader(look.action, looking=True).read(items)
    if slots.too_many or (slots.noise and not _is_about_something(slots, items)):
        return _nothing(Reason.NOT_UNDERSTOOD)
    said = said_of(look.action, items, slots)
    return replace(said, listed=look.listed, deed=look.deed)


def _is_about_something(slots: Slots, items: Sequence[Item]) -> bool:
    """Enough was understood to answer, whatever the other words are."""
    nouns = RUN_NOUNS | SKILL_NOUNS | PROVIDER_NOUNS | {Part.HELP, Part.STATUS}
    return slots.has_names or bool(slots.run_ids) or slots.last_run or any(item.part in nouns for item in items)
