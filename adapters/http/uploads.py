"""Skills that come as `multipart/form-data`: parsed while they stream in, with a bound on all that a client decides."""

import re
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from litestar import Request
from multipart import (  # type: ignore[import-untyped]
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
    parse_options_header,
)

from adapters.http.disposition import read_disposition
from adapters.http.errors import BodyTooLarge, BodyUnsupported
from adapters.http.idempotency_key import BodyDigest
from adapters.http.requests import MESSAGE_CHARS_MAX, received
from domain.errors import BadRequest, Problem
from domain.skill.bundle import ENTRIES_MAX, Allowance, SourceFile
from domain.skill.paths import is_left_out
from domain.skill.refusals import quoted
from domain.skill.sources import UploadedArchive, UploadedFiles

FORM: Final = "multipart/form-data"
# Three are what RFC 7578 knows; a path of 512 bytes may stand in one twice, once percent-encoded.
HEADERS_MAX: Final = 8
HEADER_BYTES_MAX: Final = 4096
FILES_NAMES: Final = frozenset({"files", "files[]"})
ARCHIVE_NAME: Final = "archive"
PLAIN_ENCODINGS: Final = frozenset({"7bit", "8bit", "binary"})

BOUNDARY: Final = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")

# `format` says nothing that the media type does not, but it is what those who read the document know.
BYTES: Final = {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}
# For the OpenAPI document: one or the other.
UPLOAD: Final = {
    "title": "Upload",
    "type": "object",
    "properties": {
        "files": {"type": "array", "minItems": 1, "items": BYTES},
        "archive": BYTES | {"contentMediaType": "application/zip"},
    },
    "minProperties": 1,
    "maxProperties": 1,
    "additionalProperties": False,
}

Source = UploadedFiles | UploadedArchive


def is_form(request: Request[Any, Any, Any]) -> bool:
    return _content_type(request).partition(";")[0].strip().lower() == FORM


async def read_upload(request: Request[Any, Any, Any], *, bytes_max: int) -> Source:
    """Raises BadRequest, BodyTooLarge, BodyUnsupported, SkillTooLarge."""
    digest = BodyDigest(request)
    headers = dict(request.scope["headers"])
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise BodyUnsupported("The body must not be compressed.")
    return await read_form(_content_type(request), received(request, bytes_max=bytes_max), note=digest.add)


async def read_form(
    content_type: str, chunks: AsyncIterator[bytes], *, note: Callable[[bytes], None] = lambda _: None
) -> Source:
    """The files, each under its file name as its path, or the one archive. `note` is told what is in the form, which is the
    same when it comes again, unlike its boundary. Raises BadRequest, BodyTooLarge, SkillTooLarge.
    """
    _, options = parse_options_header(content_type)
    boundary = options.get("boundary", "")
    if not BOUNDARY.fullmatch(boundary):
        raise BadRequest("The `Content-Type` of a form must say its boundary, as RFC 2046 has it.")
    upload = Upload()
    # More parts than this are refused by the upload itself, in words of its own. The parser's strict mode refuses the line
    # break that most clients send behind the last boundary if it comes in a chunk of its own.
    parser = PushMultipartParser(
        boundary, max_header_size=HEADER_BYTES_MAX, max_header_count=HEADERS_MAX, max_segment_count=ENTRIES_MAX + 1
    )
    try:
        async for chunk in chunks:
            if chunk:
                for event in parser.parse(chunk):
                    note(_noted(event))
                    upload.take(event)
        parser.close()
    except ParserLimitReached as error:
        raise BodyTooLarge(f"The form is larger than it may be: {error.args[0]}.") from None
    except MultipartError as error:
        raise BadRequest(f"The form cannot be read: {error.args[0]}.") from None
    return upload.source()


