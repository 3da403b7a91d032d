import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from skills_ref import validate  # type: ignore[import-untyped]

from adapters.sources.folder import read_folder
from adapters.sources.inline import read_inline

EXAMPLES = Path(__file__).parents[3] / "examples" / "skills"
SCRIPT = EXAMPLES / "release-notes" / "scripts" / "release_notes.py"
NAMES = ("incident-report-ko", "plain-english", "release-notes")
LOG_FORMAT = "%H%x1f%an%x1f%s%x1f%b%x1e"
TIMEOUT_SECONDS = 60
GIT_ENVIRONMENT = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}


def record(number: int, subject: str, body: str = "") -> str:
    return f"{number:040x}\x1fAda\x1f{subject}\x1f{body}\x1e\n"


def run(*arguments: str, log: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, *arguments],
        input=log,
        capture_output=True,
        encoding="utf-8",
        timeout=TIMEOUT_SECONDS,
        check=False,
    )


def notes(*arguments: str, log: str) -> str:
    done = run(*arguments, log=log)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_these_are_the_examples() -> None:
    assert tuple(sorted(folder.name for folder in EXAMPLES.iterdir())) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_an_example_follows_the_specification_without_a_finding(name: str) -> None:
    bundle = read_inline(read_folder(EXAMPLES / name))
    assert (bundle.name, bundle.findings) == (name, ())
    assert validate(EXAMPLES / name) == []


@pytest.mark.parametrize("name", NAMES)
def test_what_an_example_refers_to_is_there(name: str) -> None:
    text = (EXAMPLES / name / "SKILL.md").read_text(encoding="utf-8")
    others = {file.path for file in read_folder(EXAMPLES / name)} - {"SKILL.md"}
    assert {path for path in others if path in text} == others


def test_release_notes_are_grouped_and_nothing_is_lost() -> None:
    log = "".join(
        (
            record(9, "Tidy up"),
            record(8, "docs: explain export"),
            record(7, "perf(db): use an index"),
            record(6, "fix: do not crash on an empty cart (#12)"),
            record(5, "feat(api)!: drop v1"),
            record(4, "feat: rename a field", "Why.\n\nBREAKING CHANGE: `total` is now\n`sum`.\nRefs: #9"),
            record(3, "FEAT(ui): add export"),
            record(2, "feat(ui): 한국어 화면"),
            record(1, "wip - something"),
        )
    )
    assert (
        notes("--version", "1.5.0", "--date", "2026-01-31", log=log)
        == """\
## 1.5.0 (2026-01-31)

### Breaking changes

- `total` is now `sum`. (00000000)
- **api:** drop v1 (00000000)

### Features

- **ui:** 한국어 화면 (00000000)
- **ui:** add export (00000000)

### Fixes

- do not crash on an empty cart (#12) (00000000)

### Performance

- **db:** use an index (00000000)

### Other changes

- wip - something (00000000)
- Tidy up (00000000)

1 internal change is not listed.
"""
    )


def test_internal_changes_are_listed_when_asked_for_and_hashes_become_links() -> None:
    log = record(0xABC, "chore: update the lock file")
    url = "https://git.example.com/c/{hash}"
    link = f"[00000000](https://git.example.com/c/{0xABC:040x})"
    assert f"### Internal changes\n\n- update the lock file ({link})\n" in notes(
        "--internal", "--commit-url", url, log=log
    )


def test_a_change_and_its_revert_cancel_each_other_out() -> None:
    first = record(1, "feat: add export")
    revert = record(2, 'Revert "feat: add export"', f"This reverts commit {1:040x}.")
    again = record(3, 'Revert "Revert "feat: add export""', f"This reverts commit {2:040x}.")
    other = record(4, "fix: a typo")
    assert "export" not in notes(log=other + revert + first)
    assert "### Features\n\n- add export" in notes(log=other + again + revert + first)
    assert "### Reverts\n\n- feat: add export" in notes(log=other + revert)


@pytest.mark.parametrize(
    ("log", "message"), [("", "no commits in the input"), ("abc\x1fAda\x1e", "record 1 has 2 fields, expected 4")]
)
def test_input_that_is_no_log_is_refused(log: str, message: str) -> None:
    done = run(log=log)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"release_notes: {message}\n")


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not here")
def test_release_notes_of_a_real_repository(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        command = ("git", "-C", str(tmp_path), "-c", "user.name=Ada", "-c", "user.email=ada@example.com", *arguments)
        return subprocess.run(
            command, capture_output=True, encoding="utf-8", timeout=TIMEOUT_SECONDS, check=True, env=GIT_ENVIRONMENT
        ).stdout

    git("init", "--quiet")
    for number, subject in enumerate(("feat: first", "fix(api): second", "feat: third")):
        (tmp_path / f"{number}.txt").touch()
        git("add", ".")
        git("commit", "--quiet", "-m", subject, "-m", "A body\nof two lines.")
    git("revert", "--no-edit", "HEAD")
    text = notes(log=git("log", "--no-merges", f"--format={LOG_FORMAT}"))
    assert f"git log --no-merges --format='{LOG_FORMAT}'" in (EXAMPLES / "release-notes" / "SKILL.md").read_text(
        encoding="utf-8"
    )
    assert [line.split(" (")[0] for line in text.splitlines() if line.startswith("- ")] == [
        "- first",
        "- **api:** second",
    ]
