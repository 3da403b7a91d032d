"""`/api/skills`"""

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import UNSET, Struct, UnsetType

from adapters.http.application import Application
from adapters.http.authentication import Requires, context_of
from adapters.http.idempotency import Answered, answer_once
from adapters.http.operations import Operation, described
from adapters.http.pages import LINK, answer_page
from adapters.http.requests import BodyReader, NoParameters, Position, QueryReader
from adapters.http.resources import RegisteredSkill, SkillAnswer, as_stored, shown_as
from adapters.http.upload_limits import UploadLimits
from adapters.http.uploads import UPLOAD, is_form, one_source, read_upload
from commands.archive_skill import ArchiveSkill
from commands.register_skill import RegisterSkill
from domain.errors import Code
from domain.events import Role
from domain.skill.bundle import InlineFile
from domain.skill.sources import GitFolder, InlineFiles, SkillSource
from projections.skills import SKILLS, Skill
from queries.get_skill import GetSkill, get_skill
from queries.list_skills import ListSkills, list_skills
from queries.paging import Page

# The most that a bundle may hold is 50 MB; base64 makes a third more of it, and JSON a little.
BODY_BYTES_MAX: Final = 70 * 1024 * 1024


class NewSkill(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Either the files of a skill's folder, or where in a repository it is; SKILL.md says its name."""

    files: tuple[InlineFile, ...] | UnsetType = UNSET
    git: GitFolder | UnsetType = UNSET


BODY: Final = BodyReader(
    NewSkill,
    bytes_max=BODY_BYTES_MAX,
    unsupported="The body must be `application/json`, or `multipart/form-data` with files or a zip.",
)
NO_QUERY: Final = QueryReader(NoParameters)
LIST_QUERY: Final = QueryReader(ListSkills)
SKILL_MD: Final = "---\nname: kbo-results\ndescription: Tells how KBO games ended.\n---\n\n# KBO results\n"
EXAMPLE: Final = {"files": [{"path": "SKILL.md", "content": SKILL_MD}]}
ONE_QUERY: Final = QueryReader(Position)


@post(
    "/skills",
    guards=[Requires(Role.ADMIN)],
    opt=described(
        Operation(
            id="registerSkill",
            summary="Register a skill, or the next version of one, from files, a zip or a git repository",
            answers={
                201: ("The skill with its new version.", RegisteredSkill),
                200: ("These bytes are a version already.", RegisteredSkill),
            },
            body=NewSkill,
            example=EXAMPLE,
            form=UPLOAD,
            refuses=(
                Code.TOO_LARGE_SKILL,
                Code.UNPROCESSABLE_SKILL,
                Code.CONFLICT_SKILL,
                Code.CONFLICT_BUSY,
                Code.OFFLINE_GIT,
            ),
        )
    ),
)
async def register_skill(
    request: Request[Any, Any, Any], application: NamedDependency[Application], uploads: NamedDependency[UploadLimits]
) -> Answered:
    NO_QUERY.read(request)
    with uploads.opened(request, key_id=context_of(request.scope).actor.id):
        return await _register(request, application)


async def _register(request: Request[Any, Any, Any], application: Application) -> Answered:
    source = await _source(request)

    async def act(_: UUID | None) -> Response[RegisteredSkill]:
        registration = await application.register_skill(RegisterSkill(source=source), context_of(request.scope))
        skill = as_stored(SKILLS, await application.store.load(registration.skill_id))
        return Response(
            shown_as(RegisteredSkill, skill, registered=skill.versions[registration.version - 1]),
            status_code=201 if registration.created else 200,
            headers={"Location": f"/api/skills/{registration.skill_id}"},
        )

    return await answer_once(request, application.idempotency_keys, act)


@get(
    "/skills",
    guards=[Requires(Role.VIEWER)],
    opt=described(
        Operation(
            id="listSkills",
            summary="The skills in use, or those that are archived, the newest first",
            description="`q` is a part of the name or of the description, in any case.",
            answers={200: ("A page of skills.", Page[Skill])},
            parameters=ListSkills,
            gives=(LINK,),
        )
    ),
)
async def show_skills(
    request: Request[Any, Any, Any], application: NamedDependency[Application]
) -> Response[Page[Skill]]:
    asked = LIST_QUERY.read(request)
    return await answer_page(request, application.cursors, asked, lambda query: list_skills(application.reader, query))


@get(
    "/skills/{skill:str}",
    guards=[Requires(Role.VIEWER)],
    opt=described(
        Operation(
            id="getSkill",
            summary="One skill with its versions, by id or name",
            answers={200: ("The skill.", SkillAnswer)},
            parameters=Position,
            refuses=(Code.NOT_FOUND_SKILL,),
        )
    ),
)
async def show_skill(
    request: Request[Any, Any, Any], skill: FromPath[str], application: NamedDependency[Application]
) -> SkillAnswer:
    query = GetSkill(skill=skill, min_position=ONE_QUERY.read(request).min_position)
    answer = await get_skill(application.reader, query)
    return shown_as(SkillAnswer, answer.item, stale=answer.stale)


@post(
    "/skills/{skill:str}/archive",
    status_code=200,
    guards=[Requires(Role.ADMIN)],
    opt=described(
        Operation(
            id="archiveSkill",
            summary="Take a skill out of use: nothing new is registered or installed, what is installed stays",
            answers={200: ("The skill, archived.", Skill)},
            located=False,
            refuses=(Code.NOT_FOUND_SKILL, Code.CONFLICT_BUSY),
        )
    ),
)
async def archive_skill(
    request: Request[Any, Any, Any], skill: FromPath[str], application: NamedDependency[Application]
) -> Answered:
    async def act(_: UUID | None) -> Response[Skill]:
        archived = await _archive(request, application, ArchiveSkill(skill=skill))
        return Response(archived, status_code=200)

    return await answer_once(request, application.idempotency_keys, act)


@delete(
    "/skills/{skill:str}/archive",
    status_code=200,
    guards=[Requires(Role.ADMIN)],
    opt=described(
        Operation(
            id="unarchiveSkill",
            summary="Take a skill back into use",
            answers={200: ("The skill, in use.", Skill)},
            refuses=(Code.NOT_FOUND_SKILL, Code.CONFLICT_BUSY),
        )
    ),
)
async def unarchive_skill(
    request: Request[Any, Any, Any], skill: FromPath[str], application: NamedDependency[Application]
) -> Skill:
    return await _archive(request, application, ArchiveSkill(skill=skill, archived=False))


async def _archive(request: Request[Any, Any, Any], application: Application, command: ArchiveSkill) -> Skill:
    NO_QUERY.read(request)
    done = await application.archive_skill(command, context_of(request.scope))
    return shown_as(Skill, as_stored(SKILLS, await application.store.load(done.skill_id)))


async def _source(request: Request[Any, Any, Any]) -> SkillSource:
    """What the request brings, in whichever of the forms. Raises BadRequest, BodyTooLarge, BodyUnsupported, SkillTooLarge."""
    if is_form(request):
        return await read_upload(request, bytes_max=BODY_BYTES_MAX)
    body = await BODY.read(request)
    if isinstance(body.git, GitFolder) and body.files is UNSET:
        return body.git
    if isinstance(body.files, tuple) and body.git is UNSET:
        return InlineFiles(files=body.files)
    raise one_source("Exactly one of `files` and `git` must be there.", "/files", "/git")
