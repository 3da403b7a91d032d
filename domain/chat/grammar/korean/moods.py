"""How a verb is meant, by what follows its stem: an order, a request, a prohibition, a question, a report."""

from enum import StrEnum
from typing import Final

from domain.chat.grammar.korean.marks import Mark


class Mood(StrEnum):
    """`report` asks how it went; `deliberation` asks whether or what if; `argument` is a noun that another verb may be about."""

    COMMAND = "command"
    POLITE = "polite"
    UNSURE = "unsure"
    NEGATED = "negated"
    DELIBERATION = "deliberation"
    REPORT = "report"
    HOW = "how"
    RELATIVE = "relative"
    AND = "and"
    ARGUMENT = "argument"


_REPORTED: Final = frozenset({Mark.PAST, Mark.LASTING, Mark.EMBEDDED, Mark.COPULA, Mark.PASSIVE})
_WEIGHED: Final = frozenset({Mark.DELIBERATION, Mark.DUTY, Mark.ALLOWED, Mark.OFFER, Mark.PROHIBITED, Mark.CONDITION})
_ASKED_FOR: Final = frozenset({Mark.REQUEST, Mark.INCLINED})


def mood_of(marks: frozenset[Mark], *, asked: bool) -> Mood:
    """`asked`: the sentence ends in a question mark."""
    asking = asked or Mark.ASKED in marks or Mark.EMBEDDED in marks
    if Mark.NEGATED in marks:
        wanted = marks & {Mark.WISH, Mark.COMMAND, Mark.CONDITION, Mark.RELATIVE}
        reported = Mark.PAST in marks or (Mark.PASSIVE in marks and asking)
        return Mood.REPORT if reported and not wanted else Mood.NEGATED
    if Mark.HOW in marks:
        return Mood.HOW
    if marks >= {Mark.UNDONE, Mark.RELATIVE}:
        return Mood.NEGATED
    if Mark.RELATIVE in marks and not marks & {Mark.COPULA, Mark.DELIBERATION}:
        return Mood.RELATIVE
    if marks >= {Mark.REQUEST, Mark.PROMISE} and Mark.PAST not in marks:
        return Mood.POLITE
    if Mark.UNABLE in marks:
        return Mood.POLITE if asking or Mark.DELIBERATION in marks else Mood.NEGATED
    if marks & {Mark.WISH, Mark.ABLE}:
        return Mood.POLITE
    if marks & _WEIGHED:
        return _weighed(marks, asking=asking)
    if marks & _REPORTED and (Mark.COMMAND not in marks or Mark.PAST in marks):
        return Mood.REPORT
    return _said(marks, asking=asking)


def _weighed(marks: frozenset[Mark], *, asking: bool) -> Mood:
    """Whether to, and what if."""
    if marks & {Mark.REQUEST, Mark.COMMAND} and marks & {Mark.DELIBERATION, Mark.PROHIBITED, Mark.ALLOWED, Mark.DUTY}:
        return Mood.POLITE
    if Mark.PROHIBITED in marks:
        return Mood.DELIBERATION if asking or Mark.DELIBERATION in marks else Mood.NEGATED
    if marks & {Mark.DUTY, Mark.ALLOWED} and not asking and Mark.DELIBERATION not in marks:
        return Mood.POLITE
    return Mood.DELIBERATION


def _said(marks: frozenset[Mark], *, asking: bool) -> Mood:
    if Mark.BARE in marks:
        return Mood.ARGUMENT
    if Mark.AND in marks:
        return Mood.AND
    if Mark.COMMAND in marks:
        return Mood.POLITE if asking else Mood.COMMAND
    if marks & _ASKED_FOR:
        plain = Mark.REQUEST in marks and not marks & {Mark.INCLINED, Mark.PROMISE}
        return Mood.COMMAND if plain and not asking else Mood.POLITE
    if asking:
        return Mood.DELIBERATION
    return Mood.UNSURE if marks & {Mark.STATED, Mark.PROMISE, Mark.STRANGE} else Mood.COMMAND
