"""English: how a verb is meant: as a command, as a wish, as a question, or only talked about."""

from collections.abc import Sequence
from enum import Enum, auto
from typing import Final

from domain.chat.grammar.english.items import Item
from domain.chat.grammar.english.words import Part
from domain.chat.intent import Action


class Use(Enum):
    """`wished` is a request that is not put as a command; `mused` asks whether it should be done; `asked` whether it was; `told`
    says that somebody does it.
    """

    COMMANDED = auto()
    WISHED = auto()
    MUSED = auto()
    ASKED = auto()
    TOLD = auto()


WISHING: Final = frozenset({Part.WANT, Part.MIND})
MUSING: Final = frozenset({Part.MUSE, Part.SHOULD})
TELLING: Final = frozenset({Part.SPEAKER, Part.OTHERS, Part.PRONOUN})
# "Get it installed" is a wish.
CAUSING: Final = frozenset({"get", "have"})


def use_of(items: Sequence[Item], at: int) -> Use:
    """Of the verb at this place, by what stands before it in its sentence."""
    before = items[_begin(items, at) : at]
    parts = {item.part for item in before}
    if parts & MUSING:
        return Use.MUSED
    match items[at].form:
        case "ing":
            return _use_of_ing(before, parts)
        case "past":
            return _use_of_past(before, parts)
        case "third":
            return Use.ASKED if parts & {Part.WHO, Part.ASK, Part.BE} else Use.TOLD
        case _:
            return _use_of_base(before, parts)


def _begin(items: Sequence[Item], at: int) -> int:
    """Where the sentence begins that this verb is in: behind the last verb, so that what rules one does not rule the next."""
    for place in range(at - 1, -1, -1):
        if items[place].is_mark(".", "!", "?") or (
            items[place].part is Part.VERB and items[place].action is not Action.SHOW
        ):
            return place + 1
    return 0


def _use_of_past(before: Sequence[Item], parts: set[Part]) -> Use:
    if parts & {Part.ASK, Part.WHO, Part.WHETHER}:
        return Use.ASKED
    caused = any(item.word in CAUSING and item.part is not Part.BE for item in before) and Part.BE not in parts
    return Use.WISHED if caused or parts & WISHING else Use.ASKED


def _use_of_ing(before: Sequence[Item], parts: set[Part]) -> Use:
    if Part.MIND in parts:
        return Use.WISHED
    if before and before[-1].part is Part.BEGIN:
        return _use_of_base(before, parts)
    return Use.ASKED if parts & {Part.BE, Part.WHO, Part.ASK} else Use.TOLD


def _use_of_base(before: Sequence[Item], parts: set[Part]) -> Use:
    if Part.WHO in parts:
        return Use.MUSED if Part.MODAL in parts else Use.ASKED
    if Part.MODAL in parts and Part.YOU in parts:
        return Use.WISHED
    if Part.MODAL in parts:
        return Use.MUSED if before[0].part is Part.MODAL or Part.ASK in parts or Part.SPEAKER not in parts else Use.TOLD
    if Part.NEGATED_BE in parts:
        return Use.ASKED
    if parts & {Part.BE, Part.ASK, Part.WHETHER}:
        return _use_in_a_question(before, parts)
    if Part.HELP in parts:
        return Use.WISHED if any(item.word == "help" for item in before) else Use.ASKED
    if parts & WISHING:
        return Use.WISHED
    if parts & TELLING:
        return Use.TOLD
    return Use.WISHED if Part.YOU in parts else Use.COMMANDED


def _use_in_a_question(before: Sequence[Item], parts: set[Part]) -> Use:
    """What did happen, or does; but what "do" with "what" or "how" asks for advice."""
    words = {item.word for item in before}
    done = "did" in words or (bool(words & {"do", "does"}) and Part.ASK not in parts)
    return Use.ASKED if done else Use.MUSED
