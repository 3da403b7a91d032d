"""What OpenAI's Skills API puts on the wire: keys, errors, uploads, queries and the shapes of its objects."""

from typing import Annotated, Any, Literal, Self

import msgspec
from litestar import Request
from litestar.datastructures import UploadFile
from msgspec import Meta, Struct

from adapters.sandbox.bundle import Bundle, Part, UploadRules, read_bundle
from adapters.sandbox.dialect import ProviderError
from adapters.sandbox.shelf import Skill, Version, Window, account_opened_by

HttpRequest = Request[Any, Any, Any]

LIST_LIMIT_DEFAULT = 20
LIST_LIMIT_MAX = 100
RULES = UploadRules(files_max=500, file_bytes_max=25_000_000, zip_bytes_max=50_000_000)

CODES = {401: "invalid_api_key", 403: "missing_scope", 429: "rate_limit_exceeded", 503: "server_is_overloaded"}


def account_of(authorization: str, *, reading: bool) -> str:
    """The account a key opens, as a name that does not give the key away; `revoked` and `noscope` in a key are refused."""
    scheme, _, key = authorization.strip().partition(" ")
    key = key.strip()
    if scheme.lower() != "bearer" or not key:
        raise ProviderError(401, "You didn't provide an API key in an Authorization header, as `Bearer KEY`.")
    if not key.startswith("sk-") or "revoked" in key:
        raise ProviderError(401, f"Incorrect API key provided: {key[:3]}{'*' * 8}{key[-4:]}.")
    if "noscope" in key:
        scope = "api.skills.read" if reading else "api.skills.write"
        raise ProviderError(403, f"You have insufficient permissions for this operation. Missing scopes: {scope}.")
    return account_opened_by(key)


class ErrorBody(Struct, frozen=True):
    message: str
    type: str
    param: str | None
    code: str | None


def render(error: ProviderError) -> bytes:
    if error.status >= 500:
        kind = "server_error"
    elif error.status == 429:
        kind = error.code if error.code == "insufficient_quota" else "requests"
    else:
        kind = "invalid_request_error"
    body = ErrorBody(error.message, kind, error.param, error.code or CODES.get(error.status))
    return msgspec.json.encode({"error": body})


async def read_upload(request: HttpRequest) -> tuple[Bundle, bool]:
    """The bundle, sent as parts `files[]` or as one part `files`, and whether it shall be the default."""
    try:
        form = await request.form()
    except (UnicodeError, LookupError) as error:
        raise ProviderError(400, "The form holds text that cannot be decoded.") from error
    uploads = [
        item for field in ("files[]", "files") for item in form.getall(field, []) if isinstance(item, UploadFile)
    ]
    if not uploads:
        raise ProviderError(
            400, "Missing required parameter: 'files'.", code="missing_required_parameter", param="files"
        )
    default = form.get("default", "false")
    if default not in {"true", "false"}:
        raise ProviderError(400, "Invalid value for 'default': it is 'true' or 'false'.", param="default")
    parts = [Part(upload.filename, upload.content_type, await upload.read()) for upload in uploads]
    return read_bundle(parts, RULES), default == "true"


class PageQuery(Struct, frozen=True):
    limit: Annotated[int, Meta(ge=0, le=LIST_LIMIT_MAX)] = LIST_LIMIT_DEFAULT
    after: str | None = None
    order: Literal["asc", "desc"] = "desc"

    @classmethod
    def read(cls, query: dict[str, str]) -> Self:
        try:
            return msgspec.convert(query, cls, strict=False)
        except msgspec.ValidationError as error:
            raise ProviderError(400, str(error), param=str(error).partition("`$.")[2].rstrip("`") or None) from error

    def window(self) -> Window:
        """One entry more than asked for tells whether there are more."""
        return Window(limit=self.limit + 1, after=self.after, newest_first=self.order == "desc")


class SkillShape(Struct, frozen=True, tag_field="object", tag="skill"):
    id: str
    name: str
    description: str
    created_at: int
    default_version: str
    latest_version: str

    @classmethod
    def of(cls, skill: Skill) -> Self:
        return msgspec.convert(skill, cls, from_attributes=True)


class VersionShape(Struct, frozen=True, tag_field="object", tag="skill.version"):
    id: str
    skill_id: str
    version: str
    created_at: int
    name: str
    description: str

    @classmethod
    def of(cls, skill_id: str, version: Version) -> Self:
        return cls(version.id, skill_id, version.version, version.created_at, version.name, version.description)


class SkillDeleted(Struct, frozen=True, tag_field="object", tag="skill.deleted"):
    id: str
    deleted: bool = True


class VersionDeleted(Struct, frozen=True, tag_field="object", tag="skill.version.deleted"):
    id: str
    version: str
    deleted: bool = True


class DefaultChange(Struct, frozen=True, forbid_unknown_fields=True):
    default_version: str


class Page(Struct, frozen=True, kw_only=True, tag_field="object", tag="list"):
    data: list[SkillShape] | list[VersionShape]
    first_id: str | None
    last_id: str | None
    has_more: bool

    @classmethod
    def of(cls, shapes: list[SkillShape] | list[VersionShape], limit: int) -> Self:
        """The first `limit` of the shapes that a window with one more brought."""
        data = shapes[:limit]
        return cls(
            data=data,
            first_id=data[0].id if data else None,
            last_id=data[-1].id if data else None,
            has_more=len(shapes) > limit,
        )
