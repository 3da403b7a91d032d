"""What comes in, read strictly: bodies as JSON, query strings as structs; whatever does not fit is said with its place."""

import re
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, Final, Generic, TypeVar, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl

import msgspec
from litestar import Request
from msgspec import Meta, Struct

from adapters.http.errors import BodyTooLarge, BodyUnsupported
from adapters.http.idempotency_key import BodyDigest
from domain.errors import BadRequest, Problem

BODY_BYTES_MAX: Final = 1024 * 1024
PARAMETERS_MAX: Final = 50
MESSAGE_CHARS_MAX: Final = 300

JSON: Final = re.compile(rb'application/json(\s*;\s*charset="?utf-8"?)?\s*', re.IGNORECASE)
PLACE: Final = re.compile(r"^(?P<message>.*?)(?: - at `(?:key in )?\$(?P<path>[^`]*)`)?$", re.DOTALL)
STEP: Final = re.compile(r"\.([^.\[]+)|\[(\d+)\]")
# Which moment it is does not depend on where it is read; a bare number would be one to the library that reads it.
ZONED: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ].*([Zz]|[+-]\d\d:\d\d)")
DIGITS: Final = re.compile(r"[0-9]+")
FIELD: Final = re.compile(r"^Object (?:missing required|contains unknown) field `(.*)`$", re.DOTALL)

Read = TypeVar("Read")


class NoParameters(Struct, frozen=True, forbid_unknown_fields=True):
    """For a route whose query string must be empty."""


