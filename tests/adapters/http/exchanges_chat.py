"""Chat: done at once, asked about first, not understood, refused; and what was said, as it can be looked at and erased."""

import json
from typing import Any, Final

from adapters.http.idempotency_key import HEADER
from domain.events import Role
from tests.adapters.http.exchanges import NOBODY, Exchanges
from tests.adapters.http.serving import Api

CHAT: Final = "/api/chat-ops"
ACTIONS: Final = "/api/chat-actions"
TOKEN: Final = "019d33dd8e3f7a119c016b2f0d5e4a37.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


async def exchange_chat(say: Exchanges, api: Api) -> None:
    begun = set(say.all)
    tokens = await _speak(say, api)
    await _refuse(say, api)
    await _look(say, api)
    for name in say.all.keys() - begun:
        say.all[name] = _made_up(say.all[name], tokens)


async def _speak(say: Exchanges, api: Api) -> list[str]:
    operator, post = api.clients[Role.OPERATOR], ("POST", CHAT)
    for skill in ("chat-notes", "chat-plans"):
        await api.register(skill)
    for name in ("chat-one", "chat-two"):
        await api.connect(name, kind="openai")
    keyed = {"Content-Type": "application/json", HEADER: "chat-2026"}
    install = {"message": "chat-one에 chat-notes 설치해줘"}
    done = await say.ask("chat.install", operator, *post, body=install, headers=keyed)
    await say.ask("chat.install.replayed", operator, *post, body=install, headers=keyed)
    await api.succeed((await operator.get(f"/api/install-runs/{done['runIds'][0]}")).json())
    await say.ask("chat.list", operator, *post, body={"message": "list skills"})
    await say.ask("chat.unknown-skill", operator, *post, body={"message": "install chat-note on chat-one"})
    await say.ask("chat.not-understood", operator, *post, body={"message": "오늘 날씨 어때?"})
    await say.ask("chat.negated", operator, *post, body={"message": "don't install chat-notes on chat-one"})
    await say.ask("chat.in-part", operator, *post, body={"message": "install chat-notes on chat-one and chat-two"})
    both = {"message": "install chat-plans on chat-one and chat-two"}
    await say.ask("chat.dry-run", operator, *post, body=both | {"dryRun": True})
    asked = await say.ask("chat.asked", operator, *post, body=both)
    token: str = asked["confirmation"]["token"]
    await say.ask("chat.confirmed", operator, *post, body={"confirm": token})
    declined = await say.ask("chat.asked-in-korean", operator, *post, body={"message": "chat-notes 전부 지워줘"})
    other: str = declined["confirmation"]["token"]
    await say.ask("chat.declined", operator, *post, body={"message": "아니", "confirm": other})
    await say.ask("chat.token-of-somebody-else", api.admin, *post, body={"confirm": token})
    return [token, other]


async def _refuse(say: Exchanges, api: Api) -> None:
    operator, post = api.clients[Role.OPERATOR], ("POST", CHAT)
    await say.ask("chat.forbidden", operator, *post, body={"message": "verify chat-one"})
    await say.ask("chat.empty", operator, *post, body={"message": " "})
    await say.ask("chat.nothing", operator, *post, body={})


async def _look(say: Exchanges, api: Api) -> None:
    operator, viewer = api.clients[Role.OPERATOR], api.clients[Role.VIEWER]
    listed = f"{ACTIONS}?actor=operator&action=install&status=accepted&limit=1"
    found = await say.ask("chat-actions.list", operator, "GET", listed)
    one = f"{ACTIONS}/{found['items'][0]['id']}"
    await say.ask("chat-actions.get", operator, "GET", one)
    await say.ask("chat-actions.get.without-the-text", viewer, "GET", one)
    await say.ask("chat-actions.get.not-found", viewer, "GET", f"{ACTIONS}/{NOBODY}")
    said = (await api.admin.post(CHAT, json={"message": "list providers"})).json()
    await say.ask("chat-actions.erase.forbidden", operator, "DELETE", f"{ACTIONS}/{said['chatActionId']}/text")
    await say.ask("chat-actions.erase", operator, "DELETE", f"{one}/text")
    await say.ask("chat-actions.erase.not-found", operator, "DELETE", f"{ACTIONS}/{NOBODY}/text")


def _made_up(exchange: dict[str, Any], tokens: list[str]) -> dict[str, Any]:
    text = json.dumps(exchange)
    for token in tokens:
        text = text.replace(token, TOKEN)
    changed: dict[str, Any] = json.loads(text)
    return changed
