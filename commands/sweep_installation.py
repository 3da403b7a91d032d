"""Look again, and once more later, for what earlier attempts may have put at a provider after it was looked for; remove it."""

from typing import Final
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from commands.concluding import SWEEPS_AFTER_SECONDS
from commands.handling import Handling, Session
from domain.errors import Busy, ProviderInactive, ProviderNotFound, ProviderOnHold, RunNotFound, SkillNotFound
from domain.events import Context
from domain.install_run.state import INSTALL_RUN
from domain.installation.decisions import check, is_to_be_swept, sweep
from domain.installation.events import Receipt
from domain.installation.state import INSTALLATION, Installation
from domain.ports import Intent, ProviderAdapter, ProviderError, ProviderGateway, Standing
from domain.provider.state import PROVIDER, Provider
from domain.skill.decisions import resolve
from domain.skill.state import SKILL

# One answer of the provider.
CALL_SECONDS: Final = 10.0
ROUND_LAST: Final = len(SWEEPS_AFTER_SECONDS) - 1


class SweepInstallation(Struct, frozen=True, kw_only=True):
    """`round` counts from 0; after the last one nothing more is expected."""

    installation_id: UUID
    provider_id: UUID
    round: int

    @property
    def is_last(self) -> bool:
        return self.round >= ROUND_LAST


class _Search(Struct, frozen=True, kw_only=True):
    """What to look for, at an installation as it is now. `run_id` is the run that left the doubt last."""

    installation: Installation
    provider: Provider
    run_id: UUID
    doubts: tuple[Intent, ...]


class _Removal(Struct, frozen=True, kw_only=True):
    """What is gone now, and what has become of what is live by that; `failure` is what kept it from going on."""

    discarded: tuple[Receipt, ...]
    standing: Standing | None = None
    failure: ProviderError | None = None


