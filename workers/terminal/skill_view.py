"""How people read skills: in a list, alone, and what a reviewer should know of a version."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from workers.terminal.answers import Finding, Origin, Skill, SkillVersion
from workers.terminal.grid import Grid, facts
from workers.terminal.wording import age, ago, counted, enumerated, pinned, printable, short_digest, size

SEVERITY_STYLES: Final = {"critical": "red", "warning": "yellow"}
SOURCES: Final = {"inline": "files", "files": "uploaded files", "archive": "a zip", "git": "git"}
COMMIT_DIGITS: Final = 12
NO_LABELS: Final[Mapping[str, int]] = {}


def added_line(skill: Skill, *, created: bool) -> str:
    """The bytes that were sent may be those of an earlier version."""
    version = skill.version if skill.registered is None else skill.registered.version
    digest = skill.digest if skill.registered is None else skill.registered.digest
    origin = skill.registered.origin if skill.registered else None
    source = f" from {origin_text(origin)}" if created and origin and origin.source == "git" else ""
    latest = "" if version == skill.version else f"; the latest is v{skill.version}"
    what = "registered" if created else f"the same bytes were registered before{latest}"
    return f"{pinned(skill.name, version)} ({short_digest(digest)}){source}: {what}"


def skills_grid(items: list[Skill]) -> Grid:
    now = datetime.now(UTC)
    headers = ["NAME", "VERSION", "DIGEST", "LABELS", "AGE", "DESCRIPTION"]
    rows = [
        [
            printable(skill.name),
            str(skill.version),
            short_digest(skill.digest),
            _labels_text(skill),
            age(skill.created_at, now=now),
            printable(skill.description),
        ]
        for skill in items
    ]
    if not any(skill.labels for skill in items):
        for cells in (headers, *rows):
            del cells[3]
    return Grid(headers, rows, last_lines_max=2)


def skill_page(skill: Skill, shown: SkillVersion | None = None) -> RenderableType:
    """With one version in more detail, the latest unless another is given."""
    now = datetime.now(UTC)
    versions = sorted(skill.versions, key=lambda version: version.version, reverse=True)
    shown = shown or (versions[0] if versions else None)
    pairs = [
        ("skill", printable(skill.name)),
        ("id", skill.id),
        ("description", printable((shown and shown.description) or skill.description)),
        ("version", str(shown.version if shown else skill.version)),
        ("sha256", printable((shown.digest if shown else skill.digest).removeprefix("sha256:"))),
        ("created", ago(skill.created_at, now=now)),
    ]
    if skill.labels:
        pairs.append(("labels", _labels_text(skill)))
    if skill.archived:
        pairs.append(("archived", "yes: it takes no new version, and is not installed"))
    parts: list[RenderableType] = [facts(pairs)]
    if shown is not None:
        parts += [Text(), versions_grid(versions, labels=skill.labels)]
        files = [(size(file.size), printable(file.path)) for file in shown.files]
        parts += [Text(), Grid(("SIZE", f"FILES OF VERSION {shown.version}"), files)]
    findings = skill.findings if shown is None or shown.version == skill.version else shown.findings
    return Group(*parts, *([Text(), *finding_lines(findings)] if findings else []))


def finding_lines(findings: Sequence[Finding], *, shown_max: int | None = None) -> Iterator[Text]:
    """How many of which severity, then each, the gravest first as the server has them; none for none."""
    if not findings:
        return
    counts = Counter(finding.severity for finding in findings)
    words = enumerated([f"{count} {printable(severity)}" for severity, count in counts.items()])
    yield Text(f"{counted(len(findings), 'finding')} for a reviewer: {words}")
    for finding in findings[:shown_max]:
        style = SEVERITY_STYLES.get(finding.severity, "")
        place = f" {printable(finding.path)}:" if finding.path else ""
        yield Text.assemble((f"{printable(finding.severity)}:", style), f"{place} {printable(finding.message)}")
    if shown_max is not None and len(findings) > shown_max:
        yield Text(f"and {len(findings) - shown_max} more: waybill skills show")


def origin_text(origin: Origin | None) -> str:
    """`https://git.example/skills at main, commit 0123456789ab, folder kbo`."""
    if origin is None:
        return ""
    if origin.source != "git":
        return SOURCES.get(origin.source, printable(origin.source))
    parts = [f"{printable(origin.url or '')}" + (f" at {printable(origin.ref)}" if origin.ref else "")]
    if origin.commit:
        parts.append(f"commit {printable(origin.commit)[:COMMIT_DIGITS]}")
    if origin.path:
        parts.append(f"folder {printable(origin.path)}")
    return ", ".join(parts)


def versions_grid(versions: Iterable[SkillVersion], *, labels: Mapping[str, int] = NO_LABELS) -> Grid:
    now = datetime.now(UTC)
    rows = [
        (
            str(version.version),
            short_digest(version.digest),
            str(len(version.files)),
            ", ".join(sorted(printable(label) for label, at in labels.items() if at == version.version)),
            f"{age(version.at, now=now)} ago",
            origin_text(version.origin),
        )
        for version in versions
    ]
    return Grid(("VERSION", "DIGEST", "FILES", "LABELS", "PUBLISHED", "FROM"), rows)


def _labels_text(skill: Skill) -> str:
    return ", ".join(f"{printable(label)}: {version}" for label, version in sorted(skill.labels.items()))
