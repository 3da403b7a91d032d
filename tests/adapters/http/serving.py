"""The API under uvicorn, on a real Postgres with a real projector, and clients with keys for it."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import httpx2
import uvicorn
from cryptography.fernet import Fernet
from msgspec import Struct

from adapters.http.app import build_app
from adapters.http.denials import Denials
from adapters.http.health import Check
from adapters.http.last_uses import LastUses, NotingAuthenticator
from adapters.http.live import DEFAULT_PACE, Live, Pace
from adapters.http.pages import Cursors
from adapters.postgres.bundles import PostgresBundles
from adapters.postgres.chat_texts import PostgresChatTexts
from adapters.postgres.connection import open_pool
from adapters.postgres.event_log import PostgresEventLog
from adapters.postgres.event_store import PostgresEventStore
from adapters.postgres.key_uses import PostgresKeyUses
from adapters.postgres.read_models_reader import PostgresReader
from adapters.postgres.vault import PostgresVault
from adapters.providers.gateway import Gateway
from adapters.sources.git import GitFolders
from adapters.sources.reading import Sources
from commands.issue_api_key import IssueApiKey, IssueApiKeyHandler
from commands.settle_attempt import SettleAttempt
from commands.start_attempt import StartAttempt
from domain.errors import Code
from domain.events import Actor, Context, Recorded, Role
from domain.install_run.events import ProviderFailed, ProviderSucceeded
from domain.install_run.policy import Policy
from domain.installation.events import Receipt
from domain.provider.events import ProviderKind
from projections.catalog import READ_MODELS
from tests.adapters.http.parts import live_on, projecting_on
from tests.adapters.http.promises import hold_to_promise
from workers.api import Defaults, beside_events, build_application
from workers.chat_wiring import build_chat
from workers.client_connections import OpenHandedProtocol
from workers.http_protocol import BoundedProtocol
from workers.http_settings import HttpSettings
from workers.serving import server_config, url_of
from workers.settings import Settings
from workers.wiring import Commands, build_commands, now

# Nobody listens there, so a connection to it is refused at once.
CLOSED: Final = "http://127.0.0.1:1/v1"
BASE_URLS: Final[Mapping[ProviderKind, str]] = {"openai": CLOSED, "noop": "http://127.0.0.1:1"}
INSTALLER: Final = Actor(kind="system", id="installer", name="installer")
DEFAULT_POLICY: Final = Policy()
READY_SECONDS: Final = 30.0
# The last uses of keys are written so often here, which is often enough to be waited for.
MOMENT_SECONDS: Final = 0.2
TLS: Final = ssl.create_default_context()
UNLIMITED: Final = HttpSettings(requests_per_second=0)


class PromptServer(uvicorn.Server):
    """uvicorn's own loop looks every 100 ms whether it should stop."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.stopping = asyncio.Event()

    async def main_loop(self) -> None:
        await self.stopping.wait()


class Api(Struct, frozen=True, kw_only=True):
    """`clients` have a key of their role, `anonymous` has none; `log` is the truth."""

    url: str
    anonymous: httpx2.AsyncClient
    clients: Mapping[Role, httpx2.AsyncClient]
    log: PostgresEventLog
    live: Live
    store: PostgresEventStore
    commands: Commands

    def client(self, role: Role | None) -> httpx2.AsyncClient:
        return self.anonymous if role is None else self.clients[role]

    @property
    def admin(self) -> httpx2.AsyncClient:
        return self.clients[Role.ADMIN]

    async def new_key(self, key_id: str, role: Role) -> str:
        return await _key(self.commands.issue_api_key, role, key_id=key_id)

    async def send_raw(self, request: bytes, *, and_leave: bool = False) -> bytes:
        """The first bytes of the answer to what no client of ours would send."""
        return await send_raw(self.url, request, and_leave=and_leave)

    async def head(self) -> int:
        return await self.log.head()

    async def events(self, *, after: int = 0) -> Sequence[Recorded]:
        return await self.log.read(after=after, limit=1000)

    async def register(self, name: str = "kbo-results") -> dict[str, Any]:
        return _created(await self.admin.post("/api/skills", json=skill_files(name)))

    async def connect(self, name: str, **more: object) -> dict[str, Any]:
        """A connection that agrees to everything, unless told otherwise."""
        body = {"kind": "noop", "name": name, "credential": "sk-made-up"} | more
        return _created(await self.admin.post("/api/providers", json=body))

    async def queue(self, skill: str, *providers: str) -> dict[str, Any]:
        return _created(await self.admin.post("/api/install-runs", json={"skill": skill, "providers": providers}))

    async def begin(self, run: Mapping[str, Any], *, target: int = 0) -> UUID:
        """What an installer does first; the attempt's id."""
        provider_id = UUID(run["targets"][target]["provider"]["id"])
        attempt = await self.commands.start_attempt(
            StartAttempt(run_id=UUID(run["id"]), provider_id=provider_id), context()
        )
        assert attempt is not None
        return attempt.attempt_id

    async def succeed(self, run: Mapping[str, Any], *, target: int = 0, attempt_id: UUID | None = None) -> None:
        attempt_id = attempt_id or await self.begin(run, target=target)
        receipt = Receipt(remote_id="skill_68f0c0ffee", remote_version="1")
        await self.settle(
            run, ProviderSucceeded(provider_id=_target(run, target), attempt_id=attempt_id, receipt=receipt)
        )

    async def fail(self, run: Mapping[str, Any], *, target: int = 0) -> None:
        attempt_id = await self.begin(run, target=target)
        outcome = ProviderFailed(
            provider_id=_target(run, target),
            attempt_id=attempt_id,
            code=Code.PROVIDER_INVALID_SKILL,
            message="The skill's description is too long.",
            retryable=False,
            ambiguous=False,
            provider_request_id="req_68f0c0ffee",
        )
        await self.settle(run, outcome)

    async def settle(self, run: Mapping[str, Any], outcome: ProviderSucceeded | ProviderFailed) -> None:
        command = SettleAttempt(
            run_id=UUID(run["id"]), outcome=outcome, version=run["skill"]["version"], since=datetime.now(UTC)
        )
        assert await self.commands.settle_attempt(command, context())


