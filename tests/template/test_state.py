"""The table, and who is subscribed to what."""

from template import parts
from template.parts import of_type

ADDRESSES = ("AlertEmail", "AlertPhone", "AlarmEmail")


def test_the_table_has_the_two_keys() -> None:
    """One table, keyed by pk and sk, both strings."""
    table = of_type("AWS::DynamoDB::Table")["Table"]
    types = {row["AttributeName"]: row["AttributeType"] for row in table["AttributeDefinitions"]}
    assert types == {"pk": "S", "sk": "S"}
    assert {row["AttributeName"]: row["KeyType"] for row in table["KeySchema"]} == {"pk": "HASH", "sk": "RANGE"}


def test_the_table_forgets_what_has_expired() -> None:
    """Items go at the time in `expires_at`, and every read or write is paid alone."""
    table = of_type("AWS::DynamoDB::Table")["Table"]
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert table["BillingMode"] == "PAY_PER_REQUEST"


def test_history_survives_a_mistake() -> None:
    """Every table is kept when the stack goes, can be restored to a moment, and is protected unless told otherwise."""
    tables = {name: row for name, row in parts.translated()["Resources"].items() if row["Type"].endswith("::Table")}
    assert tables
    for row in tables.values():
        assert (row["DeletionPolicy"], row["UpdateReplacePolicy"]) == ("Retain", "Retain")
        assert row["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert row["Properties"]["DeletionProtectionEnabled"] == {"Ref": "ProtectTable"}
    assert parts.source()["Parameters"]["ProtectTable"]["Default"] == "true"


def test_tapes_outlive_the_stack_but_not_a_first_deployment_that_fails() -> None:
    """The bucket is kept when the stack goes; an empty one, of a creation that is rolled back, is not left behind."""
    row = parts.translated()["Resources"]["TapeBucket"]
    assert (row["DeletionPolicy"], row["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_what_has_a_state_says_what_becomes_of_it() -> None:
    """Nothing that holds something goes, or stays, by CloudFormation's default."""
    kinds = ("DynamoDB::Table", "S3::Bucket", "SQS::Queue", "Logs::LogGroup", "SecretsManager::Secret")
    rows = {name: row for name, row in parts.translated()["Resources"].items() if row["Type"].endswith(kinds)}
    assert rows
    assert not [name for name, row in rows.items() if {"DeletionPolicy", "UpdateReplacePolicy"} - row.keys()]


def test_nobody_is_subscribed_unless_asked() -> None:
    """Each subscription waits for its parameter, which is empty by default."""
    rows = [row for row in parts.translated()["Resources"].values() if row["Type"] == "AWS::SNS::Subscription"]
    assert sorted(row["Condition"] for row in rows) == ["HasAlarmEmail", "HasAlertEmail", "HasAlertPhone"]
    assert [parts.source()["Parameters"][name]["Default"] for name in ADDRESSES] == ["", "", ""]
