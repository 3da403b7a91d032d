"""English: a "not" that takes something out of what is meant: "on openai, not on claude"."""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from domain.chat.grammar.english.items import Item
from domain.chat.grammar.english.words import Part

TAKEN_OUT: Final = frozenset({Part.PREPOSITION, Part.PROVIDER, Part.NAME, Part.WORD, Part.SKILL, Part.PROVIDER_NOUN})


def with_exceptions(items: Sequence[Item]) -> tuple[Item, ...]:
    """Only a single one is understood so: who says it twice says no."""
    places = [at for at, item in enumerate(items) if item.word == "not"]
    if len(places) != 1 or not _takes_out(items, places[0]):
        return tuple(items)
    at = places[0]
    return (*items[:at], replace(items[at], part=Part.EXCEPT), *items[at + 1 :])


def _takes_out(items: Sequence[Item], at: int) -> bool:
    """There is a verb before it and none behind, and it begins something of its own, which is no exception already."""
    if at == 0 or at + 1 == len(items) or items[at + 1].part not in TAKEN_OUT:
        return False
    if any(item.part is Part.EXCEPT for item in items):
        return False
    if items[at - 1].part is not Part.AND and not items[at - 1].is_mark(","):
        return False
    verbs = [place for place, item in enumerate(items) if item.part is Part.VERB]
    return bool(verbs) and verbs[-1] < at
