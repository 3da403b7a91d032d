"""The vault port: secrets encrypted in Postgres, or left where they are and named by a reference."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final
from uuid import UUID

from cryptography.fernet import InvalidToken

from adapters.postgres.connection import Pool, offline_errors
from adapters.postgres.sealing import Keys
from domain.errors import CredentialRefused
from domain.ports import SideRow
from domain.provider.credential import ENVIRONMENT_PREFIX
from domain.provider.events import CredentialRef

FILE_BYTES_MAX: Final = 64 * 1024


class PostgresVault:
    """Implements `Vault`. `keys` says the keys as they are now, as `Keys.read` takes them; `environment` holds the variables
    that a reference may name, `folder` the files that it may.
    """

    def __init__(
        self,
        pool: Pool,
        *,
        keys: Callable[[], str],
        environment: Mapping[str, str],
        folder: Path,
    ) -> None:
        self._pool = pool
        self._tell_keys = keys
        self._keys = Keys.read(keys())
        self._environment = environment
        self._folder = folder

    def seal(self, *, credential_id: UUID, secret: str) -> SideRow:
        # A process that runs during a rotation must not go on sealing with the key that is about to go.
        self._keys = Keys.read(self._tell_keys())
        ciphertext = self._keys.seal(secret)
        return SideRow(table="credentials", values={"id": credential_id, "ciphertext": ciphertext})

    async def open(self, credential: CredentialRef) -> str:
        match credential.source:
            case "env":
                return self._variable(credential.name)
            case "file":
                return self._file(credential.name)
            case "stored":
                return await self._stored(UUID(credential.name))

    def _variable(self, name: str) -> str:
        if not name.startswith(ENVIRONMENT_PREFIX):
            raise CredentialRefused(f"Only variables whose name begins with {ENVIRONMENT_PREFIX} may be used.")
        if name not in self._environment:
            raise CredentialRefused(f"The environment variable {name} is not set on this server.")
        return self._environment[name].strip()

    def _file(self, name: str) -> str:
        path = (self._folder / name).resolve()
        if not path.is_relative_to(self._folder.resolve()):
            raise CredentialRefused("A credential file must be inside the server's credentials folder.")
        try:
            with path.open(encoding="utf-8") as file:
                return file.read(FILE_BYTES_MAX).strip()
        except (OSError, UnicodeDecodeError):
            raise CredentialRefused(f"The credential file {name} cannot be read on this server.") from None

    async def _stored(self, credential_id: UUID) -> str:
        with offline_errors():
            async with self._pool.connection() as connection:
                cursor = await connection.execute("SELECT ciphertext FROM credentials WHERE id = %s", (credential_id,))
                row = await cursor.fetchone()
        if row is None:
            raise CredentialRefused("The stored credential is gone; give it again.")
        return self._opened(bytes(row["ciphertext"]))

    def _opened(self, ciphertext: bytes) -> str:
        with suppress(InvalidToken):
            return self._keys.open(ciphertext)
        # Perhaps the keys were rotated since they were read.
        with suppress(InvalidToken, ValueError, OSError):
            keys = Keys.read(self._tell_keys())
            secret = keys.open(ciphertext)
            self._keys = keys
            return secret
        raise CredentialRefused("The stored credential was sealed with another key; set WAYBILL_SECRET_KEY.")
