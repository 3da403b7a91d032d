"""`make chaos`: every scenario on one real Waybill after another, and a table of what was lost, doubled, and how long it took."""

import secrets
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from tests.chaos.catalog import SCENARIOS
from tests.chaos.cluster import Cluster
from tests.chaos.simulating import NAME as SIMULATION
from tests.chaos.simulating import simulate
from tests.chaos.stage import Scenario, Verdict, play
from tests.chaos.table import reasons, show

SEED_BITS: Final = 32
ROUNDS_MAX: Final = 1000

progress = Console(stderr=True, highlight=False, soft_wrap=True)


@click.command()
@click.option("--rounds", type=click.IntRange(1, ROUNDS_MAX), default=1, help="Play everything so often.")
@click.option("--seed", type=int, help="Decide by chance as the round with this seed did.")
@click.option("--only", multiple=True, help="Only scenarios whose name contains this; may be given several times.")
@click.option("--short", is_flag=True, help="Fewer runs and shorter outages.")
@click.option("--keep", type=click.Path(path_type=Path), help="Keep data and logs in this folder.")
def main(*, rounds: int, seed: int | None, only: tuple[str, ...], short: bool, keep: Path | None) -> None:
    """Break Waybill in every way that it is to survive, and look whether it has. Exit code 1 unless everything passed."""
    chosen = [one for one in SCENARIOS if is_wanted(one.name, only)]
    seeds = [seed if seed is not None else secrets.randbits(SEED_BITS) for _ in range(rounds)]
    verdicts: list[Verdict] = []
    with tempfile.TemporaryDirectory(prefix="waybill-chaos-", ignore_cleanup_errors=True) as temporary:
        for number, one in enumerate(seeds):
            folder = (keep or Path(temporary)) / f"round-{number}"
            verdicts += _round(chosen, seed=one, folder=folder, full=not short)
            if is_wanted(SIMULATION, only):
                verdicts.append(_told(simulate(seed=one, full=not short)))
    show(verdicts)
    sys.exit(any(verdict.outcome != "pass" for verdict in verdicts) or not verdicts)


def is_wanted(name: str, words: Sequence[str]) -> bool:
    return not words or any(word.lower() in name.lower() for word in words)


def _round(scenarios: Sequence[Scenario], *, seed: int, folder: Path, full: bool) -> Iterator[Verdict]:
    """One cluster for all of them, until one fails: what it has left behind is not to be held against the next one."""
    progress.print(f"seed {seed}")
    with ExitStack() as stack:
        cluster: Cluster | None = None
        for number, scenario in enumerate(scenarios):
            if cluster is None:
                cluster = stack.enter_context(_cluster(folder / str(number)))
            verdict = _told(play(scenario, cluster, seed=seed, full=full))
            if verdict.outcome != "pass":
                stack.pop_all().close()
                cluster = None
            yield verdict


def _cluster(folder: Path) -> Cluster:
    folder.mkdir(parents=True)
    return Cluster(folder)


def _told(verdict: Verdict) -> Verdict:
    progress.print(f"{verdict.outcome:12} {verdict.seconds:6.1f} s  {verdict.scenario}")
    if verdict.outcome != "pass":
        progress.print(reasons(verdict), markup=False)
        progress.print(f"    again: make chaos CHAOS_OPTIONS='--seed {verdict.seed} --only \"{verdict.scenario}\"'")
    return verdict


if __name__ == "__main__":
    main()
