"""What an endpoint refuses beside the cases that the others tell of, so that each of its errors has been seen there."""

from typing import Any, Final

from domain.events import Role
from tests.adapters.http.exchanges import NOBODY, Exchanges
from tests.adapters.http.serving import Api

SKILL: Final = "bullpen"
PROVIDER: Final = "openai-tw"


async def exchange_refusals(say: Exchanges, api: Api) -> None:
    """With a skill and a connection of its own."""
    await _unknown_skill(say, api)
    await _out_of_use(say, api)
    await say.ask("docs.asset.not-found", api.anonymous, "GET", f"/docs/{NOBODY.replace('-', '')}/page.js")


async def _unknown_skill(say: Exchanges, api: Api) -> None:
    nobody = "/api/skills/nobody"
    await say.ask("skills.bundle.unknown-skill", api.admin, "GET", f"{nobody}/versions/1/bundle")
    await say.ask("skills.label.unknown-skill", api.admin, "PUT", f"{nobody}/labels/stable", body={"version": 1})
    await say.ask("skills.archive.not-found", api.admin, "POST", f"{nobody}/archive")
    await say.ask("skills.archive.undo-not-found", api.admin, "DELETE", f"{nobody}/archive")


async def _out_of_use(say: Exchanges, api: Api) -> None:
    """First the connection, then the skill."""
    await api.register(SKILL)
    await api.connect(PROVIDER, kind="openai")
    installed = await api.queue(SKILL, PROVIDER)
    await api.succeed(installed)
    await api.admin.post("/api/skills", json=_next_version())
    failed = await api.queue(SKILL, PROVIDER)
    await api.fail(failed)
    await api.admin.patch(f"/api/providers/{PROVIDER}", json={"active": False})
    operator = api.clients[Role.OPERATOR]
    runs = "/api/install-runs"
    await say.ask("install-runs.retry.inactive-provider", operator, "POST", f"{runs}/{failed['id']}/retry")
    await say.ask("install-runs.rollback.inactive-provider", operator, "POST", f"{runs}/{installed['id']}/rollback")
    await api.admin.patch(f"/api/providers/{PROVIDER}", json={"active": True})
    await api.admin.post(f"/api/skills/{SKILL}/archive")
    asked = {"skill": SKILL, "providers": [PROVIDER]}
    await say.ask("install-runs.queue.archived-skill", operator, "POST", runs, body=asked)
    await say.ask("install-runs.retry.archived-skill", operator, "POST", f"{runs}/{failed['id']}/retry")


def _next_version() -> dict[str, Any]:
    text = f"---\nname: {SKILL}\ndescription: Tells who warms up.\n---\n"
    return {"files": [{"path": "SKILL.md", "content": text}]}
