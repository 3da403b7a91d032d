"""What a caller has already: `If-None-Match`, read in one way wherever an answer has an `ETag` (RFC 9110, 13.1.2)."""

from typing import Any

from litestar import Request


def tags_known(request: Request[Any, Any, Any]) -> frozenset[str] | None:
    """The tags that are named, without the mark of weak ones, since they are compared weakly; None if there is no such header."""
    given = [value.decode("latin-1") for name, value in request.scope["headers"] if name == b"if-none-match"]
    if not given:
        return None
    return frozenset(tag.strip().removeprefix("W/") for tag in ",".join(given).split(","))


def knows(request: Request[Any, Any, Any], tag: str) -> bool:
    """Whether what has this tag need not be sent again."""
    known = tags_known(request)
    return known is not None and (tag in known or "*" in known)
