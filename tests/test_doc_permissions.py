"""Every command of the guides can be done by who has the policies that its section names, and nothing is forgotten."""

import botocore.session
import pytest
from botocore import xform_name

from doc_needs import NEEDS, PAGES, RESOURCES, Step, command_of, steps
from doc_policies import is_granted, kinds_of_resource

STEPS = [*dict.fromkeys(steps())]
NOT_A_CALL = {"aws logs tail", "aws s3 cp", "aws s3 ls", "aws s3 rb", "aws s3 rm", "aws sts get-caller-identity"}
"""Commands that the command line makes of other calls, and the one that needs no right."""
OTHERWISE = {"aws lambda invoke": "lambda:InvokeFunction"}


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step.page}:{step.section}: {step.words[:50]}")
def test_a_command_is_granted_by_the_policies_of_its_section(step: Step) -> None:
    """It stands in the table, and each action is granted on the resource that it concerns."""
    command = command_of(step.words)
    assert command, f"what does it ask of AWS? {step.words}"
    needs = [need.split() for need in NEEDS[command]]
    lacking = [f"{action} {kind}" for action, kind in needs if not is_granted(action, RESOURCES[kind], step.policies)]
    assert lacking == [], f"by {step.policies}"


def test_the_guides_have_steps() -> None:
    """Each page is read, and what begins a deployment, a pause and a removal is among what was found."""
    assert {step.page for step in STEPS} == {*PAGES}
    found = {command_of(step.words) for step in STEPS}
    assert {"sam deploy", "sam delete", "aws scheduler update-schedule", "aws cloudwatch enable-alarm-actions"} <= found


def test_no_row_of_the_table_is_stale() -> None:
    """Each command of the table is in a guide."""
    assert NEEDS.keys() - {command_of(step.words) for step in STEPS} == set()


def test_a_row_names_the_call_that_it_is() -> None:
    """A command of a service's own needs the action of that name."""
    session = botocore.session.Session()
    for command, needs in NEEDS.items():
        if not command.startswith("aws ") or command in NOT_A_CALL:
            continue
        _, service, *rest = command.split()
        operations = {xform_name(name, "-"): name for name in session.get_service_model(service).operation_names}
        call = OTHERWISE.get(command, f"{service}:{operations[rest[0]]}")
        assert call in {need.split()[0] for need in needs}


def test_resources_of_the_table_are_such_as_the_action_knows() -> None:
    """`*` stands where an action knows no resource or this question names none, an ARN only where it knows some."""
    free = {"cloudformation:GetTemplateSummary", "ce:GetCostAndUsage"}
    for need in {need for needs in NEEDS.values() for need in needs}:
        action, kind = need.split()
        assert bool(kinds_of_resource(action)) == (kind != "*") or action in free, need


@pytest.mark.parametrize(
    ("action", "kind", "policies"),
    [
        ("s3:DeleteObject", "sam-object", ("look", "operate")),  # another policy
        ("s3:DeleteObject", "bucket", ("deploy-2",)),  # the bucket is not what is in it
        ("cloudformation:DeleteStack", "companion", ("deploy-1",)),  # another stack
        ("dynamodb:DeleteTable", "table", ("restore",)),  # the copy alone
        ("sns:Publish", "topic", ("operate",)),  # nobody
    ],
)
def test_what_is_not_granted_is_found(action: str, kind: str, policies: tuple[str, ...]) -> None:
    """Neither another policy nor another resource grants an action."""
    assert not is_granted(action, RESOURCES[kind], policies)


def test_a_command_without_a_row_is_found() -> None:
    """Words that begin like a row are not enough."""
    assert command_of("aws sns subscribes --topic-arn x") is None
    assert command_of("quantscout doctor --keys-secret x") == "quantscout doctor --keys-secret"
