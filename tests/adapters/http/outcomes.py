"""Runs that end, or wait, in other ways than by what a provider said at once; and connections that are held back."""

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

from commands.cancel_run import CancelRun
from commands.expire_target import ExpireTarget, ExpireTargetHandler
from commands.handling import Handling
from commands.rollback_run import RollbackRun
from domain.errors import Code
from domain.events import Role
from domain.install_run.events import ProviderFailed, ProviderSucceeded
from tests.adapters.http.exchanges import NOBODY, Exchanges, Json
from tests.adapters.http.serving import Api, context
from tests.kit.waiting import eventually

SKILL: Final = "box-score"
EXPIRES_SECONDS: Final = 10


async def exchange_outcomes(say: Exchanges, api: Api) -> None:
    """With a skill and connections of their own, so that nothing else is changed by it."""
    await api.register(SKILL)
    for name in ("openai-us", "openai-asia"):
        await api.connect(name, kind="openai")
    await _waits(say, api)
    await _timeouts(say, api)
    await _taken_back(say, api)
    await _pauses(say, api)


async def _waits(say: Exchanges, api: Api) -> None:
    run = await _queue(api, "openai-us", policy={"backoffSeconds": 60})
    await _overload(api, run)
    await _show(say, api, run, "waiting")
    await api.commands.cancel_run(CancelRun(run_id=UUID(run["id"])), context())
    await _show(say, api, run, "cancelled")


async def _timeouts(say: Exchanges, api: Api) -> None:
    patient = await _queue(api, "openai-us", policy={"backoffSeconds": 60, "runTimeoutSeconds": 20})
    await _overload(api, patient)
    await _show(say, api, patient, "run-timeout")
    hasty = await _queue(api, "openai-asia", policy={"startTimeoutSeconds": 1})
    expire = ExpireTarget(run_id=UUID(hasty["id"]), provider_id=UUID(hasty["targets"][0]["provider"]["id"]))

    expire_target = ExpireTargetHandler(
        handling=Handling(store=api.store, clock=lambda: datetime.now(UTC), new_id=uuid4)
    )

    async def expired() -> bool:
        return await expire_target(expire, context())

    await eventually(expired, EXPIRES_SECONDS)
    await _show(say, api, hasty, "start-timeout")


async def _taken_back(say: Exchanges, api: Api) -> None:
    whole = await _queue(api, "openai-us", "openai-asia", policy={"mode": "all_or_nothing"})
    await api.succeed(whole)
    await api.fail(whole, target=1)
    await _show(say, api, whole, "taking-back")
    await _remove(api, whole)
    await _show(say, api, whole, "taken-back")
    done = await _queue(api, "openai-us")
    await api.succeed(done)
    rollback = await api.commands.rollback_run(RollbackRun(original_id=UUID(done["id"])), context())
    await _show(say, api, done, "rollback-requested")
    await _remove(api, {**done, "id": str(rollback.run_id)})
    await _show(say, api, done, "rolled-back")
    await _show(say, api, {"id": str(rollback.run_id)}, "rollback")


async def _pauses(say: Exchanges, api: Api) -> None:
    operator, path = api.clients[Role.OPERATOR], "/api/providers/openai-us"
    await say.ask("providers.pause.for-a-while", operator, "POST", f"{path}/pause", body={"seconds": 600})
    await say.ask("providers.get.paused", operator, "GET", path)
    asked = {"skill": SKILL, "providers": ["openai-us"], "dryRun": True}
    await say.ask("install-runs.queue.dry-run-paused", operator, "POST", "/api/install-runs", body=asked)
    await say.ask("providers.pause.until-resumed", operator, "POST", f"{path}/pause")
    await say.ask("providers.resume.resumed", operator, "POST", f"{path}/resume")
    await say.ask("providers.pause.not-found", operator, "POST", "/api/providers/nobody/pause")
    await say.ask("providers.resume.not-found", operator, "POST", f"/api/providers/{NOBODY}/resume")


async def _queue(api: Api, *providers: str, policy: Json | None = None) -> Json:
    body = {"skill": SKILL, "providers": providers, "policy": policy or {}}
    answer = await api.clients[Role.OPERATOR].post("/api/install-runs", json=body)
    assert answer.status_code == 202, answer.text
    run: Json = answer.json()
    return run


async def _show(say: Exchanges, api: Api, run: Json, name: str) -> None:
    await say.ask(f"install-runs.get.{name}", api.clients[Role.OPERATOR], "GET", f"/api/install-runs/{run['id']}")


async def _overload(api: Api, run: Json) -> None:
    """The provider asks to come back later."""
    outcome = ProviderFailed(
        provider_id=_provider_id(run),
        attempt_id=await api.begin(run),
        code=Code.PROVIDER_OVERLOADED,
        message="The engine is currently overloaded, please try again later.",
        retryable=True,
        ambiguous=False,
        provider_request_id="req_68f0c0ffee",
    )
    await api.settle(run, outcome)


async def _remove(api: Api, run: Json) -> None:
    """What an installer does where there was nothing before."""
    attempt_id = await api.begin(run)
    await api.settle(run, ProviderSucceeded(provider_id=_provider_id(run), attempt_id=attempt_id))


def _provider_id(run: Any) -> UUID:
    return UUID(run["targets"][0]["provider"]["id"])
