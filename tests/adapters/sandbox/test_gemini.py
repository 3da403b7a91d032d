"""The official SDK against the sandbox: every endpoint of agents, their shapes, pages, and accounts."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from google.genai import _interactions as interactions

from adapters.sandbox import gemini_wire
from tests.adapters.sandbox.gemini_sdk import BASE_AGENT, KEY, agent, gemini, inline
from tests.kit.sandboxed import Served, serving

pytestmark = pytest.mark.anyio


async def ids(listing: Awaitable[Any]) -> list[str]:
    return [one.id for one in (await listing).agents or []]


async def test_an_agent_is_created_read_and_deleted(sandbox: Served) -> None:
    agents = gemini(sandbox)
    made = await agents.create(**agent(description="Ours.", system_instruction="Be brief."))
    assert (made.id, made.base_agent, made.description) == ("my-agent", BASE_AGENT, "Ours.")
    assert made.system_instruction == "Be brief."
    assert await agents.get("my-agent") == made
    (source,) = made.base_environment.sources
    assert (source.type, source.target) == ("inline", ".agents/skills/my-skill/SKILL.md")
    assert source.content == "# My skill\n"
    await agents.delete("my-agent")
    for touch in (agents.get, agents.delete):
        with pytest.raises(interactions.NotFoundError):
            await touch("my-agent")
    assert await sandbox.ledger() == []


async def test_both_versions_of_the_api_serve_the_same_agents(sandbox: Served) -> None:
    await gemini(sandbox, version="v1").create(**agent())
    for path in ("/gemini", "/gemini-interactions"):
        for version in ("v1beta", "v1"):
            assert await ids(gemini(sandbox, path=path, version=version).list()) == ["my-agent"]


async def test_an_agent_has_the_shape_of_googles(sandbox: Served) -> None:
    given = agent(inline("a", "eA==", "base64"), description="Ours.", tools=[{"type": "code_execution"}])
    headers = {"x-goog-api-key": KEY}
    made = await sandbox.http.post("/gemini/v1beta/agents", json=given, headers=headers)
    assert (made.status_code, made.json()) == (200, given)
    gone = await sandbox.http.delete("/gemini/v1beta/agents/my-agent", headers=headers)
    assert (gone.status_code, gone.json()) == (200, {})


async def test_a_list_leaves_out_what_is_empty_and_the_contents_of_files(sandbox: Served) -> None:
    headers = {"x-goog-api-key": KEY}
    assert (await sandbox.http.get("/gemini/v1beta/agents", headers=headers)).json() == {}
    await gemini(sandbox).create(**agent())
    listed = (await sandbox.http.get("/gemini/v1beta/agents", headers=headers)).json()
    source = {"type": "inline", "target": ".agents/skills/my-skill/SKILL.md"}
    environment = {"type": "remote", "sources": [source]}
    assert listed == {"agents": [{"id": "my-agent", "base_agent": BASE_AGENT, "base_environment": environment}]}


async def test_lists_come_in_pages(sandbox: Served) -> None:
    agents = gemini(sandbox)
    for number in range(5):
        await agents.create(**agent(id=f"agent-{number}"))
    pages: list[list[str]] = []
    token: str | None = None
    for _ in range(3):
        page = await agents.list(page_size=2, page_token=token)
        pages.append([one.id for one in page.agents])
        token = page.next_page_token
    assert pages == [["agent-0", "agent-1"], ["agent-2", "agent-3"], ["agent-4"]]
    assert not token


async def test_the_server_has_its_own_idea_of_a_page(sandbox: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gemini_wire, "PAGE_SIZE_MAX", 2)
    monkeypatch.setattr(gemini_wire, "PAGE_SIZE_DEFAULT", 1)
    agents = gemini(sandbox)
    for number in range(3):
        await agents.create(**agent(id=f"agent-{number}"))
    assert await ids(agents.list(page_size=1000)) == ["agent-0", "agent-1"]
    assert await ids(agents.list()) == await ids(agents.list(page_size=0)) == ["agent-0"]


async def test_an_account_sees_its_own_agents_only(sandbox: Served) -> None:
    await gemini(sandbox).create(**agent())
    other = gemini(sandbox, "AIza-account-b")
    assert await ids(other.list()) == []
    for touch in (other.get, other.delete):
        with pytest.raises(interactions.NotFoundError):
            await touch("my-agent")
    await other.create(**agent())
    assert len({entry["account"] for entry in await sandbox.ledger()}) == 2


LEDGER: list[tuple[dict[str, Any], str, str | None]] = [
    (agent(description="Ours."), "my-skill", "Ours."),
    (agent(inline("/.agents/skills/other/a/b.md", "x")), "other", None),
    (agent(inline("notes.md", "x"), inline(".agents/skills/second/SKILL.md", "x")), "second", None),
    (agent(inline(".agents/AGENTS.md", "x")), "my-agent", None),
    (agent() | {"base_environment": "env_1"}, "my-agent", None),
]


@pytest.mark.parametrize(("given", "name", "marker"), LEDGER)
async def test_the_ledger_shows_the_skill_that_is_mounted(
    sandbox: Served, given: dict[str, Any], name: str, marker: str | None
) -> None:
    await gemini(sandbox).create(**given)
    (entry,) = await sandbox.ledger()
    assert (entry["provider"], entry["id"], entry["name"]) == ("gemini", "my-agent", name)
    assert (entry["marker"], entry["versions"]) == (marker, ["1"])
    assert KEY not in entry["account"]


async def test_agents_outlive_a_restart(tmp_path: Path) -> None:
    async with serving(tmp_path) as sandbox:
        made = await gemini(sandbox).create(**agent())
    async with serving(tmp_path) as sandbox:
        assert await gemini(sandbox).get("my-agent") == made


async def test_models_are_for_the_plain_check_of_a_key(sandbox: Served) -> None:
    for version in ("v1beta", "v1"):
        url = f"/gemini/{version}/models?pageSize=1"
        answer = await sandbox.http.get(url, headers={"x-goog-api-key": KEY})
        assert answer.json()["models"][0]["name"].startswith("models/")
        assert (await sandbox.http.get(url, headers={"x-goog-api-key": "AIza-revoked"})).status_code == 400
    assert await sandbox.calls() == []


async def test_every_operation_is_logged_and_can_fail(sandbox: Served, subtests: pytest.Subtests) -> None:
    agents = gemini(sandbox)
    operations: dict[str, Callable[[], Awaitable[Any]]] = {
        "create_skill": lambda: agents.create(**agent()),
        "get": lambda: agents.get("my-agent"),
        "list": agents.list,
        "delete_skill": lambda: agents.delete("my-agent"),
    }
    for operation, touch in operations.items():
        with subtests.test(operation):
            before = await sandbox.ledger()
            await sandbox.fault("status", provider="gemini", operation=operation, status=418)
            with pytest.raises(interactions.APIStatusError) as caught:
                await touch()
            assert caught.value.status_code == 418
            assert await sandbox.ledger() == before
            await touch()
            last = (await sandbox.calls())[-1]
            assert (last["provider"], last["operation"], last["applied"]) == ("gemini", operation, True)


async def test_the_index_names_both_forms_of_errors(sandbox: Served) -> None:
    index = (await sandbox.http.get("/_sandbox/")).raise_for_status().json()
    assert index["providers"]["gemini"] == "/gemini"
    assert list(index["variants"]) == ["/gemini-interactions"]
