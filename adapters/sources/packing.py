"""Makes a bundle of the files that a source brought, or says everything that is wrong with them at once."""

from collections.abc import Sequence

from msgspec.structs import replace

from adapters.sources.frontmatter import decode, read_frontmatter
from domain.errors import Problem, SkillInvalid
from domain.skill.bundle import Bundle, BundleFile, SourceFile, digest_of, manifest_of
from domain.skill.findings import bounded, hidden_unicode, nested_skill_md, tools_allowed
from domain.skill.paths import lay_out
from domain.skill.refusals import invalid
from domain.skill.scanning import scan
from domain.skill.specification import SKILL_MD, Properties, check_frontmatter, find_skill_md


def pack(files: Sequence[SourceFile], *, problems: Sequence[Problem] = (), pointer: str = "/files") -> Bundle:
    """`problems` are those that the source met itself; `pointer` is where the request holds all files.

    Raises SkillInvalid; sizes are the source's to watch (`Allowance`).
    """
    laid, path_problems = lay_out(files)
    found = [*problems, *path_problems]
    properties = None
    try:
        properties = _read_skill_md(find_skill_md(laid, pointer=pointer))
    except SkillInvalid as refused:
        found.extend(refused.problems)
    if found or properties is None:
        raise invalid(found)
    kept = tuple(BundleFile(path=file.path, content=file.content) for file in laid if file.content is not None)
    paths = tuple(file.path for file in kept)
    return Bundle(
        name=properties.name,
        description=properties.description,
        digest=digest_of(manifest_of(kept)),
        files=kept,
        findings=bounded((*properties.findings, *nested_skill_md(paths), *scan(kept))),
    )


def _read_skill_md(skill_md: SourceFile) -> Properties | None:
    """None when its bytes could not be read, which the source reports. Raises SkillInvalid."""
    if skill_md.content is None:
        return None
    pointer = skill_md.content_pointer
    text = decode(skill_md.content, pointer=pointer)
    entries = read_frontmatter(text, pointer=pointer)
    properties = check_frontmatter(entries, pointer=pointer)
    # An escape in YAML hides what the file's own text does not show.
    hidden = hidden_unicode(properties.description, path=SKILL_MD, where="the description")
    return replace(properties, findings=(*properties.findings, *tools_allowed(entries), *hidden))
