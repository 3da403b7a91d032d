"""The bundle store port on Postgres: files by the sha256 of their bytes, each kept once."""

import hashlib
from typing import Final

from adapters.postgres.connection import Pool, offline_errors
from domain.skill.bundle import Bundle, BundleFile
from domain.skill.events import ManifestEntry

PUT: Final = """
    INSERT INTO bundle_files (sha256, content) SELECT * FROM unnest(%b::text[], %b::bytea[])
    ON CONFLICT (sha256) DO NOTHING
"""
GET: Final = "SELECT sha256, content FROM bundle_files WHERE sha256 = ANY(%b)"


class PostgresBundles:
    """Implements `BundleStore`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def put(self, bundle: Bundle) -> None:
        contents = {entry.sha256: file.content for entry, file in zip(bundle.manifest, bundle.files, strict=True)}
        with offline_errors():
            async with self._pool.connection() as connection:
                await connection.execute(PUT, (list(contents), list(contents.values())))

    async def get(self, manifest: tuple[ManifestEntry, ...]) -> tuple[BundleFile, ...]:
        with offline_errors():
            async with self._pool.connection() as connection:
                cursor = await connection.cursor(binary=True).execute(GET, ([entry.sha256 for entry in manifest],))
                contents = {row["sha256"]: row["content"] for row in await cursor.fetchall()}
        return tuple(BundleFile(path=entry.path, content=_checked(contents, entry)) for entry in manifest)


def _checked(contents: dict[str, bytes], entry: ManifestEntry) -> bytes:
    content = contents.get(entry.sha256)
    if content is None:
        raise LookupError(f"the bytes of {entry.path} are not in the store")
    if hashlib.sha256(content).hexdigest() != entry.sha256:
        raise LookupError(f"the bytes of {entry.path} were changed in the store")
    return content
