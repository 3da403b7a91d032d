"""A Slack of its own for the tests: it signs what it sends, and keeps what is posted back."""

import os
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final
from urllib.parse import urlencode

import httpx2
import msgspec
from litestar import Litestar, Request, Response, post
from msgspec import Struct

from adapters.http.app import build_app
from adapters.http.denials import Denials
from adapters.http.slack_conversation import Slack
from adapters.http.slack_following import Following
from adapters.memory.chat_texts import MemoryChatTexts
from adapters.slack.response_urls import ResponseUrls
from adapters.slack.signing import Signing, sign
from commands.converse import ConverseHandler
from commands.issue_api_key import IssueApiKey
from domain.events import Role
from tests.adapters.http.bare import bare_application, forget
from tests.adapters.http.serving import listening, open_client
from tests.commands.chatting import MemoryChatWorld
from tests.commands.world import World
from tests.kit.facts import context
from tests.kit.waiting import eventually

SECRET: Final = "the app's signing secret"
USERS: Final = {"T1/U1": "mina", "T1/U2": "jiho", "T1/U3": "guest"}
SECONDS_MAX: Final = 20.0

Json = dict[str, Any]


class Hooks:
    """What `https://hooks.slack.com/` is in earnest."""

    def __init__(self) -> None:
        self.posted: list[Json] = []
        self.status = 200

    @property
    def app(self) -> Litestar:
        @post("/{rest:path}")
        async def hear(request: Request[Any, Any, Any]) -> Response[None]:
            self.posted.append(msgspec.json.decode(await request.body()))
            return Response(None, status_code=self.status)

        return Litestar([hear], openapi_config=None, logging_config=None)

    async def text(self, number: int = 1) -> str:
        """That of the message which was posted as this one, as soon as it is there."""

        async def posted() -> bool:
            return len(self.posted) >= number

        await eventually(posted, SECONDS_MAX)
        text: str = self.posted[number - 1]["blocks"][0]["text"]["text"]
        return text


class Channel(Struct, frozen=True, kw_only=True):
    """Where people of the team T1 write to Waybill."""

    client: httpx2.AsyncClient
    world: World
    chat: MemoryChatWorld
    hooks: Hooks
    hooks_url: str

    async def send(
        self, path: str, form: Json, *, secret: str = SECRET, age_seconds: int = 0, **headers: str
    ) -> httpx2.Response:
        body = urlencode(form).encode()
        timestamp = str(int(time.time()) - age_seconds).encode()
        signed = {
            "X-Slack-Request-Timestamp": timestamp.decode(),
            "X-Slack-Signature": sign(body, timestamp=timestamp, secret=secret).decode(),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        return await self.client.post(path, content=body, headers=signed | headers)

    async def write(self, text: str, *, user: str = "U1", trigger: str = "1") -> Json:
        form = {
            "team_id": "T1",
            "user_id": user,
            "text": text,
            "trigger_id": trigger,
            "response_url": f"{self.hooks_url}/commands/1",
        }
        answer = await self.send("/slack/commands", form)
        assert answer.status_code == 200, answer.text
        said: Json = answer.json()
        return said

    async def press(self, button: Json, *, user: str = "U1") -> httpx2.Response:
        payload = {
            "type": "block_actions",
            "team": {"id": "T1"},
            "user": {"id": user},
            "actions": [{"action_id": button["action_id"], "value": button["value"]}],
            "response_url": f"{self.hooks_url}/actions/1",
        }
        return await self.send("/slack/interactions", {"payload": msgspec.json.encode(payload).decode()})


def shown(message: Json) -> str:
    text: str = message["blocks"][0]["text"]["text"]
    return text


@asynccontextmanager
async def channel(*, prefix: str | None = None) -> AsyncIterator[Channel]:
    """`prefix`: of the addresses that may be posted to, instead of that of the hooks."""
    hooks, world = Hooks(), World()
    await world.register()
    for name in ("openai", "claude"):
        await world.connect(name)
    for key_id, role in (("mina", Role.OPERATOR), ("jiho", Role.OPERATOR), ("guest", Role.VIEWER)):
        await world.issue_api_key(IssueApiKey(key_id=key_id, name=key_id.title(), role=role), context())
    chat = MemoryChatWorld(world)
    async with AsyncExitStack() as stack:
        hooks_url = await stack.enter_async_context(listening(hooks.app))
        urls = ResponseUrls(prefix=prefix or f"{hooks_url}/")
        stack.push_async_callback(urls.close)
        slack = Slack(
            is_genuine=Signing((SECRET,)).is_genuine,
            users=USERS,
            holder_of=world.authenticate.holder_of,
            converse=ConverseHandler(
                handling=world.handling,
                world=chat,
                texts=MemoryChatTexts(world.store),
                random_bytes=os.urandom,
            ),
            follow=Following(chat, poll_seconds=0.01),
            post=urls.post,
        )
        stack.push_async_callback(slack.close)
        app = build_app(
            application=bare_application(),
            authenticate=world.authenticate,
            denials=Denials(record=forget),
            checks=(),
            version="0.0.0",
            slack=slack,
        )
        url = await stack.enter_async_context(listening(app))
        client = await stack.enter_async_context(open_client(url))
        yield Channel(client=client, world=world, chat=chat, hooks=hooks, hooks_url=hooks_url)
