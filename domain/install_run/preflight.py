"""What a provider would refuse, told before anything is sent to it: pure rules over a version's manifest and a kind's limits."""

import re
from typing import Final

from msgspec import Struct

from domain.errors import Code
from domain.install_run.events import ProviderRefused, Target
from domain.ports import Limits
from domain.skill.paths import is_nested_skill_md
from domain.skill.refusals import quoted
from domain.skill.state import SkillVersion

REFUSALS_MAX: Final = 20
# A tag, and not the two signs of "fewer < than > more".
MARKUP: Final = re.compile(r"</?[A-Za-z_!?][^<>]*>")


class Refusal(Struct, frozen=True, kw_only=True, rename="camel"):
    """One reason why a provider would not take a version; `path` is the file that it is about."""

    code: Code
    message: str
    path: str | None = None


def preflight(name: str, version: SkillVersion, limits: Limits) -> tuple[Refusal, ...]:
    """Every reason, those about sizes first; none: nothing is known that speaks against it."""
    return (*_sizes(version, limits), *_wording(name, version, limits))[:REFUSALS_MAX]


def refuse(target: Target, refusals: tuple[Refusal, ...]) -> ProviderRefused | None:
    """What becomes of a target that the provider would refuse; None if nothing speaks against it."""
    if not refusals:
        return None
    others = len(refusals) - 1
    message = f"{refusals[0].message} (and {others} more)" if others else refusals[0].message
    return ProviderRefused(provider_id=target.id, code=refusals[0].code, message=message)


def _sizes(version: SkillVersion, limits: Limits) -> tuple[Refusal, ...]:
    large = Code.PROVIDER_TOO_LARGE
    refusals = [
        Refusal(code=large, path=file.path, message=_too_much(quoted(file.path), file.size, limits.file_bytes_max))
        for file in version.manifest
        if file.size > limits.file_bytes_max
    ]
    total = sum(file.size for file in version.manifest)
    if total > limits.bundle_bytes_max:
        refusals.append(Refusal(code=large, message=_too_much("The whole bundle", total, limits.bundle_bytes_max)))
    if len(version.manifest) > limits.files_max:
        message = f"The bundle has {len(version.manifest)} files; this provider takes {limits.files_max}."
        refusals.append(Refusal(code=large, message=message))
    return tuple(refusals)


def _too_much(what: str, size_bytes: int, bytes_max: int) -> str:
    return f"{what} has {size_bytes:,} bytes; this provider takes {bytes_max:,}."


def _wording(name: str, version: SkillVersion, limits: Limits) -> tuple[Refusal, ...]:
    messages: list[tuple[str, str | None]] = []
    if len(name) > limits.name_chars_max:
        messages.append((f"The name has {len(name)} characters; this provider takes {limits.name_chars_max}.", None))
    if limits.name_starts_with_letter and not name[:1].isalpha():
        messages.append(("This provider takes names that begin with a letter.", None))
    messages += [
        (f"The name holds {quoted(word)}, which this provider keeps for itself.", None)
        for word in limits.reserved_words
        if word in name
    ]
    if not limits.markup and (found := MARKUP.search(version.description)):
        messages.append((f"The description holds {quoted(found[0])}; this provider takes no markup there.", "SKILL.md"))
    if not limits.nested_skill_md:
        messages += [
            (f"{quoted(file.path)} is a second SKILL.md; this provider takes exactly one.", file.path)
            for file in version.manifest
            if is_nested_skill_md(file.path)
        ]
    return tuple(Refusal(code=Code.PROVIDER_INVALID_SKILL, message=text, path=path) for text, path in messages)
