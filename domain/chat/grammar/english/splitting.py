"""English verbs in two parts, with something between them or not: "roll it back", "take kbo-results off claude"."""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from domain.chat.grammar.english.items import Item
from domain.chat.grammar.english.verbs import HEADS, SPLIT, USED_UP
from domain.chat.grammar.english.words import Part
from domain.chat.intent import Action

BETWEEN_MAX: Final = 60
# What may stand between the two.
OBJECTS: Final = frozenset(
    {
        Part.NAME,
        Part.WORD,
        Part.PROVIDER,
        Part.REF,
        Part.NUMBER,
        Part.VERSION,
        Part.SKILL,
        Part.SKILLS,
        Part.PRONOUN,
        Part.AND,
        Part.OF,
        Part.ALL,
        Part.EVERYTHING,
        Part.CALLED,
        Part.MENTION,
    }
)
RUNS: Final = frozenset({Part.RUN, Part.RUNS, Part.RUN_ID, Part.LAST, Part.FAILED, Part.STATE})
# Those that are said of runs, too; the others would be a question then: "get the runs on openai".
OF_RUNS: Final = frozenset({"roll", "try", "run", "do", "give", "call", "back", "start", "take"})
# Without their second part, and without another verb, they ask to be shown something.
TO_BE_SHOWN: Final = frozenset({"get", "send", "bring", "pull"})
# To get or to give something may be to be told.
NOT_OF_SKILLS: Final = frozenset({"get", "give", "have"})


def joined(items: Sequence[Item]) -> tuple[Item, ...]:
    """With every verb whose second part was found; a first part without one is an ordinary word."""
    found = list(items)
    shows = not any(item.part is Part.VERB for item in items)
    for at, item in enumerate(items):
        if found[at] is not item or item.word not in HEADS:
            continue
        head, form = HEADS[item.text]
        second = _second(found, at, head)
        if second is not None:
            action = SPLIT[head][found[second].text]
            found[at] = replace(item, part=Part.VERB, action=action, form=form)
            if found[second].word in USED_UP:
                found[second] = replace(found[second], part=Part.FILLER)
        elif item.word == "get" and at + 1 < len(found) and found[at + 1].form == "past":
            found[at] = replace(item, part=Part.BE)
        elif item.word in TO_BE_SHOWN and item.part is Part.HEAD and shows:
            found[at] = replace(item, part=Part.VERB, action=Action.SHOW, form="base")
        elif item.part is Part.HEAD:
            found[at] = replace(item, part=Part.WORD)
    return tuple(item for item in found if item.part is not Part.FILLER)


def _second(items: Sequence[Item], at: int, head: str) -> int | None:
    allowed = OBJECTS | (RUNS if head in OF_RUNS else frozenset())
    if USED_UP.issuperset(SPLIT[head]):
        allowed |= {Part.PREPOSITION}
    if head in NOT_OF_SKILLS:
        allowed -= {Part.SKILLS}
    for place in range(at + 1, min(at + 1 + BETWEEN_MAX, len(items))):
        item = items[place]
        if item.word in SPLIT[head]:
            return place
        if item.part not in allowed and not item.is_mark(","):
            return None
    return None
