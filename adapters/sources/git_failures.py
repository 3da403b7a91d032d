"""What git says when it fails, made into what a person can act on: whose fault it is, where in the request, and no secret in it."""

import re
from collections.abc import Sequence
from typing import Final

from adapters.sources.git_address import PATH_POINTER, REF_POINTER, URL_POINTER
from adapters.sources.git_program import GitOutput
from domain.errors import GitOffline, Problem, SkillInvalid, WaybillError
from domain.skill.bundle import too_large
from domain.skill.refusals import quoted, refusal
from domain.skill.secrets import redacted

NOT_PUBLIC: Final = (
    "The repository was not found, or is not public: Waybill reads without credentials, so clone a private one "
    "yourself and register the folder or an archive of it."
)
MOVED: Final = "The server sends on to another address, which is not followed; give the final URL (some end in `.git`)."
UNTRUSTED: Final = "The git server's certificate is not trusted here; an operator can name its authority's file by WAYBILL_GIT_CA_FILE."

# The first that matches decides; the texts are those of git 2.37 and later with LC_ALL=C, and of the curl under it.
REFUSED: Final = (
    (
        re.compile(r"could not read (?:Username|Password)|Authentication failed|returned error: 40[134]|not found"),
        URL_POINTER,
        NOT_PUBLIC,
    ),
    (re.compile(r"returned error: 3\d\d|redirect"), URL_POINTER, MOVED),
    (
        re.compile(r"not our ref|unadvertised object|no such remote ref|find remote ref"),
        REF_POINTER,
        "The server does not hand out this commit.",
    ),
)
OFFLINE: Final = (
    (re.compile(r"certificate"), UNTRUSTED),
    (
        re.compile(r"No space left|quota exceeded|[Oo]ut of memory|Cannot allocate"),
        "This server has no room for a repository.",
    ),
    (re.compile(r"returned error: (?:429|5\d\d)"), "The git server has too much to do, or is broken."),
    (
        re.compile(
            r"Could not resolve|Failed to connect|Couldn't connect|refused|timed out|reset|Empty reply|hung up"
            r"|early EOF|unexpected disconnect|Recv failure|transfer closed|Operation too slow|HTTP/2|RPC failed|TLS|SSL|unable to access"
        ),
        "The git server does not answer, or broke off.",
    ),
)


def failure(output: GitOutput) -> WaybillError:
    """For a command that asked the server."""
    if output.overflowed:
        return too_large(
            "The repository is larger than what is fetched of one; register the folder or an archive.",
            pointer=URL_POINTER,
        )
    # What follows `remote:` are the server's words, and it says what it likes.
    said = [line for line in output.error.splitlines() if not line.startswith("remote:")]
    for pattern, pointer, message in REFUSED:
        if any(map(pattern.search, said)):
            return refusal(pointer, message)
    for pattern, message in OFFLINE:
        if any(map(pattern.search, said)):
            return offline(message)
    return refusal(URL_POINTER, f"git cannot read this repository: {_last_words(said)}.")


def listing_failure(output: GitOutput, *, path: str) -> WaybillError:
    if output.overflowed:
        return too_large(
            "The repository has too many files to look through; name the skill's folder by `path`.",
            pointer=PATH_POINTER,
        )
    message = f"The commit has no folder {quoted(path)}; `path` names the folder that holds SKILL.md."
    return SkillInvalid(message, problems=(Problem(pointer=PATH_POINTER, message=message),))


def offline(message: str) -> GitOffline:
    return GitOffline(message, problems=(Problem(pointer=URL_POINTER, message=message),))


def _last_words(said: Sequence[str]) -> str:
    lines = [line for line in said if line.startswith(("fatal:", "error:"))] or ["fatal: it does not say why"]
    return quoted(redacted(lines[-1].partition(": ")[2]))
