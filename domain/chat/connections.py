"""Which connections a word means: the one that is called so, or those of the kind that it is a word for."""

from collections.abc import Mapping
from typing import Final

from domain.chat.closeness import CANDIDATES_MAX, closest
from domain.chat.facts import ProviderFact
from domain.provider.events import ProviderKind

# What people call the providers, whatever they called their connections.
VENDORS: Final[Mapping[str, ProviderKind]] = {
    "openai": "openai",
    "gpt": "openai",
    "chatgpt": "openai",
    "claude": "claude",
    "anthropic": "claude",
    "gemini": "gemini",
    "google": "gemini",
    "noop": "noop",
}


def connections_meant(word: str, connections: tuple[ProviderFact, ...]) -> tuple[ProviderFact, ...]:
    """Several if nobody can tell which, none if there is no such connection."""
    called = tuple(one for one in connections if one.name == word)
    return called or tuple(one for one in connections if one.kind == VENDORS.get(word))


def connections_close(word: str, connections: tuple[ProviderFact, ...]) -> tuple[str, ...]:
    """Names of connections that may have been meant, the closest first."""
    names: dict[str, tuple[str, ...]] = {one.name: (one.name,) for one in connections}
    for vendor, kind in VENDORS.items():
        names.setdefault(vendor, tuple(one.name for one in connections if one.kind == kind))
    found = dict.fromkeys(name for close in closest(word, names) for name in names[close])
    return tuple(found)[:CANDIDATES_MAX]
