"""Files that were uploaded one by one, each under its path, as browsers send a folder."""

from collections.abc import Sequence

from msgspec.structs import replace

from adapters.sources.candidates import without_top_folder
from adapters.sources.packing import pack
from domain.errors import Problem
from domain.skill.bundle import Allowance, Bundle, SourceFile
from domain.skill.paths import is_left_out
from domain.skill.refusals import quoted


def read_uploaded(files: Sequence[SourceFile]) -> Bundle:
    """Problems point at `/files/<n>`. Raises SkillTooLarge, SkillInvalid with every problem there is."""
    allowance = Allowance()
    problems: list[Problem] = []
    kept: list[SourceFile] = []
    for index, file in enumerate(files):
        allowance.meet_entry()
        if is_left_out(file.path):
            continue
        pointer = f"/files/{index}"
        if file.content is None:
            problems.append(Problem(pointer=pointer, message=f"The bytes of {quoted(file.path)} did not arrive."))
        else:
            allowance.take_file(len(file.content), path=file.path, pointer=pointer)
        kept.append(replace(file, path_pointer=pointer, content_pointer=pointer))
    return pack(without_top_folder(kept, pointer="/files"), problems=problems)
