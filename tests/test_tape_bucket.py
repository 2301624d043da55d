"""The bucket of tapes as CloudFormation will see it: private, encrypted, forgetful, and switchable."""

from pathlib import Path
from typing import Any

import pytest

from quantscout_local import resources

ROOT = Path(__file__).parents[1]
ITS_OWN = ("TapeBucket", "TapeBucketPolicy", "TapePolicy")
Resource = dict[str, Any]


@pytest.fixture(scope="module")
def translated() -> Resource:
    """Return the template as SAM translates it."""
    return resources.translate(resources.load_template(ROOT / "template.yaml"), {})


@pytest.fixture(scope="module")
def bucket(translated: Resource) -> Resource:
    """Return the bucket's properties."""
    properties: Resource = translated["Resources"]["TapeBucket"]["Properties"]
    return properties


def statement(translated: Resource, policy: str) -> Resource:
    """Return the only statement of a policy."""
    (found,) = translated["Resources"][policy]["Properties"]["PolicyDocument"]["Statement"]
    row: Resource = found
    return row


def test_nothing_in_it_is_public(bucket: Resource) -> None:
    """All four blocks are on, and there are no access lists."""
    assert bucket["PublicAccessBlockConfiguration"] == {
        f"{what}Public{whom}": True for what, whom in (("Block", "Acls"), ("Ignore", "Acls"), ("Block", "Policy"))
    } | {"RestrictPublicBuckets": True}
    assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_it_is_encrypted(bucket: Resource) -> None:
    """By S3's own key, which wants no further permission."""
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}


def test_it_forgets_after_thirty_days(bucket: Resource) -> None:
    """Every tape expires, and no half of an upload stays."""
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]
    assert (rule["Status"], rule["ExpirationInDays"]) == ("Enabled", 30)
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}


def test_it_takes_nothing_without_tls(translated: Resource) -> None:
    """Every plain connection is denied, to the bucket and to what is in it."""
    row = statement(translated, "TapeBucketPolicy")
    assert (row["Effect"], row["Principal"], row["Action"]) == ("Deny", "*", "s3:*")
    assert row["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert row["Resource"] == [{"Fn::GetAtt": ["TapeBucket", "Arn"]}, {"Fn::Sub": "${TapeBucket.Arn}/*"}]


def test_the_screen_may_only_add_to_it(translated: Resource) -> None:
    """One action, on tapes alone, for one role."""
    row = statement(translated, "TapePolicy")
    assert (row["Effect"], row["Action"]) == ("Allow", "s3:PutObject")
    assert row["Resource"] == {"Fn::Sub": "${TapeBucket.Arn}/tapes/*"}
    assert translated["Resources"]["TapePolicy"]["Properties"]["Roles"] == [{"Ref": "ScreenFunctionRole"}]


def test_it_can_be_switched_off(translated: Resource) -> None:
    """Without it there is no bucket, no permission and no name in the function's environment; the default is on."""
    assert translated["Parameters"]["StoreTapes"]["Default"] == "true"
    assert {translated["Resources"][name]["Condition"] for name in ITS_OWN} == {"StoresTapes"}
    variables = translated["Resources"]["ScreenFunction"]["Properties"]["Environment"]["Variables"]
    assert variables["TAPE_BUCKET"] == {"Fn::If": ["StoresTapes", {"Ref": "TapeBucket"}, ""]}


def test_no_other_function_knows_it(translated: Resource) -> None:
    """The backfill makes no tape."""
    assert "TAPE_BUCKET" not in translated["Resources"]["BackfillFunction"]["Properties"]["Environment"]["Variables"]
