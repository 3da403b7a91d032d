"""What the tests of the doctor share."""

from collections.abc import Iterable, Sequence

from workers.doctor_checks import Check


def by_name(checks: Iterable[Check]) -> dict[str, Check]:
    """Each has a name of its own, something to say, and a remedy exactly if it is not well."""
    found: dict[str, Check] = {}
    for check in checks:
        assert check.name not in found, f"{check.name} is there twice"
        assert check.detail
        assert (check.remedy is None) == (check.status == "ok"), check
        found[check.name] = check
    return found


def wrong(checks: Sequence[Check]) -> dict[str, str]:
    """What is not well, and how much so."""
    return {name: check.status for name, check in by_name(checks).items() if check.status != "ok"}
