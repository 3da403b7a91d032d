import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from adapters.embedded.postgres_binaries import PROGRAMS, shared_copy
from adapters.embedded.server_process import EmbeddedServerError

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root needs the copy")
POSTGRES = PROGRAMS / "bin" / "postgres"


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    folder = tmp_path / "wheel"
    for path, mode in (
        (POSTGRES, 0o700),
        (PROGRAMS / "share" / "postgres.bki", 0o600),
        (PROGRAMS / "include" / "c.h", 0o600),
    ):
        (folder / path).parent.mkdir(parents=True, mode=0o700, exist_ok=True)
        (folder / path).write_text(f"content of {path}")
        (folder / path).chmod(mode)
    return folder


def test_everybody_may_run_it_and_only_root_may_write_it(wheel: Path, tmp_path: Path) -> None:
    copy = shared_copy(wheel, tmp_path / "cache" / "copy")
    assert (copy / POSTGRES).read_text() == f"content of {POSTGRES}"
    assert (copy / POSTGRES).stat().st_mode & 0o777 == 0o755
    assert (copy / PROGRAMS / "share" / "postgres.bki").stat().st_mode & 0o777 == 0o644
    assert not (copy / PROGRAMS / "include").exists()
    assert list(copy.parent.iterdir()) == [copy]


def test_a_complete_copy_is_used_again(wheel: Path, tmp_path: Path) -> None:
    copy = shared_copy(wheel, tmp_path / "copy")
    before = copy.stat().st_ino
    assert shared_copy(wheel, tmp_path / "copy").stat().st_ino == before


def test_starts_at_the_same_time_share_one_copy(wheel: Path, tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as starts:
        copies = list(starts.map(lambda _: shared_copy(wheel, tmp_path / "copy"), range(40)))
    assert set(copies) == {tmp_path / "copy"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "wheel"]


def test_a_damaged_copy_is_made_again(wheel: Path, tmp_path: Path) -> None:
    copy = shared_copy(wheel, tmp_path / "copy")
    (copy / POSTGRES).write_text("")
    assert (shared_copy(wheel, copy) / POSTGRES).read_text() == f"content of {POSTGRES}"


def test_a_place_where_others_can_plant_programs_is_refused(wheel: Path, tmp_path: Path) -> None:
    planted = tmp_path / "planted"
    planted.mkdir()
    planted.chmod(0o777)
    for target in (planted, planted / "copy"):
        with pytest.raises(EmbeddedServerError, match="planted can be changed by others than root"):
            shared_copy(wheel, target)


def test_somebody_elses_folder_is_refused(wheel: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    os.chown(theirs, 65534, 65534)
    with pytest.raises(EmbeddedServerError, match="theirs can be changed by others than root"):
        shared_copy(wheel, theirs)
