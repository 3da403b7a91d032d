"""How an agent of ours is called, marked and filled."""

import base64
from uuid import UUID

import pytest
from msgspec.structs import replace

from adapters.providers.gemini_agent import AGENT_ID, environment_of, is_marked, marker_for, receipt_for
from adapters.sandbox.gemini_wire import RESERVED
from domain.installation.events import Receipt
from domain.skill.bundle import Bundle, BundleFile, digest_of, manifest_of
from tests.kit.providing import bundle_of, intent_for

INTENT = replace(
    intent_for(bundle_of()),
    installation_id=UUID(int=1),
    run_id=UUID(int=2),
    digest=f"sha256:{'0123456789abcdef' * 4}",
)


def called(skill_name: str, version: int = 1) -> str:
    return receipt_for(replace(INTENT, skill_name=skill_name, version=version)).remote_id


def test_the_id_shows_the_skill_and_the_version() -> None:
    assert called("kbo-results", 12).startswith("wb-kbo-results-v12-")


@pytest.mark.parametrize(
    "skill_name", ["a", "7zip", "gemini-tools", "google", "a" * 64, f"{'a' * 47}-b-c", "경기", "Ünder_Score--x-"]
)
@pytest.mark.parametrize("version", [1, 1_000_000])
def test_the_id_is_one_that_google_takes(skill_name: str, version: int) -> None:
    agent_id = called(skill_name, version)
    assert AGENT_ID.fullmatch(agent_id)
    assert len(agent_id) <= 63
    assert not RESERVED.match(agent_id)
    assert f"-v{version}-" in agent_id


def test_every_attempt_of_a_run_means_the_same_agent() -> None:
    again = replace(INTENT, attempt_id=UUID(int=9), previous=Receipt(remote_id="wb-old"))
    assert receipt_for(again) == receipt_for(INTENT)


@pytest.mark.parametrize(
    "other", [{"run_id": UUID(int=3)}, {"installation_id": UUID(int=3)}, {"version": 2}, {"skill_name": "other"}]
)
def test_another_run_installation_version_or_skill_is_another_agent(other: dict[str, object]) -> None:
    assert receipt_for(replace(INTENT, **other)).remote_id != receipt_for(INTENT).remote_id


def test_the_marker_tells_the_installation_and_the_bytes() -> None:
    assert marker_for(INTENT) == "inst:00000000-0000-0000-0000-000000000001 sha256:0123456789ab"
    assert receipt_for(INTENT).remote_version == "0123456789ab"


@pytest.mark.parametrize(
    ("description", "marked"),
    [
        (marker_for(INTENT), True),
        (f"Renamed by a person. {marker_for(INTENT)}", True),
        (marker_for(INTENT)[:-1], False),
        (f"{marker_for(INTENT)}0", False),
        ("", False),
    ],
)
def test_an_agent_is_known_by_its_marker(description: str, *, marked: bool) -> None:
    assert is_marked(description, receipt_for(INTENT)) is marked


@pytest.mark.parametrize(
    ("content", "encoded"),
    [
        (b"", False),
        ("\ufeff경기\r\n".encode(), False),
        (b"a\x00b", True),
        (b"\xff\xfe", True),
        (bytes(range(256)), True),
    ],
)
def test_bytes_that_are_no_text_are_encoded(content: bytes, *, encoded: bool) -> None:
    files = (BundleFile(path="a/b", content=content),)
    bundle = Bundle(name="my-skill", description="x", digest=digest_of(manifest_of(files)), files=files)
    expected = {"type": "inline", "target": ".agents/skills/my-skill/a/b"}
    if encoded:
        expected |= {"content": base64.b64encode(content).decode(), "encoding": "base64"}
    else:
        expected |= {"content": content.decode()}
    assert environment_of(bundle) == {"type": "remote", "sources": [expected]}
