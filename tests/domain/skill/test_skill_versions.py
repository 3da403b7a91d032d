import pytest

from domain.errors import VersionNotFound
from domain.events import Event
from domain.skill.bundle import Bundle, BundleFile, digest_of, manifest_of
from domain.skill.decisions import DIGEST_PREFIX_MIN, register, resolve
from domain.skill.events import Finding, SkillRegistered, SkillVersionPublished
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
        versions=tuple(SkillVersion(number=number, digest=digest, manifest=()) for number, digest in versions),
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
        SkillVersion(number=number, digest=bundle(text).digest, manifest=bundle(text).manifest)
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
