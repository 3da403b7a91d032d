"""A message as it was understood, and what is made of it: the words that the parts of chat share."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.chat.facts import Found, RunFact
from domain.chat.intent import Intent
from domain.chat.outcome import Resolved, Unclear
from domain.chat.plan import Plan
from domain.chat.ports import Catalogue
from domain.chat.reasons import Reason
from domain.chat.said import Said
from domain.events import Context

CANDIDATES_MAX: Final = 5
# How much of a run's id is said, of 32 hex digits: as little as tells it from the others.
ID_CHARS: Final = (8, 12, 16, 20, 32)


class ChatRequest(Struct, frozen=True, kw_only=True):
    """Everything that was named exists in the `catalogue`; `context` is that of whoever said it."""

    said: Said
    resolved: Resolved
    catalogue: Catalogue
    context: Context

    @property
    def caller(self) -> str:
        return self.context.actor.id

    @property
    def names_skills(self) -> bool:
        return bool(self.resolved.skills) and not self.resolved.every_skill

    @property
    def names_providers(self) -> bool:
        return bool(self.resolved.providers) and not self.resolved.every_provider

    @property
    def skill_ids(self) -> tuple[UUID, ...]:
        """To narrow down by: empty if it is about whichever."""
        excepting = self.said.skills.excepted or self.said.either.excepted
        whichever = self.resolved.every_skill and not excepting
        return () if whichever else tuple(wanted.skill.id for wanted in self.resolved.skills)

    @property
    def provider_ids(self) -> tuple[UUID, ...]:
        excepting = self.said.providers.excepted or self.said.either.excepted
        whichever = self.resolved.every_provider and not excepting
        return () if whichever else tuple(provider.id for provider in self.resolved.providers)

    @property
    def leaves_nothing(self) -> bool:
        """Whether everything was excepted."""
        resolved = self.resolved
        no_skill = resolved.every_skill and not resolved.skills
        no_provider = resolved.every_provider and not resolved.providers
        return no_skill or no_provider

    def unclear(self, reason: Reason, *, unknown: tuple[str, ...] = (), candidates: tuple[str, ...] = ()) -> Unclear:
        """The words that named no version or run go no further than the answer."""
        intent = replace(self.resolved.intent, run_id=None)
        if reason is Reason.UNKNOWN_VERSION:
            intent = replace(intent, ref=None)
        return Unclear(intent=intent, reason=reason, unknown=unknown, candidates=candidates)


class Planned(Struct, frozen=True, kw_only=True):
    """What is to be done; no steps: nothing is left to do, and what is skipped says why."""

    intent: Intent
    plan: Plan


class Answered(Struct, frozen=True, kw_only=True):
    intent: Intent
    found: Found


def short_ids(run_ids: Sequence[UUID]) -> tuple[str, ...]:
    """How the ids of these runs begin, in a form that can be said back."""
    chars = next(chars for chars in ID_CHARS if len({one.hex[:chars] for one in run_ids}) == len({*run_ids}))
    return tuple(one.hex[:chars] for one in run_ids[:CANDIDATES_MAX])


def ids_of(runs: Sequence[RunFact]) -> tuple[str, ...]:
    return short_ids([run.id for run in runs])
