"""A model of the providers: what stands there, and what hangs and may stand there yet."""

from collections.abc import Callable
from datetime import datetime
from typing import Final, TypeVar

from msgspec import Struct

from domain.errors import Code
from domain.installation.events import Receipt
from domain.ports import Intent, Limits, ProviderAdapter, ProviderError, Standing
from tests.simulation.stepping import Answer, Gate

LIMITS: Final = Limits(bundle_bytes_max=1_000_000, file_bytes_max=1_000_000, files_max=500)
RETRY_AFTER_SECONDS: Final = 7.0
PENDING_MAX: Final = 20

Done = TypeVar("Done")


class Version(Struct, frozen=True, kw_only=True):
    number: str
    digest: str
    at: datetime


class Remote(Struct, frozen=True, kw_only=True):
    """A skill or an agent. `mark`: whose it is, where the provider has a place for that."""

    id: str
    mark: str
    versions: tuple[Version, ...]
    default: str


class Hanging(Struct, frozen=True):
    """A write that was given up by who sent it. One that `disturbs` may take what was put there since out of use."""

    what: str
    apply: Callable[[], object]
    disturbs: bool


class Account:
    """What stands at one connection. Every request is written down in `calls`."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.remotes: dict[str, Remote] = {}
        self.hanging: list[Hanging] = []
        self.calls: list[str] = []
        # Nobody can tell but by asking: what is live may be out of use since.
        self.disturbed = False
        self._count = 0

    def number(self) -> int:
        self._count += 1
        return self._count

    def settle(self, index: int, *, never: bool) -> Hanging:
        """What hangs is carried out now, or never."""
        hanging = self.hanging.pop(index % len(self.hanging))
        if not never:
            hanging.apply()
            self.disturbed = self.disturbed or hanging.disturbs
        return hanging

    async def ask(self, what: str, read: Callable[[], Done]) -> Done:
        """A read: it changes nothing, so that it may as well be lost."""
        answer = await Gate(what)
        self.calls.append(f"{what}: {answer}")
        if answer is Answer.RATE_LIMIT or answer is Answer.UNAUTHORIZED:
            raise failure(answer)
        if answer is not Answer.DONE:
            raise ProviderError(Code.PROVIDER_OFFLINE, "No reply.", retryable=True)
        return read()

    async def tell(self, what: str, write: Callable[[], Done], *, until: datetime, disturbs: bool = False) -> Done:
        """`until`: whoever tells it later has lost the right to, and others may have come."""
        answer = await Gate(what)
        self.calls.append(f"{what}: {answer}")
        if answer is Answer.HANGS and len(self.hanging) < PENDING_MAX:
            self.hanging.append(Hanging(what, write, disturbs))
        if answer not in (Answer.DONE, Answer.LOST):
            raise failure(answer)
        done = write()
        self.disturbed = self.disturbed or (disturbs and self.clock() > until)
        if answer is Answer.LOST:
            raise failure(answer)
        await Gate(None)
        return done


def failure(answer: Answer) -> ProviderError:
    match answer:
        case Answer.REFUSED:
            return ProviderError(Code.PROVIDER_TOO_LARGE, "Too large.")
        case Answer.UNAUTHORIZED:
            return ProviderError(Code.PROVIDER_UNAUTHORIZED, "Incorrect API key provided.")
        case Answer.RATE_LIMIT:
            return ProviderError(
                Code.PROVIDER_RATE_LIMIT, "Slow down.", retryable=True, retry_after_seconds=RETRY_AFTER_SECONDS
            )
        case Answer.AWAY:
            return ProviderError(Code.PROVIDER_OFFLINE, "No connection.", retryable=True)
        case _:
            return ProviderError(Code.PROVIDER_TIMEOUT, "No reply in time.", retryable=True, ambiguous=True)


class ModelAdapter(ProviderAdapter):
    """What all of them have in common."""

    def __init__(self, account: Account, *, until: datetime) -> None:
        self._account = account
        self._remotes = account.remotes
        self._until = until

    async def verify(self) -> None:
        await self._account.ask("verify", lambda: None)

    async def adopt(self, receipt: Receipt, intent: Intent) -> None:
        raise NotImplementedError

    async def uninstall(self, receipt: Receipt) -> None:
        await self._tell(
            f"delete {receipt.remote_id}", lambda: self._remotes.pop(receipt.remote_id, None), disturbs=True
        )

    async def _tell(self, what: str, write: Callable[[], Done], *, disturbs: bool = False) -> Done:
        return await self._account.tell(what, write, until=self._until, disturbs=disturbs)

    async def status(self, receipt: Receipt) -> Standing:
        return await self._account.ask("status", lambda: self._standing(receipt))

    def usage(self, receipt: Receipt) -> str:
        return receipt.remote_id

    async def close(self) -> None:
        return

    def _standing(self, receipt: Receipt) -> Standing:
        remote = self._remotes.get(receipt.remote_id)
        if remote is None:
            return Standing.MISSING
        return Standing.IN_USE if remote.default == receipt.remote_version else Standing.CHANGED
