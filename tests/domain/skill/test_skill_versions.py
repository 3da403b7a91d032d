import msgspec
import pytest

from domain.errors import BadRequest, SkillUnavailable, VersionNotFound
from domain.events import Event
from domain.skill.bundle import Bundle, BundleFile, digest_of, manifest_of
from domain.skill.decisions import (
    DIGEST_PREFIX_MIN,
    LABELS_MAX,
    archive,
    move_label,
    register,
    resolve,
    unarchive,
)
from domain.skill.events import (
    Finding,
    Origin,
    SkillArchived,
    SkillLabelled,
    SkillRegistered,
    SkillUnarchived,
    SkillVersionPublished,
)
from domain.skill.state import Skill, SkillVersion
from tests.kit.specification import folded, given

NAME = "release-notes"
FINDING = Finding(code="nested_skill_md", severity="warning", path="a/SKILL.md", message="A second SKILL.md.")


def bundle(text: str) -> Bundle:
    files = (BundleFile(path="SKILL.md", content=text.encode()), BundleFile(path="scripts/a.py", content=b"print()"))
    return Bundle(name=NAME, description=text, digest=digest_of(manifest_of(files)), files=files, findings=(FINDING,))


def published(text: str, version: int) -> SkillVersionPublished:
    files = bundle(text).files
    return SkillVersionPublished(
        version=version,
        digest=digest_of(manifest_of(files)),
        description=text,
        manifest=manifest_of(files),
        findings=(FINDING,),
    )


def skill_with(*digests: str) -> Skill:
    versions = enumerate(digests, start=1)
    return Skill(
        name=NAME,
        versions=tuple(
            SkillVersion(number=number, digest=digest, description="", manifest=()) for number, digest in versions
        ),
    )


ONE: list[Event] = [SkillRegistered(name=NAME), published("one", 1)]
TWO: list[Event] = [*ONE, published("two", 2)]


def test_the_first_bundle_registers_the_skill_with_version_1() -> None:
    given([]).when(register, bundle=bundle("one")).then(ONE)


def test_other_bytes_are_the_next_version() -> None:
    given(ONE).when(register, bundle=bundle("two")).then([published("two", 2)])
    given(TWO).when(register, bundle=bundle("three")).then([published("three", 3)])


@pytest.mark.parametrize("text", ["one", "two"])
def test_bytes_that_are_a_version_already_are_quiet(text: str) -> None:
    """Also an older one: it does not become the latest by being sent again."""
    given(TWO).when(register, bundle=bundle(text)).then_nothing()


def test_a_skill_is_its_versions_in_order() -> None:
    versions = tuple(
        SkillVersion(number=number, digest=bundle(text).digest, description=text, manifest=bundle(text).manifest)
        for number, text in ((1, "one"), (2, "two"))
    )
    assert folded(ONE[:1]) == Skill(name=NAME)
    assert folded(TWO) == Skill(name=NAME, versions=versions)


FIRST = f"sha256:{'1a' * 4}{'0' * 56}"
SECOND = f"sha256:{'1a' * 4}{'f' * 56}"
THIRD = f"sha256:{'2' * 64}"


@pytest.mark.parametrize(
    ("ref", "number"),
    [
        ("latest", 3),
        ("1", 1),
        ("3", 3),
        ("v2", 2),
        (FIRST, 1),
        (SECOND.removeprefix("sha256:"), 2),
        (f"{'1a' * 4}0", 1),
        (f"sha256:{'1a' * 4}f", 2),
        ("2" * DIGEST_PREFIX_MIN, 3),
        ("2" * (DIGEST_PREFIX_MIN + 1), 3),
    ],
)
def test_a_ref_picks_a_version(ref: str, number: int) -> None:
    assert resolve(skill_with(FIRST, SECOND, THIRD), ref).number == number


