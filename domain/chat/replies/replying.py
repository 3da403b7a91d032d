"""The answer to a message, made of what became of it."""

from collections.abc import Iterator, Mapping
from typing import Final

from domain.chat.intent import Language
from domain.chat.outcome import Outcome
from domain.chat.plan import AnyStep, CancelStep, Plan, VerifyStep
from domain.chat.reasons import Reason
from domain.chat.replies.english import ENGLISH
from domain.chat.replies.korean import KOREAN
from domain.chat.replies.voice import Voice
from domain.chat.replies.wording import listed, shown

# Then nothing of the plan matters any more.
ABOUT_THE_CONFIRMATION: Final = frozenset({Reason.CONFIRMATION_INVALID, Reason.CONFIRMATION_EXPIRED, Reason.DECLINED})
VOICES: Final[Mapping[Language, Voice]] = {Language.KOREAN: KOREAN, Language.ENGLISH: ENGLISH}


def reply(outcome: Outcome) -> str:
    """In the language of the message; several lines where there is much to say."""
    voice = VOICES[outcome.language]
    if outcome.reason is Reason.CONFIRMATION_REQUIRED and outcome.plan.steps:
        parts = _question(outcome, voice)
    elif not outcome.accepted:
        parts = _refusal(outcome, voice)
    elif outcome.dry_run:
        parts = _trial(outcome, voice)
    else:
        parts = _report(outcome, voice)
    return "\n".join(part for part in parts if part)


def plan_words(plan: Plan, language: Language) -> str:
    """What is going to be done and what is left out of it, each on a line of its own."""
    voice = VOICES[language]
    return "\n".join(part for part in (listed(voice.wanted(plan)), _left_out(plan, voice)) if part)


def _question(outcome: Outcome, voice: Voice) -> Iterator[str]:
    yield voice.doubts(outcome.unsure) if outcome.unsure else ""
    yield voice.asks(voice.wanted(outcome.plan))
    yield _left_out(outcome.plan, voice)
    yield voice.holds(outcome.expires_at)


def _refusal(outcome: Outcome, voice: Voice) -> Iterator[str]:
    yield voice.refused(outcome)
    yield listed(_undone(outcome, voice))
    yield "" if outcome.reason in ABOUT_THE_CONFIRMATION else _left_out(outcome.plan, voice)
    yield voice.found(outcome.found) if outcome.found is not None else ""


def _trial(outcome: Outcome, voice: Voice) -> Iterator[str]:
    plan = outcome.plan
    if outcome.found is not None:
        yield voice.found(outcome.found)
    elif plan.steps:
        yield voice.would_do(voice.wanted(plan))
    elif not plan.skipped:
        yield voice.only_looks
    yield _left_out(plan, voice)
    yield voice.doubts(outcome.unsure) if outcome.unsure else ""
    yield f"{voice.dry_run} {voice.asks_first}" if outcome.asks_first else voice.dry_run


def _report(outcome: Outcome, voice: Voice) -> Iterator[str]:
    plan = outcome.plan
    done, joined = _done(outcome, voice)
    yield "\n".join(done) if len(done) <= 1 else listed(done)
    yield voice.joined(joined) if joined else ""
    yield listed(_undone(outcome, voice))
    yield _left_out(plan, voice)
    if outcome.found is not None:
        yield voice.found(outcome.found)
    elif not (plan.steps or plan.skipped):
        yield voice.nothing


def _done(outcome: Outcome, voice: Voice) -> tuple[list[str], list[str]]:
    """What was begun, and the runs that turned out to be at the same already, where nobody knew that before."""
    refused = {refusal.step for refusal in outcome.refusals}
    steps = [step for index, step in enumerate(outcome.plan.steps) if index not in refused]
    if not outcome.run_ids:
        return [voice.done(step) for step in steps], []
    begun = [step for step in steps if isinstance(step, CancelStep | VerifyStep) or _run_of(step) in outcome.run_ids]
    told = {*map(_run_of, begun), *(skipped.run_id for skipped in outcome.plan.skipped)}
    return [voice.done(step) for step in begun], [str(run) for run in outcome.run_ids if run not in told]


def _run_of(step: AnyStep) -> object:
    match step:
        case CancelStep():
            return step.cancelled
        case VerifyStep():
            return None
        case _:
            return step.run_id


def _undone(outcome: Outcome, voice: Voice) -> list[str]:
    steps = outcome.plan.steps
    return [voice.undone(steps[one.step], one.code) for one in outcome.refusals if one.step < len(steps)]


def _left_out(plan: Plan, voice: Voice) -> str:
    """Under a heading of its own only beside what is not left out."""
    if not plan.skipped:
        return ""
    skipped, more = shown(plan.skipped)
    lines = [*map(voice.left_out, skipped), *([voice.and_more(more)] if more else [])]
    return f"{voice.leaves_out}\n{listed(lines)}" if plan.steps else listed(lines)
