"""Files that a reviewer cannot read: programs and archives, told by how they begin, whatever they are called."""

from typing import Final

from domain.skill.events import Finding

EXTENSION_CHARACTERS_MAX: Final = 12
TEXT_LOOKED_AT_BYTES: Final = 8192
TAR_MARK: Final = b"ustar"
TAR_MARK_AT: Final = 257
PE_PLACE_AT: Final = 60
ZIP_MARK: Final = b"PK\x03\x04"
ZIP_FLAGS_AT: Final = 6
ZIP_ENCRYPTED: Final = 1

PROGRAM_MARKS: Final = (
    (b"\x7fELF", "a Linux program"),
    (b"\xfe\xed\xfa\xce", "a macOS program"),
    (b"\xfe\xed\xfa\xcf", "a macOS program"),
    (b"\xce\xfa\xed\xfe", "a macOS program"),
    (b"\xcf\xfa\xed\xfe", "a macOS program"),
    (b"\xca\xfe\xba\xbe", "a macOS program or Java code"),
    (b"dex\n", "an Android program"),
    (b"\x00asm", "WebAssembly code"),
)
ARCHIVE_MARKS: Final = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"MSCF", "cab"),
    (b"xar!", "xar"),
)
# Zips by their bytes, documents by their use: templates are what many skills are made of.
ZIP_DOCUMENTS: Final = frozenset({"docx", "xlsx", "pptx", "dotx", "xltx", "potx", "odt", "ods", "odp", "epub"})
PROGRAMS: Final = frozenset(
    {"exe", "dll", "so", "dylib", "com", "scr", "sys", "jar", "class", "msi", "app", "apk", "ipa", "deb", "rpm", "dmg"}
    | {"pkg", "pyc", "pyd", "node", "o", "a", "lib", "wasm", "lnk", "docm", "xlsm", "pptm"}
)
# A program may be called so, and so may anything else.
PLAIN_NAMES: Final = frozenset({"", "bin", "elf", "out", "run"})
WINDOWS_SCRIPTS: Final = frozenset({"bat", "cmd", "ps1", "psm1", "vbs", "vbe", "wsf", "hta", "reg"})
SCRIPTS_FOLDER: Final = "scripts/"


def unreadable(path: str, content: bytes) -> Finding | None:
    """What nobody can review by reading it, or None."""
    extension = _extension(path)
    program = _program(content)
    if program and extension not in PROGRAMS | PLAIN_NAMES:
        message = f"This is {program} by its bytes, under the name of something else."
        return Finding(code="executable", severity="critical", path=path, message=message)
    if program or (extension in PROGRAMS and b"\0" in content[:TEXT_LOOKED_AT_BYTES]):
        message = f"This is {program or 'a program by its name'}: what it does cannot be read."
        return Finding(code="executable", severity="warning", path=path, message=message)
    if extension in WINDOWS_SCRIPTS:
        severity = "info" if path.startswith(SCRIPTS_FOLDER) else "warning"
        return Finding(code="executable", severity=severity, path=path, message="A script that Windows runs.")
    return _archive(path, content, extension=extension)


def _archive(path: str, content: bytes, *, extension: str) -> Finding | None:
    if content.startswith(ZIP_MARK):
        if content[ZIP_FLAGS_AT : ZIP_FLAGS_AT + 1] and content[ZIP_FLAGS_AT] & ZIP_ENCRYPTED:
            message = "An archive with a password: nobody can look into it before it is opened."
            return Finding(code="nested_archive", severity="critical", path=path, message=message)
        kind: str | None = None if extension in ZIP_DOCUMENTS else "zip"
    elif content[TAR_MARK_AT : TAR_MARK_AT + len(TAR_MARK)] == TAR_MARK:
        kind = "tar"
    else:
        kind = next((kind for mark, kind in ARCHIVE_MARKS if content.startswith(mark)), None)
    if kind is None:
        return None
    message = f"An archive ({kind}) in the skill: what is in it was not looked at."
    return Finding(code="nested_archive", severity="warning", path=path, message=message)


def _program(content: bytes) -> str | None:
    if content.startswith(b"MZ"):
        place = int.from_bytes(content[PE_PLACE_AT : PE_PLACE_AT + 4], "little")
        return "a Windows program" if content[place : place + 4] == b"PE\0\0" else None
    return next((what for mark, what in PROGRAM_MARKS if content.startswith(mark)), None)


def _extension(path: str) -> str:
    _, dot, extension = path.rpartition("/")[2].rpartition(".")
    return extension.casefold()[:EXTENSION_CHARACTERS_MAX] if dot else ""
