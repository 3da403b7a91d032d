"""A provider that agrees to everything at once, for benchmarks and tests: it measures what is around a provider."""

from adapters.providers.connection import Connection
from domain.installation.events import Receipt
from domain.ports import Intent, Limits, ProviderAdapter
from domain.skill.bundle import BUNDLE_BYTES_MAX, FILE_BYTES_MAX, FILES_MAX, Bundle


class NoopAdapter(ProviderAdapter):
    """Remembers nothing. A receipt follows from the intent, so a second install of one intent makes no second thing."""

    limits = Limits(bundle_bytes_max=BUNDLE_BYTES_MAX, file_bytes_max=FILE_BYTES_MAX, files_max=FILES_MAX)

    def __init__(self, connection: Connection) -> None:
        self._lease = connection.lease

    async def verify(self) -> None:
        return

    async def find(self, _: Intent) -> tuple[Receipt, ...]:
        return ()

    async def install(self, _: Bundle, intent: Intent) -> Receipt:
        return Receipt(remote_id=f"noop_{intent.installation_id.hex}", remote_version=str(intent.version))

    async def adopt(self, _: Receipt) -> None:
        return

    async def live(self, _: Receipt) -> bool:
        return True

    async def uninstall(self, _: Receipt) -> None:
        return

    def usage(self, receipt: Receipt) -> str:
        return f"Nothing was installed at any provider ({receipt.remote_id})."

    async def close(self) -> None:
        await self._lease.release()
