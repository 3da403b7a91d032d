"""What was looked up, in English."""

from collections.abc import Sequence
from typing import Final, assert_never

from domain.chat.facts import (
    DeedFact,
    DeedsFound,
    Found,
    HelpFound,
    InstallationFact,
    InstallationsFound,
    ProviderFact,
    ProvidersFound,
    RunFact,
    RunsFound,
    SkillFact,
    SkillsFound,
    StatusFound,
    TargetFact,
)
from domain.chat.replies.english_words import DEEDS, DRIFTS, KINDS, PAIR_DEEDS, STATUSES, TARGET_STATUSES, counted
from domain.chat.replies.wording import harmless, joined, listed, moment, shown

EMPTY: Final = {"installation": "Nothing is installed there.", "entry": "Nobody did that yet."}
NOUNS: Final = {
    "skill": "the skill",
    "provider": "the connection",
    "install_run": "run",
    "api_key": "the API key",
    "chat": "the chat action",
}


def found(what: Found) -> str:
    match what:
        case SkillsFound():
            return _list([_skill(one) for one in what.items], "skill", more=what.more)
        case ProvidersFound():
            return _list([_provider(one) for one in what.items], "provider connection", more=what.more)
        case RunsFound():
            return _list([_run(one) for one in what.items], "run", more=what.more)
        case InstallationsFound():
            live = [_installation(one) for one in what.items]
            return joined(_list(live, "installation", more=what.more, quiet=bool(what.absent)), _absent(what.absent))
        case StatusFound():
            return _status(what)
        case DeedsFound():
            return _list([_deed(one) for one in what.items], "entry", more=what.more)
        case HelpFound():
            return _help(what)
        case _:
            assert_never(what)


def _list(lines: Sequence[str], noun: str, *, more: bool, quiet: bool = False) -> str:
    if not lines:
        return "" if quiet else EMPTY.get(noun, f"There is no such {noun}.")
    if len(lines) == 1 and not more:
        return lines[0]
    first, left = shown(lines)
    others = [f"and {left} more"] if left else []
    plural = "entries" if noun == "entry" else f"{noun}s"
    return f"{len(lines)} {plural}{', and there are more' if more else ''}:\n{listed([*first, *others])}"


def _skill(skill: SkillFact) -> str:
    labels = ", ".join(f"{harmless(label)} is v{version}" for label, version in sorted(skill.labels.items()))
    archived = ", archived" if skill.archived else ""
    return f"{harmless(skill.name)} v{skill.version}" + (f" ({labels})" if labels else "") + archived


def _provider(provider: ProviderFact) -> str:
    name = harmless(provider.name)
    kind = "" if provider.name == provider.kind else f" ({provider.kind})"
    state = "in use" if provider.active else "not in use"
    paused = ", paused" if provider.paused else ""
    code = f", last verification: {provider.code}" if provider.code is not None else ""
    return f"{name}{kind}: {state}{paused}{code}"


def _run(run: RunFact) -> str:
    reason = f" ({run.reason})" if run.reason is not None else ""
    places = ", ".join(_target(target) for target in run.targets)
    ended = f", ended {moment(run.finished_at)}" if run.finished_at is not None else ""
    again = f", tried again as run {run.retried_by}" if run.retried_by is not None else ""
    what = f"{KINDS[run.kind]} {harmless(run.skill)} v{run.version} {STATUSES[run.status]}{reason}"
    return f"{what}: {places}. Run {run.id}, asked for by {harmless(run.by)} at {moment(run.queued_at)}{ended}{again}."


def _target(target: TargetFact) -> str:
    code = f" ({target.code})" if target.code is not None else ""
    again = f", next try at {moment(target.next_attempt_at)}" if target.next_attempt_at is not None else ""
    tries = f" after {counted(target.attempts, 'attempt')}" if target.attempts > 1 else ""
    return f"{harmless(target.provider)} {TARGET_STATUSES[target.status]}{tries}{code}{again}"


def _installation(one: InstallationFact) -> str:
    active = f" Run {one.active_run_id} is at work on it." if one.active_run_id is not None else ""
    what, where = f"{harmless(one.skill)} v{one.version}", harmless(one.provider)
    live = f"{what} is installed at {where}."
    if one.drift != "none":
        live = f"{what} was installed at {where}, but {DRIFTS[one.drift]}."
    return f"{live} Run {one.run_id} put it there at {moment(one.at)}, asked for by {harmless(one.by)}.{active}"


def _absent(pairs: Sequence[tuple[str, str]]) -> str:
    first, left = shown(pairs)
    lines = [f"{harmless(skill)} is not installed at {harmless(provider)}." for skill, provider in first]
    return "\n".join([*lines, f"and {left} more"] if left else lines)


def _status(status: StatusFound) -> str:
    runs = _list([_run(one) for one in status.runs], "run", more=status.more, quiet=True)
    live = _list([_installation(one) for one in status.installations], "installation", more=False, quiet=True)
    return joined(runs, live, _absent(status.absent)) or "There is no run yet that I could tell you about."


def _deed(deed: DeedFact) -> str:
    run = f" (run {deed.run_id})" if deed.run_id is not None and str(deed.run_id) not in deed.target else ""
    return f"{moment(deed.at)}: {harmless(deed.by)} {_did(deed)}{run}."


def _did(deed: DeedFact) -> str:
    noun, _, name = deed.target.partition(":")
    skill, _, place = name.partition("@")
    if place and deed.action in PAIR_DEEDS:
        return PAIR_DEEDS[deed.action].format(skill=harmless(skill), place=harmless(place))
    words = DEEDS.get(deed.action) or harmless(deed.action)
    return f"{words} {harmless(NOUNS.get(noun, noun))} {harmless(name)}"


def _help(examples: HelpFound) -> str:
    skill, provider = harmless(examples.skill or "SKILL"), harmless(examples.provider or "PROVIDER")
    return "You can say, for example:\n" + listed(
        [
            f"install {skill} on {provider}",
            f"is {skill} installed on {provider}?",
            "list the skills",
            f"what is installed on {provider}?",
            "show the last run",
            "cancel the last run",
            "retry the last run",
            f"roll back {skill} on {provider}",
            f"uninstall {skill} from {provider}",
            f"check the {provider} connection",
            f"who installed {skill}?",
        ]
    )
