"""A provider in memory with the vault that holds its key: small, and as strict about the key as a real one."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from cryptography.fernet import Fernet

from adapters.providers.catalog import CATALOG
from adapters.providers.noop import NoopAdapter
from domain.errors import Code, CredentialRefused
from domain.ports import Limits, ProviderAdapter, ProviderError, SideRow
from domain.provider.events import CredentialRef, ProviderKind
from domain.provider.state import Provider

KEY: Final = "sk-made-up-0123456789abcdef"


class MemoryVault:
    """Implements `Vault` over the side rows of a store: what was never committed cannot be opened."""

    def __init__(self, rows: Mapping[str, Sequence[Mapping[str, Any]]], *, environment: Mapping[str, str]) -> None:
        self._rows = rows
        self._environment = environment
        self._cipher = Fernet(Fernet.generate_key())

    def seal(self, *, credential_id: UUID, secret: str) -> SideRow:
        return SideRow(
            table="credentials", values={"id": credential_id, "ciphertext": self._cipher.encrypt(secret.encode())}
        )

    async def open(self, credential: CredentialRef) -> str:
        if credential.source == "env" and credential.name in self._environment:
            return self._environment[credential.name]
        for row in self._rows.get("credentials", ()):
            if str(row["id"]) == credential.name:
                return self._cipher.decrypt(row["ciphertext"]).decode()
        raise CredentialRefused(f"There is nothing at {credential.source}:{credential.name}.")


class MemoryGateway:
    """Implements `ProviderGateway`. `open_count` says how many adapters are out."""

    def __init__(self, vault: MemoryVault) -> None:
        self._vault = vault
        self.open_count = 0

    def limits(self, kind: ProviderKind) -> Limits:
        return CATALOG[kind].limits

    async def open(self, provider: Provider, *, deadline_seconds: float) -> ProviderAdapter:
        assert deadline_seconds > 0
        try:
            key = await self._vault.open(provider.credential)
        except CredentialRefused as refused:
            raise ProviderError(Code.PROVIDER_MISCONFIGURED, refused.detail) from refused
        self.open_count += 1
        return MemoryAdapter(self, key)


class MemoryAdapter(NoopAdapter):
    """Agrees to everything, for those who have the key."""

    def __init__(self, gateway: MemoryGateway, key: str) -> None:
        self._gateway = gateway
        self._key = key

    async def verify(self) -> None:
        if self._key != KEY:
            raise ProviderError(Code.PROVIDER_UNAUTHORIZED, "Incorrect API key provided.")

    async def close(self) -> None:
        self._gateway.open_count -= 1
