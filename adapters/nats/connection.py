"""One connection to NATS that is never given up: it outlives the server being down, killed, wiped or unfriendly."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import nats.errors
import structlog
from msgspec import Struct
from nats.aio.client import DEFAULT_INBOX_PREFIX, Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js import JetStreamContext

CONNECT_SECONDS: Final = 2
RECONNECT_SECONDS: Final = 0.5
PING_SECONDS: Final = 10
PINGS_OUTSTANDING_MAX: Final = 2
REQUEST_SECONDS: Final = 3.0
PENDING_MESSAGES_MAX: Final = 65_536
# Different ones in one outage; the next are not told.
COMPLAINTS_MAX: Final = 20
FORBIDDEN: Final = "permissions violation"
REFUSED: Final = "authorization"
TLS: Final = "tls://"

Handler = Callable[[Msg], Awaitable[None]]

log = structlog.get_logger(__name__)


class NatsUnavailable(Exception):  # noqa: N818 - a state of the world, not a mistake
    """NATS did not do what was asked, or did not say so; what became of it is not known. The text is the reason."""


class Login(Struct, frozen=True, kw_only=True):
    """A user of `nats.conf`. Answers come to an inbox of its own, so that no other user can listen to them."""

    user: str
    password: str

    @property
    def inbox_prefix(self) -> str:
        return f"_INBOX_{self.user}"


class Listening(Struct, eq=False):
    """A core subscription that follows the connection to whichever client serves it now."""

    subject: str
    handler: Handler
    subscription: Subscription | None = None


class Connection:
    """Made by `connect`. Whoever uses it sees errors while NATS is away, never a message sent later than they know.

    The library's client ends for good on some errors of the server (an authorization that fails for a moment is enough):
    then a new client takes its place, with the same listeners. So ask for `client` each time.
    """

    def __init__(self, url: str, *, name: str, login: Login | None = None, tls: ssl.SSLContext | None = None) -> None:
        self._url = url
        self._name = name
        self._login = login
        self._tls = tls
        self._place = urlsplit(url).netloc.rpartition("@")[2]
        self._client = Client()
        self._listeners: list[Listening] = []
        self._arrivals: list[Callable[[], None]] = []
        self._opened = False
        self._up = asyncio.Event()
        # What is under way, and why it was given up.
        self._asking: dict[asyncio.Timeout, str] = {}
        self._complaints: set[str] = set()
        self._keeper: asyncio.Task[None] | None = None
        self.generation = 0

    @property
    def connected(self) -> bool:
        return self._up.is_set() and self._client.is_connected

    @property
    def client(self) -> Client:
        return self._client

    @property
    def jetstream(self) -> JetStreamContext:
        return self._client.jetstream(timeout=REQUEST_SECONDS)

    async def start(self, *, timeout_seconds: float) -> None:
        """Return when connected, or when the time is over: then it goes on in the background."""
        self._keeper = asyncio.create_task(self._keep(), name="nats-connection")
        await self.wait_connected(timeout_seconds=timeout_seconds)

    async def wait_connected(self, *, timeout_seconds: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                await self._up.wait()
        return self.connected

    @asynccontextmanager
    async def asking(self, seconds: float = REQUEST_SECONDS) -> AsyncIterator[None]:
        """Whatever fails inside becomes NatsUnavailable; so does an answer that takes longer than the seconds.

        Nobody waits for the answer of a server that is gone: its connection's end is the end of the waiting.
        """
        if not self.connected:
            raise NatsUnavailable("not connected")
        limit = asyncio.timeout(seconds)
        self._asking[limit] = f"no answer within {seconds:g} s"
        try:
            async with limit:
                yield
        except (nats.errors.Error, TimeoutError, OSError) as error:
            raise NatsUnavailable(str(error) or self._asking[limit]) from error
        finally:
            del self._asking[limit]

    def on_arrival(self, callback: Callable[[], None]) -> None:
        """Call back after every connect and reconnect; the server may be another one, or an empty one."""
        self._arrivals.append(callback)

    def off_arrival(self, callback: Callable[[], None]) -> None:
        self._arrivals.remove(callback)

    async def listen(self, subject: str, handler: Handler) -> Listening:
        """Hear a subject from now on, across reconnects; what is said while NATS is away is not heard."""
        listening = Listening(subject, handler)
        self._listeners.append(listening)
        if self._opened:
            # A client that reconnects subscribes then; for one that has just ended, its successor does.
            with suppress(nats.errors.Error):
                await self._subscribe(listening)
        return listening

    async def unlisten(self, listening: Listening) -> None:
        self._listeners.remove(listening)
        if listening.subscription is not None:
            with suppress(nats.errors.Error):
                await listening.subscription.unsubscribe()

    async def close(self) -> None:
        """Send what is still to be sent, then end."""
        if self._keeper is not None:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper
        self._up.clear()
        with suppress(nats.errors.Error, OSError, AssertionError):  # asserts when it never got as far as connecting
            await self._client.close()

    async def _keep(self) -> None:
        while True:
            ended = asyncio.Event()
            self._client, self._opened = Client(), False
            try:
                await self._open(ended)
                for listening in self._listeners:
                    await self._subscribe(listening)
                self._opened = True
                await self._arrived()
                await ended.wait()
                log.warning("nats_connection_ended", server=self._place, error=str(self._client.last_error))
            except Exception as error:  # noqa: BLE001 - whatever answers at that address, it may be NATS the next time
                await self._complain(error)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _open(self, ended: asyncio.Event) -> None:
        async def closed() -> None:
            ended.set()

        await self._client.connect(
            self._url,
            name=self._name,
            inbox_prefix=self._login.inbox_prefix if self._login else DEFAULT_INBOX_PREFIX,
            tls=self._tls,
            **self._credentials(),
            error_cb=self._complain,
            disconnected_cb=self._left,
            reconnected_cb=self._arrived,
            closed_cb=closed,
            connect_timeout=CONNECT_SECONDS,
            reconnect_time_wait=RECONNECT_SECONDS,  # type: ignore[arg-type]  # declared int, only added and slept
            max_reconnect_attempts=-1,
            ping_interval=PING_SECONDS,
            max_outstanding_pings=PINGS_OUTSTANDING_MAX,
            # A message published while NATS is away is refused at once, not kept and sent behind the caller's back.
            pending_size=0,
        )

    async def _subscribe(self, listening: Listening) -> None:
        listening.subscription = await self._client.subscribe(
            listening.subject, cb=listening.handler, pending_msgs_limit=PENDING_MESSAGES_MAX
        )

    async def _arrived(self) -> None:
        self.generation += 1
        self._complaints.clear()
        self._up.set()
        log.info("nats_connected", server=self._place, generation=self.generation)
        for callback in tuple(self._arrivals):
            callback()

    async def _left(self) -> None:
        if self._up.is_set():
            self._up.clear()
            self._give_up("the connection was lost")
            log.warning("nats_disconnected", server=self._place)

    async def _complain(self, error: Exception) -> None:
        """The client reports every attempt of a long outage; one line for each kind of trouble is enough."""
        if FORBIDDEN in str(error):
            # What was forbidden gets no answer, and it is not said which of several it was.
            self._give_up(f"not allowed, {error}")
        complaint = f"{type(error).__name__}: {error}"
        if complaint not in self._complaints and len(self._complaints) < COMPLAINTS_MAX:
            self._complaints.add(complaint)
            user = self._login and self._login.user
            log.warning(_event_of(complaint.lower()), server=self._place, user=user, error=complaint)

    def _give_up(self, reason: str) -> None:
        """Nobody waits any longer for what cannot come any more."""
        now = asyncio.get_running_loop().time()
        for limit in self._asking:
            if not limit.expired():
                self._asking[limit] = reason
                limit.reschedule(now)

    def _credentials(self) -> dict[str, Any]:
        """The arguments of the library's `connect`, which asks for each when it is about to be sent."""
        parts = urlsplit(self._url)
        if parts.username and parts.password:
            named = {"user": parts.username, "password": parts.password}
        elif parts.username:
            named = {"token": parts.username}
        elif self._login:
            named = {"user": self._login.user, "password": self._login.password}
        else:
            named = {}
        return {name: partial(self._unless_overheard, text) for name, text in named.items()}

    def _unless_overheard(self, text: str) -> str:
        """A server tells that it has TLS before there is any, so whoever is in between can leave that out."""
        if self._url.startswith(TLS) and not self._client._server_info.get("tls_required"):  # noqa: SLF001 - nowhere else
            raise nats.errors.Error("the server offers no TLS, which the URL asks for")
        return text


def _event_of(complaint: str) -> str:
    if FORBIDDEN in complaint:
        return "nats_forbidden"
    return "nats_login_refused" if REFUSED in complaint else "nats_trouble"


async def connect(
    url: str,
    *,
    name: str,
    login: Login | None = None,
    ca_file: Path | None = None,
    timeout_seconds: float = CONNECT_SECONDS,
) -> Connection:
    """A connection, connected if NATS answers in time; otherwise it keeps trying and whoever waits for it goes on then.

    A user in the URL goes before `login`. `tls://` wants TLS; `ca_file` has the authorities to trust instead of the system's.
    Raises ValueError on something that is no URL of a NATS server, or no file of certificates.
    """
    parts = urlsplit(url)
    if not parts.hostname:
        raise ValueError("a NATS URL looks like nats://host:4222")
    tls = _tls(ca_file) if ca_file or url.startswith(TLS) else None
    connection = Connection(url, name=name, login=None if parts.username else login, tls=tls)
    await connection.start(timeout_seconds=timeout_seconds)
    return connection


def _tls(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise ValueError(f"{ca_file} holds no certificates that can be read ({error})") from None
