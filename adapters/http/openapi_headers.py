"""The headers of answers in the OpenAPI document, each of them once."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from adapters.http.idempotency import REPLAYED

Json = dict[str, Any]

EVERYWHERE: Final = ("X-Request-ID", "traceparent")
# Wherever a key was accepted.
RATE_LIMIT: Final = "RateLimit"
TEXT: Final[Json] = {"type": "string"}
HEADERS: Final[Mapping[str, tuple[str, Json]]] = {
    "X-Request-ID": (
        "The id of the request: the one that was sent, or a new one. It is in the logs and on the events.",
        TEXT,
    ),
    "traceparent": ("The trace that the request is part of, as W3C Trace Context has it.", TEXT),
    "Location": ("Where it can be read.", {"type": "string", "format": "uri-reference"}),
    REPLAYED: ("It was carried out before, under the same key, and this is what was answered then.", {"const": "true"}),
    "WWW-Authenticate": ("How to say who calls.", TEXT),
    "Retry-After": ("After how many seconds the request may be sent again.", {"type": "string", "pattern": "^[0-9]+$"}),
    "RateLimit-Policy": (
        "The limit that was met, where it is one of requests: how many (`q`) in how many seconds (`w`).",
        TEXT,
    ),
    RATE_LIMIT: (
        "How many requests the key may send at once by now (`r`), and in how many seconds there are more (`t`).",
        TEXT,
    ),
}


def header_references(names: Iterable[str]) -> Json:
    """Those that any answer may have, and these."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in (*EVERYWHERE, *names)}


def header_components() -> Json:
    return {name: {"description": words, "schema": schema} for name, (words, schema) in HEADERS.items()}