@asynccontextmanager
async def serving(
    database: str,
    folder: Path,
    *,
    checks: Sequence[Check] = (),
    projecting: bool = True,
    base_urls: Mapping[ProviderKind, str] = BASE_URLS,
    git: GitFolders | None = None,
    policy: Policy = DEFAULT_POLICY,
    pace: Pace = DEFAULT_PACE,
) -> AsyncIterator[Api]:
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(open_pool(database, name="test-api", size_max=4))
        store = PostgresEventStore(database, name="test-api-store")
        stack.push_async_callback(store.close)
        log = PostgresEventLog(database, name="test-log")
        stack.push_async_callback(log.close)
        reader = PostgresReader(pool, url=database, name="test-api", read_models=READ_MODELS)
        stack.push_async_callback(reader.close)
        key = Fernet.generate_key().decode()
        vault = PostgresVault(pool, keys=lambda: key, environment={}, folder=folder)
        gateway = Gateway(vault, noop_enabled=True)
        stack.push_async_callback(gateway.close)
        bundles = PostgresBundles(pool)
        sources = Sources(git=git or GitFolders())
        commands = build_commands(store=store, bundles=bundles, vault=vault, gateway=gateway, sources=sources)
        chat = build_chat(commands=commands, reader=reader, store=store, texts=PostgresChatTexts(pool), policy=policy)
        denials = Denials(record=commands.record_denial)
        stack.push_async_callback(denials.close)
        live = live_on(log, reader, commands, pace=pace)
        last_uses = LastUses(PostgresKeyUses(pool), window_seconds=MOMENT_SECONDS)
        stack.push_async_callback(last_uses.close)
        app = build_app(
            application=build_application(
                commands=commands,
                chat=chat,
                reader=reader,
                store=store,
                bundles=bundles,
                beside=beside_events(
                    Settings(data=folder), pool=pool, log=log, reader=reader, commands=commands, clock=now
                ),
                defaults=Defaults(base_urls=base_urls, policy=policy),
                cursors=Cursors(lambda: [key]),
                live=live,
            ),
            authenticate=NotingAuthenticator(commands.authenticate, uses=last_uses),
            denials=denials,
            checks=checks,
            version="0.0.0",
        )
        if projecting:
            await stack.enter_async_context(projecting_on(database, log))
        url = await stack.enter_async_context(listening(app))
        keys = {role: await _key(commands.issue_api_key, role) for role in Role}
        clients = {role: await stack.enter_async_context(open_client(url, keys[role])) for role in Role}
        # The first request must not be the one that waits until the tables are made.
        for model in READ_MODELS if projecting else ():
            assert await reader.wait(model, position=None, timeout_seconds=READY_SECONDS)
        yield Api(
            url=url,
            anonymous=await stack.enter_async_context(open_client(url)),
            clients=clients,
            log=log,
            live=live,
            store=store,
            commands=commands,
        )


@asynccontextmanager
async def listening(
    app: Any, *, http: HttpSettings = UNLIMITED, protocol: type[BoundedProtocol] = OpenHandedProtocol
) -> AsyncIterator[str]:
    """Served as the real one is, but that it stops at once. `protocol`: with other bounds."""
    # With the protocol left at 0 asyncio does not set TCP_NODELAY, and every reply waits 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    config = server_config(app, http)
    config.http, config.lifespan, config.timeout_graceful_shutdown = protocol, "off", 1
    server = PromptServer(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield url_of(listener, tls=http.tls)
    finally:
        server.stopping.set()
        await running


def open_client(url: str, key: str | None = None) -> httpx2.AsyncClient:
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    hooks = {"response": [hold_to_promise]}
    return httpx2.AsyncClient(base_url=url, headers=headers, trust_env=False, verify=TLS, timeout=10, event_hooks=hooks)


async def send_raw(url: str, request: bytes, *, and_leave: bool = False) -> bytes:
    """The first bytes of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    writer.write(request)
    await writer.drain()
    answer = b"" if and_leave else await asyncio.wait_for(reader.read(2000), 10)
    writer.close()
    await writer.wait_closed()
    return answer


async def ask(url: str) -> httpx2.Response:
    async with open_client("") as client:
        return await client.get(url)


async def _key(issue: IssueApiKeyHandler, role: Role, *, key_id: str | None = None) -> str:
    key = await issue(IssueApiKey(key_id=key_id or role.value, name=f"team {role}", role=role), context())
    assert key is not None
    return key


def context() -> Context:
    return Context(actor=INSTALLER, request_id="test-request", correlation_id=uuid4())


def _created(answer: httpx2.Response) -> dict[str, Any]:
    assert answer.status_code in (201, 202), answer.text
    resource: dict[str, Any] = answer.json()
    return resource


def _target(run: Mapping[str, Any], target: int) -> UUID:
    return UUID(run["targets"][target]["provider"]["id"])


def skill_files(name: str = "kbo-results", description: str = "Tells how a KBO game ended.") -> dict[str, Any]:
    text = f"---\nname: {name}\ndescription: {description}\n---\n\n# {name}\n"
    return {"files": [{"path": "SKILL.md", "content": text}]}
