"""`waybill skills`: add folders, list, show."""

from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import rich_click as click
from rich.console import Group, RenderableType
from rich.text import Text

from adapters.sources.folder import read_folder
from domain.skill.bundle import InlineFile
from workers.terminal.answers import Finding, Skill, understood
from workers.terminal.client import Client
from workers.terminal.command import Terminal, api_command
from workers.terminal.failures import Failure
from workers.terminal.grid import Grid, facts
from workers.terminal.listing import limit_option, show_list
from workers.terminal.wording import age, ago, counted, pinned, printable, short_digest, size

SEVERITY_STYLES = {"critical": "red", "warning": "yellow"}


@click.group()
def skills() -> None:
    """Register skills and look at them."""


@skills.command("add")
@click.argument(
    "paths", nargs=-1, required=True, metavar="FOLDER...", type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@api_command
def add(terminal: Terminal, *, paths: tuple[Path, ...]) -> None:
    """Register the skill in each FOLDER, or its next version.

    The same bytes again are the same version, so this may be repeated. All folders are read before anything is sent; the first
    one that is refused ends the command.
    """
    bundles = [(path, read_folder(path)) for path in paths]
    added: list[Any] = []
    for path, files in bundles:
        with terminal.screen.busy(f"Sending {counted(len(files), 'file')} of {path}"):
            document, created = send_skill(terminal.client, files)
        added.append(document)
        skill = understood(document, Skill)
        terminal.screen.tell(added_line(skill, created=created))
        for finding in skill.findings:
            terminal.screen.say(_finding_line(finding))
    terminal.screen.show({"items": added})
    terminal.screen.hint(f"waybill install {added[-1]['name']} --on openai --wait", purpose="Install it")


@skills.command("list")
@click.option("--q", metavar="TEXT", help="Only those with this in their name or description.")
@limit_option
@api_command
def list_skills(terminal: Terminal, *, q: str | None, limit: int) -> None:
    """List the skills, the newest first."""
    empty = "No skill has that." if q else "There is no skill yet: waybill skills add FOLDER"
    show_list(terminal, ("skills",), {"q": q}, limit=limit, shape=Skill, grid=skills_grid, empty=empty)


@skills.command("show")
@click.argument("skill")
@api_command
def show(terminal: Terminal, *, skill: str) -> None:
    """Show one SKILL, by name or id: its versions, the files of the latest, and what a reviewer should know."""
    document = terminal.client.get("skills", skill)
    terminal.screen.show(document, skill_page(understood(document, Skill)))


def send_skill(client: Client, files: Sequence[InlineFile]) -> tuple[Any, bool]:
    """The skill as the server answers it, and whether this made a version. Raises Failure, which names files, not places."""
    try:
        answer = client.post("skills", body={"files": files})
    except Failure as error:
        raise Failure(_with_paths(error.document, files), exit_code=error.exit_code) from error
    return answer.body, answer.status == HTTPStatus.CREATED


def _with_paths(document: dict[str, Any], files: Sequence[InlineFile]) -> dict[str, Any]:
    """A person knows `scripts/a.py`; that it was `/files/3` of the request says nothing to them. Programs still get both."""
    errors = document.get("errors")
    if not isinstance(errors, list):
        return document
    return {**document, "errors": [_with_path(error, files) for error in errors]}


def _with_path(error: Any, files: Sequence[InlineFile]) -> Any:
    match error:
        case {"pointer": str(pointer)} if pointer.startswith("/files/"):
            index = pointer.split("/")[2]
            if index.isdecimal() and int(index) < len(files):
                return {**error, "path": files[int(index)].path}
    return error


def added_line(skill: Skill, *, created: bool) -> str:
    what = "registered" if created else "the same bytes were registered before"
    return f"{pinned(skill.name, skill.version)} ({short_digest(skill.digest)}): {what}"


def skills_grid(items: list[Skill]) -> Grid:
    now = datetime.now(UTC)
    rows = [
        (
            printable(skill.name),
            str(skill.version),
            short_digest(skill.digest),
            age(skill.created_at, now=now),
            printable(skill.description),
        )
        for skill in items
    ]
    return Grid(("NAME", "VERSION", "DIGEST", "AGE", "DESCRIPTION"), rows, last_lines_max=2)


def skill_page(skill: Skill) -> RenderableType:
    now = datetime.now(UTC)
    pairs = [
        ("skill", printable(skill.name)),
        ("id", skill.id),
        ("description", printable(skill.description)),
        ("version", str(skill.version)),
        ("sha256", printable(skill.digest.removeprefix("sha256:"))),
        ("created", ago(skill.created_at, now=now)),
    ]
    if skill.labels:
        pairs.append(("labels", ", ".join(f"{printable(label)}: {at}" for label, at in skill.labels.items())))
    parts: list[RenderableType] = [facts(pairs)]
    versions = sorted(skill.versions, key=lambda version: version.version, reverse=True)
    if versions:
        rows = [
            (str(version.version), short_digest(version.digest), ago(version.at, now=now), str(len(version.files)))
            for version in versions
        ]
        parts += [Text(), Grid(("VERSION", "DIGEST", "PUBLISHED", "FILES"), rows)]
        files = [(size(file.size), printable(file.path)) for file in versions[0].files]
        parts += [Text(), Grid(("SIZE", f"FILES OF VERSION {versions[0].version}"), files)]
    if skill.findings:
        parts += [Text(), *(_finding_line(finding) for finding in skill.findings)]
    return Group(*parts)


def _finding_line(finding: Finding) -> Text:
    style = SEVERITY_STYLES.get(finding.severity, "")
    place = f" {printable(finding.path)}:" if finding.path else ""
    return Text.assemble((f"{printable(finding.severity)}:", style), f"{place} {printable(finding.message)}")
