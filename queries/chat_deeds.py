"""Who did what, the newest first: what people asked the runs for, and what the audit log has of the rest."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from domain.chat.facts import DeedFact, DeedsFound
from domain.chat.said import Deed
from domain.install_run.events import RunKind
from domain.install_run.state import TargetStatus
from domain.provider.state import provider_stream
from domain.skill.state import skill_stream
from projections.audit_log import AUDIT_LOG, AuditEntry
from projections.install_runs import INSTALL_RUNS, InstallRun
from queries.chat_freshness import check_known
from queries.filtering import Filters
from queries.list_audit_log import AT_TARGET
from queries.list_audit_log import SQL as ENTRIES
from queries.list_install_runs import SQL as RUNS
from queries.reading import Reader, any_is_stale

# Of the newest runs that fit so many are looked through for what was done to them.
RUNS_MAX: Final = 500
RUN: Final = "install_run:"

Actions = tuple[str, ...]
# None: whatever.
Targets = tuple[str, ...] | None

ASKED: Final[Mapping[Deed, RunKind]] = {Deed.INSTALL: "install", Deed.UNINSTALL: "uninstall"}
# What became of such a run at one of its targets, in the words of the audit log.
DONE: Final[Mapping[RunKind, str]] = {"install": "installation.changed", "uninstall": "installation.removed"}
TO_RUNS: Final[Mapping[Deed, Actions]] = {
    Deed.CANCEL: ("install_run.cancel_requested",),
    Deed.RETRY: ("install_run.retried",),
    Deed.ROLLBACK: ("install_run.rollback_requested",),
}
TO_SKILLS: Final[Mapping[Deed, Actions]] = {Deed.REGISTER: ("skill.registered", "skill.version_published")}
TO_PROVIDERS: Final[Mapping[Deed, Actions]] = {
    Deed.CONNECT: ("provider.connected",),
    Deed.VERIFY: ("provider.verified", "provider.verification_failed"),
}
# Where nobody said which deed is meant: what people do, and not what follows from it.
ANY_TO_RUNS: Final = tuple(action for actions in TO_RUNS.values() for action in actions)
ANY_TO_SKILLS: Final = (*TO_SKILLS[Deed.REGISTER], "skill.labelled", "skill.archived", "skill.unarchived")
ANY_TO_PROVIDERS: Final = (
    *TO_PROVIDERS[Deed.CONNECT],
    "provider.reconfigured",
    "provider.credential_changed",
    "provider.activated",
    "provider.deactivated",
    "provider.paused",
    "provider.resumed",
)


class ChatDeeds(Struct, frozen=True, kw_only=True):
    """`skills` and `providers` are names; what is empty or None does not matter."""

    deed: Deed | None = None
    skills: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    run_id: UUID | None = None
    limit: int


async def chat_deeds(reader: Reader, query: ChatDeeds) -> DeedsFound:
    """Raises StoreOffline; also if there are none, but some may only not have come here yet."""
    stale = await any_is_stale(reader, (INSTALL_RUNS, AUDIT_LOG), None)
    deeds = [*await _asked(reader, query), *await _done(reader, query)]
    check_known(deeds, stale=stale)
    deeds.sort(key=lambda deed: deed.at, reverse=True)
    return DeedsFound(items=tuple(deeds[: query.limit]), more=len(deeds) > query.limit)


async def _asked(reader: Reader, query: ChatDeeds) -> list[DeedFact]:
    """Those who had something installed or removed: an entry for each place, by the one who asked for the run."""
    if query.deed is not None and query.deed not in ASKED:
        return []
    kinds = tuple(DONE) if query.deed is None else (ASKED[query.deed],)
    runs = await _runs(reader, query, kinds=kinds, limit=query.limit + 1)
    return [deed for run in runs for deed in _deeds_of(run, query.providers)]


def _deeds_of(run: InstallRun, providers: Sequence[str]) -> Iterable[DeedFact]:
    """What has not been done, or not yet, was only asked for."""
    for target in run.targets:
        name = target.provider.name
        if providers and name not in providers:
            continue
        done = target.status is TargetStatus.SUCCESS
        yield DeedFact(
            at=run.queued_at,
            by=run.requested_by.name,
            action=DONE[run.kind] if done else "install_run.queued",
            target=f"installation:{run.skill.name}@{name}" if done or run.kind == "install" else f"{RUN}{run.id}",
            run_id=run.id,
        )


async def _done(reader: Reader, query: ChatDeeds) -> list[DeedFact]:
    found: list[DeedFact] = []
    for actions, targets in await _wanted(reader, query):
        filters = Filters()
        filters.add("action = ANY(%(actions)s)", actions=actions)
        if targets is not None:
            filters.add(AT_TARGET, lowered=tuple(target.lower() for target in targets), target=targets)
        values = filters.values(limit=query.limit + 1)
        found += [_deed(entry) for entry in await reader.fetch(AUDIT_LOG, filters.into(ENTRIES), values, AuditEntry)]
    return found


async def _wanted(reader: Reader, query: ChatDeeds) -> list[tuple[Actions, Targets]]:
    """The entries of which actions to which targets."""
    deed = query.deed
    skills = tuple(f"skill:{name}" for name in query.skills) or None
    providers = tuple(f"provider:{name}" for name in query.providers) or None
    if deed is None:
        wanted = [(ANY_TO_RUNS, await _runs_meant(reader, query))]
        if query.run_id is None and (skills or not providers):
            wanted.append((ANY_TO_SKILLS, skills))
        if query.run_id is None and (providers or not skills):
            wanted.append((ANY_TO_PROVIDERS, providers))
        return wanted
    if deed in TO_RUNS:
        return [(TO_RUNS[deed], await _runs_meant(reader, query))]
    if deed in TO_SKILLS:
        return [(TO_SKILLS[deed], skills)]
    return [(TO_PROVIDERS[deed], providers)] if deed in TO_PROVIDERS else []


async def _runs_meant(reader: Reader, query: ChatDeeds) -> Targets:
    if query.run_id is not None:
        return (f"{RUN}{query.run_id}",)
    if not (query.skills or query.providers):
        return None
    return tuple(f"{RUN}{run.id}" for run in await _runs(reader, query, kinds=(), limit=RUNS_MAX))


async def _runs(reader: Reader, query: ChatDeeds, *, kinds: tuple[RunKind, ...], limit: int) -> Sequence[InstallRun]:
    filters = Filters()
    filters.add_any_of("kind", kinds)
    filters.add_any_of("skill_id", tuple(skill_stream(name) for name in query.skills))
    providers = tuple(provider_stream(name) for name in query.providers)
    filters.add_given("provider_ids && %(providers)s", providers=providers)
    filters.add_given("id = %(id)s", id=query.run_id)
    return await reader.fetch(INSTALL_RUNS, filters.into(RUNS), filters.values(limit=limit), InstallRun)


def _deed(entry: AuditEntry) -> DeedFact:
    run = entry.target.removeprefix(RUN)
    return DeedFact(
        at=entry.at,
        by=entry.actor.name,
        action=entry.action,
        target=entry.target,
        run_id=UUID(run) if run != entry.target else None,
    )
