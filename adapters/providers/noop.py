"""A provider that agrees to everything at once, for benchmarks and tests: it measures what is around a provider."""

from adapters.providers.connection import Connection
from domain.installation.events import Receipt
from domain.ports import Intent, ProviderAdapter, Standing
from domain.skill.bundle import Bundle


class NoopAdapter(ProviderAdapter):
    """Remembers nothing. A receipt follows from the intent, so a second install of one intent makes no second thing."""

    def __init__(self, connection: Connection) -> None:
        self._lease = connection.lease

    async def verify(self) -> None:
        return

    async def find(self, _: Intent) -> tuple[Receipt, ...]:
        return ()

    async def install(self, _: Bundle, intent: Intent) -> Receipt:
        return Receipt(remote_id=f"noop_{intent.installation_id.hex}", remote_version=str(intent.version))

    async def restore(self, former: Receipt, _: Bundle, __: Intent) -> Receipt:
        return former

    async def adopt(self, _: Receipt, __: Intent) -> None:
        return

    async def discard(self, _: Receipt) -> None:
        return

    async def status(self, _: Receipt) -> Standing:
        return Standing.IN_USE

    async def uninstall(self, _: Receipt) -> None:
        return

    def usage(self, receipt: Receipt) -> str:
        return f"Nothing was installed at any provider ({receipt.remote_id})."

    async def close(self) -> None:
        await self._lease.release()
