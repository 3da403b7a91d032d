"""The Gemini adapter passes the suite of every provider, whichever of Google's two forms errors have."""

from uuid import uuid4

from domain.skill.bundle import Bundle
from tests.adapters.sandbox.gemini_sdk import agent, files_of, gemini
from tests.kit.provider_conformance import ProviderConformance
from tests.kit.sandboxed import Served


class TestGemini(ProviderConformance):
    kind, path, key = "gemini", "/gemini", "AIza-conformance"
    upgrading = ("create_skill", "delete_skill")
    restoring = ("create_skill", "delete_skill")

    async def by_hand(self, sandbox: Served, bundle: Bundle, *, remote_id: str | None = None) -> str:
        """Nothing of an agent can be changed, but it can be made anew."""
        agents = gemini(sandbox, self.key, path=self.path)
        if remote_id is not None:
            await agents.delete(remote_id)
        made = await agents.create(**agent(*files_of(bundle), id=remote_id or f"{bundle.name}-{uuid4().hex[:8]}"))
        return str(made.id)


class TestGeminiWithErrorsOfInteractions(TestGemini):
    path = "/gemini-interactions"
