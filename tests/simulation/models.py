"""Adapters to the model of the providers, as exact as the real ones, with every write a request of its own.

Three ways to keep a skill, as OpenAI (versions, one of them the default), Claude (versions, the newest in use) and Gemini (one
agent for each install) have them.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from adapters.providers.gemini_agent import receipt_for
from domain.errors import Code
from domain.installation.events import Receipt
from domain.ports import Intent, Limits, ProviderAdapter, ProviderError, Standing
from domain.provider.events import ProviderKind
from domain.provider.state import Provider
from domain.skill.bundle import Bundle
from tests.simulation.provider import LIMITS, Account, ModelAdapter, Remote, Version


class VersionedAdapter(ModelAdapter):
    """Creates a skill, or a version of what is live; as `newest_in_use` a new version is in use by that alone."""

    newest_in_use: bool

    async def _put(self, bundle: Bundle, intent: Intent, *, upon: Receipt | None) -> Receipt:
        if upon is not None:
            receipt = await self._tell(f"version of {upon.remote_id}", lambda: self._add(upon.remote_id, bundle.digest))
            if receipt is not None:
                return await self._after_version(receipt)
        return await self._tell("create", lambda: self._create(bundle.digest, self._mark(intent)))

    async def _after_version(self, receipt: Receipt) -> Receipt:
        return receipt

    async def discard(self, extra: Receipt) -> None:
        await self._tell(
            f"discard {extra.remote_id}/{extra.remote_version}", lambda: self._remove(extra), disturbs=True
        )

    def _mark(self, intent: Intent) -> str:
        return f"{intent.skill_name} {intent.installation_id}"

    def _create(self, digest: str, mark: str) -> Receipt:
        number = self._account.number()
        version = Version(number="1", digest=digest, at=self._account.clock())
        self._remotes[f"skill-{number}"] = Remote(id=f"skill-{number}", mark=mark, versions=(version,), default="1")
        return Receipt(remote_id=f"skill-{number}", remote_version="1")

    def _add(self, remote_id: str, digest: str) -> Receipt | None:
        remote = self._remotes.get(remote_id)
        if remote is None:
            return None
        number = str(self._account.number() + 1)
        version = Version(number=number, digest=digest, at=self._account.clock())
        default = number if self.newest_in_use else remote.default
        self._remotes[remote_id] = replace(remote, versions=(*remote.versions, version), default=default)
        return Receipt(remote_id=remote_id, remote_version=number)

    def _remove(self, extra: Receipt) -> None:
        """The newest version that is left takes the place of one in use."""
        remote = self._remotes.get(extra.remote_id)
        if remote is None:
            return
        left = tuple(version for version in remote.versions if version.number != extra.remote_version)
        if not left:
            del self._remotes[extra.remote_id]
            return
        default = remote.default if remote.default in {version.number for version in left} else left[-1].number
        self._remotes[extra.remote_id] = replace(remote, versions=left, default=default)

    def _made(self, remote: Remote, intent: Intent) -> list[Version]:
        return [version for version in remote.versions if version.at >= intent.since]


class OpenAIModel(VersionedAdapter):
    newest_in_use = False

    async def find(self, intent: Intent) -> tuple[Receipt, ...]:
        return await self._account.ask("find", lambda: self._find(intent))

    def _find(self, intent: Intent) -> tuple[Receipt, ...]:
        live = self._remotes.get(intent.previous.remote_id) if intent.previous else None
        if live is not None:
            made = [(live.id, version) for version in self._made(live, intent)]
        else:
            # A skill of ours begins with the version we sent; what came to it later is not looked at.
            made = [
                (remote.id, version) for remote in self._remotes.values() for version in self._made(remote, intent)[:1]
            ]
        found = (
            Receipt(remote_id=remote_id, remote_version=version.number)
            for remote_id, version in made
            if version.digest == intent.digest
        )
        return tuple(receipt for receipt in found if receipt != intent.previous)

    async def install(self, bundle: Bundle, intent: Intent) -> Receipt:
        return await self._put(bundle, intent, upon=intent.previous)

    async def restore(self, former: Receipt, bundle: Bundle, intent: Intent) -> Receipt:
        same = intent.previous is None or former.remote_id == intent.previous.remote_id
        if same and await self._account.ask("retrieve", lambda: self._stands(former)):
            await self.adopt(former, intent)
            return former
        return await self._put(bundle, intent, upon=intent.previous)

    async def adopt(self, receipt: Receipt, intent: Intent) -> None:
        if not await self._tell("default", lambda: self._make_default(receipt), disturbs=True):
            raise ProviderError(Code.PROVIDER_NOT_FOUND, "There is no such version.")

    async def _after_version(self, receipt: Receipt) -> Receipt:
        try:
            await self._tell("default", lambda: self._make_default(receipt), disturbs=True)
        except ProviderError as error:
            error.ambiguous = True
            raise
        return receipt

    def _stands(self, receipt: Receipt) -> bool:
        remote = self._remotes.get(receipt.remote_id)
        return remote is not None and any(version.number == receipt.remote_version for version in remote.versions)

    def _make_default(self, receipt: Receipt) -> bool:
        if not self._stands(receipt) or receipt.remote_version is None:
            return False
        self._remotes[receipt.remote_id] = replace(self._remotes[receipt.remote_id], default=receipt.remote_version)
        return True


class ClaudeModel(VersionedAdapter):
    newest_in_use = True

    async def find(self, intent: Intent) -> tuple[Receipt, ...]:
        return await self._account.ask("find", lambda: self._find(intent))

    def _find(self, intent: Intent) -> tuple[Receipt, ...]:
        live = intent.previous.remote_id if intent.previous else None
        ours = [remote for remote in self._remotes.values() if remote.id == live or remote.mark == self._mark(intent)]
        adoptable: list[Receipt] = []
        others: list[Receipt] = []
        for remote in sorted(ours, key=lambda remote: remote.id != live):
            for version in self._made(remote, intent):
                receipt = Receipt(remote_id=remote.id, remote_version=version.number)
                if version.digest == intent.digest and receipt != intent.previous:
                    (adoptable if version.number == remote.default else others).append(receipt)
        return (*adoptable, *others) if adoptable else ()

    async def install(self, bundle: Bundle, intent: Intent) -> Receipt:
        return await self._put(bundle, intent, upon=intent.previous)

    async def restore(self, former: Receipt, bundle: Bundle, intent: Intent) -> Receipt:
        return await self._put(bundle, intent, upon=intent.previous or former)

    async def adopt(self, receipt: Receipt, intent: Intent) -> None:
        if await self.status(receipt) is not Standing.IN_USE:
            raise ProviderError(Code.PROVIDER_CONFLICT, "Not the newest any more.", ambiguous=True)


class GeminiModel(ModelAdapter):
    async def find(self, intent: Intent) -> tuple[Receipt, ...]:
        return await self._account.ask("find", lambda: self._find(intent))

    def _find(self, intent: Intent) -> tuple[Receipt, ...]:
        own, mark = receipt_for(intent), self._mark(intent)
        previous = intent.previous.remote_id if intent.previous else None
        found = [remote.id for remote in self._remotes.values() if remote.mark == mark and remote.id != previous]
        found.sort(key=lambda remote_id: remote_id != own.remote_id)
        return tuple(replace(own, remote_id=remote_id) for remote_id in found)

    async def install(self, bundle: Bundle, intent: Intent) -> Receipt:
        receipt, mark = receipt_for(intent), self._mark(intent)
        created = await self._tell("create", lambda: self._create(receipt, mark, bundle.digest))
        if not created:
            there = await self._account.ask("get", lambda: self._remotes.get(receipt.remote_id))
            if there is None or there.mark != mark:
                raise ProviderError(Code.PROVIDER_CONFLICT, "There is such an agent.", ambiguous=True)
        await self._replace(intent.previous, receipt)
        return receipt

    async def restore(self, former: Receipt, bundle: Bundle, intent: Intent) -> Receipt:
        return await self.install(bundle, intent)

    async def adopt(self, receipt: Receipt, intent: Intent) -> None:
        await self._replace(intent.previous, receipt)

    async def discard(self, extra: Receipt) -> None:
        await self._tell(f"delete {extra.remote_id}", lambda: self._remotes.pop(extra.remote_id, None), disturbs=True)

    async def uninstall(self, receipt: Receipt) -> None:
        agent = await self._account.ask("get", lambda: self._remotes.get(receipt.remote_id))
        if agent is None:
            return
        ours = [other.id for other in self._remotes.values() if _owner(other.mark) == _owner(agent.mark)]
        for other in sorted(ours, key=lambda other: other == agent.id):
            await self.discard(Receipt(remote_id=other))

    def _mark(self, intent: Intent) -> str:
        return f"{intent.installation_id} {receipt_for(intent).remote_version}"

    def _create(self, receipt: Receipt, mark: str, digest: str) -> bool:
        if receipt.remote_id in self._remotes:
            return False
        assert receipt.remote_version is not None
        version = Version(number=receipt.remote_version, digest=digest, at=self._account.clock())
        self._remotes[receipt.remote_id] = Remote(
            id=receipt.remote_id, mark=mark, versions=(version,), default=version.number
        )
        return True

    async def _replace(self, previous: Receipt | None, receipt: Receipt) -> None:
        if previous is None or previous.remote_id == receipt.remote_id:
            return
        try:
            await self.discard(previous)
        except ProviderError as error:
            error.ambiguous = True
            raise


def _owner(mark: str) -> str:
    return mark.partition(" ")[0]


MODELS: Final[dict[ProviderKind, type[ModelAdapter]]] = {
    "openai": OpenAIModel,
    "claude": ClaudeModel,
    "gemini": GeminiModel,
}


class ModelGateway:
    """Implements `ProviderGateway`. A connection is called what it is of a kind."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.accounts: dict[str, Account] = {kind: Account(clock) for kind in MODELS}

    @property
    def hanging(self) -> bool:
        return any(account.hanging for account in self.accounts.values())

    def limits(self, _: ProviderKind) -> Limits:
        return LIMITS

    async def open(self, provider: Provider, *, deadline_seconds: float) -> ProviderAdapter:
        assert deadline_seconds > 0
        until = self._clock() + timedelta(seconds=deadline_seconds)
        return MODELS[provider.kind](self.accounts[provider.kind], until=until)
