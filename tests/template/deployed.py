"""The template as CloudFormation receives it: after SAM's transform, which `sam validate` does not do.

Half of what matters is written by the transform (roles, aliases, permissions, the API's definition), so that is what
the tests look at.
"""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from cfnlint.api import ManualArgs, lint
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).resolve().parents[2]
REGION = "us-east-1"

Json = dict[str, Any]


def source() -> Json:
    """`template.yaml` as written, short forms (`!Ref`) in their long form."""
    parsed: Json = yaml_parse((ROOT / "template.yaml").read_text())
    return parsed


def transform(template: Json) -> Json:
    """What CloudFormation would make of a template; the code is said to be uploaded already."""
    uploaded = copy.deepcopy(template)
    for resource in uploaded["Resources"].values():
        for folder in {"CodeUri", "ContentUri"} & resource.get("Properties", {}).keys():
            resource["Properties"][folder] = "s3://bucket/package"
    session = boto3.Session(region_name=REGION)
    result: Json = Translator({}, Parser(), None, session).translate(uploaded, {})
    return result


def complaints(deployed: Json) -> list[str]:
    """Return what cfn-lint has against a transformed template."""
    found = lint(json.dumps(deployed), config=ManualArgs(regions=[REGION]))
    return [f"{each.rule.id} {each.message}" for each in found]


def changed(change: Callable[[Json], object]) -> Json:
    """A copy of `template.yaml` with a change to its resources, transformed."""
    template = source()
    change(template["Resources"])
    return transform(template)


def of_type(deployed: Json, kind: str) -> dict[str, Json]:
    """The properties of each resource of one type, by logical id."""
    return {
        name: resource.get("Properties", {})
        for name, resource in deployed["Resources"].items()
        if resource["Type"] == kind
    }


def text(value: Any) -> str:
    """A value with its references written as `Fn::Sub` writes them: `${OrdersTable.Arn}`."""
    match value:
        case {"Ref": str(name)}:
            return f"${{{name}}}"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"${{{name}.{attribute}}}"
        case {"Fn::Sub": str(pattern)}:
            return pattern
    return str(value)


def as_list(value: Any) -> list[Any]:
    """A policy's "one or many" as many."""
    return value if isinstance(value, list) else [value]
