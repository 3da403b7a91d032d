"""What became of a message: everything that its answer is made of, in whichever language."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from domain.chat.facts import Found, ProviderFact, SkillFact
from domain.chat.intent import NOTHING, Intent, Language, Parser
from domain.chat.plan import Plan, StepRefused
from domain.chat.reasons import Reason
from domain.events import Role


class WantedSkill(Struct, frozen=True):
    """`ref` as it was said of this one, None if nothing was."""

    skill: SkillFact
    ref: str | None = None


class Resolved(Struct, frozen=True, kw_only=True):
    """Everything that was named exists. `every_skill`, `every_provider`: all there are were meant, without those that were
    excepted; then skills that are archived and connections that are not in use may be among them.
    """

    intent: Intent
    skills: tuple[WantedSkill, ...] = ()
    providers: tuple[ProviderFact, ...] = ()
    every_skill: bool = False
    every_provider: bool = False


class Unclear(Struct, frozen=True, kw_only=True):
    """`unknown` are the words as they were said, `candidates` the closest names that exist. `intent` is what is clear."""

    intent: Intent = NOTHING
    reason: Reason
    unknown: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()


class Outcome(Struct, frozen=True, kw_only=True):
    """`accepted`: it was answered or done, or would be if it were not a `dry_run`. `plan` is what is done, or asked about.
    `run_ids` are the runs that came of it; a step that found a run at just this has that one's and not its own.
    `asks_first`: it would be asked whether that is meant. `required` is the role that this needs. `expires_at` is when the
    confirmation is worth nothing any more.
    """

    language: Language
    intent: Intent = NOTHING
    parser: Parser = "grammar"
    accepted: bool
    reason: Reason | None = None
    unknown: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    found: Found | None = None
    plan: Plan = Plan()
    refusals: tuple[StepRefused, ...] = ()
    run_ids: tuple[UUID, ...] = ()
    asks_first: bool = False
    dry_run: bool = False
    required: Role | None = None
    expires_at: datetime | None = None
