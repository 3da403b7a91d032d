"""Runs that people cancel, retry and roll back, and requests that come again under their key."""

from typing import Any, Final

from adapters.http.idempotency_key import HEADER
from domain.events import Role
from tests.adapters.http.exchanges import NOBODY, Exchanges, Json
from tests.adapters.http.serving import Api

SKILL: Final = "pitch-count"
KEYED: Final = {"Content-Type": "application/json", HEADER: "8e03978e-40d5-43dd-bc93-6894a57f9324"}


async def exchange_repairs(say: Exchanges, api: Api) -> None:
    """With a skill and connections of their own, so that nothing else is changed by it."""
    await api.register(SKILL)
    for name in ("openai-kr", "openai-jp"):
        await api.connect(name, kind="openai")
    await _cancelled(say, api)
    await _retried(say, api)
    await _rolled_back(say, api)
    await _uninstalled(say, api)
    await _asked_again(say, api)


async def _cancelled(say: Exchanges, api: Api) -> None:
    run = await api.queue(SKILL, "openai-kr", "openai-jp")
    attempt_id = await api.begin(run)
    await _ask(say, api, "cancel.cancelled", run)
    await _ask(say, api, "cancel.cancelled-already", run)
    await api.succeed(run, attempt_id=attempt_id)
    ended = await api.queue(SKILL, "openai-kr")
    await api.succeed(ended)
    await _ask(say, api, "cancel.ended", ended)
    await _ask(say, api, "cancel.not-found", {"id": NOBODY})


async def _retried(say: Exchanges, api: Api) -> None:
    run = await api.queue(SKILL, "openai-kr", "openai-jp")
    await api.succeed(run)
    await _ask(say, api, "retry.not-ended", run)
    await api.fail(run, target=1)
    retry = await _ask(say, api, "retry.queued", run)
    await _ask(say, api, "retry.reused", run)
    await api.fail(retry)
    await _ask(say, api, "retry.failed-as-well", run)
    await say.ask("install-runs.get.retried", _operator(api), "GET", f"/api/install-runs/{run['id']}")
    await _ask(say, api, "retry.not-found", {"id": NOBODY})


async def _rolled_back(say: Exchanges, api: Api) -> None:
    """A connection of its own, where nothing was before."""
    await api.connect("openai-sg", kind="openai")
    run = await api.queue(SKILL, "openai-kr", "openai-sg")
    await api.succeed(run)
    await api.succeed(run, target=1)
    await _ask(say, api, "rollback.nothing-changed", run, body={"providers": ["openai-kr"]})
    rollback = await _ask(say, api, "rollback.queued", run, body={"providers": ["openai-sg"]})
    await _ask(say, api, "rollback.reused", run, body={"providers": ["openai-sg"]})
    await api.fail(rollback)
    await say.ask("install-runs.get.rollback-failed", _operator(api), "GET", f"/api/install-runs/{run['id']}")
    await _ask(say, api, "rollback.unknown-provider", run, body={"providers": ["nobody"]})
    await _ask(say, api, "rollback.not-found", {"id": NOBODY})


async def _uninstalled(say: Exchanges, api: Api) -> None:
    """What would be removed through a connection that is out of use."""
    (one,) = (await api.admin.get(f"/api/installations?skill={SKILL}&provider=openai-sg")).json()["items"]
    await api.admin.patch("/api/providers/openai-sg", json={"active": False})
    path = f"/api/installations/{one['id']}/uninstall"
    await say.ask("installations.uninstall.inactive-provider", _operator(api), "POST", path)


async def _asked_again(say: Exchanges, api: Api) -> None:
    post: tuple[str, str] = ("POST", "/api/install-runs")
    body = {"skill": SKILL, "providers": ["openai-jp"], "policy": {"mode": "all_or_nothing", "attemptsMax": 2}}
    await say.ask("install-runs.queue.with-key", _operator(api), *post, body=body, headers=KEYED)
    await say.ask("install-runs.queue.replayed", _operator(api), *post, body=body, headers=KEYED)
    other = body | {"providers": ["openai-kr"]}
    await say.ask("errors.key-of-another-request", _operator(api), *post, body=other, headers=KEYED)
    empty = KEYED | {HEADER: ""}
    await say.ask("errors.no-idempotency-key", _operator(api), *post, body=body, headers=empty)


async def _ask(say: Exchanges, api: Api, name: str, run: Json, *, body: Any = None) -> Any:
    """The name begins with what is asked for."""
    path = f"/api/install-runs/{run['id']}/{name.partition('.')[0]}"
    return await say.ask(f"install-runs.{name}", _operator(api), "POST", path, body=body)


def _operator(api: Api) -> Any:
    return api.clients[Role.OPERATOR]
