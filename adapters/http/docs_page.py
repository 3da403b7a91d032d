"""`/docs`: the contract as a page, drawn by Swagger UI out of files of our own, so that nothing comes from another host."""

import asyncio
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from litestar import Request, Response, get
from litestar.params import FromPath
from msgspec import Struct

from adapters.http.conditional import knows
from adapters.http.errors import RouteNotFound
from adapters.http.operations import Binary, Header, Operation, described
from adapters.http.requests import NoParameters, QueryReader
from domain.errors import Code

ASSETS: Final = Path(__file__).parent / "assets"
PAGE: Final = ASSETS / "docs" / "page.html"
FILES: Final[Mapping[str, tuple[Path, str]]] = {
    "swagger-ui-bundle.js": (ASSETS / "swagger_ui" / "swagger-ui-bundle.js", "text/javascript"),
    "swagger-ui.css": (ASSETS / "swagger_ui" / "swagger-ui.css", "text/css"),
    "page.js": (ASSETS / "docs" / "page.js", "text/javascript"),
    "page.css": (ASSETS / "docs" / "page.css", "text/css"),
}
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
FOR_EVER: Final = "public, max-age=31536000, immutable"
NO_QUERY: Final = QueryReader(NoParameters)
ETAG: Final = Header(name="ETag", description="A digest of these bytes.")


class Asset(Struct, frozen=True, kw_only=True):
    """`path` is where it is served: the digest in it lets it be kept for ever, and another version be fetched at once."""

    file: Path
    media_type: str
    digest: str
    path: str


@get(
    "/docs",
    opt=described(
        Operation(
            id="docs", summary="This document as a page", answers={200: ("The page.", Binary("text/html"))}, public=True
        ),
    ),
)
async def show_docs(request: Request[Any, Any, Any]) -> Response[str]:
    NO_QUERY.read(request)
    return Response(
        await asyncio.to_thread(page),
        media_type="text/html",
        headers={"Content-Security-Policy": CONTENT_SECURITY_POLICY, "Cache-Control": "no-cache"},
    )


@get(
    "/docs/{digest:str}/{name:str}",
    opt=described(
        Operation(
            id="docsAsset",
            summary="A script or a style sheet of that page",
            answers={
                200: ("The file.", (Binary("text/javascript"), Binary("text/css"))),
                304: ("What `If-None-Match` names is this file.", None),
            },
            takes=(Header(name="If-None-Match", description="The `ETag` of what is there already."),),
            gives=(ETAG,),
            refuses=(Code.NOT_FOUND_ROUTE,),
            public=True,
        ),
    ),
)
async def show_docs_asset(
    request: Request[Any, Any, Any], digest: FromPath[str], name: FromPath[str]
) -> Response[bytes | None]:
    NO_QUERY.read(request)
    asset = (await asyncio.to_thread(assets)).get(name)
    if asset is None or asset.digest != digest:
        raise RouteNotFound
    tag = f'"{asset.digest}"'
    headers = {"ETag": tag, "Cache-Control": FOR_EVER}
    if knows(request, tag):
        return Response(None, status_code=304, headers=headers)
    content = await asyncio.to_thread(asset.file.read_bytes)
    return Response(content, media_type=asset.media_type, headers=headers)


@cache
def assets() -> Mapping[str, Asset]:
    """By file name. The files are read when somebody asks, and not when the server starts."""
    found = {}
    for name, (file, media_type) in FILES.items():
        digest = hashlib.sha256(file.read_bytes()).hexdigest()[:32]
        found[name] = Asset(file=file, media_type=media_type, digest=digest, path=f"docs/{digest}/{name}")
    return found


@cache
def page() -> str:
    """With the addresses of its files, relative to its own, so that it also works behind a path of a proxy."""
    text = PAGE.read_text(encoding="utf-8")
    for name, asset in assets().items():
        text = text.replace(f"{{{name}}}", asset.path)
    return text
