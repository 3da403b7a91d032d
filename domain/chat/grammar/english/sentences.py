"""English: which of the sentences of a message says what is wanted."""

from collections.abc import Sequence
from typing import Final

from domain.chat.grammar.english.items import Item
from domain.chat.grammar.english.words import Part

# A sentence without a verb that begins with one of these goes on with the one before: "Install pdf. On openai."
GOING_ON: Final = frozenset({Part.PREPOSITION, Part.EXCEPT, Part.REF, Part.AND, Part.EVERYWHERE, Part.OF})
# Without one of these a sentence asks for nothing.
SAYING: Final = frozenset(
    {
        Part.VERB,
        Part.ASK,
        Part.WHO,
        Part.BE,
        Part.NEGATED_BE,
        Part.NOT,
        Part.NO_ACT,
        Part.MUSE,
        Part.STATUS,
        Part.HELP,
        Part.CAUSE,
        Part.IF,
        Part.LATER,
        Part.WHETHER,
        Part.MODAL,
        Part.SHOULD,
        Part.RUNS,
        Part.INSTALLATIONS,
        Part.SKILLS,
        Part.PROVIDERS,
        Part.FAILED,
        Part.RUN_ID,
        Part.LAST,
        Part.STATE,
        Part.LIVE,
        Part.VERSION,
    }
)


def what_is_said(items: Sequence[Item]) -> tuple[tuple[Item, ...], tuple[str, ...]]:
    """All sentences that ask for something, in one, and the words of those that do not and may yet matter."""
    kept: list[Item] = []
    aside: list[str] = []
    for sentence in _sentences(items):
        says = any(item.part in SAYING for item in sentence) or _asks_of_a_name(sentence)
        if says or (kept and sentence[0].part in GOING_ON):
            kept.extend(sentence)
        else:
            aside.extend(item.text for item in sentence if item.part is not Part.MARK)
    return tuple(kept), tuple(aside)


def _asks_of_a_name(sentence: Sequence[Item]) -> bool:
    """As in `kbo-results on openai?`."""
    return sentence[-1].is_mark("?") and any(item.part in (Part.NAME, Part.PROVIDER) for item in sentence)


def in_front_of(items: Sequence[Item], at: int) -> tuple[tuple[str, ...], tuple[Item, ...]]:
    """The words of the sentences before the one of this place, which say nothing about it, and everything from that one on."""
    begin = next((place + 1 for place in range(at - 1, -1, -1) if items[place].is_mark(".", "!", "?")), 0)
    return tuple(item.text for item in items[:begin] if item.part is not Part.MARK), tuple(items[begin:])


def without_notice(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """Without "and let me know when it is done", which goes without saying."""
    at = next((at for at, item in enumerate(items) if item.part is Part.WHETHER), 0)
    behind = items[at:]
    if at == 0 or any(item.part in (Part.NAME, Part.PROVIDER, Part.VERB, Part.NOT) for item in behind):
        return items
    while at > 1 and (items[at - 1].part is Part.AND or items[at - 1].is_mark(",")):
        at -= 1
    return (*items[:at], *(item for item in behind[-1:] if item.is_mark("?")))


def _sentences(items: Sequence[Item]) -> list[list[Item]]:
    sentences: list[list[Item]] = [[]]
    for item in items:
        sentences[-1].append(item)
        if item.is_mark(".", "!", "?"):
            sentences.append([])
    return [sentence for sentence in sentences if sentence]
