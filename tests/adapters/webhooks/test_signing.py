"""What is sent is signed as Standard Webhooks has it: its own library takes it, and nothing that was changed on the way."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta, timezone

import pytest
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from adapters.webhooks.signing import Signing
from tests.kit.alerting import OTHER_SECRET, SECRET

BODY = '{"type":"alert.raised","data":{"subject":"스킬"}}'.encode()


def signed(*secrets: str, at: datetime | None = None) -> dict[str, str]:
    return dict(Signing(secrets).headers(BODY, message_id="msg_1", at=at or datetime.now(UTC)))


def test_the_librarys_own_verifier_takes_it() -> None:
    assert Webhook(SECRET).verify(BODY, signed(SECRET)) == {"type": "alert.raised", "data": {"subject": "스킬"}}


@pytest.mark.parametrize("what", ["body", "id", "timestamp", "secret", "late"])
def test_it_takes_nothing_that_was_changed_or_is_old(what: str) -> None:
    at = datetime.now(UTC) - timedelta(minutes=6) if what == "late" else datetime.now(UTC)
    headers, body, secret = signed(SECRET, at=at), BODY, SECRET
    match what:
        case "body":
            body += b" "
        case "id":
            headers["webhook-id"] += "2"
        case "timestamp":
            headers["webhook-timestamp"] = str(int(headers["webhook-timestamp"]) - 1)
        case "secret":
            secret = OTHER_SECRET
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body, headers)


def test_the_signature_is_that_of_the_specification() -> None:
    """The example of the specification, and the same by hand. A time in another zone is the same moment."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    seoul = datetime.fromtimestamp(1614265330, timezone(timedelta(hours=9)))
    headers = Signing([secret]).headers(b'{"test": 2432232314}', message_id="msg_p5jXN8AQM9LWM0D4loKWxJek", at=seoul)
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    message = b'msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}'
    mac = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), message, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(mac).decode()


def test_with_two_secrets_either_receiver_takes_it() -> None:
    headers = signed(OTHER_SECRET, SECRET)
    for secret in (SECRET, OTHER_SECRET):
        Webhook(secret).verify(BODY, headers)


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        SECRET.removeprefix("whsec_"),
        "whsec_" + base64.b64encode(b"x" * 23).decode(),
        "whsec_" + base64.b64encode(b"x" * 65).decode(),
        "whsec_!!!" + SECRET.removeprefix("whsec_"),
        "whsec_비밀" + "A" * 40,
        "whsk_" + base64.b64encode(b"x" * 32).decode(),
    ],
    ids=["empty", "prefix", "no-prefix", "short", "long", "not-base64", "not-ascii", "asymmetric"],
)
def test_what_is_no_secret_is_refused_and_not_told(secret: str) -> None:
    with pytest.raises(ValueError, match="whsec_") as raised:
        Signing([secret])
    assert len(secret) < 7 or secret.removeprefix("whsec_") not in str(raised.value)
    assert "bytes" in str(raised.value)


def test_without_a_secret_nothing_is_signed() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Signing([])


def test_a_secret_is_in_no_text_of_it() -> None:
    assert SECRET not in repr(Signing([SECRET]))
    assert SECRET.removeprefix("whsec_") not in repr(vars(Signing([SECRET])))
