"""OpenAI's Skills API under `/openai/v1`: its routes and rules, as the official SDK knows them; and its models, for chat."""

import time
from uuid import uuid4

import msgspec
from litestar import Response, Router, delete, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath

from adapters.sandbox.bundle import Bundle
from adapters.sandbox.dialect import Dialect, ProviderError
from adapters.sandbox.ledger import Ledger
from adapters.sandbox.openai_chat import respond
from adapters.sandbox.openai_wire import (
    DefaultChange,
    HttpRequest,
    Page,
    PageQuery,
    SkillDeleted,
    SkillShape,
    VersionDeleted,
    VersionShape,
    account_of,
    read_upload,
    render,
)
from adapters.sandbox.shelf import NotInList, Shelf, Skill, Version, Window

DIALECT = Dialect(name="openai", prefix="/openai/v1", render=render)


def openai_router() -> Router:
    return Router(
        path=DIALECT.prefix,
        route_handlers=[
            list_skills,
            create_skill,
            get_skill,
            set_default,
            delete_skill,
            download_skill,
            list_versions,
            create_version,
            get_version,
            delete_version,
            download_version,
            respond,
        ],
        dependencies={"shelf": Provide(shelf_of_caller, sync_to_thread=False)},
        opt={"dialect": DIALECT},
    )


def shelf_of_caller(request: HttpRequest, ledger: NamedDependency[Ledger]) -> Shelf:
    authorization = request.headers.get("authorization", "")
    return ledger.shelf(DIALECT.name, account_of(authorization, reading=request.method == "GET"))


@get("/skills", opt={"operation": "list"})
async def list_skills(request: HttpRequest, shelf: NamedDependency[Shelf]) -> Page:
    query = PageQuery.read(dict(request.query_params))
    try:
        skills = shelf.skills(query.window())
    except NotInList as error:
        raise ProviderError(400, f"No skill found with id '{error}'.", param="after") from error
    return Page.of([SkillShape.of(skill) for skill in skills], query.limit)


@post("/skills", status_code=200, opt={"operation": "create_skill"})
async def create_skill(request: HttpRequest, shelf: NamedDependency[Shelf]) -> SkillShape:
    bundle, _ = await read_upload(request)
    skill_id = f"skill_{uuid4().hex}"
    shelf.add_skill(skill_id=skill_id, version=_version(bundle, 1), archive=bundle.archive)
    return SkillShape.of(_skill(shelf, skill_id))


@get("/skills/{skill_id:str}", opt={"operation": "get"})
async def get_skill(skill_id: FromPath[str], shelf: NamedDependency[Shelf]) -> SkillShape:
    return SkillShape.of(_skill(shelf, skill_id))


@post("/skills/{skill_id:str}", status_code=200, opt={"operation": "set_default"})
async def set_default(skill_id: FromPath[str], request: HttpRequest, shelf: NamedDependency[Shelf]) -> SkillShape:
    _skill(shelf, skill_id)
    try:
        change = msgspec.json.decode(await request.body(), type=DefaultChange)
    except msgspec.DecodeError as error:
        raise ProviderError(400, f"The request's body is not valid: {error}.", param="default_version") from error
    shelf.set_default(skill_id, _found(shelf, skill_id, change.default_version).version)
    return SkillShape.of(_skill(shelf, skill_id))


@delete("/skills/{skill_id:str}", status_code=200, opt={"operation": "delete_skill"})
async def delete_skill(skill_id: FromPath[str], shelf: NamedDependency[Shelf]) -> SkillDeleted:
    _skill(shelf, skill_id)
    shelf.remove_skill(skill_id)
    return SkillDeleted(skill_id)


@get("/skills/{skill_id:str}/content", opt={"operation": "download"})
async def download_skill(skill_id: FromPath[str], shelf: NamedDependency[Shelf]) -> Response[bytes]:
    skill = _skill(shelf, skill_id)
    return _archive(shelf, skill, skill.default_version)


@get("/skills/{skill_id:str}/versions", opt={"operation": "list"})
async def list_versions(skill_id: FromPath[str], request: HttpRequest, shelf: NamedDependency[Shelf]) -> Page:
    _skill(shelf, skill_id)
    query = PageQuery.read(dict(request.query_params))
    try:
        versions = shelf.versions(skill_id, query.window())
    except NotInList as error:
        raise ProviderError(400, f"No skill version found with id '{error}'.", param="after") from error
    return Page.of([VersionShape.of(skill_id, version) for version in versions], query.limit)


@post("/skills/{skill_id:str}/versions", status_code=200, opt={"operation": "create_version"})
async def create_version(skill_id: FromPath[str], request: HttpRequest, shelf: NamedDependency[Shelf]) -> VersionShape:
    _skill(shelf, skill_id)
    bundle, default = await read_upload(request)
    skill = _skill(shelf, skill_id)
    if bundle.name != skill.name:
        message = f"The name '{bundle.name}' does not match the name of the skill, '{skill.name}'."
        raise ProviderError(400, message, param="files")
    version = _version(bundle, skill.versions_made + 1)
    shelf.add_version(skill_id=skill_id, version=version, archive=bundle.archive, default=default)
    return VersionShape.of(skill_id, version)


@get("/skills/{skill_id:str}/versions/{version:str}", opt={"operation": "get"})
async def get_version(skill_id: FromPath[str], version: FromPath[str], shelf: NamedDependency[Shelf]) -> VersionShape:
    return VersionShape.of(skill_id, _found(shelf, skill_id, version))


@delete("/skills/{skill_id:str}/versions/{version:str}", status_code=200, opt={"operation": "delete_version"})
async def delete_version(
    skill_id: FromPath[str], version: FromPath[str], shelf: NamedDependency[Shelf]
) -> VersionDeleted:
    """The last version takes the skill with it; before that, the default one is protected."""
    skill = _skill(shelf, skill_id)
    found = _found(shelf, skill_id, version)
    if skill.default_version != version:
        shelf.remove_version(skill_id, version)
    elif len(shelf.versions(skill_id, Window(limit=2))) == 1:
        shelf.remove_skill(skill_id)
    else:
        message = f"Version '{version}' is the default version and cannot be deleted; set another default first."
        raise ProviderError(400, message, param="version")
    return VersionDeleted(found.id, version)


@get("/skills/{skill_id:str}/versions/{version:str}/content", opt={"operation": "download"})
async def download_version(
    skill_id: FromPath[str], version: FromPath[str], shelf: NamedDependency[Shelf]
) -> Response[bytes]:
    return _archive(shelf, _skill(shelf, skill_id), version)


def _skill(shelf: Shelf, skill_id: str) -> Skill:
    skill = shelf.skill(skill_id)
    if skill is None:
        raise ProviderError(404, f"No skill found with id '{skill_id}'.", param="skill_id")
    return skill


def _found(shelf: Shelf, skill_id: str, version: str) -> Version:
    found = shelf.version(skill_id, version)
    if found is None:
        raise ProviderError(404, f"No version '{version}' found for skill '{skill_id}'.", param="version")
    return found


def _archive(shelf: Shelf, skill: Skill, version: str) -> Response[bytes]:
    _found(shelf, skill.id, version)
    return Response(
        shelf.archive(skill.id, version) or b"",
        media_type="application/zip",
        headers={"content-disposition": f'attachment; filename="{skill.name}.zip"'},
    )


def _version(bundle: Bundle, number: int) -> Version:
    return Version(
        id=f"skillver_{uuid4().hex}",
        version=str(number),
        name=bundle.name,
        description=bundle.description,
        created_at=int(time.time()),
    )
