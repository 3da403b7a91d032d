"""An environment that tries to send a provider's SDK elsewhere, with other keys and more headers."""

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

SDKS: Final = ("openai", "anthropic", "google.genai")
STRANGER: Final = "stranger"
NOWHERE: Final = "http://127.0.0.1:9"
VARIABLE: Final = re.compile(r"""["']((?:OPENAI|ANTHROPIC|GOOGLE|GEMINI)_[A-Z_]+)["']""")
PROXIES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
NO_PROXIES: Final = ("NO_PROXY", "no_proxy")
HEADERS: Final = "\n".join(
    f"{name}: {STRANGER}" for name in ("Authorization", "x-api-key", "x-goog-api-key", "Host", "X-More")
)
SPECIAL: Final = {
    "GOOGLE_GENAI_DEFAULT_HEADERS": f'{{"x-goog-api-key": "{STRANGER}", "x-more": "{STRANGER}"}}',
    "GOOGLE_GENAI_USE_VERTEXAI": "true",
    "GOOGLE_GENAI_USE_ENTERPRISE": "true",
    "GOOGLE_GENAI_CLIENT_MODE": "replay",
}


@cache
def strange_environment() -> dict[str, str]:
    """Every variable that is named anywhere in an SDK, so also those of its next version, and those of the HTTP client."""
    names = {name for sdk in SDKS for path in _sources(sdk) for name in VARIABLE.findall(path.read_text("utf-8"))}
    return {name: _value(name) for name in sorted(names)} | dict.fromkeys(PROXIES, NOWHERE)


def _sources(sdk: str) -> list[Path]:
    spec = find_spec(sdk)
    assert spec is not None
    assert spec.origin is not None
    return sorted(Path(spec.origin).parent.rglob("*.py"))


def _value(name: str) -> str:
    if name.endswith("_URL"):
        return NOWHERE
    return SPECIAL.get(name, HEADERS if name.endswith("_HEADERS") else STRANGER)
