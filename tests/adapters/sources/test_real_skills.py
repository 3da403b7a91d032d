"""Skills of other people, if a folder with them lies beside the repository; their digests were computed by another program."""

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.sources.folder import read_folder
from adapters.sources.inline import read_inline

SKILLS = Path(__file__).parents[4] / "shared" / "skills"
LIBRARY = {("info", "references/client-library-usage.md")}
STUB = {("warning", "SKILL.md")}  # fetches what it does by `npx` when it is used
# All that there is to find in these skills is of one kind: that they fetch something.
REMOTE_INSTRUCTIONS = {
    "NomaDamas/delivery-tracking": STUB,
    "NomaDamas/kbo-results": STUB | {("info", "instruction.md")},
    "NomaDamas/korea-weather": STUB,
    "google/bigquery-basics": LIBRARY,
    "google/cloud-run-basics": LIBRARY,
    "google/gke-basics": LIBRARY,
    "google/gemini-api": {("info", "SKILL.md"), ("warning", "references/advanced_features.md")},
    "versions/gke-basics/4b5a7c4ef114/gke-basics": LIBRARY,
    "versions/gke-basics/6f0b87716381/gke-basics": LIBRARY,
    "versions/gke-basics/fdd89e4ac2c2/gke-basics": LIBRARY,
    "versions/kbo-results/5c78ed3f3db3/kbo-results": STUB | {("info", "instruction.md")},
    "versions/kbo-results/65c835f6dd1e/kbo-results": {("info", "SKILL.md")},
    "versions/kbo-results/f5e62818be94/kbo-results": STUB | {("info", "instruction.md")},
}


def listed() -> list[dict[str, Any]]:
    manifest = SKILLS / "manifest.json"
    if not manifest.is_file():
        return []
    content = json.loads(manifest.read_text(encoding="utf-8"))
    chains = [version for chain in content.get("version_chains", []) for version in chain["oldest_first"]]
    return [*content["skills"], *chains]


@pytest.mark.parametrize("skill", listed(), ids=lambda skill: skill["dir"])
def test_a_real_skill_registers_under_its_published_digest(skill: dict[str, Any]) -> None:
    bundle = read_inline(read_folder(SKILLS / skill["dir"]))
    assert bundle.digest == skill["content_digest"]
    assert bundle.name == Path(skill["dir"]).name
    assert (len(bundle.files), sum(len(file.content) for file in bundle.files)) == (skill["files"], skill["bytes"])


@pytest.mark.parametrize("skill", listed(), ids=lambda skill: skill["dir"])
def test_a_real_skill_has_the_findings_that_a_reviewer_would_make(skill: dict[str, Any]) -> None:
    findings = read_inline(read_folder(SKILLS / skill["dir"])).findings
    assert {finding.code for finding in findings} <= {"remote_instructions"}
    assert {(finding.severity, finding.path) for finding in findings} == REMOTE_INSTRUCTIONS.get(skill["dir"], set())
