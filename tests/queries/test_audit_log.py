from typing import Any

import pytest

from domain.access.events import AccessDenied
from domain.access.state import denials_stream
from domain.errors import BadRequest, Code
from domain.events import Actor
from queries.list_audit_log import ListAuditLog, list_audit_log
from tests.kit.projection_spec import ADMIN
from tests.kit.read_side import ReadSide
from tests.projections.stories import Story

pytestmark = pytest.mark.anyio

NOBODY = Actor(kind="anonymous", id="127.0.0.1", name="127.0.0.1")
DENIED = AccessDenied(source="127.0.0.1", code=Code.UNAUTHORIZED, method="POST", path="/api/skills")


@pytest.fixture
async def story(side: ReadSide) -> Story:
    """Positions: 1 and 2 a skill, 3 to 9 a run that fails at 7 and 8, 10 a denial, 11 the skill's next version."""
    story = Story()
    story.publish()
    story.run(1, "openai").start("openai").fail("openai", Code.PROVIDER_TIMEOUT)
    story.add(denials_stream("127.0.0.1"), DENIED, actor=NOBODY)
    story.publish()
    await side.tell(story.events)
    return story


async def positions(side: ReadSide, **filters: Any) -> list[int]:
    return [entry.position for entry in (await list_audit_log(side.reader, ListAuditLog(**filters))).items]


async def test_the_log_is_read_backwards_by_what_is_asked_for(side: ReadSide, story: Story) -> None:
    expected: list[tuple[dict[str, Any], list[int]]] = [
        ({}, [11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]),
        ({"actor": (NOBODY.id,)}, [10]),
        ({"actor": (ADMIN.id,), "result": ("failure",)}, [9, 7]),
        ({"action": ("skill.version_published",)}, [11, 2]),
        ({"target": ("skill:kbo-results",)}, [11, 2, 1]),
        ({"result": ("denied",)}, [10]),
        ({"result": ("success",)}, [11, 8, 6, 5, 4, 3, 2, 1]),
        ({"code": (Code.PROVIDER_TIMEOUT,)}, [9, 7]),
        ({"code": (Code.UNAUTHORIZED,)}, [10]),
        ({"actor": (NOBODY.id, "nobody")}, [10]),
        ({"action": ("access.denied", "skill.registered")}, [10, 1]),
        ({"target": ("skill:kbo-results", "skill:nothing")}, [11, 2, 1]),
        ({"target": ("SKILL:kbo-results",)}, []),
        ({"result": ("denied", "failure")}, [10, 9, 7]),
    ]
    assert [(filters, await positions(side, **filters)) for filters, _ in expected] == expected


async def test_times_include_the_first_and_not_the_last(side: ReadSide, story: Story) -> None:
    assert await positions(side, since=story.events[2].at, until=story.events[5].at) == [5, 4, 3]


async def test_what_cannot_be_is_refused_and_not_merely_not_found(side: ReadSide, story: Story) -> None:
    since, until = story.events[2].at, story.events[5].at
    assert await positions(side, since=since, until=since) == []
    for asked, pointer in (
        ({"since": until, "until": since}, "?until"),
        ({"action": ("skill.registered", "skill.registred")}, "?action/1"),
    ):
        with pytest.raises(BadRequest) as refused:
            await positions(side, **asked)
        assert [problem.pointer for problem in refused.value.problems] == [pointer]


async def test_pages_follow_each_other(side: ReadSide, story: Story) -> None:
    first = await list_audit_log(side.reader, ListAuditLog(target=("skill:kbo-results",), limit=2))
    second = await list_audit_log(
        side.reader, ListAuditLog(target=("skill:kbo-results",), limit=2, cursor=first.next_cursor)
    )
    assert [[entry.position for entry in page.items] for page in (first, second)] == [[11, 2], [1]]
    assert second.next_cursor is None
