import msgspec
import pytest

from domain.events import Event
from domain.skill.events import (
    Finding,
    ManifestEntry,
    Origin,
    SkillArchived,
    SkillLabelled,
    SkillRegistered,
    SkillUnarchived,
    SkillVersionPublished,
)
from domain.skill.state import skill_stream
from projections.rows import ImpossibleHistoryError
from projections.skills import SKILLS, Skill
from tests.kit.projection_spec import History, given
from tests.projections.stories import SKILL, Story, digest


def test_a_skill_shows_its_latest_version_and_keeps_all() -> None:
    story = Story()
    story.publish(description="Shows results.")
    story.publish("other")
    story.publish(description="Shows results and standings.")
    skill, other = given(story).rows(SKILLS)
    assert (skill.id, skill.name, skill.version, skill.digest) == (SKILL, "kbo-results", 2, digest(2))
    assert skill.description == "Shows results and standings."
    assert [(version.version, version.digest, version.description) for version in skill.versions] == [
        (1, digest(1), "Shows results."),
        (2, digest(2), "Shows results and standings."),
    ]
    assert skill.versions[1].files == (ManifestEntry(path="SKILL.md", sha256=f"{2:064x}", size=102),)
    assert skill.versions[1].at == story.events[-1].at
    assert (skill.created_at, skill.created_position) == (story.events[0].at, 1)
    assert (skill.position, other.position) == (5, 4)


def test_the_findings_are_those_of_the_latest_version() -> None:
    finding = Finding(code="shell", severity="warning", path="scripts/a.sh", message="runs a shell")
    history = History()
    history.add(SKILL, SkillRegistered(name="kbo-results"))
    for version, findings in ((1, ()), (2, (finding,))):
        history.add(
            SKILL,
            SkillVersionPublished(
                version=version, digest=digest(version), description="", manifest=(), findings=findings
            ),
        )
    (skill,) = given(history).rows(SKILLS)
    assert skill.findings == (finding,)
    assert [version.findings for version in skill.versions] == [(), (finding,)]


def test_a_version_keeps_where_it_came_from() -> None:
    origin = Origin(source="git", url="https://git.example/skills", ref="main", commit="a" * 40, path="kbo")
    history = History()
    history.add(SKILL, SkillRegistered(name="kbo-results"))
    for version, where in ((1, None), (2, origin)):
        history.add(
            SKILL,
            SkillVersionPublished(version=version, digest=digest(version), description="", manifest=(), origin=where),
        )
    (skill,) = given(history).rows(SKILLS)
    assert [version.origin for version in skill.versions] == [None, origin]


def test_labels_are_where_they_were_put_last() -> None:
    story = Story()
    story.publish()
    story.publish()
    for label, version in (("stable", 1), ("next", 2), ("stable", 2)):
        story.add(SKILL, SkillLabelled(label=label, version=version))
    (skill,) = given(story).rows(SKILLS)
    assert skill.labels == {"stable": 2, "next": 2}
    assert (skill.version, skill.position) == (2, len(story.events))


def test_a_label_of_a_version_that_is_not_there_cannot_be() -> None:
    story = Story()
    story.publish()
    story.add(SKILL, SkillLabelled(label="stable", version=2))
    with pytest.raises(ImpossibleHistoryError):
        given(story).rows(SKILLS)


def test_a_skill_is_archived_until_it_is_taken_back() -> None:
    story = Story()
    story.publish()
    story.add(SKILL, SkillArchived())
    (skill,) = given(story).rows(SKILLS)
    assert (skill.archived, skill.position) == (True, 3)
    story.add(SKILL, SkillUnarchived())
    (skill,) = given(story).rows(SKILLS)
    assert (skill.archived, skill.position, skill.version) == (False, 4, 1)


@pytest.mark.parametrize("event", [SkillLabelled(label="stable", version=1), SkillArchived(), SkillUnarchived()])
def test_nothing_happens_to_a_skill_before_it_is_registered(event: Event) -> None:
    history = History()
    history.add(SKILL, event)
    with pytest.raises(ImpossibleHistoryError):
        given(history).rows(SKILLS)


def test_a_skill_that_is_only_registered_has_no_version_yet() -> None:
    history = History()
    history.add(SKILL, SkillRegistered(name="kbo-results"))
    (skill,) = given(history).rows(SKILLS)
    assert (skill.version, skill.versions) == (0, ())


@pytest.mark.parametrize("versions", [(2,), (1, 1), (1, 3)])
def test_versions_that_do_not_follow_each_other_cannot_be(versions: tuple[int, ...]) -> None:
    history = History()
    history.add(SKILL, SkillRegistered(name="kbo-results"))
    for version in versions:
        history.add(SKILL, SkillVersionPublished(version=version, digest=digest(version), description="", manifest=()))
    with pytest.raises(ImpossibleHistoryError):
        given(history).rows(SKILLS)


def test_a_version_of_nothing_and_a_second_registration_cannot_be() -> None:
    published = SkillVersionPublished(version=1, digest=digest(1), description="", manifest=())
    for events in ((published,), (SkillRegistered(name="a"), SkillRegistered(name="a"))):
        history = History()
        history.add(skill_stream("a"), *events)
        with pytest.raises(ImpossibleHistoryError):
            given(history).rows(SKILLS)


def test_the_resource_has_the_fields_of_the_contract() -> None:
    contract = "id name description version digest labels findings archived createdAt position"
    assert [field.encode_name for field in msgspec.structs.fields(Skill)] == contract.split()
