"""The bundle store port in memory: files by the sha256 of their bytes, each kept once."""

from domain.skill.bundle import Bundle, BundleFile
from domain.skill.events import ManifestEntry


class MemoryBundles:
    """Implements `BundleStore`."""

    def __init__(self) -> None:
        self._contents: dict[str, bytes] = {}

    async def put(self, bundle: Bundle) -> None:
        for file in bundle.files:
            self._contents.setdefault(file.sha256, file.content)

    async def get(self, manifest: tuple[ManifestEntry, ...]) -> tuple[BundleFile, ...]:
        return tuple(BundleFile(path=entry.path, content=self._content(entry)) for entry in manifest)

    def _content(self, entry: ManifestEntry) -> bytes:
        if entry.sha256 not in self._contents:
            raise LookupError(f"the bytes of {entry.path} are not in the store")
        return self._contents[entry.sha256]
