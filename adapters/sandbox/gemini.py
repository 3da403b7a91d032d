"""Gemini's managed agents under `/gemini`: routes and rules, as the official SDK knows them; and its models, for chat.

Under `/gemini-interactions` the same agents are served with errors in the form of the Interactions API: Google has two forms,
and which of them this API takes is not documented.
"""

import time
from typing import Any

import msgspec
from litestar import Router, delete, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath

from adapters.sandbox.dialect import Dialect, ProviderError
from adapters.sandbox.gemini_chat import generate_content
from adapters.sandbox.gemini_wire import (
    Agent,
    HttpRequest,
    Page,
    PageQuery,
    account_of,
    read_agent,
    render_classic,
    render_interactions,
)
from adapters.sandbox.ledger import Ledger
from adapters.sandbox.shelf import NotInList, Shelf, Version, Window

CLASSIC = Dialect(name="gemini", prefix="/gemini", render=render_classic)
INTERACTIONS = Dialect(
    name="gemini",
    prefix="/gemini-interactions",
    render=render_interactions,
    variant="errors as of the Interactions API",
)
DIALECTS = (CLASSIC, INTERACTIONS)

AGENTS_MAX = 1000
# Agents have no versions; the ledger calls what an agent holds by this one.
ONLY_VERSION = "1"

AGENTS = ["/v1beta/agents", "/v1/agents"]
AGENT = [f"{path}/{{agent_id:str}}" for path in AGENTS]
MODELS = ["/v1beta/models", "/v1/models"]


def gemini_routers() -> list[Router]:
    return [
        Router(
            path=dialect.prefix,
            route_handlers=[list_agents, create_agent, get_agent, delete_agent, list_models, generate_content],
            dependencies={"shelf": Provide(shelf_of_caller, sync_to_thread=False)},
            opt={"dialect": dialect},
        )
        for dialect in DIALECTS
    ]


def shelf_of_caller(request: HttpRequest, ledger: NamedDependency[Ledger]) -> Shelf:
    classic = request.route_handler.opt["dialect"] == CLASSIC
    return ledger.shelf(CLASSIC.name, account_of(request.headers.get("x-goog-api-key", ""), classic=classic))


@get(AGENTS, opt={"operation": "list"})
async def list_agents(request: HttpRequest, shelf: NamedDependency[Shelf]) -> Page:
    """Oldest first. A token is the id of the last agent of the page before."""
    query = PageQuery.read(dict(request.query_params))
    window = Window(limit=query.limit + 1, after=query.page_token or None, newest_first=False)
    try:
        found = [skill.id for skill in shelf.skills(window)]
    except NotInList as error:
        raise ProviderError(400, "The page token is not valid.") from error
    page = found[: query.limit]
    more = len(found) > query.limit
    agents = [_agent(shelf, agent_id).outline() for agent_id in page]
    return Page(agents=agents, next_page_token=page[-1] if more else "")


@post(AGENTS, status_code=200, opt={"operation": "create_skill"})
async def create_agent(request: HttpRequest, shelf: NamedDependency[Shelf]) -> Agent:
    agent = read_agent(await request.body())
    if shelf.skill(agent.id):
        raise ProviderError(409, f"Agent '{agent.id}' already exists.")
    if len(shelf.skills(Window(limit=AGENTS_MAX))) >= AGENTS_MAX:
        raise ProviderError(429, f"A project may have at most {AGENTS_MAX} agents.")
    version = Version(
        id=agent.id,
        version=ONLY_VERSION,
        name=agent.skill_name,
        description=agent.description or "",
        created_at=int(time.time()),
    )
    shelf.add_skill(
        skill_id=agent.id, version=version, archive=msgspec.json.encode(agent), marker=agent.description or None
    )
    return agent


@get(AGENT, opt={"operation": "get"})
async def get_agent(agent_id: FromPath[str], shelf: NamedDependency[Shelf]) -> Agent:
    return _agent(shelf, agent_id)


@delete(AGENT, status_code=200, opt={"operation": "delete_skill"})
async def delete_agent(agent_id: FromPath[str], shelf: NamedDependency[Shelf]) -> dict[str, Any]:
    _agent(shelf, agent_id)
    shelf.remove_skill(agent_id)
    return {}


@get(MODELS)
async def list_models(shelf: NamedDependency[Shelf]) -> dict[str, Any]:  # noqa: ARG001 - opening the shelf checks the key
    """What the plain check of a key asks for; it is no call about skills, so it is neither logged nor made to fail."""
    return {"models": [{"name": "models/gemini-3.8-flash", "displayName": "Gemini 3.8 Flash"}]}


def _agent(shelf: Shelf, agent_id: str) -> Agent:
    stored = shelf.archive(agent_id, ONLY_VERSION)
    if stored is None:
        raise ProviderError(404, f"Agent '{agent_id}' was not found.")
    return msgspec.json.decode(stored, type=Agent)