@pytest.mark.parametrize(
    "ref",
    [
        "",
        "0",
        "-1",
        "01",
        "4",
        "v4",
        "V1",
        "999999999999",
        "stable",
        "Latest",
        "1a" * 4,
        "2" * (DIGEST_PREFIX_MIN - 1),
        "2" * 65,
        "f" * 64,
        ("1a" * 4 + "0").upper(),
        "sha256:",
        "sha512:22222222",
        "\u0661",
        "1\n",
    ],
)
def test_a_ref_that_picks_none_or_several_is_not_found(ref: str) -> None:
    with pytest.raises(VersionNotFound) as refused:
        resolve(skill_with(FIRST, SECOND, THIRD), ref)
    assert refused.value.detail == f"{ref} picks no one version of {NAME}; its latest is 3."


def test_a_version_says_where_it_came_from() -> None:
    origin = Origin(source="git", url="https://git.example/skills", commit="a" * 40, path="")
    told = msgspec.structs.replace(published("one", 1), origin=origin)
    given([]).when(register, bundle=bundle("one"), origin=origin).then([SkillRegistered(name=NAME), told])


def labelled(label: str, version: int) -> SkillLabelled:
    return SkillLabelled(label=label, version=version)


@pytest.mark.parametrize("ref", ["1", "v1", bundle("one").digest, "other"])
def test_a_label_points_to_what_the_ref_picks_now(ref: str) -> None:
    given([*TWO, labelled("other", 1)]).when(move_label, label="stable", ref=ref).then([labelled("stable", 1)])


def test_a_label_is_moved() -> None:
    events = [*TWO, labelled("stable", 1)]
    given(events).when(move_label, label="stable", ref="latest").then([labelled("stable", 2)])
    assert resolve(folded([*events, labelled("stable", 2)]), "stable").number == 2


@pytest.mark.parametrize("ref", ["2", "latest", "stable"])
def test_a_label_that_points_there_already_is_quiet(ref: str) -> None:
    given([*TWO, labelled("stable", 2)]).when(move_label, label="stable", ref=ref).then_nothing()


def test_a_label_does_not_follow_the_latest() -> None:
    assert folded([*ONE, labelled("stable", 1), published("two", 2)]).labels == {"stable": 1}


@pytest.mark.parametrize(
    "label",
    ["", "Stable", "-a", "a-", "a" * 33, "stabil\u00e9", "latest", "v1", "abcdef01", "1", "a b", "a\n", "sha256:a"],
)
def test_a_label_that_reads_like_something_else_is_refused(label: str) -> None:
    refused = given(TWO).when(move_label, label=label, ref="1").then_refused(BadRequest)
    assert [problem.pointer for problem in refused.problems] == ["/label"]


@pytest.mark.parametrize("label", ["a", "stable", "canary-2", "v1x", "abcdefg", "s" * 32])
def test_a_label_that_reads_like_a_label_is_taken(label: str) -> None:
    given(ONE).when(move_label, label=label, ref="1").then([labelled(label, 1)])


def test_a_label_of_no_version_is_refused() -> None:
    given(TWO).when(move_label, label="stable", ref="3").then_refused(VersionNotFound)


def test_labels_are_bounded_and_may_still_be_moved() -> None:
    full = [*TWO, *(labelled(f"label-{number}", 1) for number in range(LABELS_MAX))]
    given(full).when(move_label, label="one-more", ref="1").then_refused(BadRequest)
    given(full).when(move_label, label="label-0", ref="2").then([labelled("label-0", 2)])


ARCHIVED: list[Event] = [*ONE, SkillArchived()]


def test_a_skill_is_archived_once() -> None:
    given(ONE).when(archive).then([SkillArchived()])
    given(ARCHIVED).when(archive).then_nothing()


def test_a_skill_is_taken_back_once() -> None:
    given(ARCHIVED).when(unarchive).then([SkillUnarchived()])
    given(ONE).when(unarchive).then_nothing()
    given([*ARCHIVED, SkillUnarchived()]).when(archive).then([SkillArchived()])


@pytest.mark.parametrize("text", ["one", "two"])
def test_an_archived_skill_takes_no_version_not_even_a_known_one(text: str) -> None:
    given(ARCHIVED).when(register, bundle=bundle(text)).then_refused(SkillUnavailable)
    given([*ARCHIVED, SkillUnarchived()]).when(register, bundle=bundle("two")).then([published("two", 2)])


def test_an_archived_skill_may_be_labelled() -> None:
    given(ARCHIVED).when(move_label, label="last", ref="1").then([labelled("last", 1)])
