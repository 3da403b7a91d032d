"""`waybill skills`: add, list, show, label, archive; what brings bytes back stands in `skill_download.py` and `skill_diff.py`."""

from collections.abc import Sequence
from typing import Any, Final

import rich_click as click

from domain.skill.bundle import InlineFile
from workers.terminal.answers import Skill, understood
from workers.terminal.client import Client
from workers.terminal.command import Terminal, api_command
from workers.terminal.failures import Failure
from workers.terminal.listing import limit_option, search_option, show_list
from workers.terminal.skill_diff import diff
from workers.terminal.skill_download import download
from workers.terminal.skill_refs import pick, split_ref
from workers.terminal.skill_sending import send
from workers.terminal.skill_sources import given_files, read_given, with_places
from workers.terminal.skill_view import added_line, finding_lines, skill_page, skills_grid
from workers.terminal.wording import pinned, printable

FINDINGS_SHOWN_MAX: Final = 10


@click.group()
def skills() -> None:
    """Register skills, label them, and look at them."""


@skills.command("add")
@click.argument("sources", nargs=-1, required=True, metavar="FOLDER|ZIP|GIT_URL...")
@click.option("--ref", help="Of a git URL: the branch, tag or commit. [default: the default branch]")
@click.option("--path", metavar="FOLDER", help="Of a git URL: the folder of the skill, if there are several.")
@api_command
def add(terminal: Terminal, *, sources: tuple[str, ...], ref: str | None, path: str | None) -> None:
    """Register the skill in each FOLDER, ZIP or git repository, or its next version.

    The same bytes again are the same version, so this may be repeated. Of a repository (https) the commit is kept that the ref
    means at this moment. All folders are read before anything is sent; the first one that is refused ends the command.
    """
    given = [read_given(source, ref=ref, path=path) for source in sources]
    added: list[Any] = []
    for one in given:
        document, created = send(terminal.client, one, screen=terminal.screen)
        added.append(document)
        skill = understood(document, Skill)
        terminal.screen.tell(added_line(skill, created=created))
        findings = skill.registered.findings if skill.registered else skill.findings
        for line in finding_lines(findings, shown_max=FINDINGS_SHOWN_MAX):
            terminal.screen.say(line)
    terminal.screen.show({"items": added})
    terminal.screen.hint(f"waybill install {added[-1]['name']} --on openai --wait", purpose="Install it")


@skills.command("list")
@search_option("their name or description")
@click.option("--archived", is_flag=True, help="Those that were taken out of use, instead of those in use.")
@limit_option
@api_command
def list_skills(terminal: Terminal, *, q: str | None, archived: bool, limit: int) -> None:
    """List the skills in use, the newest first."""
    if q:
        empty = "No skill has that." if archived else "No skill in use has that; --archived looks among the others."
    else:
        empty = "No skill is archived." if archived else "There is no skill in use: waybill skills add FOLDER"
    query = {"q": q, "archived": "true" if archived else None}
    show_list(terminal, ("skills",), query, limit=limit, shape=Skill, grid=skills_grid, empty=empty)


@skills.command("show")
@click.argument("skill", metavar="SKILL[@REF]")
@api_command
def show(terminal: Terminal, *, skill: str) -> None:
    """Show one SKILL, by name or id: its versions and where they came from, the files of one, and what a reviewer should know.

    REF picks the version that is shown in full: latest (unless given), a label, a number (3 or v3), or the first 8 or more
    digits of a digest.
    """
    name, ref = split_ref(skill)
    document = terminal.client.get("skills", name)
    read = understood(document, Skill)
    shown = pick(read, ref)
    if ref is not None:
        document["versions"] = [one for one in document["versions"] if one["version"] == shown.version]
    terminal.screen.show(document, skill_page(read, shown))


@skills.command("label")
@click.argument("skill")
@click.argument("label")
@click.argument("ref", default="latest")
@api_command
def label_version(terminal: Terminal, *, skill: str, label: str, ref: str) -> None:
    """Let LABEL point to the version of SKILL that REF picks now, wherever it pointed before.

    A label stays where it was put: stable does not follow the latest. REF is latest (unless given), another label, a number
    (3 or v3), or the first 8 or more digits of a digest.
    """
    try:
        document = terminal.client.put("skills", skill, "labels", label, body={"version": ref}).body
    except Failure as error:
        raise Failure(with_places(error.document, {"/label": label}), exit_code=error.exit_code) from error
    read = understood(document, Skill)
    terminal.screen.show(document, f"{pinned(read.name, read.labels[label])} is {printable(label)} now.")
    terminal.screen.hint(f"waybill install {read.name}@{label} --on openai --wait", purpose="Install it")


@skills.command("archive")
@click.argument("skill")
@click.option("--undo", is_flag=True, help="Take it back into use.")
@api_command
def archive(terminal: Terminal, *, skill: str, undo: bool) -> None:
    """Take SKILL out of use: it takes no new version and is not installed any more.

    What is installed stays installed, and its versions can still be seen and downloaded.
    """
    path = ("skills", skill, "archive")
    answer = terminal.client.delete(*path) if undo else terminal.client.post(*path, body=None)
    name = printable(understood(answer.body, Skill).name)
    terminal.screen.show(answer.body, f"{name} is in use again." if undo else f"{name} is archived.")
    if not undo:
        terminal.screen.hint(f"waybill skills archive {name} --undo", purpose="Take it back into use")


def send_skill(client: Client, files: Sequence[InlineFile]) -> tuple[Any, bool]:
    """For programs of ours: the skill as the server answers it, and whether this made a version. Raises Failure."""
    return send(client, given_files(files, said="the folder"))


skills.add_command(download)
skills.add_command(diff)
