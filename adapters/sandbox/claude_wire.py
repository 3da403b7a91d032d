"""What Claude's Skills API puts on the wire: keys, errors, uploads, pages and the shapes of its objects."""

import base64
import binascii
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

import msgspec
from litestar import Request
from litestar.datastructures import FormMultiDict, UploadFile
from msgspec import UNSET, Meta, Struct, UnsetType

from adapters.sandbox.bundle import CONTROL, Bundle, Part, UploadRules, read_bundle
from adapters.sandbox.dialect import ProviderError
from adapters.sandbox.shelf import Skill, Version, Window

HttpRequest = Request[Any, Any, Any]

LIST_LIMIT_DEFAULT = 20
LIST_LIMIT_MAX = 1000
DISPLAY_NAME_LENGTH_MAX = 255
UPLOAD_BYTES_MAX = 30_000_000
RULES = UploadRules(
    files_max=1000,  # not a rule of Claude's: as many as Litestar takes in one form
    file_bytes_max=UPLOAD_BYTES_MAX,
    zip_bytes_max=UPLOAD_BYTES_MAX,
    unpacked_bytes_max=UPLOAD_BYTES_MAX,
    folder_required=False,
    reserved_words=("anthropic", "claude"),
    markup=False,
)

ERROR_TYPES = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def key_of(request: HttpRequest) -> str:
    """The API key, as newer clients send it or as older ones do; `revoked` in a key is refused."""
    scheme, _, token = request.headers.get("authorization", "").strip().partition(" ")
    key = token.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key", "").strip()
    if not key:
        raise ProviderError(401, "An API key is required, as `Authorization: Bearer KEY` or `x-api-key: KEY`.")
    if not key.startswith("sk-") or "revoked" in key:
        raise ProviderError(401, "invalid x-api-key")
    return key


class ErrorDetails(Struct, frozen=True):
    error_code: str


class ErrorBody(Struct, frozen=True):
    type: str
    message: str
    details: ErrorDetails | UnsetType = UNSET


class Envelope(Struct, frozen=True, tag_field="type", tag="error"):
    error: ErrorBody
    request_id: str


def render(error: ProviderError) -> bytes:
    kind = ERROR_TYPES.get(error.status, "api_error" if error.status >= 500 else "invalid_request_error")
    details = ErrorDetails(error.code) if error.code else UNSET
    return msgspec.json.encode(Envelope(ErrorBody(kind, error.message, details), error.request_id))


async def read_upload(request: HttpRequest) -> tuple[Bundle, str]:
    """The bundle, sent as parts `files[]`, and the display name, empty if none was sent."""
    try:
        form = await request.form()
    except (UnicodeError, LookupError) as error:
        raise ProviderError(400, "The form holds text that cannot be decoded.") from error
    uploads = [item for item in form.getall("files[]", []) if isinstance(item, UploadFile)]
    if not uploads:
        raise ProviderError(400, "files: Field required")
    display_name = _display_name_of(form)
    parts = [Part(upload.filename, upload.content_type, await upload.read()) for upload in uploads]
    return read_bundle(parts, RULES), display_name


def _display_name_of(form: FormMultiDict) -> str:
    name = form.get("display_name", "")
    if not isinstance(name, str) or CONTROL.search(name):
        raise ProviderError(400, "display_name: must be text on a single line")
    if len(name) > DISPLAY_NAME_LENGTH_MAX:
        raise ProviderError(400, f"display_name: must have at most {DISPLAY_NAME_LENGTH_MAX} characters")
    return name


class PageQuery(Struct, frozen=True):
    """`page` is the token that the page before gave."""

    limit: Annotated[int, Meta(ge=1, le=LIST_LIMIT_MAX)] = LIST_LIMIT_DEFAULT
    page: str | None = None
    source: Literal["custom", "anthropic"] | None = None

    @classmethod
    def read(cls, query: dict[str, str]) -> Self:
        try:
            return msgspec.convert(query, cls, strict=False)
        except msgspec.ValidationError as error:
            raise ProviderError(400, str(error)) from error

    def window(self) -> Window:
        """One entry more than asked for tells whether there are more."""
        try:
            after = None if self.page is None else base64.urlsafe_b64decode(self.page).decode()
        except (binascii.Error, ValueError) as error:
            raise ProviderError(400, "page: Invalid pagination token") from error
        return Window(limit=self.limit + 1, after=after)


class Source(Struct, frozen=True):
    type: str = "custom"


class SkillShape(Struct, frozen=True, kw_only=True, tag_field="type", tag="skill"):
    id: str
    display_name: str
    latest_version_id: str
    source: Source = Source()
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, skill: Skill) -> Self:
        return cls(
            id=skill.id,
            display_name=skill.marker or skill.name,
            latest_version_id=skill.latest_version,
            created_at=datetime.fromtimestamp(skill.created_at, UTC),
            updated_at=datetime.fromtimestamp(skill.updated_at, UTC),
        )


class VersionShape(Struct, frozen=True, kw_only=True, tag_field="type", tag="skill_version"):
    id: str
    skill_id: str
    name: str
    description: str
    created_at: datetime

    @classmethod
    def of(cls, skill_id: str, version: Version) -> Self:
        return cls(
            id=version.id,
            skill_id=skill_id,
            name=version.name,
            description=version.description,
            created_at=datetime.fromtimestamp(version.created_at, UTC),
        )


class SkillDeleted(Struct, frozen=True, tag_field="type", tag="skill_deleted"):
    id: str


class VersionDeleted(Struct, frozen=True, tag_field="type", tag="skill_version_deleted"):
    id: str


class Page(Struct, frozen=True):
    data: list[SkillShape] | list[VersionShape]
    next_page: str | None = None

    @classmethod
    def of(cls, shapes: list[SkillShape] | list[VersionShape], limit: int) -> Self:
        """The first `limit` of the shapes that a window with one more brought."""
        data = shapes[:limit]
        more = len(shapes) > limit
        return cls(data, base64.urlsafe_b64encode(data[-1].id.encode()).decode() if more else None)


class ModelPage(Struct, frozen=True):
    data: tuple[()] = ()
    has_more: bool = False
    first_id: None = None
    last_id: None = None
