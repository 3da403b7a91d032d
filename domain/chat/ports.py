"""What chat asks of the rest of Waybill, which it knows no other way: what exists, how it stands, and to do what it may do."""

from collections.abc import Mapping
from typing import Final, Protocol
from uuid import UUID

from msgspec import Struct

from domain.chat.facts import (
    DeedsFound,
    InstallationsFound,
    ProviderFact,
    RunsFound,
    SkillFact,
)
from domain.chat.plan import AnyStep
from domain.chat.said import Deed, Said
from domain.errors import Code
from domain.events import Context
from domain.install_run.events import RunKind
from domain.install_run.state import RunStatus

CATALOGUE_MAX: Final = 10_000


class Catalogue(Struct, frozen=True, kw_only=True):
    """`skills` by name: those that were asked for, if there are any, or every one. `skill_names` are names that a word which is
    none may have been meant for; where every word is one, the newest few.
    """

    skills: Mapping[str, SkillFact]
    skill_names: tuple[str, ...]
    providers: tuple[ProviderFact, ...]


class RunsWanted(Struct, frozen=True, kw_only=True):
    """All of it must fit; what is empty or None does not matter. `beginning`: how the id begins, 8 hex digits or more."""

    ids: tuple[UUID, ...] = ()
    beginning: str | None = None
    skills: tuple[UUID, ...] = ()
    providers: tuple[UUID, ...] = ()
    statuses: tuple[RunStatus, ...] = ()
    kinds: tuple[RunKind, ...] = ()
    by: str | None = None


class InstallTarget(Struct, frozen=True, kw_only=True):
    """Whether one connection would take a version: `codes` say what speaks against it. `installed_version` is what is live there,
    `active_run_id` the run that has the last word on the pair so far, and `installs` whether that puts this very version there.
    """

    provider_id: UUID
    provider: str
    codes: tuple[Code, ...]
    installed_version: int | None
    active_run_id: UUID | None
    installs: bool


class InstallPreview(Struct, frozen=True, kw_only=True):
    """What `ref` means now, and what the connections would say."""

    version: int
    digest: str
    targets: tuple[InstallTarget, ...]


class ChatWorld(Protocol):
    """Every method raises StoreOffline. Lists are the newest first and hold at most `limit`, with `more` where that cuts off."""

    async def catalogue(self, names: frozenset[str], *, every: bool) -> Catalogue:
        """The connections, and the skills of these names; `every`: all skills, at most CATALOGUE_MAX, those in use first."""
        ...

    async def runs(self, wanted: RunsWanted, *, limit: int) -> RunsFound: ...

    async def runs_of_last_action(self, caller: str) -> tuple[UUID, ...]:
        """The runs of the caller's newest chat action that has led to any."""
        ...

    async def installations(
        self, *, skills: tuple[UUID, ...], providers: tuple[UUID, ...], limit: int
    ) -> InstallationsFound:
        """What is live of these skills at these connections; no skill or no connection named: whichever."""
        ...

    async def deeds(
        self, deed: Deed | None, *, skills: tuple[str, ...], providers: tuple[str, ...], run_id: UUID | None, limit: int
    ) -> DeedsFound:
        """Who did what, from the audit log."""
        ...

    async def preview(self, *, skill: UUID, ref: str, providers: tuple[UUID, ...], context: Context) -> InstallPreview:
        """Raises SkillNotFound, VersionNotFound, SkillUnavailable, ProviderNotFound."""
        ...

    async def carry_out(self, step: AnyStep, context: Context) -> UUID | None:
        """The run that does it, None where there is none. A second time does nothing more. Raises what the command refuses with."""
        ...


class ModelUnavailable(Exception):  # noqa: N818 - it is a fact
    """The language model did not answer in time, or not in the form that was asked for."""


class LanguageModel(Protocol):
    async def understand(self, text: str) -> Said:
        """What it makes of a message in which the grammar found no sense. It is told the message and nothing else. Raises
        ModelUnavailable.
        """
        ...
