"""`/api/skills`"""

from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Struct

from adapters.http.application import Application
from adapters.http.authentication import Requires, context_of
from adapters.http.operations import Operation, described
from adapters.http.requests import BodyReader, NoParameters, Position, QueryReader
from adapters.http.resources import SkillAnswer, as_stored, shown_as
from commands.register_skill import RegisterSkill
from domain.errors import Code
from domain.events import Role
from domain.skill.bundle import InlineFile
from projections.skills import SKILLS, Skill
from queries.get_skill import GetSkill, get_skill
from queries.list_skills import ListSkills, list_skills
from queries.paging import Page

# The most that a bundle may hold is 50 MB; base64 makes a third more of it, and JSON a little.
BODY_BYTES_MAX: Final = 70 * 1024 * 1024


class NewSkill(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The files of a skill's folder; SKILL.md says its name."""

    files: tuple[InlineFile, ...]


BODY: Final = BodyReader(NewSkill, bytes_max=BODY_BYTES_MAX)
NO_QUERY: Final = QueryReader(NoParameters)
LIST_QUERY: Final = QueryReader(ListSkills)
ONE_QUERY: Final = QueryReader(Position)


@post(
    "/skills",
    guards=[Requires(Role.ADMIN)],
    opt=described(
        Operation(
            id="registerSkill",
            summary="Register a skill, or the next version of one",
            answers={
                201: ("The skill with its new version.", Skill),
                200: ("These bytes are a version already.", Skill),
            },
            body=NewSkill,
            refuses=(Code.TOO_LARGE_SKILL, Code.UNPROCESSABLE_SKILL, Code.CONFLICT_BUSY),
        )
    ),
)
async def register_skill(request: Request[Any, Any, Any], application: NamedDependency[Application]) -> Response[Skill]:
    NO_QUERY.read(request)
    body = await BODY.read(request)
    registration = await application.register_skill(RegisterSkill(files=body.files), context_of(request.scope))
    history = await application.store.load(registration.skill_id)
    return Response(
        shown_as(Skill, as_stored(SKILLS, history)),
        status_code=201 if registration.created else 200,
        headers={"Location": f"/api/skills/{registration.skill_id}"},
    )


@get(
    "/skills",
    guards=[Requires(Role.VIEWER)],
    opt=described(
        Operation(
            id="listSkills",
            summary="The skills, the newest first",
            answers={200: ("A page of skills.", Page[Skill])},
            parameters=ListSkills,
        )
    ),
)
async def show_skills(request: Request[Any, Any, Any], application: NamedDependency[Application]) -> Page[Skill]:
    return await list_skills(application.reader, LIST_QUERY.read(request))


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
