"""Why nothing was done, in English."""

from collections.abc import Callable, Mapping
from typing import Final

from domain.chat.intent import Action
from domain.chat.outcome import Outcome
from domain.chat.plan import STEPS_MAX
from domain.chat.reasons import Reason
from domain.chat.replies.candidates import MISSING, TO_PICK
from domain.chat.replies.english_words import enumerated
from domain.chat.replies.wording import harmless, quoted, shown
from domain.events import Role

NOTHING_TO_DO: Final[Mapping[Action, str]] = {
    Action.UNINSTALL: "Nothing of that is installed there, so there is nothing to remove.",
    Action.CANCEL: "No such run is at work, so there is nothing to cancel.",
    Action.RETRY: "Nothing of that has failed, so there is nothing to try again.",
    Action.ROLLBACK: "There is nothing of that to take back.",
}


def refused(outcome: Outcome) -> str:
    said = _SAID[outcome.reason](outcome) if outcome.reason is not None else "Nothing was done."
    return " ".join(part for part in (said, _candidates(outcome)) if part)


def _unknown(what: str, otherwise: str) -> Callable[[Outcome], str]:
    def say(outcome: Outcome) -> str:
        words, _ = shown(outcome.unknown)
        if not words:
            return f"{otherwise} Nothing was done."
        return f"There is no {what} {enumerated([quoted(word) for word in words], last='or')}. Nothing was done."

    return say


def _ambiguous(outcome: Outcome) -> str:
    words, _ = shown(outcome.unknown)
    said = enumerated([quoted(word) for word in words]) or "That"
    return f"{said} could mean more than one thing, so nothing was done."


def _archived(outcome: Outcome) -> str:
    words, _ = shown(outcome.unknown)
    names = enumerated([harmless(word) for word in words])
    skills = f"The skills {names} are" if len(words) > 1 else f"The skill {names} is" if words else "The skill is"
    return f"{skills} archived, so nothing was done."


def _forbidden(outcome: Outcome) -> str:
    return f"Your key may not do that: it takes the role {outcome.required or Role.ADMIN}. Nothing was done."


def _candidates(outcome: Outcome) -> str:
    if not outcome.candidates:
        return ""
    shown_names, more = shown(outcome.candidates)
    names = [harmless(name) for name in shown_names] + ([f"{more} more"] if more else [])
    if outcome.reason in MISSING:
        return f"There is: {', '.join(names)}."
    if outcome.reason in TO_PICK:
        return f"Say one of them: {', '.join(names)}."
    return f"Did you mean {enumerated(names, last='or')}?"


def _plain(text: str) -> Callable[[Outcome], str]:
    return lambda _: text


_SAID: Final[Mapping[Reason, Callable[[Outcome], str]]] = {
    Reason.CONFIRMATION_REQUIRED: _plain("This needs to be confirmed first."),
    Reason.DRY_RUN: _plain("Dry run: nothing was done."),
    Reason.NOT_UNDERSTOOD: _plain(
        "I did not understand that, so nothing was done. Say “help” to see what can be said."
    ),
    Reason.NEGATED: _plain("You said not to, so nothing was done."),
    Reason.QUESTION: _plain("I take that as a question, so nothing was done. Say it plainly if you want it done."),
    Reason.SEVERAL_ACTIONS: _plain("That is more than one thing at once, so nothing was done. Say them one by one."),
    Reason.MISSING_SKILL: _plain("Which skill? Nothing was done."),
    Reason.MISSING_PROVIDER: _plain("At which provider? Nothing was done."),
    Reason.MISSING_RUN: _plain("Which run? Give its id or the first 8 digits of it. Nothing was done."),
    Reason.UNKNOWN_SKILL: _unknown("skill", "There is no such skill."),
    Reason.UNKNOWN_VERSION: _unknown("version", "There is no such version."),
    Reason.UNKNOWN_PROVIDER: _unknown("provider connection", "There is no such provider connection."),
    Reason.UNKNOWN_RUN: _unknown("run", "There is no such run."),
    Reason.UNKNOWN_NAME: _unknown("skill or provider connection", "There is nothing of that name."),
    Reason.AMBIGUOUS_PROVIDER: _ambiguous,
    Reason.AMBIGUOUS_NAME: _ambiguous,
    Reason.AMBIGUOUS_RUN: _ambiguous,
    Reason.TOO_MANY: _plain(f"That would be more than {STEPS_MAX} steps at once. Nothing was done; ask for fewer."),
    Reason.FORBIDDEN: _forbidden,
    Reason.SKILL_ARCHIVED: _archived,
    Reason.PROVIDER_INACTIVE: _plain("The provider connection is not in use, so nothing was done."),
    Reason.ALREADY_RUNNING: _plain("It is being done already, so nothing more was done."),
    Reason.ALREADY_INSTALLED: _plain("It is installed there already, so nothing was done."),
    Reason.WHOLE_RUN_ONLY: _plain(
        "That run is at work at other connections, too, and is taken as a whole only: name the run. Nothing was done."
    ),
    Reason.NOTHING_TO_DO: lambda outcome: NOTHING_TO_DO.get(outcome.intent.action, "There is nothing to do."),
    Reason.REFUSED: _plain("It would be refused, so nothing was done."),
    Reason.CONFIRMATION_INVALID: _plain(
        "There is nothing that this could confirm, so nothing was done. A yes or a no goes with the token of its question."
    ),
    Reason.CONFIRMATION_EXPIRED: _plain(
        "This confirmation has expired, so nothing was done. Say it again to be asked anew."
    ),
    Reason.DECLINED: _plain("All right, nothing was done."),
}