class Position(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Not to answer before what is read has come to this position."""

    min_position: Annotated[int, Meta(ge=0)] | None = None


class BodyReader(Generic[Read]):
    """Reads JSON bodies of one type and of a bounded size."""

    def __init__(self, kind: type[Read], *, bytes_max: int = BODY_BYTES_MAX, unsupported: str | None = None) -> None:
        """`unsupported` is said of a body of another type, where it is not only JSON that the endpoint takes."""
        self._decoder = msgspec.json.Decoder(kind)
        self._bytes_max = bytes_max
        self._unsupported = unsupported

    async def read(self, request: Request[Any, Any, Any]) -> Read:
        """Raises BadRequest, BodyTooLarge, BodyUnsupported."""
        digest = BodyDigest(request)
        headers = dict(request.scope["headers"])
        announced = int(headers.get(b"content-length", b"0"))
        if b"transfer-encoding" not in headers and not announced:
            raise _missing()
        if not JSON.fullmatch(headers.get(b"content-type", b"")):
            raise BodyUnsupported(self._unsupported)
        if headers.get(b"content-encoding", b"identity").lower() != b"identity":
            raise BodyUnsupported("The body must not be compressed.")
        chunks = []
        async for chunk in received(request, bytes_max=self._bytes_max):
            digest.add(chunk)
            chunks.append(chunk)
        body = b"".join(chunks)
        if not body:
            raise _missing()
        try:
            return self._decoder.decode(body)
        except msgspec.ValidationError as error:
            raise refuse(error, what="body", root="/") from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BadRequest(f"The body is not JSON in UTF-8: {_bounded(str(error))}.") from None

    async def read_if_any(self, request: Request[Any, Any, Any]) -> Read | None:
        """None for a request without a body. Raises as `read` does."""
        headers = dict(request.scope["headers"])
        if b"transfer-encoding" not in headers and not int(headers.get(b"content-length", b"0")):
            return None
        return await self.read(request)


class QueryReader(Generic[Read]):
    """Reads query strings into one struct; a parameter may be repeated where the struct has a tuple."""

    def __init__(self, kind: type[Read]) -> None:
        self._kind = kind
        hints = get_type_hints(kind)
        fields = msgspec.structs.fields(kind)  # type: ignore[arg-type]
        self._attributes = {field.encode_name: field.name for field in fields}
        self._repeatable = {field.encode_name for field in fields if get_origin(hints[field.name]) is tuple}
        self._times = {field.encode_name for field in fields if datetime in get_args(hints[field.name])}
        self._moments = {name for name in self._times if int in get_args(hints[self._attributes[name]])}

    def read(self, request: Request[Any, Any, Any]) -> Read:
        """Raises BadRequest."""
        given = self._parse(request.scope["query_string"])
        try:
            read = msgspec.convert(given, self._kind, strict=False)
        except msgspec.ValidationError as error:
            raise refuse(error, what="query", root="?") from None
        for name in given:
            # Such a text is taken for None where there is no other text; whoever means nothing leaves the parameter out.
            if getattr(read, self._attributes[name]) is None:
                raise _refused_parameter(name, "must not be null")
        return read

    def _parse(self, query: bytes) -> dict[str, str | list[str]]:
        if not query:
            return {}
        given: defaultdict[str, list[str]] = defaultdict(list)
        try:
            pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=PARAMETERS_MAX)
        except ValueError:
            raise BadRequest(f"The query has more than {PARAMETERS_MAX} parameters.") from None
        for name, value in pairs:
            if "\0" in value:
                raise _refused_parameter(name, "must not hold a NUL character")
            if name in self._times and not (
                ZONED.fullmatch(value) or (name in self._moments and DIGITS.fullmatch(value))
            ):
                form = "a position or a time with its zone: 42," if name in self._moments else "a time with its zone:"
                raise _refused_parameter(name, f"must be {form} 2026-11-22T12:00:00Z (a + is sent as %2B)")
            given[name].append(value)
        for name, values in given.items():
            if len(values) > 1 and name not in self._repeatable:
                raise _refused_parameter(name, "may be given once")
        return {name: values if name in self._repeatable else values[0] for name, values in given.items()}


async def received(request: Request[Any, Any, Any], *, bytes_max: int) -> AsyncIterator[bytes]:
    """The body as it comes in. One that says it is too large is not read at all. Raises BadRequest, BodyTooLarge.

    Litestar's own reader takes a client that went away for an error of the server.
    """
    too_large = BodyTooLarge(f"The body is larger than the {bytes_max} bytes that this endpoint takes.")
    if int(dict(request.scope["headers"]).get(b"content-length", b"0")) > bytes_max:
        raise too_large
    bytes_received = 0
    while True:
        message = await request.receive()
        if message["type"] != "http.request":
            raise BadRequest("The request ended before its body did.")
        bytes_received += len(message["body"])
        if bytes_received > bytes_max:
            raise too_large
        yield message["body"]
        if not message["more_body"]:
            return


def refuse(error: msgspec.ValidationError, *, what: str, root: str) -> BadRequest:
    """What msgspec found, in RFC 6901's words for the place: `$.files[0].path` is `/files/0/path`, or `?files/0/path`."""
    found = PLACE.match(_bounded(str(error)))
    assert found is not None  # noqa: S101 - the pattern matches any text
    steps = [name or index for name, index in STEP.findall(found["path"] or "")]
    if field := FIELD.match(found["message"]):
        steps.append(field[1].replace("~", "~0").replace("/", "~1"))
    pointer = root + "/".join(steps) if steps else ""
    problem = Problem(pointer=pointer, message=found["message"])
    place = f" at {pointer}" if pointer else ""
    return BadRequest(f"The {what} does not fit{place}: {found['message']}.", problems=(problem,))


def _missing() -> BadRequest:
    return BadRequest("A JSON body is needed.")


def _refused_parameter(name: str, message: str) -> BadRequest:
    problem = Problem(pointer=f"?{_bounded(name)}", message=message)
    return BadRequest(f"The query parameter {_bounded(name)} {message}.", problems=(problem,))


def _bounded(text: str) -> str:
    return text if len(text) <= MESSAGE_CHARS_MAX else f"{text[:MESSAGE_CHARS_MAX]}..."
