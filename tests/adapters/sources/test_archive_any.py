"""Any zip, and any bytes: read as what they are, or refused with an error of ours."""

import io
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from skills_ref import validate  # type: ignore[import-untyped]

from adapters.sources.archive import read_archive
from domain.errors import SkillInvalid, SkillTooLarge
from tests.adapters.sources.zips import SKILL_MD, contents, messages, zipped


def test_the_reference_validator_agrees_about_what_was_read(tmp_path: Path) -> None:
    content = zipped({"a-skill/SKILL.md": SKILL_MD.replace(b"\r\n", b"\n"), "a-skill/a.md": b"a"})
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(tmp_path)
    folder = tmp_path / "a-skill"
    assert validate(folder) == []
    assert contents(read_archive(content)) == {path.name: path.read_bytes() for path in folder.iterdir()}


names = st.lists(st.sampled_from(["a", "b", "é", "가", "SKILL.md", "x.py"]), min_size=1, max_size=3).map("/".join)
plain_files = st.dictionaries(names, st.binary(max_size=64), max_size=6)


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(plain_files)
def test_any_zip_of_plain_files_is_read_as_its_bytes_or_refused(files: dict[str, bytes]) -> None:
    files = {**files, "SKILL.md": SKILL_MD}
    if any(name.startswith(f"{other}/") for name in files for other in files):
        assert any("a folder in the path of another" in message for message in messages(zipped(files)))
    else:
        assert contents(read_archive(zipped(files))) == files


@settings(deadline=None, max_examples=500, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_damage_is_refused_or_changes_nothing_that_is_read(data: st.DataObject) -> None:
    files = {"SKILL.md": SKILL_MD, "a.md": b"hello" * 20, "가.bin": bytes(range(64))}
    content = bytearray(zipped(files))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
    try:
        bundle = read_archive(bytes(content))
    except (SkillInvalid, SkillTooLarge):
        return
    crcs = {zlib.crc32(file.content) for file in bundle.files}
    assert crcs <= {zlib.crc32(value) for value in files.values()}


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=200))
@example(b"PK\x05\x06" + bytes(18))
@example(b"PK\x01\x02" * 20 + b"PK\x05\x06" + bytes(18))
def test_any_bytes_are_refused_with_an_error_of_ours(content: bytes) -> None:
    with pytest.raises((SkillInvalid, SkillTooLarge)):
        read_archive(content)
