"""The public API as a caller sees it: JSON in, JSON out, and every way to fail as one `Failure`."""

import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from importlib.metadata import version
from pathlib import Path
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
PIECE_BYTES: Final = 64 * 1024
EXAMPLE: Final = "http://127.0.0.1:8470"

Query = Mapping[str, str | int | tuple[str, ...] | None]


class Answer(Struct, frozen=True, kw_only=True):
    """`etag` as the server wrote it, None if it did not."""

    status: HTTPStatus
    body: Any
    etag: str | None = None


class Payload(Struct, frozen=True, kw_only=True):
    """The body of a request."""

    content: bytes
    content_type: str = "application/json"


class Download(Struct, frozen=True, kw_only=True):
    """`etag` without its quotes; `location` is where exactly this can be found again."""

    content: bytes
    etag: str
    location: str


def json_payload(body: object) -> Payload:
    return Payload(content=msgspec.json.encode(body))


class Client:
    """One connection to one server. Every request is sent once; whoever waits for something asks again by themselves."""

    def __init__(self, *, url: str, api_key: str | None, ca_file: Path | None = None) -> None:
        """Raises Failure for a URL, a key or a file that cannot be one. Redirects are not followed: they would carry the key
        elsewhere. `ca_file` are the authorities to trust instead of the machine's.
        """
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
            verify=_trusting(ca_file) if self.url.startswith("https:") else False,
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

    def get_unless_known(self, *path: str, etag: str | None, query: Query | None = None) -> Answer:
        """As `get`; NOT_MODIFIED and without a body if it is what has this ETag. Raises Failure."""
        return self._send("GET", path, query=query, etag=etag)

    def post(self, *path: str, body: object, query: Query | None = None, idempotency_key: str | None = None) -> Answer:
        """Raises Failure. After one that says nothing came back, what was sent may have been carried out; with an
        `idempotency_key` it may be sent again all the same.
        """
        payload = None if body is None else json_payload(body)
        return self._send("POST", path, query=query, payload=payload, idempotency_key=idempotency_key)

    def upload(
        self, *path: str, payload: Payload, sent: Callable[[int], None], answer_seconds: float = ANSWER_SECONDS
    ) -> Answer:
        """As `post`, for what takes a while: `sent` is told of every piece how many bytes it has."""
        return self._send("POST", path, payload=payload, sent=sent, answer_seconds=answer_seconds)

    def put(self, *path: str, body: object) -> Answer:
        """As `post`."""
        return self._send("PUT", path, payload=json_payload(body))

    def delete(self, *path: str) -> Answer:
        """As `post`."""
        return self._send("DELETE", path)

    def patch(self, *path: str, body: object) -> Answer:
        """As `post`."""
        return self._send("PATCH", path, payload=json_payload(body))

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

    def download(self, *path: str, media_type: str, bytes_max: int) -> Download:
        """Bytes of this type, bounded. Raises Failure."""
        request_id = str(uuid4())
        content = bytearray()
        try:
            with self._http.stream("GET", self._address(path), headers={"X-Request-ID": request_id}) as response:
                for piece in response.iter_bytes():
                    content += piece
                    if len(content) > bytes_max:
                        break
        except (httpx2.TransportError, httpx2.DecodingError) as error:
            raise self._cut_off(error, method="GET", request_id=request_id) from error
        if response.status_code != HTTPStatus.OK or response.headers.get("Content-Type") != media_type:
            raise answered(_decoded(content), status=response.status_code, request_id=request_id)
        if len(content) > bytes_max:
            detail = f"The server's answer has more than {bytes_max} bytes."
            raise failure("bad_response:api", detail, title="Unknown answer", request_id=request_id)
        etag = response.headers.get("ETag", "").strip('"')
        return Download(content=bytes(content), etag=etag, location=response.headers.get("Content-Location", ""))

    @contextmanager
    def stream(
        self,
        *path: str,
        query: Query,
        accept: str,
        headers: Mapping[str, str] | None = None,
        body: object = None,
        silence_seconds: float = ANSWER_SECONDS,
    ) -> Iterator[httpx2.Response]:
        """An answer that is read as it comes; to a POST, if there is a `body`. Raises Failure, also for what goes wrong while it is
        read: that it breaks off, or that nothing comes for so many seconds.
        """
        request_id = str(uuid4())
        method = "GET" if body is None else "POST"
        payload = None if body is None else json_payload(body)
        typed = {} if payload is None else {"Content-Type": payload.content_type}
        try:
            with self._http.stream(
                method,
                self._address(path),
                params=_given(query),
                content=None if payload is None else payload.content,
                headers={"X-Request-ID": request_id, "Accept": accept, **typed, **(headers or {})},
                timeout=httpx2.Timeout(silence_seconds, connect=CONNECT_SECONDS),
            ) as response:
                if response.status_code != HTTPStatus.OK:
                    raise answered(_decoded(response.read()), status=response.status_code, request_id=request_id)
                yield response
        except (httpx2.TransportError, httpx2.DecodingError) as error:
            raise self._cut_off(error, method=method, request_id=request_id, seconds=silence_seconds) from error

    def _send(
        self,
        method: str,
        path: tuple[str, ...],
        *,
        query: Query | None = None,
        payload: Payload | None = None,
        sent: Callable[[int], None] | None = None,
        answer_seconds: float = ANSWER_SECONDS,
        idempotency_key: str | None = None,
        etag: str | None = None,
    ) -> Answer:
        request_id = str(uuid4())
        headers = {"X-Request-ID": request_id}
        if etag is not None:
            headers["If-None-Match"] = etag
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        if payload is not None:
            headers |= {"Content-Type": payload.content_type, "Content-Length": str(len(payload.content))}
        try:
            response = self._http.request(
                method,
                self._address(path),
                params=_given(query or {}),
                content=None if payload is None else _pieces(payload.content, sent),
                headers=headers,
                timeout=httpx2.Timeout(answer_seconds, connect=CONNECT_SECONDS),
            )
        except (httpx2.TransportError, httpx2.DecodingError) as error:
            raise self._cut_off(error, method=method, request_id=request_id, seconds=answer_seconds) from error
        return _read(response, request_id=request_id)

    def _address(self, path: tuple[str, ...]) -> str:
        return f"{self.url}/api/" + "/".join(quote(segment, safe="") for segment in path)

    def _cut_off(
        self, error: httpx2.RequestError, *, method: str, request_id: str, seconds: float = ANSWER_SECONDS
    ) -> Failure:
        """Nothing came back. Whether anything was sent depends on where it broke."""
        if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.UnsupportedProtocol):
            detail = f"{self.url} does not answer: {str(error) or 'no connection in time'}."
            return failure("offline:api", detail, title="Server unreachable")
        doubt = "" if method == "GET" else " The request may have been carried out: look before you send it again."
        if isinstance(error, httpx2.TimeoutException):
            detail = f"{self.url} took more than {seconds:g} s to answer.{doubt}"
            return failure("timeout:api", detail, title="No answer in time", request_id=request_id)
        detail = f"The connection to {self.url} broke before the answer was there: {str(error) or type(error).__name__}.{doubt}"
        return failure("offline:api", detail, title="Connection lost", request_id=request_id)


