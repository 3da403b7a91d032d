"""What a request leaves out of its policy is as the server has it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from adapters.http.policy_choice import PolicyChoice
from domain.events import Role
from domain.install_run.policy import Policy
from tests.adapters.http.serving import Api, serving

pytestmark = pytest.mark.anyio

DEFAULT = Policy(mode="all_or_nothing", attempts_max=7, backoff_seconds=2.5, run_timeout_seconds=120)
SHOWN = {
    "mode": "all_or_nothing",
    "attemptsMax": 7,
    "backoffSeconds": 2.5,
    "backoffMaxSeconds": 60,
    "attemptTimeoutSeconds": 60,
    "startTimeoutSeconds": 900,
    "runTimeoutSeconds": 120,
}


@pytest.fixture(scope="module")
async def api(anyio_backend: str, module_database: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    """Its default policy is one that nobody has by chance."""
    folder: Path = tmp_path_factory.mktemp("credentials")
    async with serving(module_database, folder, policy=DEFAULT) as served:
        await served.register()
        await served.connect("anything")
        yield served


def test_everything_in_a_policy_may_be_chosen_within_the_same_bounds() -> None:
    chosen, policy = msgspec.json.schema(PolicyChoice), msgspec.json.schema(Policy)

    def fields(schema: dict[str, Any], name: str) -> dict[str, Any]:
        properties = schema["$defs"][name]["properties"]
        return {field: {**rules, "default": None} for field, rules in properties.items()}

    assert fields(chosen, "PolicyChoice") == fields(policy, "Policy")


@pytest.mark.parametrize(
    ("chosen", "differs"),
    [
        (None, {}),
        ({}, {}),
        ({"mode": "best_effort"}, {"mode": "best_effort"}),
        ({"backoffSeconds": 0, "retryCodes": []}, {"backoffSeconds": 0, "retryCodes": []}),
        (
            {"attemptsMax": 1, "attemptTimeoutSeconds": 5, "retryCodes": ["timeout:provider"]},
            {"attemptsMax": 1, "attemptTimeoutSeconds": 5, "retryCodes": ["timeout:provider"]},
        ),
    ],
    ids=["nothing said", "empty", "the mode", "zero and none", "some"],
)
async def test_what_is_left_out_is_the_servers(api: Api, chosen: Any, differs: dict[str, Any]) -> None:
    body = {"skill": "kbo-results", "providers": ["anything"], "dryRun": True}
    if chosen is not None:
        body["policy"] = chosen
    answer = await api.clients[Role.OPERATOR].post("/api/install-runs", json=body)
    assert (answer.status_code, answer.json()["policy"]) == (200, SHOWN | differs)


async def test_an_uninstall_and_a_retry_have_a_policy_too(api: Api) -> None:
    chosen = {"skill": "kbo-results", "providers": ["anything"], "policy": {"attemptsMax": 1}}
    operator = api.clients[Role.OPERATOR]
    run = (await operator.post("/api/install-runs", json=chosen)).json()
    await api.fail(run)
    retry = (await operator.post(f"/api/install-runs/{run['id']}/retry")).json()
    assert retry["policy"] == run["policy"] == SHOWN | {"attemptsMax": 1}
    await api.succeed(retry)
    (installation,) = (await operator.get("/api/installations")).json()["items"]
    removal = (await operator.post(f"/api/installations/{installation['id']}/uninstall")).json()
    assert removal["policy"] == SHOWN


@pytest.mark.parametrize(
    ("policy", "pointer"),
    [
        ({"attemptsMax": 0}, "/policy/attemptsMax"),
        ({"attemptsMax": 21}, "/policy/attemptsMax"),
        ({"backoffSeconds": -1}, "/policy/backoffSeconds"),
        ({"runTimeoutSeconds": 1.5}, "/policy/runTimeoutSeconds"),
        ({"startTimeoutSeconds": None}, "/policy/startTimeoutSeconds"),
        ({"retryCodes": ["timeout"]}, "/policy/retryCodes/0"),
        ({"retries": 1}, "/policy/retries"),
        (None, "/policy"),
    ],
    ids=str,
)
async def test_what_no_policy_can_be_is_refused_with_its_place(api: Api, policy: Any, pointer: str) -> None:
    body = {"skill": "kbo-results", "providers": ["anything"], "policy": policy}
    answer = await api.clients[Role.OPERATOR].post("/api/install-runs", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request:api")
    assert [problem["pointer"] for problem in answer.json()["errors"]] == [pointer]
