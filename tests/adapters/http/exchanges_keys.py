"""API keys: issued, listed, shown and revoked, with a made-up id and secret in place of those that were."""

import json
from collections.abc import Mapping
from typing import Any, Final

from adapters.http.idempotency_key import HEADER
from domain.access.key import SECRET_BYTES, write_key
from domain.events import Role
from tests.adapters.http.exchanges import Exchanges
from tests.adapters.http.serving import Api
from tests.kit.waiting import eventually

KEYS: Final = "/api/keys"
MADE_UP: Final = "k68f0c0ffee0"
BODY: Final = {"name": "Release bot", "role": "operator", "expiresInSeconds": 7_776_000}
SOON_SECONDS: Final = 5.0


async def exchange_keys(say: Exchanges, api: Api) -> None:
    begun = set(say.all)
    issued = await _issue(say, api)
    await _read(say, api)
    one = f"{KEYS}/{issued['id']}"
    await say.ask("keys.revoke.revoked", api.admin, "DELETE", one)
    await say.ask("keys.revoke.own", api.admin, "DELETE", f"{KEYS}/admin")
    await say.ask("keys.revoke.not-found", api.admin, "DELETE", f"{KEYS}/nobody")
    for name in say.all.keys() - begun:
        say.all[name] = _made_up(say.all[name], issued)


async def _issue(say: Exchanges, api: Api) -> dict[str, Any]:
    post = ("POST", KEYS)
    keyed = {"Content-Type": "application/json", HEADER: "release-bot-2026"}
    issued: dict[str, Any] = await say.ask("keys.issue.issued", api.admin, *post, body=BODY, headers=keyed)
    await say.ask("keys.issue.replayed", api.admin, *post, body=BODY, headers=keyed)
    past = {"name": "Release bot", "role": "operator", "expiresAt": "2020-01-31T00:00:00Z"}
    await say.ask("keys.issue.expired", api.admin, *post, body=past)
    await say.ask("keys.issue.two-expiries", api.admin, *post, body=past | BODY)
    await say.ask("keys.issue.nameless", api.admin, *post, body={"name": " ", "role": "viewer"})
    await say.ask("keys.issue.unknown-role", api.admin, *post, body={"name": "Release bot", "role": "owner"})
    await say.ask("keys.issue.forbidden", api.clients[Role.OPERATOR], *post, body=BODY)
    return issued


async def _read(say: Exchanges, api: Api) -> None:
    async def is_written() -> bool:
        return (await api.admin.get(f"{KEYS}/admin")).json()["lastUsedAt"] is not None

    await eventually(is_written, SOON_SECONDS)
    await say.ask("keys.get", api.admin, "GET", f"{KEYS}/admin")
    await say.ask("keys.get.not-found", api.admin, "GET", f"{KEYS}/nobody")
    await say.ask("keys.list", api.admin, "GET", f"{KEYS}?q=release&status=active&limit=1")


def _made_up(exchange: Mapping[str, Any], issued: Mapping[str, Any]) -> dict[str, Any]:
    key = write_key(key_id=MADE_UP, secret=bytes(SECRET_BYTES))
    text = json.dumps(exchange).replace(issued["key"], key).replace(issued["id"], MADE_UP)
    changed: dict[str, Any] = json.loads(text)
    return changed
