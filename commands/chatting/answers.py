"""What becomes of a message: what is stored of it at once, and what its answer is made of."""

from collections.abc import Sequence
from datetime import datetime
from functools import reduce
from typing import Final
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from commands.chatting.request import Answered, Planned, short_ids
from commands.chatting.understanding import Understood
from domain.chat.decisions import accept, reject
from domain.chat.events import ChatCommandAccepted, ChatCommandReceived, ChatCommandRejected
from domain.chat.facts import Found
from domain.chat.intent import Language
from domain.chat.outcome import Outcome, Unclear
from domain.chat.plan import Plan, StepRefused
from domain.chat.reasons import Reason
from domain.chat.state import ChatAction, ChatStatus, evolve
from domain.errors import Code

# Which errors have a reason of their own.
BY_CODE: Final = {Code.CONFLICT_PROVIDER: Reason.PROVIDER_INACTIVE, Code.CONFLICT_SKILL: Reason.SKILL_ARCHIVED}


class Done(Struct, frozen=True, kw_only=True):
    """What the steps of a plan have led to."""

    run_ids: tuple[UUID, ...] = ()
    refusals: tuple[StepRefused, ...] = ()


class Beside(Struct, frozen=True, kw_only=True):
    """What is in an answer and not in the events."""

    unknown: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    found: Found | None = None


def received(understood: Understood, *, caller: str, text_sha256: str) -> ChatCommandReceived:
    return ChatCommandReceived(
        caller=caller,
        language=understood.said.language,
        parser=understood.parser,
        intent=understood.meaning.intent,
        text_sha256=text_sha256,
        plan=understood.meaning.plan if isinstance(understood.meaning, Planned) else Plan(),
    )


def ending(understood: Understood, action: ChatAction) -> tuple[ChatCommandAccepted | ChatCommandRejected, ...]:
    """What is said about it as soon as it is received; nothing if there is something to be done, or to be asked, first."""
    meaning = understood.meaning
    if understood.forbidden:
        return reject(action, reason=Reason.FORBIDDEN, code=Code.FORBIDDEN)
    if isinstance(meaning, Unclear):
        return reject(action, reason=meaning.reason)
    if isinstance(meaning, Answered):
        return accept(action, run_ids=(), refusals=())
    return () if meaning.plan.steps else conclude(action, Done())


def conclude(action: ChatAction, done: Done) -> tuple[ChatCommandAccepted | ChatCommandRejected, ...]:
    """Accepted if anything came of the plan, or is under way already."""
    under_way = tuple(one.run_id for one in action.plan.skipped if one.reason is Reason.ALREADY_RUNNING and one.run_id)
    if under_way or len(done.refusals) < len(action.plan.steps):
        run_ids = tuple(dict.fromkeys((*done.run_ids, *under_way)))
        return accept(action, run_ids=run_ids, refusals=done.refusals)
    reason, code = _why_nothing(action.plan, done.refusals)
    return reject(action, reason=reason, code=code, refusals=done.refusals)


def _why_nothing(plan: Plan, refusals: Sequence[StepRefused]) -> tuple[Reason, Code | None]:
    if refusals:
        return BY_CODE.get(refusals[0].code, Reason.REFUSED), refusals[0].code
    if plan.skipped:
        return plan.skipped[0].reason, plan.skipped[0].code
    return Reason.NOTHING_TO_DO, None


def beside(understood: Understood) -> Beside:
    meaning = understood.meaning
    if isinstance(meaning, Unclear):
        return Beside(unknown=meaning.unknown, candidates=meaning.candidates)
    return Beside(unsure=understood.said.unsure, found=meaning.found if isinstance(meaning, Answered) else None)


def beside_again(understood: Understood, action: ChatAction) -> Beside:
    """Nothing but the words that were not sure, if it is understood otherwise by now."""
    meaning = understood.meaning
    if isinstance(meaning, Unclear):
        same = meaning.reason is action.reason
    else:
        same = isinstance(meaning, Answered) and action.status is ChatStatus.ACCEPTED
    return beside(understood) if same else Beside(unsure=understood.said.unsure)


def outcome_of(action: ChatAction, *, language: Language, now: datetime, beside: Beside) -> Outcome:
    waiting = action.status is ChatStatus.WAITING
    reason = action.reason
    if waiting:
        expired = action.expires_at is None or now >= action.expires_at
        reason = Reason.CONFIRMATION_EXPIRED if expired else Reason.CONFIRMATION_REQUIRED
    return Outcome(
        language=language,
        intent=action.intent,
        parser=action.parser,
        accepted=not waiting and action.status is not ChatStatus.REJECTED,
        reason=reason,
        unknown=beside.unknown,
        candidates=beside.candidates or _whole_runs(action.plan, reason),
        unsure=beside.unsure,
        found=beside.found,
        plan=action.plan,
        refusals=action.refusals,
        run_ids=action.run_ids,
        asks_first=waiting,
        expires_at=action.expires_at if waiting else None,
    )


def outcome_of_trial(understood: Understood, *, now: datetime) -> Outcome:
    """What would become of it, folded from what would be stored."""
    action = evolve(None, received(understood, caller="", text_sha256=""))
    action = reduce(evolve, ending(understood, action), action)
    outcome = outcome_of(action, language=action.language, now=now, beside=beside(understood))
    reason = Reason.DRY_RUN if outcome.accepted else outcome.reason
    return replace(outcome, reason=reason, run_ids=(), asks_first=understood.asks, dry_run=True)


def _whole_runs(plan: Plan, reason: Reason | None) -> tuple[str, ...]:
    """What can be said instead where only a part of a run was meant."""
    if reason is not Reason.WHOLE_RUN_ONLY:
        return ()
    return short_ids([one.run_id for one in plan.skipped if one.run_id is not None])
