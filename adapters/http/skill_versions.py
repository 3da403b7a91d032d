"""`/api/skills/{skill}/versions` and `/labels`"""

import asyncio
from typing import Annotated, Any, Final

from litestar import Request, Response, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Meta, Struct

from adapters.http.application import Application
from adapters.http.authentication import Requires, context_of
from adapters.http.bundle_zip import MEDIA_TYPE, zip_bundle
from adapters.http.conditional import knows
from adapters.http.operations import Binary, Header, Operation, described
from adapters.http.pages import LINK, answer_page
from adapters.http.requests import BodyReader, NoParameters, QueryReader
from adapters.http.resources import as_stored, shown_as
from commands.label_skill import LabelSkill
from domain.errors import Code
from domain.events import Role
from projections.skills import SKILLS, Skill, SkillVersion
from queries.find_skill_version import FindSkillVersion, find_skill_version
from queries.list_skill_versions import ListSkillVersions, list_skill_versions
from queries.paging import Page

Number = Annotated[int, Meta(ge=1)]
Ref = Annotated[str, Meta(min_length=1, max_length=200)]


class LabelledVersion(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A number, or whatever else picks a version: `latest`, another label, the beginning of a digest."""

    version: Number | Ref


BODY: Final = BodyReader(LabelledVersion)
NO_QUERY: Final = QueryReader(NoParameters)
LIST_QUERY: Final = QueryReader(ListSkillVersions)


@get(
    "/skills/{skill:str}/versions",
    guards=[Requires(Role.VIEWER)],
    opt=described(
        Operation(
            id="listSkillVersions",
            summary="The versions of a skill, the newest first",
            answers={200: ("A page of versions.", Page[SkillVersion])},
            parameters=ListSkillVersions,
            gives=(LINK,),
            refuses=(Code.NOT_FOUND_SKILL,),
        )
    ),
)
async def show_skill_versions(
    request: Request[Any, Any, Any], skill: FromPath[str], application: NamedDependency[Application]
) -> Response[Page[SkillVersion]]:
    asked = LIST_QUERY.read(request)
    return await answer_page(
        request, application.cursors, asked, lambda query: list_skill_versions(application.reader, skill, query)
    )


@get(
    "/skills/{skill:str}/versions/{version:str}/bundle",
    guards=[Requires(Role.VIEWER)],
    opt=described(
        Operation(
            id="downloadSkillVersion",
            summary="The files of a version as a zip, by number, label, latest, or the beginning of its digest",
            answers={
                200: ("A zip with one folder, named like the skill.", Binary(MEDIA_TYPE)),
                304: ("What `If-None-Match` names is this version.", None),
            },
            refuses=(Code.NOT_FOUND_SKILL, Code.NOT_FOUND_VERSION),
            takes=(Header(name="If-None-Match", description="The `ETag` of a version that is there already."),),
            gives=(
                Header(name="ETag", description="The digest of the version, in quotes."),
                Header(name="Content-Location", description="The same bytes by the number of the version."),
                Header(name="Content-Disposition", description="A name for the file; without it under `304`."),
            ),
        )
    ),
)
async def download_skill_version(
    request: Request[Any, Any, Any],
    skill: FromPath[str],
    version: FromPath[str],
    application: NamedDependency[Application],
) -> Response[bytes | None]:
    NO_QUERY.read(request)
    found = await find_skill_version(application.store, FindSkillVersion(skill=skill, ref=version))
    tag = f'"{found.digest}"'
    headers = {"ETag": tag, "Content-Location": f"/api/skills/{found.skill_id}/versions/{found.version}/bundle"}
    if knows(request, tag):
        return Response(None, status_code=304, headers=headers)
    files = await application.bundles.get(found.manifest)
    archive = await asyncio.to_thread(zip_bundle, found.name, files)
    headers["Content-Disposition"] = f'attachment; filename="{found.name}-v{found.version}.zip"'
    return Response(archive, media_type=MEDIA_TYPE, headers=headers)


@put(
    "/skills/{skill:str}/labels/{label:str}",
    guards=[Requires(Role.ADMIN)],
    opt=described(
        Operation(
            id="labelSkillVersion",
            summary="Let a label point to a version, wherever it pointed before",
            answers={200: ("The skill with its labels.", Skill)},
            body=LabelledVersion,
            example={"version": 2},
            refuses=(Code.NOT_FOUND_SKILL, Code.NOT_FOUND_VERSION, Code.CONFLICT_BUSY),
        )
    ),
)
async def label_skill_version(
    request: Request[Any, Any, Any],
    skill: FromPath[str],
    label: FromPath[str],
    application: NamedDependency[Application],
) -> Skill:
    NO_QUERY.read(request)
    body = await BODY.read(request)
    command = LabelSkill(skill=skill, label=label, ref=str(body.version))
    done = await application.label_skill(command, context_of(request.scope))
    return shown_as(Skill, as_stored(SKILLS, await application.store.load(done.skill_id)))
