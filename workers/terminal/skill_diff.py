"""`waybill skills diff`: what differs between two versions, or what a folder would change."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import rich_click as click
from rich.text import Text

from adapters.sources.inline import read_inline
from domain.errors import SkillInvalid, SkillTooLarge
from domain.skill.bundle import Bundle
from workers.terminal.answers import Skill, understood
from workers.terminal.command import Terminal, api_command
from workers.terminal.failures import failure
from workers.terminal.grid import Grid
from workers.terminal.skill_bundle import Fetched, fetch_version
from workers.terminal.skill_comparison import Change, Comparison, compare
from workers.terminal.skill_refs import split_ref
from workers.terminal.skill_sources import read_files, refused
from workers.terminal.wording import counted, pinned, printable, size

MARKS: Final = {"added": ("A", "green"), "removed": ("D", "red"), "changed": ("M", "yellow")}
STYLES: Final = {"+": "green", "-": "red", "@": "cyan"}


@click.command("diff")
@click.argument("skill", metavar="SKILL[@REF]")
@click.argument("first", metavar="FROM|FOLDER")
@click.argument("second", required=False, metavar="[TO]")
@api_command
def diff(terminal: Terminal, *, skill: str, first: str, second: str | None) -> None:
    """Show what changes from version FROM of SKILL to version TO, or what would change if FOLDER was registered.

    A FOLDER is compared with the version that REF picks, the latest unless given. FROM and TO are refs: latest, a label, a number
    (3 or v3), or the first 8 or more digits of a digest. The exit code is 0 whether there are differences or not.
    """
    name, ref = split_ref(skill)
    if second is None:
        _diff_folder(terminal, name, ref or "latest", folder=Path(first))
        return
    if ref is not None:
        raise click.UsageError(f"Two versions are named as `{name} FROM TO`, without a ref behind the name.")
    with terminal.screen.busy(f"Downloading {name}"):
        old, new = (fetch_version(terminal.client, name, one) for one in (first, second))
    found = compare(old.files, new.files, names=(f"v{old.version}", f"v{new.version}"))
    document = {"skill": old.name, "from": _version(old), "to": _version(new)}
    heading = f"{pinned(old.name, old.version)} to v{new.version}"
    terminal.screen.show(document | _comparison(found), *_page(heading, found))


def _diff_folder(terminal: Terminal, name: str, ref: str, *, folder: Path) -> None:
    if not folder.is_dir():
        raise click.UsageError(f"{folder} is not a folder; two versions are named as `{name} FROM TO`.")
    bundle = _read(folder)
    with terminal.screen.busy(f"Downloading {name}"):
        old = fetch_version(terminal.client, name, ref)
        skill = understood(terminal.client.get("skills", name), Skill)
    if bundle.name != old.name:
        detail = f"{folder} holds the skill {bundle.name}, so it would not become a version of {old.name}."
        raise failure("bad_request:api", detail, title="Another skill")
    found = compare(old.files, bundle.files, names=(f"v{old.version}", "folder"))
    same = next((one.version for one in skill.versions if one.digest == bundle.digest), None)
    version = skill.version + 1 if same is None else same
    document = {
        "skill": old.name,
        "from": _version(old),
        "to": {"folder": str(folder), "digest": bundle.digest, "version": version, "registered": same is not None},
    }
    heading = f"{pinned(old.name, old.version)} to {printable(str(folder))}"
    meaning = f"These bytes are version {same} already." if same else f"Registered, this would be version {version}."
    terminal.screen.show(document | _comparison(found), *_page(heading, found), Text(f"\n{meaning}"))


def _read(folder: Path) -> Bundle:
    """By the rules of a registration. Raises Failure, which names files."""
    files = read_files(folder)
    try:
        return read_inline(files)
    except (SkillInvalid, SkillTooLarge) as error:
        raise refused(error, said=str(folder), files=files) from error


def _version(fetched: Fetched) -> dict[str, Any]:
    return {"version": fetched.version, "digest": fetched.digest}


def _comparison(found: Comparison) -> dict[str, Any]:
    changes = [
        {
            "path": change.path,
            "change": change.kind,
            "sizeBefore": change.before,
            "sizeAfter": change.after,
            "diff": None if change.diff is None else "\n".join(change.diff),
        }
        for change in found.changes
    ]
    return {"changes": changes, "unchanged": found.unchanged}


def _page(heading: str, found: Comparison) -> Iterator[Text | Grid]:
    kinds = [change.kind for change in found.changes]
    counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in MARKS if kind in kinds)
    same = f"{counted(found.unchanged, 'file')} the same"
    yield Text(f"{heading}: {f'{counts}, {same}' if counts else f'no difference, {same}'}")
    if found.changes:
        yield Grid((), [_row(change) for change in found.changes])
    for change in found.changes:
        if change.diff is not None:
            yield Text()
            yield _coloured(change.diff)


def _row(change: Change) -> Sequence[Text]:
    mark, style = MARKS[change.kind]
    sizes = " to ".join(size(one) for one in (change.before, change.after) if one is not None)
    binary = "" if change.diff is not None else ", not compared by line"
    return Text(mark, style=style), Text(printable(change.path)), Text(f"{sizes}{binary}")


def _coloured(lines: Sequence[str]) -> Text:
    text = Text("\n").join(Text(visible(line), style=STYLES.get(line[:1], "")) for line in lines)
    text.no_wrap = True
    text.overflow = "ignore"
    return text


def visible(line: str) -> str:
    """As it is, but for what a terminal would obey, or not show: that is shown as its escape."""
    return "".join(c if c.isprintable() or c == "\t" else c.encode("unicode_escape").decode() for c in line)
