"""English words that are not verbs of what is done, and what part they play in a sentence."""

from enum import StrEnum
from typing import Final

from domain.chat.grammar import runs
from domain.install_run.state import RunStatus

PHRASE_WORDS_MAX: Final = 6


class Part(StrEnum):
    """What a word is in a sentence. Those up to `verb` are not in the table below."""

    NAME = "name"
    PROVIDER = "provider"
    RUN_ID = "run_id"
    WORD = "word"
    NUMBER = "number"
    MENTION = "mention"
    MARK = "mark"
    REF = "ref"
    HEAD = "head"
    VERB = "verb"

    FILLER = "filler"
    GREETING = "greeting"
    THE = "the"
    PREPOSITION = "preposition"
    OF = "of"
    AND = "and"
    OR = "or"
    EXCEPT = "except"
    ALL = "all"
    EVERYTHING = "everything"
    EVERYWHERE = "everywhere"
    ANY = "any"
    NOT = "not"
    NEGATED_BE = "negated_be"
    NO_ACT = "no_act"
    ASK = "ask"
    WHO = "who"
    BE = "be"
    MODAL = "modal"
    SHOULD = "should"
    MUSE = "muse"
    IF = "if"
    WHETHER = "whether"
    YOU = "you"
    SPEAKER = "speaker"
    OTHERS = "others"
    PRONOUN = "pronoun"
    WANT = "want"
    MIND = "mind"
    BEGIN = "begin"
    LAST = "last"
    FAILED = "failed"
    STATE = "state"
    HEALTH = "health"
    SKILL = "skill"
    SKILLS = "skills"
    PROVIDER_NOUN = "provider_noun"
    PROVIDERS = "providers"
    RUN = "run"
    RUNS = "runs"
    INSTALLATIONS = "installations"
    VERSION = "version"
    STATUS = "status"
    CAUSE = "cause"
    LIVE = "live"
    DEED = "deed"
    HELP = "help"
    LATER = "later"
    EARLIER = "earlier"
    CALLED = "called"
    AGAIN = "again"


