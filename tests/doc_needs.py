"""What each command of the guides asks of AWS, and the policies that its section names."""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from doc_commands import FENCE, ROOT, calls_of, commands_of
from doc_policies import POLICIES

PAGES = ("deploy.md", "runbook.md", "subscriptions.md")
PROGRAMS = frozenset({"aws", "sam", "quantscout", "output"})
INLINE = re.compile(r"`((?:\S*/)?(?:aws|sam|quantscout) [^`\n]+)`")
NAMED = re.compile(r"^Policies: ((?:.|\n(?!\n))*)", re.MULTILINE)

HERE = "eu-central-1:123456789012"
STACK = f"arn:aws:cloudformation:{HERE}:stack"
TABLE, RESTORED = (
    f"arn:aws:dynamodb:{HERE}:table/quantscout-Table-1A2B",
    f"arn:aws:dynamodb:{HERE}:table/quantscout-restored",
)
RESOURCES = {
    "stack": f"{STACK}/quantscout/0a1b",
    "sam-stack": f"{STACK}/aws-sam-cli-managed-default/0a1b",
    "companion": f"{STACK}/quantscout-6c4bb2f4-CompanionStack/*",
    "web-code": f"{STACK}/quantscout-6c4bb2f4-WebFunctionCode/*",
    "transform": "arn:aws:cloudformation:eu-central-1:aws:transform/Serverless-2016-10-31",
    "sam-bucket": "arn:aws:s3:::aws-sam-cli-managed-default-samclisourcebucket-1a2b",
    "sam-object": "arn:aws:s3:::aws-sam-cli-managed-default-samclisourcebucket-1a2b/quantscout/0a1b",
    "bucket": "arn:aws:s3:::quantscout-tapebucket-1a2b",
    "object": "arn:aws:s3:::quantscout-tapebucket-1a2b/tapes/2026-03-01T12/x.qst",
    "table": TABLE,
    "backup": f"{TABLE}/backup/01772366400000-0a1b2c3d",
    "restored": f"arn:aws:dynamodb:{HERE}:table/quantscout-restored",
    "topic": f"arn:aws:sns:{HERE}:quantscout-ReportTopic-1A2B",
    "queue": f"arn:aws:sqs:{HERE}:quantscout-FailureQueue-1A2B",
    "function": f"arn:aws:lambda:{HERE}:function:quantscout-BackfillFunction-1A2B",
    "schedule": f"arn:aws:scheduler:{HERE}:schedule/default/quantscout-evaluate",
    "role": "arn:aws:iam::123456789012:role/quantscout-EvaluateFunctionHourlyRole-1A2B",
    "alarm": f"arn:aws:cloudwatch:{HERE}:alarm:quantscout-SilenceAlarm-1A2B",
    "group": f"arn:aws:logs:{HERE}:log-group:/aws/lambda/quantscout-backfill:*",
    "secret": f"arn:aws:secretsmanager:{HERE}:secret:SourceKeysSecret-1A2B",
    "*": "*",
}
"""Names as CloudFormation and SAM make them, for the account and region of the page."""

_READ = tuple(f"dynamodb:{name} table" for name in ("GetItem", "Query"))
_WRITTEN_BY_A_RESTORE = ("BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem")
"""AWS's developer guide: with the rights of who asks, on the table that is made."""
_LISTED = ("cloudformation:DescribeStacks stack", "sqs:ReceiveMessage queue", "sqs:ChangeMessageVisibility queue")

