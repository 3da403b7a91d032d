"""What the application asks of the world. Each port is awaitable and has one conformance suite in `tests/kit/`."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from msgspec import Struct

from domain.errors import Code
from domain.events import Context, Event, Recorded
from domain.installation.events import Receipt
from domain.provider.events import CredentialRef, ProviderKind
from domain.provider.state import Provider
from domain.skill.bundle import Bundle, BundleFile
from domain.skill.events import ManifestEntry
from domain.timers import SetTimer, Timer, TimerPhase


class NewEvent(Struct, frozen=True, kw_only=True):
    """An event that asks to be stored; the caller picks its id, by which a lost acknowledgement is resolved."""

    id: UUID
    stream: UUID
    event: Event


class SideRow(Struct, frozen=True, kw_only=True):
    """A row that must become true together with events and is not itself an event: a ciphertext, an idempotency answer."""

    table: str
    values: Mapping[str, Any]


class Append(Struct, frozen=True, kw_only=True):
    """All or nothing: these events go in if every stream in `expected` still has the version that the decision saw (0: none)."""

    expected: Mapping[UUID, int]
    events: tuple[NewEvent, ...]
    context: Context
    at: datetime
    rows: tuple[SideRow, ...] = ()
    timers: tuple[Timer, ...] = ()


class AppendConflict(Exception):  # noqa: N818 - an answer, not a failure
    """A stream has moved on since it was read: load and decide again. `streams` are the ones that moved."""

    def __init__(self, streams: frozenset[UUID]) -> None:
        super().__init__(f"{len(streams)} streams have moved on")
        self.streams = streams


class EventStore(Protocol):
    async def load(self, stream: UUID) -> tuple[Recorded, ...]:
        """All events of a stream, oldest first. Raises StoreOffline."""
        ...

    async def append(self, append: Append) -> tuple[Recorded, ...]:
        """The events as stored. Raises AppendConflict, or StoreOffline when the outcome is not known in time."""
        ...


class EventLog(Protocol):
    """The same events in their global order, for those who follow: relay, projector, live streams."""

    async def head(self) -> int:
        """The position of the newest event, 0 in an empty store. Raises StoreOffline."""
        ...

    async def read(self, *, after: int, limit: int) -> tuple[Recorded, ...]:
        """The next events behind a position, without a gap. Raises StoreOffline."""
        ...

    async def wait(self, *, after: int, timeout_seconds: float) -> None:
        """Return as soon as there may be an event behind the position, at the latest when the time is over; never raises."""
        ...


class Lease(Struct, frozen=True, kw_only=True):
    """A single role, held for a while. `epoch` grows with every new holder; `position` is how far the role has come."""

    role: str
    holder: str
    epoch: int
    position: int


class Roles(Protocol):
    """Who is relay, projector...: one expiring row each. A holder that was frozen past its time finds its epoch gone."""

    async def acquire(self, *, role: str, holder: str, seconds: float) -> Lease | None:
        """The role if it is free, expired, or held by the same holder; else None. Raises StoreOffline."""
        ...

    async def renew(self, lease: Lease, *, seconds: float) -> bool:
        """False: somebody else has the role now. Raises StoreOffline."""
        ...

    async def advance(self, lease: Lease, *, position: int) -> bool:
        """Write down how far the role has come. False: the epoch is gone and nothing was written. Raises StoreOffline."""
        ...

    async def release(self, lease: Lease) -> None: ...


class Timers(Protocol):
    """The timers that commands have set, for the scheduler and the watchdog. All times are by the store's own clock.

    Whoever writes does so under a lease: one whose epoch is gone writes nothing. Every method raises StoreOffline.
    """

    async def due(self, *, phases: frozenset[TimerPhase], limit: int) -> tuple[SetTimer, ...]:
        """Those whose time has come, the longest overdue first."""
        ...

    async def next_due_in(self, *, phases: frozenset[TimerPhase]) -> float | None:
        """Seconds until the next of these is due, 0 if one is; None if there is none."""
        ...

    async def standing(
        self, *, phases: frozenset[TimerPhase], seconds: float, after: SetTimer | None, limit: int
    ) -> tuple[SetTimer, ...]:
        """Those of targets that have been set like this for longer than these seconds, page by page, in a fixed order."""
        ...

    async def waiting_at(self, provider_id: UUID, *, limit: int) -> tuple[SetTimer, ...]:
        """Those of targets at this connection that wait: WAITING, RETRY or TICKETED, the oldest first."""
        ...

    async def reset(self, timer: SetTimer, *, lease: Lease, phase: TimerPhase, seconds: float, round: int = 0) -> bool:  # noqa: A002
        """Due in so many seconds from now, in this phase. False, and nothing done: it has been set anew or cleared since it was
        read, or the lease is gone.
        """
        ...

    async def clear(self, timer: SetTimer, *, lease: Lease) -> bool:
        """It has been seen to. False as for `reset`."""
        ...


class BundleStore(Protocol):
    """Content-addressed bytes, written before the event that names them."""

    async def put(self, bundle: Bundle) -> None: ...

    async def get(self, manifest: tuple[ManifestEntry, ...]) -> tuple[BundleFile, ...]:
        """The files of a manifest, in its order. Raises LookupError if bytes are missing, StoreOffline."""
        ...


class Vault(Protocol):
    """Credentials: sealed before they are stored, opened only on the way to a provider."""

    def seal(self, *, credential_id: UUID, secret: str) -> SideRow: ...

    async def open(self, credential: CredentialRef) -> str:
        """The secret itself. Raises CredentialRefused with the reason when the reference cannot be followed."""
        ...


class Intent(Struct, frozen=True, kw_only=True):
    """What an attempt means to do, as written in the events before the provider is called.

    What is ours at the provider from before `since` is settled; what is newer may come from an attempt whose outcome is not
    known. `previous` is what is live there now, of this or an earlier version.
    """

    installation_id: UUID
    run_id: UUID
    attempt_id: UUID
    skill_name: str
    version: int
    digest: str
    since: datetime
    previous: Receipt | None = None


class Limits(Struct, frozen=True, kw_only=True):
    """What a provider takes beyond what the specification says, for preflight: bytes in all, bytes a file, files.

    `reserved_words` may not stand anywhere in a name. `markup`: a description may hold `<tags>`. `nested_skill_md`: a second
    SKILL.md in a folder below is taken. `name_chars_max` in characters, `name_starts_with_letter`: a name begins with a-z.
    """

    bundle_bytes_max: int
    file_bytes_max: int
    files_max: int
    name_chars_max: int = 64
    name_starts_with_letter: bool = False
    reserved_words: tuple[str, ...] = ()
    markup: bool = True
    nested_skill_md: bool = True


class ProviderError(Exception):
    """A provider refused, failed or did not answer.

    `ambiguous`: the write may have been applied all the same, so look it up before creating again.
    `message` is the provider's own text, redacted and bounded.
    """

    def __init__(
        self,
        code: Code,
        message: str,
        *,
        retryable: bool = False,
        ambiguous: bool = False,
        request_id: str | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retryable = retryable
        self.ambiguous = ambiguous
        self.request_id = request_id
        self.retry_after_seconds = retry_after_seconds


class Standing(StrEnum):
    """What became of an install at the provider: in use as it was made, there but something else in use, or gone."""

    IN_USE = "in_use"
    CHANGED = "changed"
    MISSING = "missing"


class ProviderAdapter(Protocol):
    """One provider connection. Every call raises ProviderError and nothing else, within the deadline given at opening."""

    async def verify(self) -> None:
        """Prove with one cheap call that the credential may manage skills, not only that it exists."""
        ...

    async def find(self, intent: Intent) -> tuple[Receipt, ...]:
        """Everything at the provider that is provably what the intent means to create; look-alikes of people are not. The
        first is to be adopted, the others are extras to be discarded.
        """
        ...

    async def install(self, bundle: Bundle, intent: Intent) -> Receipt:
        """Create the version, beside or after `intent.previous`, and make it the one in use."""
        ...

    async def restore(self, former: Receipt, bundle: Bundle, intent: Intent) -> Receipt:
        """Go back to what was in use before under `former`, from the provider's own copy where it keeps one and else from
        the bundle, in place of `intent.previous`.
        """
        ...

    async def adopt(self, receipt: Receipt, intent: Intent) -> None:
        """Finish what `find` found: make it the one in use, as `install` would have; a second time is a success too."""
        ...

    async def discard(self, extra: Receipt) -> None:
        """Remove what `find` found beside the one that is kept, and nothing else; a second time is a success too."""
        ...

    async def status(self, receipt: Receipt) -> Standing:
        """What became of what the receipt names."""
        ...

    async def uninstall(self, receipt: Receipt) -> None:
        """Remove the skill that the receipt names, with every version of it; a second time is a success too."""
        ...

    def usage(self, receipt: Receipt) -> str:
        """The lines a person pastes to use the installed skill."""
        ...

    async def close(self) -> None:
        """Give it back; whatever connections are worth keeping, the gateway keeps."""
        ...


class ProviderGateway(Protocol):
    """Opens adapters for connections: the only way from a kind to an SDK."""

    def limits(self, kind: ProviderKind) -> Limits:
        """What providers of this kind take. Asks nobody."""
        ...

    async def open(self, provider: Provider, *, deadline_seconds: float) -> ProviderAdapter:
        """Raises ProviderError (`misconfigured:provider`) when the credential or the settings cannot be used."""
        ...
