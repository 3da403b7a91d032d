"""What a case says of this program: its settings, each named here because it is no secret, and the versions of what it is made of."""

import platform
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, Final

import msgspec

from projections.catalog import READ_MODELS
from workers.settings import Settings

PACKAGES: Final = ("waybill", "eventsourcing", "psycopg", "nats-py", "litestar", "openai", "anthropic", "google-genai")


def shown_settings(settings: Settings) -> Mapping[str, Any]:
    """No address, no path and no credential; of those only whether they are set."""
    return {
        "policy": msgspec.to_builtins(settings.policy),
        "concurrency": dict(settings.concurrency),
        "leaseMarginSeconds": settings.lease_margin_seconds,
        "requestsPerSecond": settings.http.requests_per_second,
        "tls": settings.http.tls is not None,
        "trustedProxies": len(settings.http.trusted_proxies),
        "corsOrigins": len(settings.http.cors_origins),
        "logLevel": settings.log_level,
        "noopProviders": settings.noop_providers,
        "chatModel": settings.chat_model is not None,
        "slack": settings.slack is not None,
        "credentialsOffered": len(settings.credentials),
        "gitHosts": len(settings.git_hosts),
    }


def software() -> Mapping[str, str]:
    """Of the API, which makes the case; other parts may be of other versions."""
    models = {f"read model {model.name}": f"generation {model.generation}" for model in READ_MODELS}
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}, **models}
