"""Real skills through all three sandboxes: every version is registered, installed, upgraded, gone back from, checked, removed.

The project's own examples always; those of other people, if a folder with them lies beside the repository.
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import copytree
from typing import Any, Final

import msgspec
import pytest
from msgspec import Struct

from adapters.sources.folder import read_folder
from adapters.sources.inline import read_inline
from tests.kit.waiting import wait_until
from tests.kit.whole import Whole
from workers.seeding import example_folders

pytestmark = [pytest.mark.processes, pytest.mark.timeout(240)]

SKILLS: Final = Path(__file__).parents[3] / "shared" / "skills"
PROVIDERS: Final = ("openai", "claude", "gemini")
AT_ONCE: Final = 6
ANSWER_SECONDS: Final = 60.0

Json = dict[str, Any]


class Version(Struct, frozen=True):
    folder: Path
    digest: str


class Skill(Struct, frozen=True):
    """All versions of one skill, the oldest first."""

    name: str
    versions: tuple[Version, ...]


def of_other_people() -> list[Skill]:
    manifest = SKILLS / "manifest.json"
    if not manifest.is_file():
        return []
    content = json.loads(manifest.read_text(encoding="utf-8"))
    listed: dict[str, list[Json]] = {chain["skill"]: chain["oldest_first"] for chain in content["version_chains"]}
    for skill in content["skills"]:
        versions = listed.setdefault(Path(skill["dir"]).name, [])
        if skill["content_digest"] not in [version["content_digest"] for version in versions]:
            versions.append(skill)
    return [
        Skill(name, tuple(Version(SKILLS / version["dir"], version["content_digest"]) for version in versions))
        for name, versions in sorted(listed.items())
    ]


def of_this_project(folder: Path) -> list[Skill]:
    """Each example, and as its next version a copy with one line more."""
    skills = []
    for example in example_folders():
        edited = copytree(example, folder / example.name)
        with (edited / "SKILL.md").open("a", encoding="utf-8") as manifest:
            manifest.write("\nOne line more.\n")
        versions = tuple(Version(path, read_inline(read_folder(path)).digest) for path in (example, edited))
        skills.append(Skill(example.name, versions))
    return skills


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    with Whole(tmp_path_factory.mktemp("whole") / "data") as whole:
        yield whole


@pytest.fixture(scope="module")
def skills(tmp_path_factory: pytest.TempPathFactory) -> list[Skill]:
    return [*of_this_project(tmp_path_factory.mktemp("edited")), *of_other_people()]


def test_the_shared_folder_is_seen_as_a_whole(skills: list[Skill]) -> None:
    others = of_other_people()
    assert len(others) in (0, 15)
    assert sum(len(skill.versions) > 1 for skill in others) in (0, 3)
    assert len({skill.name for skill in skills}) == len(skills)


@pytest.mark.long
def test_every_version_goes_everywhere_and_back_and_away(whole: Whole, skills: list[Skill]) -> None:
    with ThreadPoolExecutor(AT_ONCE) as threads:
        journeys = [threads.submit(Journey(whole, skill).go) for skill in skills]
        for journey in journeys:
            journey.result()
    assert whole.sandbox.get("/_sandbox/ledger").json() == []
    assert whole.client.get("/api/installations").json()["items"] == []


class Journey:
    """One skill's way; `live` is the version number that must be there now, by provider."""

    def __init__(self, whole: Whole, skill: Skill) -> None:
        self._whole = whole
        self._skill = skill
        self._live: dict[str, int] = {}

    def go(self) -> None:
        for number, version in enumerate(self._skill.versions, start=1):
            self._register(number, version)
            self._install(number)
        # Back to the first; of a skill with one version, once more what is there.
        self._install(1)
        self._verify()
        self._uninstall()

    def _register(self, number: int, version: Version) -> None:
        files = [msgspec.to_builtins(file) for file in read_folder(version.folder)]
        answer = self._whole.client.post("/api/skills", json={"files": files})
        assert answer.status_code in (200, 201), answer.text
        skill = answer.json()
        assert (skill["name"], skill["version"], skill["digest"]) == (self._skill.name, number, version.digest)

    def _install(self, number: int) -> None:
        asked = {"skill": self._skill.name, "ref": str(number), "providers": PROVIDERS}
        preview = self._ask("/api/install-runs", {**asked, "dryRun": True})
        run = self._whole.finished(self._ask("/api/install-runs", asked))
        announced = {target["provider"]["name"]: target["code"] for target in preview["targets"]}
        became = {target["provider"]["name"]: target["code"] for target in run["targets"]}
        assert became == announced, run
        attempts = {target["provider"]["name"]: target["attempts"] for target in run["targets"]}
        assert attempts == {name: 0 if code else 1 for name, code in announced.items()}
        self._live |= {name: number for name, code in announced.items() if code is None}
        self._compare()

    def _compare(self) -> list[Json]:
        """What Waybill says is installed, and what the providers say, must both be what should be there."""
        installations = self._installations()
        digests = {number: version.digest for number, version in enumerate(self._skill.versions, start=1)}
        assert {one["provider"]["name"]: (one["version"], one["digest"]) for one in installations} == {
            name: (number, digests[number]) for name, number in self._live.items()
        }
        ledger = {entry["provider"]: entry for entry in self._ledger()}
        assert {name: entry["id"] for name, entry in ledger.items()} == {
            one["provider"]["name"]: one["remote"]["id"] for one in installations
        }
        for one in installations:
            entry, version = ledger[one["provider"]["name"]], one["remote"]["version"]
            in_use = entry["marker"].split() if entry["provider"] == "gemini" else [entry["defaultVersion"]]
            assert (f"sha256:{version}" if entry["provider"] == "gemini" else version) in in_use
        return installations

    def _verify(self) -> None:
        """The first who asks waits for three SDKs to be loaded; a provider that was too slow for that is asked again."""

        def verified() -> bool:
            items = self._ask("/api/installations/verify", {"skill": self._skill.name})["items"]
            assert {one["provider"]["name"] for one in items} == self._live.keys()
            assert {one["drift"] for one in items} <= {"none", "unknown"}
            return all(one["drift"] == "none" and one["verifiedAt"] for one in items)

        wait_until(verified, ANSWER_SECONDS)

    def _uninstall(self) -> None:
        for one in self._compare():
            run = self._whole.finished(self._ask(f"/api/installations/{one['id']}/uninstall"))
            assert (run["kind"], run["status"]) == ("uninstall", "success"), run
        assert (self._ledger(), self._installations()) == ([], [])

    def _ledger(self) -> list[Json]:
        entries = self._whole.ledger(self._skill.name)
        assert len({entry["provider"] for entry in entries}) == len(entries), entries
        return entries

    def _installations(self) -> list[Json]:
        page = self._whole.client.get("/api/installations", params={"skill": self._skill.name}).json()
        assert not page["stale"]
        items: list[Json] = page["items"]
        return items

    def _ask(self, path: str, body: Json | None = None) -> Json:
        answer = self._whole.client.post(path, json=body, timeout=ANSWER_SECONDS)
        assert answer.status_code in (200, 202), answer.text
        document: Json = answer.json()
        return document
