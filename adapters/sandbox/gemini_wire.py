"""What Gemini's Agents API puts on the wire: keys, ids, inline files, queries, agents, and errors in either of Google's forms."""

import base64
import binascii
import re
from typing import Annotated, Any, Literal, NamedTuple, Self

import msgspec
from litestar import Request
from msgspec import Meta, Struct
from msgspec.structs import replace

from adapters.sandbox.dialect import ProviderError
from adapters.sandbox.shelf import account_opened_by

HttpRequest = Request[Any, Any, Any]

BASE_AGENTS = ("antigravity-preview-09-2026",)
PAGE_SIZE_DEFAULT = 50
PAGE_SIZE_MAX = 100
# Whether Google means these or 1,048,576, and whether base64 counts as sent, is not documented; here a file has its own size.
FILE_BYTES_MAX = 1_000_000
SOURCES_BYTES_MAX = 2_000_000

AGENT_ID = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
RESERVED = re.compile(
    r"(antigravity|veo|omni|lyria|imagen|gemma|gemini|google|youtube|android|chrome|pixel|waze|fitbit|nest|kaggle)-",
    re.IGNORECASE,
)
SKILL_TARGET = re.compile(r"/?\.agents/skills/([^/]+)/.+")

ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"
RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo"


class Name(NamedTuple):
    """What an error is called in the form of google.rpc, and in that of the Interactions API."""

    classic: str
    interactions: str


NAMES = {
    400: Name("INVALID_ARGUMENT", "invalid_request"),
    401: Name("UNAUTHENTICATED", "authentication"),
    402: Name("FAILED_PRECONDITION", "payment_required"),
    403: Name("PERMISSION_DENIED", "permission_denied"),
    404: Name("NOT_FOUND", "not_found"),
    409: Name("ALREADY_EXISTS", "already_exists"),
    416: Name("OUT_OF_RANGE", "out_of_range"),
    429: Name("RESOURCE_EXHAUSTED", "rate_limit_exceeded"),
    499: Name("CANCELLED", "cancelled"),
    500: Name("INTERNAL", "internal"),
    503: Name("UNAVAILABLE", "service_unavailable"),
    504: Name("DEADLINE_EXCEEDED", "deadline_exceeded"),
}
UNKNOWN = Name("UNKNOWN", "unknown")
STATUSES = frozenset({name.classic for name in NAMES.values()})


def render_classic(error: ProviderError) -> bytes:
    """As google.rpc.Status. A code that is none of its statuses is the reason in its details."""
    status = error.code if error.code in STATUSES else NAMES.get(error.status, UNKNOWN).classic
    details: list[dict[str, Any]] = []
    if error.code and error.code != status:
        service = {"service": "generativelanguage.googleapis.com"}
        details.append({"@type": ERROR_INFO, "reason": error.code, "domain": "googleapis.com", "metadata": service})
    if error.retry_after_seconds is not None:
        details.append({"@type": RETRY_INFO, "retryDelay": f"{error.retry_after_seconds}s"})
    body = {"code": error.status, "message": error.message, "status": status}
    return msgspec.json.encode({"error": body | {"details": details} if details else body})


def render_interactions(error: ProviderError) -> bytes:
    code = error.code or NAMES.get(error.status, UNKNOWN).interactions
    return msgspec.json.encode({"error": {"code": code, "message": error.message}})


def account_of(key: str, *, classic: bool) -> str:
    """The account a key opens, as a name that does not give the key away; `revoked` and `noscope` in a key are refused.

    In the classic form a bad key is a bad argument, and no key at all lacks a permission.
    """
    key = key.strip()
    if not key:
        raise ProviderError(403 if classic else 401, "Method doesn't allow unregistered callers. Please use API Key.")
    if "revoked" in key:
        status, code = (400, "API_KEY_INVALID") if classic else (401, None)
        raise ProviderError(status, "API key not valid. Please pass a valid API key.", code=code)
    if "noscope" in key:
        code = "API_KEY_SERVICE_BLOCKED" if classic else None
        raise ProviderError(403, "Requests to this API method are blocked for this API key.", code=code)
    return account_opened_by(key)


