"""The real Anthropic SDK, pointed at a sandbox."""

from anthropic import AsyncAnthropic

from tests.kit.sandboxed import Served

KEY = "sk-ant-account-a"


def claude(sandbox: Served, key: str = KEY) -> AsyncAnthropic:
    """Needs no closing: it has the sockets of `sandbox.http`."""
    return AsyncAnthropic(api_key=key, base_url=f"{sandbox.url}/anthropic", max_retries=0, http_client=sandbox.http)
