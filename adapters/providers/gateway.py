"""From a provider connection to the adapter that speaks to it: opens the credential, loads the SDK when first needed."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from threading import Lock
from typing import Any, Final, cast

from adapters.providers.catalog import CATALOG
from adapters.providers.connecting import connect, misconfigured
from adapters.providers.connection import Connection
from adapters.providers.http_clients import HttpClients
from domain.ports import Limits, ProviderAdapter, Vault
from domain.provider.events import ProviderKind
from domain.provider.state import Provider

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
            raise misconfigured(f"Providers of the kind {provider.kind} are not available here.")
        connection = await connect(
            provider, vault=self._vault, clients=self._clients, deadline_seconds=deadline_seconds
        )
        try:
            adapter = await self._load(provider.kind)
            return self._watched(provider, adapter(connection))
        except BaseException:
            await connection.lease.release()
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
    """Imports the SDK of the kind, the first time. Raises RuntimeError as `load_class`."""
    return cast("AdapterClass", load_class(CATALOG[kind].adapter, wanted=wanted))


def load_class(name: str, *, wanted: Callable[[], bool] = lambda: True) -> Any:
    """By `module:Class`. SDKs are imported one at a time, since they share modules; who is not `wanted` any more when its turn
    comes raises RuntimeError, so that nobody who stops has to wait for all of them.
    """
    module_name, _, class_name = name.partition(":")
    with _LOADING:
        if not wanted():
            raise RuntimeError(f"{name} is not needed any more")
        with suppress(ImportError):
            import_module(LOOKED_AT)
        return getattr(import_module(module_name), class_name)