class SweepInstallationHandler:
    def __init__(self, *, handling: Handling, gateway: ProviderGateway) -> None:
        self._handling = handling
        self._gateway = gateway

    async def __call__(self, command: SweepInstallation, context: Context) -> None:
        """While a run is at work there nothing is done; then a later round does it, and the last one raises Busy.

        Raises ProviderError (what was removed until then is recorded), ProviderInactive, ProviderOnHold, Busy, StoreOffline.
        """
        search, _ = await self._handling.handle(lambda session: self._look(session, command), context=context)
        if search is None:
            return
        adapter = await self._gateway.open(search.provider, deadline_seconds=CALL_SECONDS)
        try:
            standing = await _standing(adapter, search)
            extras = await _find_extras(adapter, search) if standing is not Standing.MISSING else ()
            if extras and not await self._is_unchanged(search, command, context):
                _leave_it(command)
                return
            removal = await _remove(adapter, search, extras, standing=standing)
        finally:
            await adapter.close()
        settled = await self._record(search, removal, command, context)
        if removal.failure is not None:
            raise removal.failure
        if not settled:
            _leave_it(command)

    async def _look(self, session: Session, command: SweepInstallation) -> _Search | None:
        installation = await session.load(command.installation_id, INSTALLATION)
        if installation is None or installation.doubtful_run is None or not is_to_be_swept(installation):
            return None
        if installation.holder is not None:
            _leave_it(command)
            return None
        provider = await session.load(command.provider_id, PROVIDER)
        if provider is None:
            raise ProviderNotFound
        if not provider.active:
            raise ProviderInactive
        if provider.paused_at(session.now):
            raise ProviderOnHold
        doubts = await self._doubts(session, command, installation, run_id=installation.doubtful_run)
        return _Search(installation=installation, provider=provider, run_id=installation.doubtful_run, doubts=doubts)

    async def _doubts(
        self, session: Session, command: SweepInstallation, installation: Installation, *, run_id: UUID
    ) -> tuple[Intent, ...]:
        """What was sent may have been meant for what is live now, or be from before that: so it is looked for both ways."""
        run = await session.load(run_id, INSTALL_RUN)
        if run is None:
            raise RunNotFound
        skill = await session.load(run.skill.id, SKILL)
        if skill is None:
            raise SkillNotFound
        assert installation.doubtful_since is not None  # noqa: S101 - it is to be swept
        attempt_id = self._handling.new_id()
        versions = [resolve(skill, str(number)) for number in sorted(installation.doubtful_versions)]
        beside = tuple(
            Intent(
                installation_id=command.installation_id,
                run_id=run_id,
                attempt_id=attempt_id,
                skill_name=skill.name,
                version=version.number,
                digest=version.digest,
                since=installation.doubtful_since,
            )
            for version in versions
        )
        if installation.live is None:
            return beside
        return (*beside, *(replace(intent, previous=installation.live.receipt) for intent in beside))

    async def _is_unchanged(self, search: _Search, command: SweepInstallation, context: Context) -> bool:
        """Whoever came to the pair while the provider was asked may be about to keep what was found."""

        async def look(session: Session) -> bool:
            return await session.load(command.installation_id, INSTALLATION) == search.installation

        unchanged, _ = await self._handling.handle(look, context=context)
        return unchanged

    async def _record(self, search: _Search, removal: _Removal, command: SweepInstallation, context: Context) -> bool:
        """Whether nothing is left in doubt."""

        async def decide(session: Session) -> bool:
            state = await session.load(command.installation_id, INSTALLATION)
            assert state is not None  # noqa: S101 - it was there when it was looked at
            done = removal.failure is None and removal.standing is not Standing.MISSING
            settled = command.is_last and done and state == search.installation
            swept = sweep(state, run_id=search.run_id, discarded=removal.discarded, settled=settled)
            session.append(command.installation_id, *swept)
            live, standing = search.installation.live, removal.standing
            # That all is as it was is worth saying only after something was done.
            if live is not None and standing is not None and (standing is not Standing.IN_USE or removal.discarded):
                session.append(command.installation_id, *check(state, run_id=live.run_id, answer=standing.value))
            return settled

        settled, _ = await self._handling.handle(decide, context=context)
        return settled


def _leave_it(command: SweepInstallation) -> None:
    """To a later round, if there is one. Raises Busy."""
    if command.is_last:
        raise Busy("A run is at work there.")


async def _find_extras(adapter: ProviderAdapter, search: _Search) -> tuple[Receipt, ...]:
    extras: dict[Receipt, None] = {}
    for doubt in search.doubts:
        for receipt in await adapter.find(doubt):
            if not _belongs(receipt, search.installation, doubt):
                extras[receipt] = None
    return tuple(extras)


def _belongs(receipt: Receipt, installation: Installation, doubt: Intent) -> bool:
    """What is live, and of the same remote thing all that ever was; what else is in that, only who looks for it there can say."""
    live = installation.live
    if live is None or receipt.remote_id != live.receipt.remote_id:
        return False
    return doubt.previous is None or receipt == live.receipt or receipt in installation.former.values()


async def _standing(adapter: ProviderAdapter, search: _Search) -> Standing | None:
    """What came late need not be one too many: it may have put what is live out of use, or stand in its place."""
    live = search.installation.live
    return await adapter.status(live.receipt) if live else None


async def _remove(
    adapter: ProviderAdapter, search: _Search, extras: tuple[Receipt, ...], *, standing: Standing | None
) -> _Removal:
    discarded: list[Receipt] = []
    try:
        for extra in extras:
            await adapter.discard(extra)
            discarded.append(extra)
        # What was discarded may have been the one in use, and no provider promises what is in use after that.
        standing = await _standing(adapter, search) if extras else standing
    except ProviderError as error:
        return _Removal(discarded=tuple(discarded), standing=standing, failure=error)
    return _Removal(discarded=tuple(discarded), standing=standing)
