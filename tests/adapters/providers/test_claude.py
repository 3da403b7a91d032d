"""The Claude adapter passes the suite of every provider."""

from anthropic import AsyncAnthropic

from adapters.providers.exchange import form_files
from domain.skill.bundle import Bundle
from tests.kit.provider_conformance import ProviderConformance
from tests.kit.sandboxed import Served


class TestClaude(ProviderConformance):
    kind, path, key = "claude", "/anthropic", "sk-ant-conformance"

    async def by_hand(self, sandbox: Served, bundle: Bundle, *, remote_id: str | None = None) -> str:
        url = f"{sandbox.url}{self.path}"
        skills = AsyncAnthropic(api_key=self.key, base_url=url, max_retries=0, http_client=sandbox.http).skills
        if remote_id is None:
            return (await skills.create(files=form_files(bundle))).id
        await skills.versions.create(remote_id, files=form_files(bundle))
        return remote_id
