"""What may leave the process: no key, in whatever form, and everything else as it was."""

import base64
import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from learned_key import KEY
from quantscout.redaction import HIDDEN, LEAST_CHARS, Redaction

SECRETS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=LEAST_CHARS, max_size=40)
ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "json": lambda s: json.dumps(s)[1:-1],
    "json, slashes too": lambda s: json.dumps(s)[1:-1].replace("/", r"\/"),
    "json in json": lambda s: json.dumps(json.dumps(s)),
    "json, not ascii": lambda s: json.dumps(s, ensure_ascii=False),
    "repr": repr,
    "repr of bytes": lambda s: repr(s.encode()),
    "url": lambda s: quote(s, safe=""),
    "url, lower": lambda s: "".join(c if c.isalnum() or c in "_.-~" else f"%{ord(c):02x}" for c in s),
    "url with a slash": quote,
    "form": quote_plus,
    "url twice": lambda s: quote(quote(s, safe=""), safe=""),
    "html": html.escape,
    "hex": lambda s: s.encode().hex(),
    "HEX": lambda s: s.encode().hex().upper(),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(secret=SECRETS, before=st.text(max_size=20), after=st.text(max_size=20))
def test_a_key_is_hidden_in_every_form(encoding: str, secret: str, before: str, after: str) -> None:
    """Whatever stands before and behind it, the encoded key is in the text no more."""
    known, encoded = Redaction(), ENCODINGS[encoding](secret)
    known.learn(secret)
    assert encoded not in known.text(f"{before}{encoded}{after}") or encoded in HIDDEN


@given(secret=SECRETS, before=st.binary(max_size=10), after=st.binary(max_size=10))
def test_a_key_is_hidden_in_base64_wherever_it_stands(secret: str, before: bytes, after: bytes) -> None:
    """Base64 of `user:key` has other letters than base64 of the key: what the key alone decides is hidden."""
    known = Redaction()
    known.learn(secret)
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        whole = encode(before + secret.encode() + after).decode()
        shown = known.text(whole)
        assert HIDDEN in shown
        # Two characters at most belong to the key and a neighbour both, one at each end.
        sizes = [len(text.rstrip("=")) for text in (shown, encode(before).decode(), encode(after).decode())]
        left = sizes[0] - len(HIDDEN) - sizes[1] - sizes[2]
        assert left <= 2


@given(secret=SECRETS, text=st.text(max_size=200))
def test_to_redact_twice_changes_nothing_more(secret: str, text: str) -> None:
    """What is clean stays as it is."""
    known = Redaction()
    known.learn(secret)
    once = known.text(text + secret)
    assert known.text(once) == once


@given(st.text(st.characters(exclude_characters=":=,@"), max_size=200).filter(lambda t: "AKIA" not in t))
def test_a_text_without_a_key_is_left_alone(text: str) -> None:
    """Without a separator nothing is in a key's place."""
    kept = Redaction().text(text)
    assert kept == text or "CG-" in text or "ASIA" in text


@pytest.mark.parametrize(
    "text",
    [
        "the secret 'source-keys' must be a JSON object of texts: coinalyze_api_key, coingecko_api_key",
        'it must hold a JSON object such as {"coinalyze_api_key": "", "coingecko_api_key": ""}',
        "switched off: no key in the secret",
        "coinalyze: bad_request: HTTP 401 at /future-markets: Invalid/Missing API key",
        "binance: rate_limited: HTTP 429 at /fapi/v1/klines: -1003: Too many requests",
        '{"correlation_id":"2026-03-01T12:00:00Z","function_request_id":"0f8fad5b-d9cb-469f-a165-70867728950e"}',
        "table 'state': attempt 1 at 2026-03-01T12:00:00Z stops before it is stored",
    ],
)
def test_what_the_product_says_of_keys_stays_readable(text: str) -> None:
    """Words about keys are not keys."""
    assert Redaction().text(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "GET https://api.example/v1/x?api_key=UNKNOWN&symbols=BTC",
        "https://api.example/?x_cg_demo_api_key=UNKNOWN",
        "https://api.example/?a=1&x_cg_pro_api_key=UNKNOWN HTTP/1.1",
        "Authorization: Bearer UNKNOWN",
        "{'authorization': 'Basic UNKNOWN'}",
        "x-cg-demo-api-key: UNKNOWN",
        '{"x-cg-pro-api-key": "UNKNOWN"}',
        "[(b'Host', b'api.example'), (b'api_key', b'UNKNOWN')]",
        r'"SecretString":"{\"coinalyze_api_key\": \"UNKNOWN\", \"note\": 1}"',
        "AWS4-HMAC-SHA256 Credential=UNKNOWN/20260301/us-east-1/sts, SignedHeaders=host, Signature=UNKNOWN",
        "https://b.s3.amazonaws.com/k?X-Amz-Credential=UNKNOWN&X-Amz-Signature=UNKNOWN&X-Amz-Security-Token=UNKNOWN",
        "Signature:\nUNKNOWN",
        "https://user:UNKNOWN@proxy.example:8080/",
    ],
)
def test_what_stands_in_a_keys_place_is_hidden_unread(text: str) -> None:
    """Addresses, headers, fields and signatures, of keys that nobody told."""
    shown = Redaction().text(text)
    assert "UNKNOWN" not in shown
    assert HIDDEN in shown


ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:"


