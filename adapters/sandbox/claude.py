"""Claude's Skills API under `/anthropic/v1`: its routes and rules, as the official SDK knows them; and its models, for chat."""

import time
from uuid import uuid4

from litestar import Response, Router, delete, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath

from adapters.sandbox.bundle import Bundle
from adapters.sandbox.claude_chat import message
from adapters.sandbox.claude_wire import (
    HttpRequest,
    ModelPage,
    Page,
    PageQuery,
    SkillDeleted,
    SkillShape,
    VersionDeleted,
    VersionShape,
    key_of,
    read_upload,
    render,
)
from adapters.sandbox.dialect import Dialect, ProviderError
from adapters.sandbox.ledger import Ledger
from adapters.sandbox.shelf import NotInList, Shelf, Skill, Version, Window, account_opened_by

# The SDK adds `/v1` to the address it is given.
DIALECT = Dialect(name="claude", prefix="/anthropic", render=render, request_id_header="request-id")


def claude_router() -> Router:
    return Router(
        path=f"{DIALECT.prefix}/v1",
        route_handlers=[
            list_models,
            list_skills,
            create_skill,
            get_skill,
            delete_skill,
            list_versions,
            create_version,
            get_version,
            delete_version,
            download_version,
            message,
        ],
        dependencies={"shelf": Provide(shelf_of_caller, sync_to_thread=False)},
        opt={"dialect": DIALECT},
    )


def shelf_of_caller(request: HttpRequest, ledger: NamedDependency[Ledger]) -> Shelf:
    """Of the account that the key opens, under a name that does not give the key away; `noscope` in a key is refused."""
    key = key_of(request)
    if "noscope" in key:
        raise ProviderError(403, "Your API key does not have permission to use the specified resource.")
    return ledger.shelf(DIALECT.name, account_opened_by(key))


@get("/models")
async def list_models(request: HttpRequest) -> ModelPage:
    """Proves the key and no permission. There are no models here, and no operation: it is neither logged nor made to fail."""
    key_of(request)
    return ModelPage()


@get("/skills", opt={"operation": "list"})
async def list_skills(request: HttpRequest, shelf: NamedDependency[Shelf]) -> Page:
    """Nothing is here by Anthropic."""
    query = PageQuery.read(dict(request.query_params))
    try:
        skills = [] if query.source == "anthropic" else shelf.skills(query.window())
    except NotInList as error:
        raise ProviderError(400, "page: Invalid pagination token") from error
    return Page.of([SkillShape.of(skill) for skill in skills], query.limit)


@post("/skills", status_code=200, opt={"operation": "create_skill"})
async def create_skill(request: HttpRequest, shelf: NamedDependency[Shelf]) -> SkillShape:
    bundle, display_name = await read_upload(request)
    skill_id = f"skill_{uuid4().hex}"
    shelf.add_skill(skill_id=skill_id, version=_version(bundle), archive=bundle.archive, marker=display_name or None)
    return SkillShape.of(_skill(shelf, skill_id))


@get("/skills/{skill_id:str}", opt={"operation": "get"})
async def get_skill(skill_id: FromPath[str], shelf: NamedDependency[Shelf]) -> SkillShape:
    return SkillShape.of(_skill(shelf, skill_id))


@delete("/skills/{skill_id:str}", status_code=200, opt={"operation": "delete_skill"})
async def delete_skill(skill_id: FromPath[str], shelf: NamedDependency[Shelf]) -> SkillDeleted:
    _skill(shelf, skill_id)
    shelf.remove_skill(skill_id)
    return SkillDeleted(skill_id)


@get("/skills/{skill_id:str}/versions", opt={"operation": "list"})
async def list_versions(skill_id: FromPath[str], request: HttpRequest, shelf: NamedDependency[Shelf]) -> Page:
    _skill(shelf, skill_id)
    query = PageQuery.read(dict(request.query_params))
    try:
        versions = shelf.versions(skill_id, query.window())
    except NotInList as error:
        raise ProviderError(400, "page: Invalid pagination token") from error
    return Page.of([VersionShape.of(skill_id, version) for version in versions], query.limit)


@post("/skills/{skill_id:str}/versions", status_code=200, opt={"operation": "create_version"})
async def create_version(skill_id: FromPath[str], request: HttpRequest, shelf: NamedDependency[Shelf]) -> VersionShape:
    _skill(shelf, skill_id)
    bundle, _ = await read_upload(request)
    skill = _skill(shelf, skill_id)
    if bundle.name != skill.name:
        raise ProviderError(400, f"The name '{bundle.name}' does not match the name of the skill, '{skill.name}'.")
    version = _version(bundle)
    shelf.add_version(skill_id=skill_id, version=version, archive=bundle.archive, default=True)
    return VersionShape.of(skill_id, version)


@get("/skills/{skill_id:str}/versions/{version:str}", opt={"operation": "get"})
async def get_version(skill_id: FromPath[str], version: FromPath[str], shelf: NamedDependency[Shelf]) -> VersionShape:
    skill = _skill(shelf, skill_id)
    return VersionShape.of(skill_id, _found(shelf, skill_id, skill.latest_version if version == "latest" else version))


@delete("/skills/{skill_id:str}/versions/{version:str}", status_code=200, opt={"operation": "delete_version"})
async def delete_version(
    skill_id: FromPath[str], version: FromPath[str], shelf: NamedDependency[Shelf]
) -> VersionDeleted:
    """A skill has always a version, and `latest` is always its newest one."""
    _skill(shelf, skill_id)
    _found(shelf, skill_id, version)
    others = [one.version for one in shelf.versions(skill_id, Window(limit=2)) if one.version != version]
    if not others:
        raise ProviderError(400, "The only version of a skill cannot be deleted; delete the skill instead.")
    shelf.set_default(skill_id, others[0])
    shelf.remove_version(skill_id, version)
    return VersionDeleted(version)


@get("/skills/{skill_id:str}/versions/{version:str}/content", opt={"operation": "download"})
async def download_version(
    skill_id: FromPath[str], version: FromPath[str], shelf: NamedDependency[Shelf]
) -> Response[bytes]:
    skill = _skill(shelf, skill_id)
    _found(shelf, skill_id, version)
    return Response(
        shelf.archive(skill_id, version) or b"",
        media_type="application/zip",
        headers={"content-disposition": f'attachment; filename="{skill.name}.zip"'},
    )


def _skill(shelf: Shelf, skill_id: str) -> Skill:
    skill = shelf.skill(skill_id)
    if skill is None:
        raise ProviderError(404, f"Skill not found: {skill_id}")
    return skill


def _found(shelf: Shelf, skill_id: str, version: str) -> Version:
    found = shelf.version(skill_id, version)
    if found is None:
        raise ProviderError(404, f"Skill version not found: {version}")
    return found


def _version(bundle: Bundle) -> Version:
    """Claude calls a version in paths what it calls it everywhere: by its id."""
    version_id = f"skver_{uuid4().hex}"
    return Version(
        id=version_id,
        version=version_id,
        name=bundle.name,
        description=bundle.description,
        created_at=int(time.time()),
    )
