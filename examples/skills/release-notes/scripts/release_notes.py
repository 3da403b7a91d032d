"""Turns the output of `git log` into release notes in Markdown, grouped by Conventional Commits.

git log --no-merges --format='%H%x1f%an%x1f%s%x1f%b%x1e' v1.4.0..HEAD | python release_notes.py --version 1.5.0
"""

import argparse
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

FIELD_END = "\x1f"
RECORD_END = "\x1e"
FIELDS = 4

BREAKING, FEATURES, FIXES, PERFORMANCE = "Breaking changes", "Features", "Fixes", "Performance"
REVERTS, OTHER, INTERNAL = "Reverts", "Other changes", "Internal changes"
SECTIONS = (BREAKING, FEATURES, FIXES, PERFORMANCE, REVERTS, OTHER, INTERNAL)
SECTION_OF_TYPE = {
    "feat": FEATURES,
    "fix": FIXES,
    "perf": PERFORMANCE,
    "revert": REVERTS,
    **dict.fromkeys(("build", "chore", "ci", "docs", "refactor", "style", "test"), INTERNAL),
}

SUBJECT = re.compile(r"(?P<type>[A-Za-z]+)(?:\((?P<scope>[^()]+)\))?(?P<breaking>!)?: +(?P<text>.+)")
GIT_REVERT = re.compile(r'Revert "(?P<text>.+)"')
REVERTED = re.compile(r"This reverts commit (?P<hash>[0-9a-f]{7,64})\b")
BREAKING_FOOTER = re.compile(r"^BREAKING[ -]CHANGE: +(?P<text>.+(?:\n(?![A-Za-z-]+(?:: | #))\S.*)*)", re.MULTILINE)


class InputError(Exception):
    """The input is not what `git log` prints with the format above."""


@dataclass(frozen=True)
class Commit:
    """One record of the log."""

    hash: str
    author: str
    subject: str
    body: str


@dataclass(frozen=True)
class Entry:
    """One line of the notes, and the section it belongs to."""

    section: str
    scope: str
    text: str
    hash: str


def read_log(log: str) -> list[Commit]:
    """The commits in the order of the log, newest first."""
    records = [record.strip("\n") for record in log.split(RECORD_END)]
    commits = []
    for number, record in enumerate((record for record in records if record), start=1):
        fields = record.split(FIELD_END)
        if len(fields) != FIELDS:
            raise InputError(f"record {number} has {len(fields)} fields, expected {FIELDS}")
        commits.append(Commit(*(field.strip() for field in fields)))
    if not commits:
        raise InputError("no commits in the input")
    return commits


def drop_reverted(commits: Sequence[Commit]) -> list[Commit]:
    """Without the pairs that cancel each other out. Newest first: a revert that was itself reverted drops nothing."""
    dropped: set[str] = set()
    for commit in commits:
        reverted = REVERTED.search(commit.body)
        if commit.hash in dropped or not reverted:
            continue
        original = next((other for other in commits if other.hash.startswith(reverted["hash"])), None)
        if original and original.hash not in dropped:
            dropped |= {commit.hash, original.hash}
    return [commit for commit in commits if commit.hash not in dropped]


def classify(commit: Commit) -> Entry:
    """The section and the text of a commit; what has no known type goes to "Other changes" as it is."""
    parsed = SUBJECT.fullmatch(commit.subject)
    footer = BREAKING_FOOTER.search(commit.body)
    scope = (parsed["scope"] or "") if parsed else ""
    text = parsed["text"] if parsed else commit.subject
    if footer:
        return Entry(BREAKING, scope, " ".join(footer["text"].split()), commit.hash)
    if parsed and parsed["breaking"]:
        return Entry(BREAKING, scope, text, commit.hash)
    if git_revert := GIT_REVERT.fullmatch(commit.subject):
        return Entry(REVERTS, "", git_revert["text"], commit.hash)
    section = SECTION_OF_TYPE.get(parsed["type"].lower()) if parsed else None
    if section is None:
        return Entry(OTHER, "", commit.subject, commit.hash)
    return Entry(section, scope, text, commit.hash)


def render(entries: Iterable[Entry], *, title: str, commit_url: str | None, with_internal: bool) -> str:
    """The notes in Markdown, oldest change first in each section."""
    by_section: dict[str, list[Entry]] = {section: [] for section in SECTIONS}
    for entry in entries:
        by_section[entry.section].insert(0, entry)
    internal = by_section[INTERNAL] if with_internal else by_section.pop(INTERNAL)
    blocks = [f"## {title}"]
    for section, listed in by_section.items():
        if listed:
            blocks.append("\n".join([f"### {section}", "", *(render_entry(entry, commit_url) for entry in listed)]))
    if internal and not with_internal:
        changes = "1 internal change is" if len(internal) == 1 else f"{len(internal)} internal changes are"
        blocks.append(f"{changes} not listed.")
    return "\n\n".join(blocks) + "\n"


def render_entry(entry: Entry, commit_url: str | None) -> str:
    """One bullet: scope, text, and the short hash, as a link where the host is known."""
    short = entry.hash[:8]
    reference = f"[{short}]({commit_url.replace('{hash}', entry.hash)})" if commit_url else short
    scope = f"**{entry.scope}:** " if entry.scope else ""
    return f"- {scope}{entry.text} ({reference})"


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit codes: 0 notes were printed, 2 the input or the options are wrong."""
    parser = argparse.ArgumentParser(description="Release notes from `git log`, grouped by Conventional Commits.")
    parser.add_argument("log", nargs="?", type=Path, help="a file with the log; standard input if left out")
    parser.add_argument("--version", default="Unreleased", help="the version, for the title")
    parser.add_argument("--date", help="the day of the release, for the title")
    parser.add_argument("--commit-url", help="where a commit is shown, with {hash} in it")
    parser.add_argument("--internal", action="store_true", help="list internal changes too")
    options = parser.parse_args(arguments)
    try:
        log = options.log.read_bytes() if options.log else sys.stdin.buffer.read()
        commits = read_log(log.decode("utf-8", errors="replace"))
    except (InputError, OSError) as error:
        print(f"release_notes: {error}", file=sys.stderr)
        return 2
    title = f"{options.version} ({options.date})" if options.date else options.version
    entries = [classify(commit) for commit in drop_reverted(commits)]
    notes = render(entries, title=title, commit_url=options.commit_url, with_internal=options.internal)
    sys.stdout.buffer.write(notes.encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
