"""What each error code asks a person to do: one sentence, beside the full page in `docs/errors.md`."""

from typing import Final

ADVICE: Final = {
    "bad_request:api": "Correct what is named above; `--help` shows the form.",
    "unauthorized:auth": "Set WAYBILL_API_KEY to a key of this server; `waybill up` shows the first one on its first start.",
    "forbidden:auth": "Use a key with a higher role: viewers read, operators install, admins also add skills and providers.",
    "not_found:api": "This server may be of another version than this command.",
    "not_found:skills": "See what there is with `waybill skills list`, or add it with `waybill skills add FOLDER`.",
    "not_found:skill_versions": "See its versions with `waybill skills show SKILL`.",
    "not_found:providers": "See what is connected with `waybill providers list`; a kind (openai) is not a name.",
    "not_found:install_runs": "See the runs with `waybill runs list`.",
    "not_found:installations": "See what is live where with `waybill installations list`.",
    "not_allowed:api": "This server may be of another version than this command.",
    "conflict:skills": "Take it back into use with `waybill skills archive SKILL --undo`, or use another one.",
    "conflict:providers": "See its name and state with `waybill providers list`; `waybill providers activate` brings one back into use.",
    "conflict:install_runs": "Wait for that run with `waybill runs watch RUN`.",
    "conflict:api": "Others were changing the same thing; run the command again.",
    "too_large:api": "Send less.",
    "too_large:skills": "Leave out what the skill does not need.",
    "unsupported:api": "This server may be of another version than this command.",
    "unprocessable:skills": "Correct each place that is named above, then run the command again.",
    "unprocessable:providers": "Correct the reference, or give the secret itself with --credential-stdin.",
    "offline:git": "Look at the address, or send the folder itself: `waybill skills add FOLDER`.",
    "offline:database": "The server cannot reach its database. Try again in a moment; `/readyz` says when it is back.",
    "internal:api": "Waybill failed in a way that it does not know: the request id leads to the reason in the server's log.",
    "offline:api": "Is it running? `waybill up` starts one here; WAYBILL_URL or --url names another.",
    "timeout:api": "Look at the server's log, or try again.",
    "timeout:wait": "Follow it on with `waybill runs watch RUN`.",
    "bad_response:api": "WAYBILL_URL or --url must be the address of Waybill itself.",
    "unauthorized:provider": "The provider does not accept the credential: give a valid key with `waybill providers change`.",
    "forbidden:provider": "The credential may not manage skills: give it that right at the provider, then `waybill providers verify`.",
    "quota_exceeded:provider": "The account has used up what it may use: raise its limit or pay at the provider, then ask again.",
    "not_found:provider": "The provider does not have it (any more): check the base URL, or install it again.",
    "invalid_skill:provider": "The provider has a rule that this skill breaks: correct the skill and add it as a new version.",
    "too_large:provider": "The skill is larger than this provider takes: add a smaller version.",
    "conflict:provider": "Something of the same name is in the way at the provider: rename or remove it there, if it is yours.",
    "rate_limit:provider": "The provider wants fewer requests: wait a little, then ask again.",
    "overloaded:provider": "The provider has more to do than it can: ask again in a while.",
    "internal:provider": "The provider failed: ask again in a while.",
    "timeout:provider": "The provider did not answer in time: ask again; what may have been applied is looked up first.",
    "offline:provider": "The provider cannot be reached: check the network and the connection's base URL.",
    "bad_response:provider": "The answer makes no sense: check that the base URL is the provider's API and not a proxy's page.",
    "misconfigured:provider": "The credential reference leads nowhere on the server: set that variable or file where it runs.",
}


def advice_for(code: str) -> str | None:
    return ADVICE.get(code)
