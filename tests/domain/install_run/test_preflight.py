"""What a provider would refuse: each rule at its edge, and that nothing else is refused."""

from typing import Any

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st

from domain.errors import Code
from domain.install_run.preflight import REFUSALS_MAX, Refusal, preflight
from domain.ports import Limits
from domain.skill.events import ManifestEntry
from domain.skill.state import SkillVersion

LIMITS = Limits(bundle_bytes_max=100, file_bytes_max=60, files_max=3)
SMALL = {"SKILL.md": 10}


def version(sizes: dict[str, int], *, description: str = "Does a thing.") -> SkillVersion:
    manifest = tuple(ManifestEntry(path=path, sha256="0" * 64, size=size) for path, size in sizes.items())
    return SkillVersion(number=1, digest="sha256:0", description=description, manifest=manifest)


def refusals(name: str = "a-skill", *, sizes: dict[str, int] | None = None, **more: Any) -> list[Refusal]:
    description = more.pop("description", "Does a thing.")
    limits = Limits(**{field: getattr(LIMITS, field) for field in LIMITS.__struct_fields__} | more)
    return list(preflight(name, version(sizes or SMALL, description=description), limits))


def test_what_fits_is_not_refused() -> None:
    assert refusals(sizes={"SKILL.md": 40, "a.md": 60}) == []
    assert refusals(sizes={"SKILL.md": 1, "a.md": 0, "b.md": 2}) == []


def test_a_file_that_is_one_byte_too_large_is_named() -> None:
    assert refusals(sizes={"SKILL.md": 10, "assets/a.bin": 61}) == [
        Refusal(
            code=Code.PROVIDER_TOO_LARGE,
            message="`assets/a.bin` has 61 bytes; this provider takes 60.",
            path="assets/a.bin",
        )
    ]


def test_a_bundle_that_is_one_byte_too_large_is_of_no_single_file() -> None:
    (refusal,) = refusals(sizes={"SKILL.md": 41, "a.md": 60})
    assert (refusal.code, refusal.path) == (Code.PROVIDER_TOO_LARGE, None)
    assert refusal.message == "The whole bundle has 101 bytes; this provider takes 100."


def test_a_file_too_many_is_too_large() -> None:
    (refusal,) = refusals(sizes={"SKILL.md": 1, "a": 1, "b": 1, "c": 1})
    assert (refusal.code, refusal.path) == (Code.PROVIDER_TOO_LARGE, None)
    assert refusal.message == "The bundle has 4 files; this provider takes 3."


def test_sizes_are_written_so_that_people_can_read_them() -> None:
    (refusal,) = refusals(sizes={"SKILL.md": 1_200_001}, bundle_bytes_max=2_000_000, file_bytes_max=1_000_000)
    assert refusal.message == "`SKILL.md` has 1,200,001 bytes; this provider takes 1,000,000."


@pytest.mark.parametrize(
    ("name", "limit", "said"),
    [
        ("a" * 64, {"name_chars_max": 63}, "The name has 64 characters; this provider takes 63."),
        ("3d-print", {"name_starts_with_letter": True}, "This provider takes names that begin with a letter."),
        ("my-claude-skill", {"reserved_words": ("claude",)}, "The name holds `claude`, which this provider keeps"),
        ("claudette", {"reserved_words": ("claude",)}, "The name holds `claude`"),
    ],
)
def test_a_name_is_refused_by_who_does_not_take_it_and_by_nobody_else(
    name: str, limit: dict[str, Any], said: str
) -> None:
    (refusal,) = refusals(name, **limit)
    assert (refusal.code, refusal.path) == (Code.PROVIDER_INVALID_SKILL, None)
    assert refusal.message.startswith(said)
    assert refusals(name) == []
    assert refusals("a" * 63, **limit) == []


@pytest.mark.parametrize("text", ["Use <b>this</b>.", "</end>", "A <my-tag x='1'> b", "<!-- hidden -->", "<br/>"])
def test_markup_in_a_description_is_refused_by_who_takes_none(text: str) -> None:
    (refusal,) = refusals(description=text, markup=False)
    assert (refusal.code, refusal.path) == (Code.PROVIDER_INVALID_SKILL, "SKILL.md")
    assert refusal.message.startswith("The description holds `<")
    assert refusals(description=text) == []


@pytest.mark.parametrize("text", ["fewer < than > more", "a -> b", "x <= 3", "1<2", "<>", "< b>", "a <3"])
def test_what_is_no_tag_is_no_markup(text: str) -> None:
    assert refusals(description=text, markup=False) == []


@pytest.mark.parametrize("path", ["more/SKILL.md", "a/b/skill.MD"])
def test_a_second_skill_md_is_refused_by_who_takes_one(path: str) -> None:
    sizes = {"SKILL.md": 1, path: 1, "my-SKILL.md": 1}
    (refusal,) = refusals(sizes=sizes, nested_skill_md=False)
    assert (refusal.code, refusal.path) == (Code.PROVIDER_INVALID_SKILL, path)
    assert refusals(sizes=sizes) == []


def test_every_reason_is_told_sizes_first() -> None:
    codes = [
        refusal.code
        for refusal in refusals(
            "claude-1", sizes={"SKILL.md": 61, "a/SKILL.md": 61}, reserved_words=("claude",), nested_skill_md=False
        )
    ]
    assert codes == [Code.PROVIDER_TOO_LARGE] * 3 + [Code.PROVIDER_INVALID_SKILL] * 2


def test_the_reasons_are_bounded() -> None:
    sizes = {f"{number}.bin": 61 for number in range(REFUSALS_MAX + 5)}
    assert len(refusals(sizes=sizes)) == REFUSALS_MAX


@for_any(sizes=st.lists(st.integers(0, 40), min_size=1, max_size=5), most=st.integers(1, 120), each=st.integers(1, 40))
def test_sizes_are_refused_exactly_when_one_of_them_is_beyond_its_limit(sizes: list[int], most: int, each: int) -> None:
    limits = Limits(bundle_bytes_max=most, file_bytes_max=each, files_max=4)
    files = {f"{number}.md": size for number, size in enumerate(sizes)}
    fits = sum(sizes) <= most and max(sizes) <= each and len(sizes) <= 4
    assert (not preflight("a-skill", version(files), limits)) == fits
