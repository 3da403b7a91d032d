"""`fixtures/` is what the API says: the same members and values but for ids and times, and as the OpenAPI document has it.

After a change of the contract, `WAYBILL_WRITE_FIXTURES=1` in the environment writes them anew.
"""

import json
import os
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.http.errors import MEDIA_TYPE, STATUSES
from adapters.http.health import CheckOutcome
from adapters.http.openapi_paths import EVERYWHERE, WITH_BODY, WITH_IDEMPOTENCY_KEY, WITH_KEY
from adapters.http.routes import routes_of
from adapters.postgres.event_store import PostgresEventStore
from adapters.sources.git import GitFolders
from commands.authenticate import Authenticate
from domain.access.key import write_key
from domain.errors import Code
from domain.install_run.state import RunStatus
from tests.adapters.http.bare import bare_app, check
from tests.adapters.http.exchanges import OPENAI, Exchanges, exchange_everything
from tests.adapters.http.exchanges_alerts import exchange_alerts
from tests.adapters.http.exchanges_chat import exchange_chat
from tests.adapters.http.exchanges_edge import exchange_edge
from tests.adapters.http.exchanges_evidence import exchange_evidence
from tests.adapters.http.exchanges_incidents import exchange_incidents
from tests.adapters.http.exchanges_keys import exchange_keys
from tests.adapters.http.exchanges_lists import exchange_lists
from tests.adapters.http.exchanges_live import exchange_live
from tests.adapters.http.exchanges_observation import exchange_observation
from tests.adapters.http.exchanges_refusals import exchange_refusals
from tests.adapters.http.outcomes import exchange_outcomes
from tests.adapters.http.promises import codes_of, resolved
from tests.adapters.http.repairs import exchange_repairs
from tests.adapters.http.serving import ask, listening, open_client, serving
from tests.adapters.http.test_access import router
from tests.architecture.sources import ROOT
from tests.kit.sandboxed import serving as serving_sandbox
from workers.wiring import now

pytestmark = pytest.mark.anyio

FIXTURES: Final = ROOT / "fixtures"
WRITING: Final = os.environ.get("WAYBILL_WRITE_FIXTURES") == "1"
NAMES: Final = sorted(path.stem for path in FIXTURES.glob("*.json"))
# No request brings this about by itself: it takes too many changes at one moment.
WITHOUT_FIXTURE: Final = {Code.CONFLICT_BUSY}
CHANGING: Final = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "an id"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "a time"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"), "a time"),
    (re.compile(r'"position": \d+'), '"position": 0'),
    (re.compile(r'"nextCursor": "[\w-]+"'), '"nextCursor": "more"'),
    (re.compile(r"(?<=cursor=)[\w-]+"), "more"),
    (re.compile(r'W/\\"\d+\\"'), "an ETag"),
    (re.compile(r'(?<="note": ")[^"]+|(?<="publicKey": ")[^"]+'), "a signature, or a key"),
    (re.compile(r'"hashes": \[[^]]*\]'), '"hashes": []'),
    (re.compile(r'(?<="Last-Event-ID": ")\d+|(?<=id: )\d+|(?<=after=)\d+|(?<=position\\":)\d+'), "a position"),
)

Json = dict[str, Any]


@pytest.fixture(scope="module")
async def said(
    anyio_backend: str, postgres: EmbeddedPostgres, module_database: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Json]:
    """Every exchange with the running API, by the name of its fixture."""
    say = Exchanges()
    folder = tmp_path_factory.mktemp("credentials")
    async with (
        serving_sandbox(None) as sandbox,
        serving(
            module_database,
            folder,
            base_urls={"openai": f"{sandbox.url}/openai/v1"},
            git=GitFolders(resolve=resolve_nothing),
        ) as api,
    ):
        await exchange_everything(say, api, sandbox)
        await exchange_outcomes(say, api)
        await exchange_repairs(say, api)
        await exchange_keys(say, api)
        await exchange_live(say, api)
        await exchange_lists(say, api)
        await exchange_refusals(say, api)
        await exchange_chat(say, api)
        await exchange_edge(say, api)
        await exchange_incidents(say, api)
        await exchange_alerts(say, api)
        await exchange_evidence(say, api, module_database)
    await ask_without_a_working_database(say, "errors.offline", "postgresql://waybill@127.0.0.1:1/waybill")
    await ask_without_a_working_database(say, "errors.internal", postgres.url)
    await ask_for_health(say)
    await exchange_observation(say)
    exchanges: dict[str, Json] = json.loads(json.dumps(say.all).replace(f"{sandbox.url}/openai/v1", OPENAI))
    if WRITING:
        write(exchanges)
    return exchanges


@pytest.fixture(scope="module")
async def document(anyio_backend: str) -> Json:
    async with listening(bare_app()) as url:
        described: Json = (await ask(f"{url}/openapi.json")).json()
    return described


def test_there_is_a_fixture_for_each_exchange_and_no_other(said: dict[str, Json]) -> None:
    assert sorted(said) == sorted(path.stem for path in FIXTURES.glob("*.json"))


@pytest.mark.parametrize("name", NAMES)
def test_the_api_says_what_the_fixture_says(said: dict[str, Json], name: str) -> None:
    assert comparable(said[name]) == comparable(read(name))


