"""Instructions that fetch further ones when the skill is used: the digest covers what was registered, and not what they bring."""

import re
from typing import Final

from msgspec import Struct

_FETCH: Final = rb"(?<![\w-])(?:curl|wget)[ \t]+(?![|`])"
# An interpreter with a program of its own (`| python3 -m json.tool`) only reads what comes.
_SHELL: Final = (
    rb"(?:sudo[ \t]+(?:-\S+[ \t]+)?)?(?:/\S{1,40}/)?(?:env[ \t]+)?"
    rb"(?:(?:ba|z|da|k|fi)?sh(?![\w.-])|(?:python3?|node|perl|ruby)(?=[ \t]*(?:-(?:\s|$)|$|[`\"';&)])))"
)

_RUNNER: Final = rb"(?:npx|bunx|uvx)"
# Where a command begins; in the middle of a sentence, a name alone is talk about it.
_COMMAND_START: Final = rb"(?:(?<=[`\"'(;&|$>:])|(?<=[;&|$>:] )|(?<=RUN )|^[ \t]*)"


class Instruction(Struct, frozen=True, kw_only=True):
    """`marks`: what to look for first; `pattern` is then searched in that one line."""

    severity: str
    what: str
    marks: tuple[bytes, ...]
    pattern: re.Pattern[bytes]


INSTRUCTIONS: Final = (
    Instruction(
        severity="warning",
        what="runs what it fetches from the net at that moment",
        marks=(b"curl", b"wget"),
        pattern=re.compile(
            rb"%(fetch)s.{1,400}?\|[ \t]*%(shell)s"
            rb"|(?:\b(?:ba|z|da|k|fi)?sh|\bsource|(?<!\S)\.)[ \t]+<\([ \t]*%(fetch)s"
            rb"|(?:\b(?:ba|z|da|k|fi)?sh[ \t]+-\w*c|\beval)[ \t]+[\"']?(?:\$\(|`)[ \t]*%(fetch)s"
            % {b"fetch": _FETCH, b"shell": _SHELL}
        ),
    ),
    Instruction(
        severity="warning",
        what="runs what it fetches from the net at that moment",
        marks=(b"iex", b"IEX", b"Iex", b"Invoke-Expression", b"invoke-expression"),
        pattern=re.compile(
            rb"(?i)(?:\b(?:iwr|irm|curl|wget|invoke-webrequest|invoke-restmethod)\b|downloadstring)"
            rb".{0,400}\|[ \t]*(?:iex|invoke-expression)\b"
            rb"|\b(?:iex|invoke-expression)\b.{0,80}(?:\b(?:iwr|irm|invoke-webrequest|invoke-restmethod)\b|downloadstring)"
        ),
    ),
    Instruction(
        severity="warning",
        what="runs a package as the registry has it at that moment",
        marks=(b"npx", b"bunx", b"uvx", b"dlx", b"pipx", b"uv tool run"),
        pattern=re.compile(
            rb"(?<![\w.@/-])(?:%(run)s(?: +-[\w-]+(?:[= ]\S+)?){1,4} +[@A-Za-z][\w@./-]*|%(run)s +@[\w@./-]+"
            rb"|%(start)s%(run)s +[A-Za-z][\w@./-]*"
            rb"|(?:pnpm|yarn) +dlx +[@A-Za-z-]|pipx +run +[@A-Za-z-]|uv +tool +run +[@A-Za-z-]"
            rb"|[\"']%(run)s[\"'](?= *(?:[,}]|$)))" % {b"run": _RUNNER, b"start": _COMMAND_START}
        ),
    ),
    Instruction(
        severity="info",
        what="installs packages from a registry",
        marks=(b"pip install", b"pip3 install", b"npm install", b"npm i ", b"gem install", b"cargo install", b"uv add"),
        pattern=re.compile(
            rb"(?<![\w/-])(?:(?:pip3?|gem|cargo) +install|npm +(?:install|i)|uv +add)"
            rb"(?: +-(?!r\b|e\b)[\w-]+){0,6} +[\"']?[@A-Za-z][\w@./\[\]-]*"
        ),
    ),
)