_PHRASES: Final[dict[Part, str]] = {
    # What says nothing about what is wanted.
    Part.FILLER: (
        "pls, plz, plss, please, kindly, now, right now, just, asap, immediately, right away, at once, straight away, quickly, too, also,"
        " well, so, first, actually, really, simply, only, already, yet, still, currently, at the moment, for me, for us,"
        " to me, to us, if possible, if you can, if you could, if you please, if you would, if you like, if you want, if you don't mind,"
        " if you dont mind, if that's ok, if that's okay, when you can, when you get a chance, when you have time, when you have a moment,"
        " when you have a minute, when possible, when you're free, whenever you can, as soon as possible, as soon as you can, exactly, ever,"
        " there, here, ahead, urgently, urgent, directly, both, either, account, side, together, by any chance, anyway, finally, of course,"
        " in parallel, at the same time, quick question, do me a favor, do me a favour, safely, carefully, sure, certainly, very, quick,"
        " me, us, by the way, btw, fyi, own, lemme, gimme, know, to know, any idea, id, exist, exists, we have, that we have, you have, we've got, active, available, following, as usual, new, recent, recently"
    ),
    Part.GREETING: (
        "hi, hello, hey, heya, hiya, yo, hey there, hi there, hello there, good morning, good afternoon, good evening, thanks, thank you,"
        " thank you very much, thank you so much, thanks a lot, thanks in advance, many thanks, thx, ty, cheers, folks, guys, all right,"
        " alright, ok, okay, kk, yes, yep, yeah, yup, great, cool, nice, perfect, awesome, good, oh, ah, hm, hmm, um, uh, er, oops, sorry,"
        " excuse me, waybill, bot, buddy, mate, team, dear, lol, haha, right, bro, dude, man, friend, everyone, everybody"
    ),
    Part.THE: "the, a, an, my, our, your, this, these, those, its, their, his, her, ur, some, one of the",
    Part.PREPOSITION: (
        "on, at, to, onto, on to, in, into, from, off, off of, out of, via, through, across, over, inside, within, under, upon, towards, toward"
    ),
    Part.OF: "of, for, with, about, regarding, concerning, re",
    Part.AND: "and, plus, as well as, along with, together with, and also, and then, then, next, afterwards, after that",
    Part.OR: "or, and or",
    Part.EXCEPT: (
        "except, except for, excepting, excluding, other than, apart from, aside from, besides, without, minus, save for, but not, barring,"
        " exclude, leaving out, but, with the exception of, not including, but without, and not, skipping, sans, omitting"
    ),
    Part.ALL: "all, every, each, all of, every single, each of, any and all, entire, whole",
    Part.EVERYTHING: (
        "everything, all of it, the lot, all of them, them all, it all, every one, every one of them, all of those, all of these, each of them,"
        " each one, the whole lot"
    ),
    Part.EVERYWHERE: "everywhere, all over, every place, all places, all around, across the board",
    Part.ANY: "any, anything, anywhere, something, somewhere, whichever, whatever, another, others, other, else, the rest, rest, half, things, stuff",
    # What keeps anything from being done.
    Part.NOT: (
        "not, don't, dont, never, no, nope, nah, cannot, can't, cant, won't, wont, wouldn't, wouldnt, shouldn't, shouldnt, couldn't, couldnt,"
        " mustn't, mustnt, needn't, neednt, ain't, aint, none, nothing, nobody, nowhere, neither, nor, never mind, nevermind, nvm, no one,"
        " no longer, shan't, not yet, donot"
    ),
    Part.NEGATED_BE: (
        "isn't, isnt, aren't, arent, wasn't, wasnt, weren't, werent, hasn't, hasnt, haven't, havent, hadn't, hadnt, didn't, didnt, doesn't,"
        " doesnt"
    ),
    Part.NO_ACT: (
        "avoid, refrain from, hold off, hold off on, hold on, instead of, rather than, wait, no need to, forget, forget about, forbid, prevent,"
        " prohibit, block, disallow, refuse, decline, postpone, delay, keep from, just kidding, kidding, jk, joking, ignore that, scratch that,"
        " strike that, cease"
    ),
    Part.MUSE: (
        "what if, what happens, what would happen, what will happen, what'll happen, what might happen, what could happen, wonder, wondering,"
        " thinking, think, consider, considering, maybe, perhaps, possibly, safe, possible, wise, necessary, allowed, permitted, worth, plan,"
        " planning, intend, intending, suggest, recommend, propose, why not, how about, what about, tempted, idea, advisable, dangerous,"
        " risky, unsure, hope, guess, suppose, imagine, pretend, simulate, hypothetically, in theory"
    ),
    Part.IF: (
        "if, unless, after, before, until, till, once, as soon as, in case, provided, provided that, whenever, while, as long as, assuming,"
        " otherwise, depending on"
    ),
    Part.LATER: (
        "tomorrow, tonight, later, next week, next month, monday, tuesday, wednesday, thursday, friday, saturday, sunday, daily, hourly, weekly,"
        " monthly, every day, every hour, every night, every week, every month, every morning, every time, each time, each day, minute,"
        " minutes, min, mins, hour, hours, day, days, week, weeks, month, months, noon, midnight, pm, o'clock, soon, eventually,"
        " someday, regularly, periodically, always, morning, evening, afternoon, weekend, from now on, overnight, remind, reminder"
    ),
    Part.EARLIER: (
        "today, yesterday, ago, last week, last night, last month, this morning, this week, this month, this afternoon, earlier, lately, so far,"
        " the other day, last hour, since"
    ),
    # Who speaks to whom, and how.
    Part.ASK: (
        "what, what's, whats, which, where, where's, wheres, when, when's, how, how's, hows, how many, how much, how long, which ones, which one"
    ),
    Part.WHO: "who, who's, whos, whom, whose, which person, which user, which of us",
    Part.BE: (
        "is, are, am, was, were, be, been, being, has, have, had, having, did, does, do, there's, theres, there is, there are, are there, is there,"
        " it's, that's, thats, it is, that is, got"
    ),
    Part.MODAL: "can, could, would, will, may, might",
    Part.SHOULD: "should, shall, ought, supposed",
    Part.WHETHER: (
        "tell me if, tell me whether, tell us if, tell us whether, know if, know whether, to know if, to know whether, check if, check whether, see if, see whether,"
        " confirm that, confirm if, confirm whether, check that, verify that, verify if, verify whether, find out if, find out whether, say if,"
        " say whether, curious if, curious whether, whether, double check that, double check if, test if, test whether, test that,"
        " let me know, let me know if, let me know when, let me know once, let me know whether, let me know how, let us know, tell me when,"
        " tell me once, tell me how, ping me, ping me when, notify me, notify me when, report back, keep me posted, keep us posted"
    ),
    Part.YOU: "you, u, ya, someone, somebody, anyone, anybody, one of you, you guys, y'all",
    Part.SPEAKER: "i, we, i've, we've, i'd, we'd, i'm, we're, im, i'll, we'll",
    Part.OTHERS: "he, she, they, he's, she's, they're, they've, people",
    Part.PRONOUN: (
        "it, that, them, one, this one, that one, what i did, what i just did, what you did, what you just did, what we did, what we just did"
    ),
    Part.WANT: (
        "want, wants, need, needs, wanna, have to, we have to, you have to, has to, gotta, would like, i'd like, we'd like, i'd love, we'd love, make sure, ensure, must,"
        " make certain, be sure, see to it, like, love"
    ),
    Part.MIND: "mind",
    Part.BEGIN: (
        "start, begin, proceed, proceed with, go ahead with, carry out, go ahead, go on, go, come on, try, initiate, trigger, kick off, launch, perform, execute, let's, lets, let us, feel free,"
        " have you, do a, do an, make"
    ),
    Part.HELP: (
        "help, usage, manual, commands, what can you do, what can i say, what can i do, what do you do, how does this work, how do you work,"
        " what are you, who are you, what can i ask, what do you understand, how do i, how can i, how to, how do we, how can we, how does one,"
        " what are my options, examples"
    ),
    # What it is about.
    Part.LAST: "last, most recent, previous, prior, current",
    Part.FAILED: "failed, fail, fails, failing, failure, failures, error, errors, errored, broken, unsuccessful, broke, crashed",
    Part.HEALTH: (
        "up, down, healthy, alive, reachable, reached, connected, working, online, offline, valid, usable, accessible, responding, work, works, inactive,"
        " paused, enabled, disabled, up and running, connectivity, health"
    ),
    Part.SKILL: "skill, agent skill, package, bundle",
    Part.SKILLS: "skills, agent skills, packages, bundles",
    Part.PROVIDER_NOUN: "provider, connection, platform, vendor, llm, backend, target, provider connection",
    Part.PROVIDERS: "providers, connections, platforms, vendors, llms, backends, targets, provider connections",
    Part.RUN: "run, job, task, attempt, operation, request, deployment, removal, change, action",
    Part.RUNS: (
        "runs, jobs, tasks, attempts, operations, requests, deployments, ones, history, activity, queue, changes"
    ),
    Part.INSTALLATIONS: "installation, installations, inventory",
    Part.VERSION: "version, versions, ver, revision, label, tag",
    Part.STATUS: (
        "status, state, progress, any luck, eta, news, any update, any updates, an update, stand, going, coming along, doing, how far, how far along, finished, finish,"
        " complete, completed, done, ready, success, succeeded, succeed, successful, successfully, go through, gone through, result,"
        " outcome, results, how did it go, how did that go, happening, all set"
    ),
    Part.CAUSE: (
        "why, how come, details, detail, info, information, what happened, what went wrong, what's wrong, what's the matter, whats wrong, what is wrong, reason,"
        " cause, log, logs, happened, went wrong"
    ),
    Part.LIVE: "live, present, hosted, contain, contains",
    Part.DEED: (
        "registered, register, created, connect, began, started, triggered, launched, requested, kicked off, responsible,"
        " touched, changed, initiated, caused, made, wrote"
    ),
    Part.CALLED: "called, named, by the name of, with the name, name",
    Part.AGAIN: ("again, once more, one more time, once again, another try, another go, another shot, another attempt"),
    Part.NUMBER: "two, three, four, five, six, seven, eight, nine, ten, few, couple of, several",
}

# Words for runs of one kind.
STATES: Final[dict[str, tuple[RunStatus, ...]]] = {
    **dict.fromkeys(("queued", "pending", "waiting", "enqueued", "scheduled"), runs.QUEUED),
    **dict.fromkeys(("running", "executing"), runs.RUNNING),
    **dict.fromkeys(("ongoing", "in progress", "unfinished", "open", "in flight", "underway", "stuck"), runs.ACTIVE),
    **dict.fromkeys(("partially failed", "partial", "partly failed", "half failed"), runs.PARTIAL),
    **dict.fromkeys(("green", "passed", "succeeding"), runs.SUCCEEDED),
}


def _all_phrases() -> dict[str, Part]:
    table: dict[str, Part] = dict.fromkeys(STATES, Part.STATE)
    for part, phrases in _PHRASES.items():
        for phrase in phrases.split(", "):
            assert phrase not in table, phrase  # noqa: S101 - a word plays one part
            table[phrase] = part
    return table


PARTS: Final = _all_phrases()
