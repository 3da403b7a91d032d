"""Asks pip-audit whether a weakness is known in anything that a lock file names, and says so where its data cannot be reached."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

SECONDS_MAX: Final = 120
# The first choice, and another source of the same data.
SERVICES: Final = ("pypi", "osv")
FOUND: Final = 1


def main(lock: str) -> int:
    for service in SERVICES:
        audited = [dependency for dependency in _ask(service, lock) if "vulns" in dependency]
        if audited:
            return _report(audited)
    print(f"pip-audit: skipped, its data cannot be reached from here; nothing in {lock} was checked.")
    return 0


def _ask(service: str, lock: str) -> list[dict[str, Any]]:
    """What is known of each dependency; nothing if nobody answers."""
    command = ("-m", "pip_audit", "--disable-pip", "--requirement", lock, "--vulnerability-service", service)
    options = ("--format", "json", "--progress-spinner", "off", "--timeout", "5")
    try:
        asked = subprocess.run(  # noqa: S603 - this very interpreter
            [sys.executable, *command, *options], capture_output=True, check=False, text=True, timeout=SECONDS_MAX
        )
        dependencies: list[dict[str, Any]] = json.loads(asked.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError):
        return []
    return dependencies


def _report(audited: list[dict[str, Any]]) -> int:
    weak = [(dependency, weakness) for dependency in audited for weakness in dependency["vulns"]]
    for dependency, weakness in weak:
        fixed = ", ".join(weakness["fix_versions"]) or "no version yet"
        print(f"{dependency['name']} {dependency['version']}: {weakness['id']}, fixed in {fixed}", file=sys.stderr)
    return FOUND if weak else 0


if __name__ == "__main__":
    sys.exit(main(str(Path(sys.argv[1]))))
