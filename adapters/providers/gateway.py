"""From a provider connection to the adapter that speaks to it: opens the credential, loads the SDK when first needed."""

import asyncio
import hashlib
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from threading import Lock
from typing import Final, cast

from adapters.providers.catalog import CATALOG
from adapters.providers.connection import Connection, header_text
from adapters.providers.http_clients import HttpClients
from domain.errors import BadRequest, Code, CredentialRefused
from domain.ports import Limits, ProviderAdapter, ProviderError, Vault
from domain.provider.base_url import check_base_url
from domain.provider.events import ProviderKind
from domain.provider.state import Provider

# What a connection may have beside its address and credential; which of these, each kind says.
SETTINGS: Final = frozenset({"organization", "project", "base_agent"})

# OpenAI's SDK looks whether this is loaded, whenever a client is made, and breaks on one that another SDK has half loaded.
LOOKED_AT: Final = "httpx"

_LOADING: Final = Lock()

AdapterClass = Callable[[Connection], ProviderAdapter]
# Gives an adapter that does the same, and is looked at while it does.
Watched = Callable[[Provider, ProviderAdapter], ProviderAdapter]


def as_it_is(_: Provider, adapter: ProviderAdapter) -> ProviderAdapter:
    return adapter


class Gateway:
    """The ProviderGateway port. One event loop; `noop` is offered only to those who ask for it here. `accepted` is called
    when a provider has done what it was asked to write, and its reply is not read yet.
    """

    def __init__(
        self,
        vault: Vault,
        *,
        noop_enabled: bool = False,
        accepted: Callable[[], None] = lambda: None,
        watched: Watched = as_it_is,
    ) -> None:
        self._vault = vault
        self._clients = HttpClients(accepted=accepted)
        self._watched = watched
        self._adapters: dict[ProviderKind, AdapterClass] = {}
        self._closed = False
        self.kinds: frozenset[ProviderKind] = frozenset(kind for kind in CATALOG if noop_enabled or kind != "noop")

    def limits(self, kind: ProviderKind) -> Limits:
        return CATALOG[kind].limits

    async def open(self, provider: Provider, *, deadline_seconds: float) -> ProviderAdapter:
        """An adapter for the caller alone, to be closed after use; the sockets under it are shared.

        Raises ProviderError (`misconfigured:provider`), and StoreOffline when the credential cannot be fetched.
        """
        if provider.kind not in self.kinds:
            raise _misconfigured(f"Providers of the kind {provider.kind} are not available here.")
        for setting in SETTINGS - CATALOG[provider.kind].settings:
            if getattr(provider, setting) is not None:
                raise _misconfigured(f"Connections of the kind {provider.kind} have no {setting.replace('_', ' ')}.")
        try:
            base_url = check_base_url(provider.base_url)
            credential = header_text(await self._vault.open(provider.credential), what="credential")
        except (BadRequest, CredentialRefused) as error:
            raise _misconfigured(error.detail) from error
        organization = provider.organization and header_text(provider.organization, what="organization")
        project = provider.project and header_text(provider.project, what="project")
        adapter = await self._load(provider.kind)
        digest = hashlib.sha256(credential.encode()).digest()
        lease = self._clients.lease((provider.kind, base_url, organization, project, digest))
        connection = Connection(
            base_url=base_url,
            credential=credential,
            organization=organization,
            project=project,
            base_agent=provider.base_agent,
            deadline_seconds=deadline_seconds,
            lease=lease,
        )
        try:
            return self._watched(provider, adapter(connection))
        except BaseException:
            await lease.release()
            raise

    async def prepare(self, kind: ProviderKind) -> None:
        """Import what speaks to this kind, so that no call pays for it; a kind not available here is none."""
        if kind in self.kinds:
            await self._load(kind)

    async def close(self) -> None:
        """Close the sockets of every adapter that was opened here; what waits to be imported is not imported any more."""
        self._closed = True
        await self._clients.close()

    async def _load(self, kind: ProviderKind) -> AdapterClass:
        """In a thread, since an SDK takes about a second to import and the loop has other work."""
        if kind not in self._adapters:
            self._adapters[kind] = await asyncio.to_thread(load_adapter, kind, wanted=lambda: not self._closed)
        return self._adapters[kind]


def load_adapter(kind: ProviderKind, *, wanted: Callable[[], bool] = lambda: True) -> AdapterClass:
    """Imports the SDK of the kind, the first time. SDKs are imported one at a time, since they share modules; who is not
    `wanted` any more when its turn comes raises RuntimeError, so that nobody who stops has to wait for all of them.
    """
    module_name, _, class_name = CATALOG[kind].adapter.partition(":")
    with _LOADING:
        if not wanted():
            raise RuntimeError(f"{kind} is not needed any more")
        with suppress(ImportError):
            import_module(LOOKED_AT)
        return cast("AdapterClass", getattr(import_module(module_name), class_name))


def _misconfigured(message: str) -> ProviderError:
    return ProviderError(Code.PROVIDER_MISCONFIGURED, message)
