"""Delete a deployed stack with everything in it: `python -m scripts.destroy --stack-name countersign`.

CloudFormation deletes no bucket that holds something, and the template keeps tables, documents and users when its
stack goes. So: ask, empty the buckets, delete the stack, then delete what it kept.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

import boto3
from botocore.exceptions import ClientError

from local.choices import Options

BUCKET, TABLE, USERS = "AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::Cognito::UserPool"
GONE = frozenset({"NoSuchBucket", "ResourceNotFoundException"})


@dataclass(frozen=True, slots=True)
class Contents:
    """The physical names of what holds data in a stack."""

    buckets: tuple[str, ...]
    tables: tuple[str, ...]
    user_pools: tuple[str, ...]

    @classmethod
    def read(cls, stack_name: str) -> Contents:
        """What the stack holds now; exits with one line when there is no such stack."""
        found: dict[str, list[str]] = {BUCKET: [], TABLE: [], USERS: []}
        pages = boto3.client("cloudformation").get_paginator("list_stack_resources")
        try:
            for page in pages.paginate(StackName=stack_name):
                for each in page["StackResourceSummaries"]:
                    found.get(each["ResourceType"], []).append(each.get("PhysicalResourceId", ""))
        except ClientError as problem:
            sys.exit(f"Nothing to delete: {problem.response['Error']['Message']}")
        return cls(tuple(found[BUCKET]), tuple(found[TABLE]), tuple(found[USERS]))


def protected(contents: Contents) -> list[str]:
    """The tables that refuse to be deleted."""
    dynamodb = boto3.client("dynamodb")
    return [
        name
        for name in contents.tables
        if dynamodb.describe_table(TableName=name)["Table"].get("DeletionProtectionEnabled")
    ]


def empty(bucket: str) -> None:
    """Remove every version of every object."""
    boto3.resource("s3").Bucket(bucket).object_versions.delete()


def delete_stack(stack_name: str) -> None:
    """Delete the stack and wait until it is gone."""
    client = boto3.client("cloudformation")
    client.delete_stack(StackName=stack_name)
    client.get_waiter("stack_delete_complete").wait(StackName=stack_name)


def delete_kept(contents: Contents) -> None:
    """Delete what the template told CloudFormation to keep."""
    s3, dynamodb, cognito = boto3.client("s3"), boto3.client("dynamodb"), boto3.client("cognito-idp")
    for bucket in contents.buckets:
        _delete(s3.delete_bucket, Bucket=bucket)
    for table in contents.tables:
        _delete(dynamodb.delete_table, TableName=table)
    for pool in contents.user_pools:
        _delete(cognito.delete_user_pool, UserPoolId=pool)


def _delete(call: Callable[..., object], **which: str) -> None:
    """Make the call; that the thing is gone already is fine."""
    try:
        call(**which)
    except ClientError as problem:
        if problem.response["Error"]["Code"] not in GONE:
            raise


def destroy(stack_name: str) -> None:
    """Empty, delete, and delete what was kept."""
    contents = Contents.read(stack_name)
    if refusing := protected(contents):
        sys.exit(f"Protected: {', '.join(refusing)}. Deploy with ProtectData=false first, if you mean it.")
    for bucket in contents.buckets:
        empty(bucket)
    delete_stack(stack_name)
    delete_kept(contents)
    print(f"{stack_name} is gone: {len(contents.buckets)} buckets, {len(contents.tables)} tables and all else.")


def main() -> None:
    """Ask, since this cannot be undone, unless `--yes` says not to."""
    parser = Options(description="Delete a deployed stack with everything in it.")
    parser.add_argument("--stack-name", required=True)
    parser.add_switch("--yes", "do not ask")
    options = parser.parse_args()
    question = f"This deletes every order, document and user of {options.stack_name}. Type its name to go on: "
    if not options.yes and input(question) != options.stack_name:
        sys.exit("Nothing was deleted.")
    destroy(options.stack_name)


if __name__ == "__main__":
    main()