class Source(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """`content` is for `inline`, the address `source` for the others."""

    type: Literal["inline", "repository", "gcs", "skill_registry"]
    target: str
    content: str | None = None
    encoding: Literal["", "base64"] = ""
    source: str | None = None

    def file(self) -> bytes:
        """What is mounted, of an inline source."""
        if self.content is None:
            raise ProviderError(400, f"Inline source '{self.target}' has no content.")
        try:
            return base64.b64decode(self.content, validate=True) if self.encoding else self.content.encode()
        except (binascii.Error, ValueError) as error:
            raise ProviderError(400, f"The content of inline source '{self.target}' cannot be decoded.") from error


class Environment(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    type: Literal["remote"]
    sources: tuple[Source, ...] = ()
    network: Any = None
    env: Any = None


class Agent(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """An environment that is a string is the id of one that exists already."""

    id: str
    base_agent: str
    description: str | None = None
    base_environment: Environment | str | None = None
    system_instruction: str | None = None
    tools: Any = None
    agent_config: Any = None

    @property
    def sources(self) -> tuple[Source, ...]:
        return self.base_environment.sources if isinstance(self.base_environment, Environment) else ()

    @property
    def skill_name(self) -> str:
        """Of the first skill that is mounted in it; an agent without one goes by its id."""
        found = (SKILL_TARGET.fullmatch(source.target) for source in self.sources)
        return next((match[1] for match in found if match), self.id)

    def outline(self) -> "Agent":
        """Without the contents of its files, which would make a list very long."""
        if not isinstance(self.base_environment, Environment):
            return self
        sources = tuple(replace(source, content=None) for source in self.sources)
        return replace(self, base_environment=replace(self.base_environment, sources=sources))


def read_agent(body: bytes) -> Agent:
    try:
        agent = msgspec.json.decode(body, type=Agent)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProviderError(400, f"Invalid JSON payload received. {error}.") from error
    if RESERVED.match(agent.id):
        raise ProviderError(400, f"The agent id '{agent.id}' begins with a reserved prefix.")
    if not AGENT_ID.fullmatch(agent.id):
        raise ProviderError(
            400,
            f"The agent id '{agent.id}' must have 1-63 lowercase letters, digits and hyphens, begin with a letter and end "
            "with a letter or a digit.",
        )
    if agent.base_agent not in BASE_AGENTS:
        raise ProviderError(400, f"The base agent '{agent.base_agent}' is not supported.")
    check_sources(agent.sources)
    return agent


def check_sources(sources: tuple[Source, ...]) -> None:
    left = SOURCES_BYTES_MAX
    for source in sources:
        if not source.target.strip("/") or ".." in source.target.split("/"):
            raise ProviderError(400, f"The target '{source.target}' of a source is not valid.")
        if source.type != "inline":
            continue
        size = len(source.file())
        left -= size
        if size > FILE_BYTES_MAX:
            raise ProviderError(400, f"Inline source '{source.target}' exceeds the maximum size of 1 MB.")
        if left < 0:
            raise ProviderError(400, "The inline sources together exceed the maximum size of 2 MB.")


class PageQuery(Struct, frozen=True):
    """A page size of 0 leaves it to the server, which also cuts one that is too large."""

    page_size: Annotated[int, Meta(ge=0)] = 0
    page_token: str = ""

    @classmethod
    def read(cls, query: dict[str, str]) -> Self:
        try:
            return msgspec.convert(query, cls, strict=False)
        except msgspec.ValidationError as error:
            raise ProviderError(400, f"Invalid query: {error}.") from error

    @property
    def limit(self) -> int:
        return min(self.page_size or PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX)


class Page(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Without agents it is an empty object, as Google writes messages that hold nothing."""

    agents: list[Agent] = []
    next_page_token: str = ""
