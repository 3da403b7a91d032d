"""The demo's proof: what Waybill says is live, beside what each provider says, and each entry must have its counterpart."""

from collections.abc import Sequence

from workers.terminal.answers import Installation, Run
from workers.terminal.grid import Grid
from workers.terminal.narrator import expect
from workers.terminal.sandbox_controls import LedgerEntry
from workers.terminal.wording import printable


def ledger_grid(ledger: Sequence[LedgerEntry]) -> Grid:
    rows = [
        (printable(entry.provider), printable(entry.name), str(len(entry.versions)), printable(entry.id))
        for entry in in_order(ledger)
    ]
    return Grid(("PROVIDER", "SKILL", "VERSIONS", "ID AT THE PROVIDER"), rows)


def in_order(ledger: Sequence[LedgerEntry]) -> list[LedgerEntry]:
    return sorted(ledger, key=lambda entry: (entry.name, entry.provider))


def of_skill(ledger: Sequence[LedgerEntry], name: str) -> dict[str, LedgerEntry]:
    """By provider. Raises Mismatch when a provider has the skill twice."""
    entries = [entry for entry in ledger if entry.name == name]
    found = {entry.provider: entry for entry in entries}
    expect(len(found) == len(entries), f"no provider has {name} twice")
    return found


def check_receipts(run: Run, ledger: Sequence[LedgerEntry]) -> None:
    """What succeeded is live under its receipt; what failed put nothing there. Raises Mismatch."""
    live = of_skill(ledger, run.skill.name)
    for target in run.targets:
        entry = live.get(target.provider.name)
        remote_id = target.receipt.remote_id if target.receipt else None
        expect(
            (entry.id if entry else None) == remote_id,
            f"{target.provider.name} has of {run.skill.name} what the run's receipt says, and nothing else",
        )


def check_upgrade(before: dict[str, LedgerEntry], after: dict[str, LedgerEntry]) -> None:
    """Raises Mismatch."""
    for name in ("openai", "claude"):
        expect(after[name].id == before[name].id, f"{name} has the new version under the same skill")
        expect(len(after[name].versions) == len(before[name].versions) + 1, f"{name} keeps the version before")
        expect(after[name].default_version == after[name].versions[-1], f"{name} uses the new version")
    expect(after["gemini"].id != before["gemini"].id, "at gemini a new agent took the place of the old one")


def check_installations(installations: Sequence[Installation], ledger: Sequence[LedgerEntry]) -> None:
    """Raises Mismatch."""
    claimed = {(one.provider.name, one.skill.name, one.remote.id) for one in installations}
    live = {(entry.provider, entry.name, entry.id) for entry in ledger}
    expect(claimed == live, "what Waybill says is installed is what the providers say is live")
