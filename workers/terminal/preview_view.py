"""How a dry run looks: what each provider would do, what is there now, and every reason against it."""

from rich.console import Group, RenderableType
from rich.text import Text

from workers.terminal.advice import advice_for
from workers.terminal.answers import PreviewedRun, PreviewedTarget
from workers.terminal.exit_codes import ExitCode
from workers.terminal.grid import Grid, facts
from workers.terminal.wording import enumerated, pinned, printable, short_digest, status_text


def preview_page(run: PreviewedRun) -> RenderableType:
    skill = f"{pinned(run.skill.name, run.skill.version)} ({short_digest(run.skill.digest)})"
    return Group(
        facts([("skill", skill)]), Text(), _targets_grid(run), Text(), Text(preview_sentence(run)), *_advice(run)
    )


def preview_sentence(run: PreviewedRun) -> str:
    skill = pinned(run.skill.name, run.skill.version)
    taken = enumerated([printable(target.provider.name) for target in run.targets if target.accepted])
    refused = enumerated([printable(target.provider.name) for target in run.targets if not target.accepted])
    if not refused:
        return f"{skill} would be taken by {taken}. Nothing was stored or sent."
    if not taken:
        return f"{skill} would not be taken by {refused}. Nothing was stored or sent."
    return f"{skill} would be taken by {taken}, and not by {refused}. Nothing was stored or sent."


def exit_code_of_preview(run: PreviewedRun) -> ExitCode:
    """As if it had been a run, and every provider that would be asked had agreed."""
    accepted = {target.accepted for target in run.targets}
    if accepted == {True}:
        return ExitCode.OK
    return ExitCode.PARTLY_FAILED if True in accepted else ExitCode.FAILED


def _targets_grid(run: PreviewedRun) -> Grid:
    rows = []
    for target in run.targets:
        verdict = status_text("accepted" if target.accepted else "refused")
        first, *further = _reasons(target)
        rows.append((printable(target.provider.name), verdict, _installed(target), first))
        rows += [("", Text(), "", reason) for reason in further]
    return Grid(("PROVIDER", "DRY RUN", "LIVE NOW", "WHY"), rows)


def _installed(target: PreviewedTarget) -> str:
    return "" if target.installed_version is None else f"v{target.installed_version}"


def _reasons(target: PreviewedTarget) -> list[str]:
    reasons = [f"{printable(refusal.code)}: {printable(refusal.message)}" for refusal in target.refusals]
    if target.active_run_id is not None and target.accepted:
        reasons.append(f"would follow run {printable(target.active_run_id)}")
    if target.paused and target.accepted:
        reasons.append("would wait: the connection is paused")
    return reasons or [""]


def _advice(run: PreviewedRun) -> list[Text]:
    codes = dict.fromkeys(refusal.code for target in run.targets for refusal in target.refusals)
    return [Text(advice) for code in codes if (advice := advice_for(code)) is not None]
