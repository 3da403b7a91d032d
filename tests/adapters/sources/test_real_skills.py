"""Skills of other people, if a folder with them lies beside the repository; their digests were computed by another program."""

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.sources.folder import read_folder
from adapters.sources.inline import read_inline

SKILLS = Path(__file__).parents[4] / "shared" / "skills"


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
    assert bundle.findings == ()
