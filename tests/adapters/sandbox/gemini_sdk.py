"""The real Google SDK, pointed at a sandbox."""

import warnings
from typing import Any

from google import genai
from google.genai.types import HttpOptions, HttpRetryOptions

from domain.skill.bundle import Bundle
from tests.kit.sandboxed import Served

KEY = "AIza-account-a"
BASE_AGENT = "antigravity-preview-09-2026"


def gemini(sandbox: Served, key: str = KEY, *, path: str = "/gemini", version: str = "v1beta") -> Any:
    """The SDK's resource of agents. Needs no closing: it has the sockets of `sandbox.http`."""
    options = HttpOptions(
        base_url=f"{sandbox.url}{path}",
        api_version=version,
        retry_options=HttpRetryOptions(attempts=1),
        httpx_async_client=sandbox.http,
    )
    client = genai.Client(api_key=key, vertexai=False, http_options=options)
    with warnings.catch_warnings(action="ignore", category=UserWarning):
        return client.aio.agents


def inline(target: str, content: str, encoding: str | None = None) -> dict[str, str]:
    source = {"type": "inline", "target": target, "content": content}
    return source | {"encoding": encoding} if encoding else source


def agent(*sources: dict[str, str], **more: object) -> dict[str, Any]:
    """What an agent is created of; without sources it holds one skill."""
    files = sources or (inline(".agents/skills/my-skill/SKILL.md", "# My skill\n"),)
    environment = {"type": "remote", "sources": list(files)}
    return {"id": "my-agent", "base_agent": BASE_AGENT, "base_environment": environment} | more


def files_of(bundle: Bundle) -> list[dict[str, str]]:
    """A bundle's files as a person would mount them."""
    targets = [(f".agents/skills/{bundle.name}/{file.path}", file.content) for file in bundle.files]
    return [inline(target, content.decode("utf-8", "replace")) for target, content in targets]
