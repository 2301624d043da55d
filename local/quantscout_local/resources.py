"""The stateful resources of template.yaml, created on a moto server by CloudFormation itself.

The schema lives once, in the template: the SAM translator expands it, everything but state is left out, and what the
functions' environment refers to is resolved by CloudFormation as outputs of the stack. moto's CloudFormation knows no
secrets and no topic policies: the secret is made by its own service and handed in as a parameter of the same name, and
a policy that asks for TLS has no meaning on loopback.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quantscout.errors import QuantScoutError

if TYPE_CHECKING:
    import boto3

REGION = "us-east-1"
STACK_NAME = "quantscout"
STATEFUL = frozenset({"AWS::DynamoDB::Table", "AWS::SNS::Topic", "AWS::S3::Bucket"})
SECRET = "SourceKeysSecret"  # noqa: S105 (its name)
TOPICS = {"report": "ReportTopic", "alarm": "AlarmTopic"}

Template = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Function:
    """A function as the template declares it; `folder` is relative to the template's own."""

    name: str
    folder: str
    handler: str
    memory_mb: int
    timeout_s: int
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Plan:
    """The template as written, as SAM translates it, and the parameters' values."""

    source: Template
    translated: Template
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Resources:
    """What stands on the server: physical ids by logical id, functions by verb, queue addresses by topic."""

    names: Mapping[str, str]
    functions: Mapping[str, Function]
    queues: Mapping[str, str]


def load_template(path: Path) -> Template:
    """Return the SAM template as it is written, its tags (`!Ref`) in their long form."""
    from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]  # noqa: PLC0415 (slow to import)

    parsed: Template = yaml_parse(path.read_text("utf-8"))
    return parsed


def load_plan(path: Path, settings_json: str) -> Plan:
    """Return what `create` needs, made without a server. Raises QuantScoutError if the template is refused."""
    source, parameters = load_template(path), {"Settings": settings_json}
    return Plan(source, translate(source, parameters), parameters)


def translate(template: Template, parameters: Mapping[str, str]) -> Template:
    """Return the CloudFormation template that SAM makes of it, offline.

    Code is not uploaded here: `CodeUri` and `ContentUri` point to nowhere in the result. Raises QuantScoutError with
    the translator's sentences if it refuses the template.
    """
    from samtranslator.model.exceptions import (  # type: ignore[import-untyped]  # noqa: PLC0415
        InvalidDocumentException,
    )
    from samtranslator.parser.parser import Parser  # type: ignore[import-untyped]  # noqa: PLC0415
    from samtranslator.translator.translator import Translator  # type: ignore[import-untyped]  # noqa: PLC0415

    copy = json.loads(json.dumps(template))
    for resource in copy["Resources"].values():
        for key in {"CodeUri", "ContentUri"} & resource.get("Properties", {}).keys():
            resource["Properties"][key] = "s3://not-uploaded/code.zip"
    translator = Translator({}, Parser(), boto_session=session())
    try:
        translated: Template = translator.translate(copy, {"AWS::Region": REGION, **parameters})
    except InvalidDocumentException as error:
        raise QuantScoutError("template.yaml: " + " ".join(cause.message for cause in error.causes)) from error
    finally:
        translator.metrics.publish()  # to nowhere; else it complains at exit
    return translated


@cache
def session() -> "boto3.Session":
    """Return a session for loopback: stand-in credentials, so that nobody's own account can be meant, and no proxy."""
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415
    from botocore.session import Session  # noqa: PLC0415

    core = Session()
    core.set_default_client_config(Config(proxies={}))
    return boto3.Session("local", "local", region_name=REGION, botocore_session=core)


def create(url: str, plan: Plan, keys: Mapping[str, str]) -> Resources:
    """Create table, topics and secret on the server at `url`, with a queue on each topic and `keys` in the secret.

    Raises QuantScoutError if the stack is not complete.
    """
    translated = plan.translated
    secret_arn = _create_secret(url, translated["Resources"][SECRET], keys)
    values = _create_stack(url, _stateful(translated), {**plan.parameters, SECRET: secret_arn})
    names = {SECRET: secret_arn, **{name: values[_key(name)] for name in _state(translated)}}
    queues = {topic: _subscribe(url, names[name]) for topic, name in TOPICS.items()}
    return Resources(names, _functions(plan, values), queues)


def _create_secret(url: str, resource: Template, keys: Mapping[str, str]) -> str:
    """Create the secret with the template's own fields, `keys` filled in, and return its ARN."""
    fields = json.loads(resource["Properties"]["SecretString"]) | dict(keys)
    client = session().client("secretsmanager", endpoint_url=url)
    return client.create_secret(Name=f"{STACK_NAME}-{SECRET}", SecretString=json.dumps(fields))["ARN"]


def _key(*parts: str) -> str:
    """Return the parts as the key of an output, which takes letters and digits only."""
    return "x".join(part.encode().hex() for part in parts)


def _variables(translated: Template, function: str) -> dict[str, Any]:
    variables: dict[str, Any] = translated["Resources"][function]["Properties"]["Environment"]["Variables"]
    return variables


def _state(translated: Template) -> Template:
    return {name: resource for name, resource in translated["Resources"].items() if resource["Type"] in STATEFUL}


def _stateful(translated: Template) -> Template:
    """Return the template of the state alone; its outputs are the physical names and the functions' variables."""
    state = _state(translated)
    outputs = {_key(name): {"Value": {"Ref": name}} for name in state}
    for name, resource in translated["Resources"].items():
        if resource["Type"] == "AWS::Lambda::Function":
            outputs |= {_key(name, key): {"Value": value} for key, value in _variables(translated, name).items()}
    parameters = {**translated["Parameters"], SECRET: {"Type": "String"}}
    return {**translated, "Parameters": parameters, "Resources": state, "Outputs": outputs}


def _create_stack(url: str, template: Template, parameters: Mapping[str, str]) -> dict[str, str]:
    """Create the stack and return its outputs."""
    client = session().client("cloudformation", endpoint_url=url)
    client.create_stack(
        StackName=STACK_NAME,
        TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    )
    stack = client.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    if stack["StackStatus"] != "CREATE_COMPLETE":
        raise QuantScoutError(f"the local stack is {stack['StackStatus']}: {stack.get('StackStatusReason', '')}")
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def _functions(plan: Plan, values: Mapping[str, str]) -> dict[str, Function]:
    """Return the functions by verb, the last part of their folder."""
    functions = {}
    for name, resource in plan.source["Resources"].items():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        properties = plan.translated["Resources"][name]["Properties"]
        folder = resource["Properties"]["CodeUri"]
        environment = {key: values[_key(name, key)] for key in _variables(plan.translated, name)}
        functions[Path(folder).name] = Function(
            name, folder, properties["Handler"], properties["MemorySize"], properties["Timeout"], environment
        )
    return functions


def _subscribe(url: str, topic_arn: str) -> str:
    """Subscribe a new queue to the topic and return its address; what arrives keeps its SNS envelope."""
    sqs = session().client("sqs", endpoint_url=url)
    address = sqs.create_queue(QueueName=topic_arn.rpartition(":")[2] + "-subscriber")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=address, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    session().client("sns", endpoint_url=url).subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=queue)
    return address