@pytest.mark.parametrize("name", NAMES)
def test_a_fixture_is_as_the_openapi_document_describes_it(document: Json, name: str) -> None:
    exchange = read(name)
    operation = operation_of(document, exchange["request"])
    answer = exchange["response"]
    if operation is None:
        assert answer["body"]["code"] in ("not_found:api", "not_allowed:api")
        schema = {"$ref": "#/components/schemas/ProblemDocument"}
    elif answer["body"] is None:
        assert "content" not in resolved(operation["responses"][str(answer["status"])], of=document)
        return
    else:
        media_type = answer["headers"]["Content-Type"].partition(";")[0]
        described = resolved(operation["responses"][str(answer["status"])], of=document)
        schema = described["content"][media_type]["schema"]
        if media_type == MEDIA_TYPE:
            assert answer["body"]["code"] in codes_of(described)
    validator = Draft202012Validator(
        schema | {"components": strict(document["components"])}, format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(answer["body"])] == []


def test_every_way_to_succeed_and_every_error_has_a_fixture(document: Json) -> None:
    exchanges = [read(name) for name in NAMES]
    shown = {
        (operation["operationId"], str(exchange["response"]["status"]))
        for exchange in exchanges
        if (operation := operation_of(document, exchange["request"]))
    }
    promised = {
        (operation["operationId"], status)
        for methods in document["paths"].values()
        for operation in methods.values()
        for status, answer in operation["responses"].items()
        if "application/json" in answer.get("content", {}) and operation["operationId"] != "openapi"
    }
    assert promised <= shown
    bodies = [body for exchange in exchanges if isinstance(body := exchange["response"]["body"], dict)]
    codes = {body.get("code") for body in bodies}
    assert set(STATUSES) - WITHOUT_FIXTURE == codes - {None}
    statuses = {body.get("status") for body in bodies}
    assert {*RunStatus} <= statuses


def test_every_error_of_an_endpoint_has_been_seen_there(document: Json, said: dict[str, Json]) -> None:
    """But for those that any request may meet, and those that take more at a moment than one request."""
    anywhere = {*EVERYWHERE, *WITH_KEY, *WITH_BODY, *WITH_IDEMPOTENCY_KEY, Code.FORBIDDEN, *WITHOUT_FIXTURE}
    seen = {
        (operation["operationId"], exchange["response"]["body"]["code"])
        for exchange in said.values()
        if exchange["response"]["status"] >= HTTPStatus.BAD_REQUEST
        and (operation := operation_of(document, exchange["request"]))
        and "code" in exchange["response"]["body"]
    }
    promised = {(route.operation.id, str(code)) for route in routes_of(router()) for code in route.operation.refuses}
    assert {(name, code) for name, code in promised - seen if code not in anywhere} == set()


async def resolve_nothing(host: str, _port: int) -> Sequence[str]:
    """Asks nobody; what is an address already needs no asking."""
    if not host[-1].isdecimal():
        raise OSError("unknown host")
    return [host]


async def ask_without_a_working_database(say: Exchanges, name: str, url: str) -> None:
    store = PostgresEventStore(url, name="test-broken")
    key = write_key(key_id="admin", secret=bytes(32))
    app = bare_app(authenticate=Authenticate(store=store, clock=now))
    async with listening(app) as base, open_client(base, key) as client:
        await say.ask(name, client, "GET", "/api/install-runs")
    await store.close()


async def ask_for_health(say: Exchanges) -> None:
    good, bad = CheckOutcome(ok=True, lag_events=0), CheckOutcome(ok=False, detail="Not connected; runs wait for it.")
    for name, database, nats in (("ready", good, good), ("degraded", good, bad), ("unavailable", bad, good)):
        checks = (check("database", database, essential=True), check("nats", nats))
        async with listening(bare_app(checks=checks)) as url, open_client(url) as client:
            await say.ask(f"health.{name}", client, "GET", "/readyz")
            await say.ask("health.alive", client, "GET", "/livez")


def operation_of(document: Json, request: Json) -> Json | None:
    path = request["path"].partition("?")[0]
    # An address of its own goes before one with a part that may be anything.
    for template, methods in sorted(document["paths"].items(), key=lambda item: str(item[0]).count("{")):
        if re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), path):
            operation: Json | None = methods.get(request["method"].lower())
            return operation
    return None


def strict(schema: Any) -> Any:
    """Nothing but what is described may stand in an answer."""
    match schema:
        case {"properties": dict()}:
            return {"additionalProperties": False} | {name: strict(value) for name, value in schema.items()}
        case dict():
            return {name: strict(value) for name, value in schema.items()}
        case list():
            return [strict(value) for value in schema]
        case _:
            return schema


def comparable(exchange: Mapping[str, Any]) -> Any:
    text = json.dumps(exchange, sort_keys=True)
    for pattern, word in CHANGING:
        text = pattern.sub(word, text)
    return json.loads(text)


def read(name: str) -> Json:
    exchange: Json = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    return exchange


def write(exchanges: Mapping[str, Json]) -> None:
    """Only what differs in more than ids and times."""
    former = {path.stem: read(path.stem) for path in FIXTURES.glob("*.json")}
    for name in former.keys() - exchanges.keys():
        (FIXTURES / f"{name}.json").unlink()
    for name, exchange in exchanges.items():
        if name not in former or comparable(former[name]) != comparable(exchange):
            text = json.dumps(exchange, indent=2, ensure_ascii=False)
            (FIXTURES / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")