NEEDS: Mapping[str, tuple[str, ...]] = {
    "aws ce get-cost-and-usage": ("ce:GetCostAndUsage *",),
    "aws ce update-cost-allocation-tags-status": ("ce:UpdateCostAllocationTagsStatus *",),
    "aws cloudformation describe-stack-events": ("cloudformation:DescribeStackEvents stack",),
    "aws cloudformation describe-stack-resource": ("cloudformation:DescribeStackResource stack",),
    "aws cloudformation describe-stacks": ("cloudformation:DescribeStacks stack",),
    "aws cloudwatch describe-alarms": ("cloudwatch:DescribeAlarms alarm",),
    "aws cloudwatch disable-alarm-actions": ("cloudwatch:DisableAlarmActions alarm",),
    "aws cloudwatch enable-alarm-actions": ("cloudwatch:EnableAlarmActions alarm",),
    "aws dynamodb delete-table": ("dynamodb:DeleteTable table",),
    "aws dynamodb delete-table --table-name quantscout-restored": ("dynamodb:DeleteTable restored",),
    "aws dynamodb describe-continuous-backups": ("dynamodb:DescribeContinuousBackups table",),
    "aws dynamodb describe-table --table-name quantscout-restored": ("dynamodb:DescribeTable restored",),
    "aws dynamodb get-item": ("dynamodb:GetItem table",),
    "aws dynamodb list-backups": ("dynamodb:ListBackups *",),
    "aws dynamodb restore-table-from-backup": (
        *("dynamodb:RestoreTableFromBackup backup", "dynamodb:RestoreTableFromBackup table"),
        *(f"dynamodb:{name} table" for name in _WRITTEN_BY_A_RESTORE),
    ),
    "aws dynamodb restore-table-to-point-in-time": (
        *("dynamodb:RestoreTableToPointInTime table", "dynamodb:RestoreTableToPointInTime restored"),
        *(f"dynamodb:{name} restored" for name in _WRITTEN_BY_A_RESTORE),
    ),
    "aws dynamodb update-continuous-backups": ("dynamodb:UpdateContinuousBackups table",),
    "aws dynamodb update-table": ("dynamodb:UpdateTable table",),
    "aws dynamodb update-time-to-live": ("dynamodb:UpdateTimeToLive table",),
    "aws lambda get-account-settings": ("lambda:GetAccountSettings *",),
    "aws lambda invoke": ("lambda:InvokeFunction function",),
    "aws logs delete-log-group": ("logs:DeleteLogGroup group",),
    "aws logs tail": ("logs:FilterLogEvents group",),
    "aws s3 cp": ("s3:GetObject object",),
    "aws s3 ls": ("s3:ListBucket bucket",),
    "aws s3 rb": ("s3:DeleteBucket bucket",),
    "aws s3 rm": ("s3:ListBucket bucket", "s3:DeleteObject object"),
    "aws scheduler get-schedule": ("scheduler:GetSchedule schedule",),
    "aws scheduler update-schedule": ("scheduler:UpdateSchedule schedule", "iam:PassRole role"),
    "aws secretsmanager restore-secret": ("secretsmanager:RestoreSecret secret",),
    "aws secretsmanager put-secret-value": ("secretsmanager:PutSecretValue secret",),
    "aws sns confirm-subscription": ("sns:ConfirmSubscription topic",),
    "aws sns create-sms-sandbox-phone-number": ("sns:CreateSMSSandboxPhoneNumber *",),
    "aws sns get-sms-attributes": ("sns:GetSMSAttributes *",),
    "aws sns get-sms-sandbox-account-status": ("sns:GetSMSSandboxAccountStatus *",),
    "aws sns set-sms-attributes": ("sns:SetSMSAttributes *",),
    "aws sns subscribe": ("sns:Subscribe topic",),
    "aws sns verify-sms-sandbox-phone-number": ("sns:VerifySMSSandboxPhoneNumber *",),
    "aws sqs purge-queue": ("sqs:PurgeQueue queue",),
    "aws sts get-caller-identity": (),
    "output": ("cloudformation:DescribeStacks stack",),  # the guides define it
    "quantscout doctor": (),
    "quantscout doctor --keys-secret": ("secretsmanager:GetSecretValue secret",),
    "quantscout explain": _READ,
    "quantscout failures list": _LISTED,
    "quantscout failures replay": (*_LISTED, "sqs:DeleteMessage queue", "lambda:InvokeFunction function"),
    "quantscout run": (),
    "quantscout subscriptions": (
        *("cloudformation:DescribeStacks stack", "sns:ListSubscriptionsByTopic topic"),
        "sns:GetSubscriptionAttributes topic",
    ),
    "sam delete": (
        *(f"cloudformation:DescribeStacks {stack}" for stack in ("stack", "companion", "web-code")),
        *(f"cloudformation:{name} stack" for name in ("GetTemplate", "ListChangeSets", "DeleteStack")),
        *("s3:ListBucket sam-bucket", "s3:GetObject sam-object", "s3:DeleteObject sam-object"),
    ),
    "sam deploy": (
        *(f"cloudformation:DescribeStacks {stack}" for stack in ("stack", "sam-stack", "companion")),
        *(f"cloudformation:CreateChangeSet {stack}" for stack in ("stack", "sam-stack", "transform")),
        *(f"cloudformation:DescribeChangeSet {stack}" for stack in ("stack", "sam-stack")),
        *(f"cloudformation:ExecuteChangeSet {stack}" for stack in ("stack", "sam-stack")),
        *("cloudformation:DescribeStackEvents stack", "cloudformation:GetTemplateSummary *"),
        *("s3:ListBucket sam-bucket", "s3:GetObject sam-object", "s3:PutObject sam-object"),
    ),
}
"""By a command's first words, the longest that fit: `action resource`. SAM: as 1.170 asked moto, and its source.

What CloudFormation does with a deployment is held against its own lists in tests/test_permissions_page.py.
"""


class Step(NamedTuple):
    """A command that asks AWS: page, section, its words as the tool's name and what follows, and the policies named."""

    page: str
    section: str
    words: str
    policies: tuple[str, ...]


def steps() -> Iterator[Step]:
    """Yield every call of aws, sam, quantscout and `output` in the guides, in blocks and within sentences."""
    for page in PAGES:
        head, *sections = re.split(r"^## ", (ROOT / "docs" / page).read_text("utf-8"), flags=re.MULTILINE)
        for section in [f"(head)\n{head}", *sections]:
            named = policies_of(section) or policies_of(head)
            for command in _commands(section):
                for call in calls_of(command):
                    program = call[0].rpartition("/")[2]
                    if program in PROGRAMS:
                        yield Step(page, section.partition("\n")[0], " ".join([program, *call[1:]]), named)


def _commands(section: str) -> Iterator[str]:
    for found in FENCE.finditer(section):
        yield from commands_of(found["text"])
    yield from INLINE.findall(section)


def policies_of(section: str) -> tuple[str, ...]:
    """Return the policies that a section's line names, none without one; a word that is no policy is refused."""
    found = NAMED.search(section)
    names = tuple(re.findall(r"`([^`]+)`", found[1])) if found else ()
    assert set(names) <= set(POLICIES), names
    return names


def command_of(words: str) -> str | None:
    """Return the longest command of the table that the words begin with, None without one."""
    fitting = [command for command in NEEDS if f"{words} ".startswith(f"{command} ")]
    return max(fitting, key=len, default=None)
