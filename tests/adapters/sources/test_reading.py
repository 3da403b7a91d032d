import io
import zipfile

import pytest

from adapters.sources.git import GitFolders
from adapters.sources.reading import Sources
from domain.errors import SkillInvalid
from domain.skill.bundle import BundleFile, InlineFile, SourceFile, digest_of, manifest_of
from domain.skill.events import Origin
from domain.skill.sources import GitFolder, InlineFiles, SkillSource, UploadedArchive, UploadedFiles

pytestmark = pytest.mark.anyio

SKILL_MD = "---\nname: a-skill\ndescription: Does it.\n---\n"


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a-skill/SKILL.md", SKILL_MD)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("source", "origin"),
    [
        (InlineFiles(files=(InlineFile(path="SKILL.md", content=SKILL_MD),)), Origin(source="inline")),
        (UploadedFiles(files=(SourceFile(path="x/SKILL.md", content=SKILL_MD.encode()),)), Origin(source="files")),
        (UploadedArchive(content=zipped()), Origin(source="archive")),
    ],
)
async def test_the_same_skill_is_the_same_bundle_from_every_source(source: SkillSource, origin: Origin) -> None:
    bundle, came_from = await Sources(git=GitFolders()).read(source)
    assert came_from == origin
    assert bundle.digest == digest_of(manifest_of([BundleFile(path="SKILL.md", content=SKILL_MD.encode())]))


async def test_a_folder_of_a_repository_is_fetched() -> None:
    with pytest.raises(SkillInvalid, match="must begin with https://"):
        await Sources(git=GitFolders()).read(GitFolder(url="file:///etc"))
