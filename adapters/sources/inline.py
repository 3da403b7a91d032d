"""Files that stand inside a request, as text or in base64."""

import binascii
from collections.abc import Sequence
from typing import Final

from adapters.sources.packing import pack
from domain.errors import Problem
from domain.skill.bundle import Allowance, Bundle, InlineFile, SourceFile
from domain.skill.paths import is_left_out

BASE64_GROUP: Final = 4  # characters, for 3 bytes


def read_inline(files: Sequence[InlineFile]) -> Bundle:
    """Raises SkillTooLarge before anything is decoded that is too large, SkillInvalid with every problem there is."""
    allowance = Allowance()
    problems: list[Problem] = []
    sources: list[SourceFile] = []
    for index, file in enumerate(files):
        allowance.meet_entry()
        if is_left_out(file.path):
            continue
        pointer = f"/files/{index}/content"
        content: bytes | None = None
        try:
            content = _decode(file, allowance, pointer=pointer)
        except ValueError as error:
            problems.append(Problem(pointer=pointer, message=str(error)))
        sources.append(
            SourceFile(path=file.path, content=content, path_pointer=f"/files/{index}/path", content_pointer=pointer)
        )
    return pack(sources, problems=problems)


def _decode(file: InlineFile, allowance: Allowance, *, pointer: str) -> bytes:
    """Raises ValueError, whose text is the problem, and SkillTooLarge."""
    if file.encoding == "base64":
        size_bytes = len(file.content) // BASE64_GROUP * 3 - file.content[-2:].count("=")
        allowance.take_file(size_bytes, path=file.path, pointer=pointer)
        return _from_base64(file.content)
    try:
        content = file.content.encode()
    except UnicodeEncodeError:
        raise ValueError("The content holds half of a surrogate pair: it is not text; send it in base64.") from None
    allowance.take_file(len(content), path=file.path, pointer=pointer)
    return content


def _from_base64(text: str) -> bytes:
    try:
        content = binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        content = None
    # The decoder passes over bits behind the last byte, so the end is written again to compare.
    if (
        content is None
        or binascii.b2a_base64(content[-(len(content) % 3 or 3) :], newline=False) != text[-BASE64_GROUP:].encode()
    ):
        raise ValueError("The content is not base64 as in RFC 4648: standard alphabet, padded, without line breaks.")
    return content