@pytest.mark.parametrize(
    "text",
    [
        f"the secret '{ARN}quantscout/keys-AbCdEf' cannot be read (AccessDeniedException)",
        f"is not authorized to perform: secretsmanager:GetSecretValue on resource: {ARN}keys-AbCdEf",
        ARN.replace("aws", "aws-us-gov") + "keys-AbCdEf",
    ],
)
def test_a_secrets_name_is_no_secret(text: str) -> None:
    """Whoever reads the log must see which one."""
    assert Redaction().text(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("secret:UNKNOWN", f"secret:{HIDDEN}"),
        ("my:secret:UNKNOWN", f"my:secret:{HIDDEN}"),
        ("12345678901:secret:UNKNOWN", f"12345678901:secret:{HIDDEN}"),
        (f"{ARN}api_key=UNKNOWN", f"{ARN}api_key={HIDDEN}"),
        (f"{ARN[:-1]}=UNKNOWN", f"{ARN[:-1]}={HIDDEN}"),
        (f"{ARN}keys secret:UNKNOWN", f"{ARN}keys secret:{HIDDEN}"),
    ],
)
def test_only_an_arn_lets_a_name_through(text: str, shown: str) -> None:
    """The word alone, or a field within the name, is followed by a value."""
    assert Redaction().text(text) == shown


def test_a_known_key_is_hidden_in_an_arn(told: Redaction) -> None:
    """Whoever names a secret after its value has not made it public."""
    assert told.text(ARN + KEY) == ARN + HIDDEN


@pytest.mark.parametrize("text", ["AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE", "CG-aBcDeFgHiJkLmNoPqRsTuVwX"])
def test_a_key_is_known_by_its_look(text: str) -> None:
    """Where nothing beside it says what it is."""
    assert Redaction().text(f"refused {text} today") == f"refused {HIDDEN} today"


def test_a_short_text_is_not_learned() -> None:
    """A key of one letter would tear every word apart."""
    known = Redaction()
    known.learn("b", "", "  ")
    assert known.text("bab") == "bab"


def test_a_rotated_key_stays_hidden(told: Redaction) -> None:
    """The old one may still work somewhere."""
    told.learn("the-new-key-2")
    assert told.text(f"{KEY} the-new-key-2") == f"{HIDDEN} {HIDDEN}"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.just(f"a {KEY} b"),
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9) | st.just(KEY), inner, max_size=4)
        ),
        max_leaves=20,
    )
)
def test_a_value_is_cleaned_to_its_depth(value: object) -> None:
    """Names and texts of containers carry no key, and what is left is JSON."""
    known = Redaction()
    known.learn(KEY)
    shown = known.value(value)
    assert KEY not in repr(shown)
    assert json.dumps(KEY)[1:-1] not in json.dumps(shown)


def test_values_without_a_key_are_unchanged(told: Redaction) -> None:
    """Numbers stay numbers, containers stay containers."""
    value = {"hour": "2026-03-01T12:00:00Z", "n": 5, "share": 0.5, "none": None, "list": [1, "a", {"b": True}]}
    assert told.value(value) == value


@pytest.mark.parametrize("value", [KEY.encode(), [(b"api_key", KEY.encode())], {"x-cg-demo-api-key": "unknown"}, {KEY}])
def test_bytes_headers_and_sets_are_cleaned(told: Redaction, value: object) -> None:
    """What is no JSON becomes a clean text."""
    assert KEY not in repr(told.value(value))
    assert "unknown" not in repr(told.value(value))
