"""Every answer that a test gets is one that the OpenAPI document promises: its status, its code, its type and its headers."""

import json
import re
from functools import cache
from typing import Any, Final

import httpx2

from adapters.http.app import contract
from adapters.http.errors import MEDIA_TYPE

# What every server sends, and what the edge says to browsers alone: no client has to know of it.
UNSAID: Final = re.compile(
    r"content-(type|length|security-policy)|date|server|connection|transfer-encoding|cache-control|vary|allow|referrer-policy"
    r"|cross-origin-\S+|x-content-type-options|strict-transport-security|access-control-\S+|x-accel-buffering"
)

Json = dict[str, Any]


@cache
def document() -> Json:
    described: Json = json.loads(contract(version="0.0.0"))
    return described


def resolved(value: Json, *, of: Json | None = None) -> Json:
    """What a reference leads to, if it is one."""
    while "$ref" in value:
        found: Any = of or document()
        for step in value["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        value = found
    return value


def codes_of(answer: Json) -> set[str]:
    """The codes that an error's answer may have."""
    return set(resolved(answer)["content"][MEDIA_TYPE]["examples"])


@cache
def _templates() -> tuple[tuple[re.Pattern[str], Json], ...]:
    """An address of its own goes before one with a part that may be anything."""
    paths = sorted(document()["paths"].items(), key=lambda item: str(item[0]).count("{"))
    return tuple((re.compile(re.sub(r"{\w+}", "[^/]+", path)), methods) for path, methods in paths)


def operation_of(method: str, path: str) -> Json | None:
    """The operation that a request is for; None for an address or a method that the document does not have."""
    asked = "get" if method == "HEAD" else method.lower()
    for template, methods in _templates():
        if template.fullmatch(path):
            return methods.get(asked)
    return None


async def hold_to_promise(answer: httpx2.Response) -> None:
    """An event hook for clients."""
    operation = operation_of(answer.request.method, answer.request.url.path)
    if operation is None:
        return
    code = None
    if answer.headers.get("content-type") == MEDIA_TYPE and await answer.aread():
        code = answer.json()["code"]
    broken = broken_promise(operation, status=answer.status_code, headers=answer.headers, code=code)
    assert broken is None, f"{answer.request.method} {answer.request.url.path}: {broken}"


def broken_promise(operation: Json, *, status: int, headers: httpx2.Headers, code: str | None) -> str | None:
    """What the operation says nothing of, in words."""
    if str(status) not in operation["responses"]:
        return f"{operation['operationId']} says nothing of status {status} ({code})"
    promised = resolved(operation["responses"][str(status)])
    if code is not None and code not in codes_of(promised):
        return f"{operation['operationId']} says nothing of {code}"
    media_type = headers.get("content-type", "").partition(";")[0]
    if media_type and media_type not in promised.get("content", {}):
        return f"{operation['operationId']} says nothing of {media_type} under {status}"
    known = {name.lower() for name in promised["headers"]}
    unsaid = sorted(name for name in headers if name not in known and not UNSAID.fullmatch(name))
    return f"{operation['operationId']} says nothing of the headers {unsaid} under {status}" if unsaid else None
