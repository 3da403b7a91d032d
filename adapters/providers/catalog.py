"""Every kind of provider that Waybill speaks to: where its adapter is, named and not imported, and where the provider is."""

from typing import Final

from msgspec import Struct

from domain.provider.events import ProviderKind


class Entry(Struct, frozen=True, kw_only=True):
    """`adapter` is `module:Class`, so that an SDK is imported by those who use it."""

    adapter: str
    base_url: str


CATALOG: Final[dict[ProviderKind, Entry]] = {
    "openai": Entry(adapter="adapters.providers.openai:OpenAIAdapter", base_url="https://api.openai.com/v1"),
    "noop": Entry(adapter="adapters.providers.noop:NoopAdapter", base_url="https://noop.invalid"),
}