class Upload:
    """What has come in of a form."""

    def __init__(self) -> None:
        self._allowance = Allowance()
        self._files: list[SourceFile] = []
        self._archive: bytes | None = None
        self._part: FilePart | ArchivePart | None = None

    def take(self, event: MultipartSegment | bytes | None) -> None:
        """The beginning of a part, bytes of it, or None at its end. Raises BadRequest, SkillTooLarge."""
        if isinstance(event, MultipartSegment):
            self._part = self._begin(event)
            return
        assert self._part is not None  # noqa: S101 - bytes and ends come between beginnings
        if event is not None:
            self._part.add(event)
        elif isinstance(self._part, FilePart):
            self._files.append(self._part.file())
        else:
            self._archive = self._part.content()

    def source(self) -> Source:
        """Raises BadRequest."""
        if self._archive is not None:
            return UploadedArchive(content=self._archive)
        if not self._files:
            raise one_source("A form needs parts named `files`, or one named `archive`.", "/files", "/archive")
        return UploadedFiles(files=tuple(self._files))

    def _begin(self, segment: MultipartSegment) -> "FilePart | ArchivePart":
        encoding = segment.header("Content-Transfer-Encoding", "binary").strip().lower()
        parameters = read_disposition(segment.header("Content-Disposition", ""))
        name = parameters.get("name", "")
        if name not in {*FILES_NAMES, ARCHIVE_NAME}:
            pointer = "/" + name[:MESSAGE_CHARS_MAX].replace("~", "~0").replace("/", "~1")
            raise one_source(
                f"A form has parts named `files`, or one named `archive`, and not {quoted(name)}.", pointer
            )
        pointer = "/archive" if name == ARCHIVE_NAME else f"/files/{len(self._files)}"
        if encoding not in PLAIN_ENCODINGS:
            raise one_source("A part holds its bytes as they are, without a `Content-Transfer-Encoding`.", pointer)
        if self._archive is not None or (name == ARCHIVE_NAME and self._files):
            twice = self._archive is not None and name == ARCHIVE_NAME
            both = ("/archive",) if twice else ("/files", "/archive")
            raise one_source("A form has files or one archive, and not more than that.", *both)
        if name == ARCHIVE_NAME:
            return ArchivePart()
        path = parameters.get("filename*", parameters.get("filename", ""))
        if not path:
            raise one_source("A file needs a file name, which is its path in the skill's folder.", pointer)
        self._allowance.meet_entry()
        return FilePart(path, allowance=self._allowance, pointer=pointer)


class ArchivePart:
    def __init__(self) -> None:
        self._chunks: list[bytes] = []

    def add(self, chunk: bytes) -> None:
        self._chunks.append(chunk)

    def content(self) -> bytes:
        return b"".join(self._chunks)


class FilePart:
    """Counted while it comes in. Of what is left out of a bundle nothing is kept."""

    def __init__(self, path: str, *, allowance: Allowance, pointer: str) -> None:
        self._path = path
        self._allowance = allowance
        self._pointer = pointer
        self._kept = not is_left_out(path)
        self._chunks: list[bytes] = []
        self._size_bytes = 0

    def add(self, chunk: bytes) -> None:
        """Raises SkillTooLarge."""
        if not self._kept:
            return
        self._size_bytes += len(chunk)
        self._chunks.append(chunk)
        if self._size_bytes > self._allowance.next_file_bytes_max:
            self._count()

    def file(self) -> SourceFile:
        """Raises SkillTooLarge."""
        if self._kept:
            self._count()
        return SourceFile(
            path=self._path,
            content=b"".join(self._chunks),
            path_pointer=self._pointer,
            content_pointer=self._pointer,
        )

    def _count(self) -> None:
        self._allowance.take_file(self._size_bytes, path=self._path, pointer=self._pointer)


def _noted(event: MultipartSegment | bytes | None) -> bytes:
    if isinstance(event, MultipartSegment):
        return f"\0{event.headerlist}".encode()
    return b"\0" if event is None else event


def one_source(message: str, *pointers: str) -> BadRequest:
    return BadRequest(message, problems=tuple(Problem(pointer=pointer, message=message) for pointer in pointers))


def _content_type(request: Request[Any, Any, Any]) -> str:
    return dict(request.scope["headers"]).get(b"content-type", b"").decode("latin-1")
