"""Every kind of provider that Waybill speaks to: its adapter, named and not imported, where the provider is, what it takes."""

from typing import Final

from msgspec import Struct

from domain.ports import Limits
from domain.provider.events import ProviderKind
from domain.skill.bundle import BUNDLE_BYTES_MAX, FILE_BYTES_MAX, FILES_MAX


class Entry(Struct, frozen=True, kw_only=True):
    """`adapter` is `module:Class`, so that an SDK is imported by those who use it; `settings` are those of a connection that
    mean something to it.
    """

    adapter: str
    base_url: str
    limits: Limits
    settings: frozenset[str] = frozenset()


CATALOG: Final[dict[ProviderKind, Entry]] = {
    "openai": Entry(
        adapter="adapters.providers.openai:OpenAIAdapter",
        base_url="https://api.openai.com/v1",
        limits=Limits(bundle_bytes_max=50_000_000, file_bytes_max=25_000_000, files_max=500, nested_skill_md=False),
        settings=frozenset({"organization", "project"}),
    ),
    "claude": Entry(
        adapter="adapters.providers.claude:ClaudeAdapter",
        base_url="https://api.anthropic.com",
        limits=Limits(
            bundle_bytes_max=30_000_000,
            file_bytes_max=30_000_000,
            files_max=FILES_MAX,
            reserved_words=("anthropic", "claude"),
            markup=False,
        ),
    ),
    "gemini": Entry(
        adapter="adapters.providers.gemini:GeminiAdapter",
        base_url="https://generativelanguage.googleapis.com",
        # "2 MB in all, 1 MB a file": whether these are 1,048,576 bytes each, and whether base64 counts as it is sent, is not
        # documented. Taken as the smaller, of the files' own bytes.
        limits=Limits(bundle_bytes_max=2_000_000, file_bytes_max=1_000_000, files_max=FILES_MAX),
        settings=frozenset({"base_agent"}),
    ),
    "noop": Entry(
        adapter="adapters.providers.noop:NoopAdapter",
        base_url="https://noop.invalid",
        limits=Limits(bundle_bytes_max=BUNDLE_BYTES_MAX, file_bytes_max=FILE_BYTES_MAX, files_max=FILES_MAX),
        settings=frozenset({"organization", "project", "base_agent"}),
    ),
}