def _given(query: Query) -> dict[str, str | int | tuple[str, ...]]:
    return {name: value for name, value in query.items() if value is not None}


def _check_url(url: str) -> None:
    try:
        parsed = httpx2.URL(url)
        if parsed.scheme in {"http", "https"} and parsed.host and not parsed.userinfo:
            return
    except httpx2.InvalidURL:
        pass
    raise failure("bad_request:api", f"{url!r} is no address of a server; one looks like {EXAMPLE}.", title="Usage")


def _trusting(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        reason = getattr(error, "reason", None) or error.strerror
        detail = f"WAYBILL_CA_FILE must name a file with certificates in PEM form: {reason}."
        raise failure("bad_request:api", detail, title="Usage") from None


def _pieces(content: bytes, sent: Callable[[int], None] | None) -> Iterator[bytes] | bytes:
    return content if sent is None else _told(content, sent)


def _told(content: bytes, sent: Callable[[int], None]) -> Iterator[bytes]:
    for begin in range(0, len(content), PIECE_BYTES):
        piece = content[begin : begin + PIECE_BYTES]
        yield piece
        sent(len(piece))


def _read(response: httpx2.Response, *, request_id: str) -> Answer:
    body, etag = _decoded(response.content), response.headers.get("ETag")
    if response.status_code == HTTPStatus.NOT_MODIFIED and "If-None-Match" in response.request.headers:
        return Answer(status=HTTPStatus.NOT_MODIFIED, body=None, etag=etag)
    if not response.is_success or body is None:
        raise answered(body, status=response.status_code, request_id=request_id)
    return Answer(status=HTTPStatus(response.status_code), body=body, etag=etag)


def _decoded(content: bytes | bytearray) -> Any:
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
