"""The public API as a caller sees it: JSON in, JSON out, and every way to fail as one `Failure`."""

from collections.abc import Mapping
from http import HTTPStatus
from importlib.metadata import version
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote
from uuid import uuid4

import httpx2
import msgspec
from msgspec import Struct

from workers.terminal.answers import Page, understood
from workers.terminal.failures import Failure, answered, failure

CONNECT_SECONDS: Final = 3.0
# Connecting a provider includes asking it, and a large skill takes a while to send.
ANSWER_SECONDS: Final = 60.0
TIMEOUTS: Final = httpx2.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS)
PAGE_ITEMS_MAX: Final = 200
PAGES_MAX: Final = 1_000
EXAMPLE: Final = "http://127.0.0.1:8470"

Query = Mapping[str, str | int | tuple[str, ...] | None]


class Answer(Struct, frozen=True, kw_only=True):
    status: HTTPStatus
    body: Any


class Client:
    """One connection to one server. Every request is sent once; whoever waits for something asks again by themselves."""

    def __init__(self, *, url: str, api_key: str | None) -> None:
        """Raises Failure for a URL or a key that cannot be one. Redirects are not followed: they would carry the key elsewhere."""
        self.url = url.rstrip("/")
        _check_url(self.url)
        if api_key is None:
            raise failure("unauthorized:auth", "No API key is set.", title="Unauthorized")
        if not (api_key.isascii() and api_key.isprintable()):
            raise failure("unauthorized:auth", "The API key holds characters that no key has.", title="Unauthorized")
        self._http = httpx2.Client(
            headers={
                "Authorization": f"Bearer {api_key}",
                "User-Agent": f"waybill/{version('waybill')}",
                "Accept": "application/json",
            },
            timeout=TIMEOUTS,
            trust_env=False,
            # Reading the machine's certificates takes longer than most commands, and plain HTTP needs none.
            verify=self.url.startswith("https:"),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def get(self, *path: str, query: Query | None = None) -> Any:
        """The answer's JSON. `path` are segments below `/api`. Raises Failure."""
        return self._send("GET", path, query=query).body

    def post(self, *path: str, body: object) -> Answer:
        """Raises Failure. After one that says nothing came back, what was sent may have been carried out."""
        return self._send("POST", path, body=body)

    def pages(self, *path: str, query: Query, limit: int) -> dict[str, Any]:
        """A list as one page has it, filled from as many pages as `limit` items need. Raises Failure."""
        items: list[Any] = []
        cursor: str | None = None
        stale = False
        for _ in range(PAGES_MAX):
            wanted = {"limit": min(limit - len(items), PAGE_ITEMS_MAX), "cursor": cursor}
            page = understood(self.get(*path, query={**query, **wanted}), Page)
            items += page.items
            cursor = page.next_cursor
            stale = stale or page.stale
            if cursor is None or len(items) >= limit:
                break
        return {"items": items, "nextCursor": cursor, "stale": stale}

    def _send(self, method: str, path: tuple[str, ...], *, query: Query | None = None, body: object = None) -> Answer:
        request_id = str(uuid4())
        try:
            response = self._http.request(
                method,
                f"{self.url}/api/" + "/".join(quote(segment, safe="") for segment in path),
                params={name: value for name, value in (query or {}).items() if value is not None},
                content=None if body is None else msgspec.json.encode(body),
                headers={"X-Request-ID": request_id}
                | ({"Content-Type": "application/json"} if body is not None else {}),
            )
        except (httpx2.TransportError, httpx2.DecodingError) as error:
            raise self._cut_off(error, method=method, request_id=request_id) from error
        return _read(response, request_id=request_id)

    def _cut_off(self, error: httpx2.RequestError, *, method: str, request_id: str) -> Failure:
        """Nothing came back. Whether anything was sent depends on where it broke."""
        if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.UnsupportedProtocol):
            detail = f"{self.url} does not answer: {str(error) or 'no connection in time'}."
            return failure("offline:api", detail, title="Server unreachable")
        doubt = "" if method == "GET" else " The request may have been carried out: look before you send it again."
        if isinstance(error, httpx2.TimeoutException):
            detail = f"{self.url} took more than {ANSWER_SECONDS:g} s to answer.{doubt}"
            return failure("timeout:api", detail, title="No answer in time", request_id=request_id)
        detail = f"The connection to {self.url} broke before the answer was there: {str(error) or type(error).__name__}.{doubt}"
        return failure("offline:api", detail, title="Connection lost", request_id=request_id)


def _check_url(url: str) -> None:
    try:
        parsed = httpx2.URL(url)
        if parsed.scheme in {"http", "https"} and parsed.host and not parsed.userinfo:
            return
    except httpx2.InvalidURL:
        pass
    raise failure("bad_request:api", f"{url!r} is no address of a server; one looks like {EXAMPLE}.", title="Usage")


def _read(response: httpx2.Response, *, request_id: str) -> Answer:
    try:
        body = msgspec.json.decode(response.content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        body = None
    if not response.is_success or body is None:
        raise answered(body, status=response.status_code, request_id=request_id)
    return Answer(status=HTTPStatus(response.status_code), body=body)
