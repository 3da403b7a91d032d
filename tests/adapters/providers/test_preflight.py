"""What preflight says of a bundle is what the provider says: taken where it finds nothing, refused alike where it finds something."""

import asyncio
from typing import Any, Final

import pytest
from hypothesis import given as for_any
from hypothesis import settings
from hypothesis import strategies as st

from adapters.providers.catalog import CATALOG
from domain.errors import Code
from domain.install_run.preflight import preflight
from domain.ports import ProviderError
from domain.provider.events import ProviderKind
from domain.skill.bundle import Bundle, BundleFile, digest_of, manifest_of
from domain.skill.state import SkillVersion
from tests.kit.providing import intent_for, opened_at, provider_at
from tests.kit.sandboxed import Served, serving

pytestmark = pytest.mark.anyio

PATHS: Final[dict[ProviderKind, str]] = {"openai": "/openai/v1", "claude": "/anthropic", "gemini": "/gemini"}
KINDS: Final = tuple(PATHS)
MEGABYTE: Final = 1_000_000


def bundle_of(*sizes: int, name: str = "a-skill", description: str = "Does a thing.", path: str = "a.bin") -> Bundle:
    """SKILL.md filled up to the first size, if that is more than it needs, and further files of the other sizes."""
    skill_md = f"---\nname: {name}\ndescription: {description!r}\n---\n".encode()
    first, *others = sizes or (0,)
    contents = {"SKILL.md": skill_md.ljust(first)} | {
        (f"{number}-{path}" if number else path): bytes(size) for number, size in enumerate(others)
    }
    files = tuple(BundleFile(path=path, content=content) for path, content in contents.items())
    return Bundle(name=name, description=description, digest=digest_of(manifest_of(files)), files=files)


def foretold(kind: ProviderKind, bundle: Bundle) -> Code | None:
    version = SkillVersion(
        number=1, digest=bundle.digest, description=bundle.description, manifest=manifest_of(bundle.files)
    )
    refusals = preflight(bundle.name, version, CATALOG[kind].limits)
    return refusals[0].code if refusals else None


async def answered(sandbox: Served, kind: ProviderKind, bundle: Bundle) -> Code | None:
    async with opened_at(provider_at(f"{sandbox.url}{PATHS[kind]}", kind=kind)) as adapter:
        try:
            await adapter.install(bundle, intent_for(bundle))
        except ProviderError as error:
            return error.code
    return None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "shape",
    [
        {},
        {"name": "n" * 64},
        {"name": "3d-print"},
        {"name": "ask-claude"},
        {"name": "anthropic-style"},
        {"name": "gemini-api"},
        {"description": "Use the <b>bold</b> tag."},
        {"description": "For x < 3, and then a."},
        {"sizes": (0, 10), "path": "more/SKILL.md"},
        {"sizes": (0, *[1] * 499)},
    ],
    ids=str,
)
async def test_what_is_foretold_of_a_skill_is_what_the_provider_answers(
    sandbox: Served, kind: ProviderKind, shape: dict[str, Any]
) -> None:
    more = dict(shape)
    bundle = bundle_of(*more.pop("sizes", ()), **more)
    assert await answered(sandbox, kind, bundle) == foretold(kind, bundle)


@pytest.mark.parametrize(
    ("kind", "sizes", "fits"),
    [
        ("gemini", (0, MEGABYTE), True),
        ("gemini", (0, MEGABYTE + 1), False),
        ("gemini", (MEGABYTE, MEGABYTE), True),
        ("gemini", (MEGABYTE, MEGABYTE - 1, 2), False),
        ("claude", (15 * MEGABYTE, 15 * MEGABYTE), True),
        ("claude", (15 * MEGABYTE, 15 * MEGABYTE, 1), False),
        ("openai", (0, 25 * MEGABYTE), True),
        ("openai", (0, 25 * MEGABYTE + 1), False),
    ],
)
async def test_sizes_are_refused_from_the_same_byte_on(
    sandbox: Served, kind: ProviderKind, sizes: tuple[int, ...], *, fits: bool
) -> None:
    bundle = bundle_of(*sizes)
    assert foretold(kind, bundle) == (None if fits else Code.PROVIDER_TOO_LARGE)
    assert await answered(sandbox, kind, bundle) == foretold(kind, bundle)


edges = st.sampled_from([0, 1, MEGABYTE // 2, MEGABYTE - 1, MEGABYTE, MEGABYTE + 1])


@settings(deadline=None, max_examples=5)
@for_any(bundles=st.lists(st.lists(edges, min_size=1, max_size=4), min_size=3, max_size=3))
def test_any_sizes_are_taken_by_gemini_exactly_if_preflight_finds_nothing(bundles: list[list[int]]) -> None:
    async def compare() -> None:
        async with serving(None) as sandbox:
            for sizes in bundles:
                bundle = bundle_of(*sizes)
                assert await answered(sandbox, "gemini", bundle) == foretold("gemini", bundle)

    asyncio.run(compare())
