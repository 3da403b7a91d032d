"""The OpenAI adapter passes the suite of every provider."""

from adapters.providers.exchange import form_files
from domain.skill.bundle import Bundle
from tests.kit.provider_conformance import ProviderConformance
from tests.kit.sandboxed import Served


class TestOpenAI(ProviderConformance):
    kind, path, key = "openai", "/openai/v1", "sk-conformance"
    marked = False
    upgrading = ("create_version", "set_default")
    restoring = ("set_default",)

    async def by_hand(self, sandbox: Served, bundle: Bundle, *, remote_id: str | None = None) -> str:
        skills, files = sandbox.client(self.key).skills, form_files(bundle)
        if remote_id is None:
            return (await skills.create(files=files)).id
        await skills.versions.create(remote_id, files=files, default=True)
        return remote_id
