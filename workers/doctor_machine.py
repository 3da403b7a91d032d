"""What the doctor looks at on this machine: the data folder and who may look into it, the key, the disk, and the SDKs."""

import asyncio
import shutil
import stat
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from adapters.postgres.sealing import Keys
from domain.provider.events import ProviderKind
from workers.doctor_checks import Check, counted, failed, is_near, ok, warning
from workers.nats_passwords import passwords_file
from workers.settings import SERVERS_FILE, Settings, secret_file

SDK_KINDS: Final[tuple[ProviderKind, ...]] = ("openai", "claude", "gemini")
# Each takes a second or two of a processor; a slow disk that has never read them, many.
SDK_SECONDS: Final = 60.0
SDK_ERROR_CHARACTERS_MAX: Final = 200
LOAD: Final = "import sys; from adapters.providers.gateway import load_adapter; load_adapter(sys.argv[1])"
OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
FREE_BYTES_MIN: Final = 512 * 1024**2
FREE_BYTES_ENOUGH: Final = 5 * 1024**3
GIBIBYTE: Final = 1024**3
FILES_MAX: Final = 1_000


def examine_machine(settings: Settings) -> Sequence[Check]:
    folder = settings.data
    if not folder.is_dir():
        checks = [ok("data_folder", f"there is no {folder}: nothing is kept there")]
    else:
        private = [folder, secret_file(settings), passwords_file(settings), folder / SERVERS_FILE]
        checks = [
            _privacy("data_folder", private, whole=f"{folder}, with its keys and passwords, is for its user alone")
        ]
    if settings.credentials_folder.is_dir():
        files = sorted(settings.credentials_folder.rglob("*"))[:FILES_MAX]
        private = [settings.credentials_folder, *files]
        whole = f"{settings.credentials_folder} is for its user alone"
        checks.append(_privacy("credentials_folder", private, whole=whole))
    return [*checks, _disk(folder), *_listening(settings)]


def examine_secret_key(settings: Settings, sealed: Sequence[bytes] | None) -> Check:
    """`sealed`: stored credentials, which it ought to open; None if there is no getting at them."""
    source = "WAYBILL_SECRET_KEY" if settings.secret_key else str(secret_file(settings))
    try:
        text = settings.secret_key or secret_file(settings).read_text()
        keys = Keys.read(text)
    except FileNotFoundError:
        if not sealed:
            return ok("secret_key", f"none yet; {source} is made when it is first needed")
        remedy = "Set WAYBILL_SECRET_KEY as the servers have it, or WAYBILL_DATA to their data folder."
        return warning("secret_key", f"there is no {source} here, and credentials are stored", remedy=remedy)
    except (ValueError, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        return failed(
            "secret_key", f"{source} cannot be used: {reason}", remedy="Put the key back, from where you keep it."
        )
    if not sealed:
        return ok(
            "secret_key", f"{source} has its form" + (", and nothing is sealed yet" if sealed is not None else "")
        )
    opened = sum(keys.opens(ciphertext) for ciphertext in sealed)
    said = f"{source} opens {opened} of {counted(len(sealed), 'stored credential')}"
    if opened == len(sealed):
        return ok("secret_key", said)
    remedy = (
        "Use the key that the servers have; give those connections their credentials again that no key opens any more."
    )
    return failed("secret_key", said, remedy=remedy)


async def examine_sdk(kind: ProviderKind) -> Sequence[Check]:
    """In a process of its own: it takes a processor, and what is broken in there stays there."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-c",
        LOAD,
        kind,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode == 0:
        return (ok(f"sdk_{kind}", "loads"),)
    last = errors.decode(errors="replace").strip().rpartition("\n")[2][:SDK_ERROR_CHARACTERS_MAX]
    return (
        failed(f"sdk_{kind}", f"does not load: {last}", remedy="Install Waybill anew, with its locked requirements."),
    )


def _privacy(name: str, paths: Sequence[Path], *, whole: str) -> Check:
    found = [(path, stat.S_IMODE(path.stat().st_mode)) for path in paths if path.exists()]
    open_to_others = [(path, mode) for path, mode in found if mode & OTHERS]
    if not open_to_others:
        return ok(name, whole)
    said = ", ".join(f"{path} is {mode:04o}" for path, mode in open_to_others)
    changes = "; ".join(f"chmod {0o700 if path.is_dir() else 0o600:o} {path}" for path, _ in open_to_others)
    return failed(
        name,
        f"others of this machine may look into it: {said}",
        remedy=f"{changes}; and change what they may have seen.",
    )


def _disk(folder: Path) -> Check:
    place = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(place).free
    said = f"{free / GIBIBYTE:.1f} GiB free at {place}"
    remedy = "Make room, or move the data folder: what cannot be written is not stored."
    if free < FREE_BYTES_MIN:
        return failed("disk", said, remedy=remedy)
    return ok("disk", said) if free >= FREE_BYTES_ENOUGH else warning("disk", said, remedy=remedy)


def _listening(settings: Settings) -> Iterator[Check]:
    served_privately = settings.http.tls is not None or settings.http.trusted_proxies
    if not (is_near(settings.host) or served_privately):
        remedy = "Set WAYBILL_TLS_CERTIFICATE and WAYBILL_TLS_KEY, or serve on loopback behind a proxy that has TLS."
        yield warning(
            "tls", f"the API is to listen at {settings.host} without TLS: keys travel in plain text", remedy=remedy
        )
