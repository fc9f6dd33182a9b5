"""Put the page of a deployed stack on its address: `python -m scripts.publish_page --stack-name countersign`.

`sam deploy` uploads no files. This writes the stack's outputs into `config.json`, narrows the page's content security
policy to the stack's exact hosts, uploads `frontend/`, removes what is no longer part of it and tells CloudFront that
it changed.
"""

from __future__ import annotations

import argparse
import json
import mimetypes
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client  # known where the page is tested, not where it is published

FRONTEND = Path(__file__).resolve().parent.parent / "frontend"
NOT_PART_OF_THE_PAGE = frozenset({"package.json", "config.json"})
LOCAL_ONLY = ("js/local/", "styles/local.css")
"""The break-it drawer and the outbox talk to the local stack; what is deployed does not have them."""
FIRST_IN_HEAD = '<meta charset="utf-8">'


@dataclass(frozen=True, slots=True)
class Deployment:
    """What the stack says about itself."""

    region: str
    page_url: str
    api_url: str
    sign_in_domain: str
    user_pool_id: str
    user_pool_client_id: str
    page_bucket: str
    page_distribution: str

    @classmethod
    def read(cls, stack_name: str) -> Deployment:
        """The outputs of the stack in the current account and region; exits with one line when there is none."""
        client = boto3.client("cloudformation")
        try:
            stack = client.describe_stacks(StackName=stack_name)["Stacks"][0]
        except ClientError as problem:
            sys.exit(f"No stack to publish to: {problem.response['Error']['Message']}")
        outputs = {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}
        return cls(
            region=client.meta.region_name,
            page_url=outputs["PageUrl"],
            api_url=outputs["ApiUrl"],
            sign_in_domain=outputs["SignInDomain"],
            user_pool_id=outputs["UserPoolId"],
            user_pool_client_id=outputs["UserPoolClientId"],
            page_bucket=outputs["PageBucketName"],
            page_distribution=outputs["PageDistributionId"],
        )

    def config(self) -> bytes:
        """`config.json` as the page reads it."""
        settings = {
            "mode": "cognito",
            "apiUrl": self.api_url,
            "region": self.region,
            "userPoolId": self.user_pool_id,
            "clientId": self.user_pool_client_id,
            "domain": self.sign_in_domain,
        }
        return json.dumps(settings, indent=2).encode()

    def narrowed(self, index: str) -> str:
        """The page with a second policy that allows no other host; a browser applies it together with the header's."""
        hosts = f"connect-src 'self' {self.api_url} https://{self.sign_in_domain}"
        meta = f'<meta http-equiv="Content-Security-Policy" content="{hosts}">'
        head, found, rest = index.partition(FIRST_IN_HEAD)
        if not found:
            sys.exit(f"frontend/index.html has no {FIRST_IN_HEAD}, after which its policy goes")
        return f"{head}{found}\n    {meta}{rest}"


def page_files(deployment: Deployment, folder: Path) -> Iterator[tuple[str, bytes]]:
    """Each file of the page as (key, content), `index.html` last: it never names a file that is not there yet."""
    yield "config.json", deployment.config()
    for path in sorted(folder.rglob("*"), key=lambda path: (path.name == "index.html", path)):
        key = path.relative_to(folder).as_posix()
        left_out = path.name in NOT_PART_OF_THE_PAGE or path.suffix == ".ts" or key.startswith(LOCAL_ONLY)
        if not path.is_file() or left_out:
            continue
        yield key, deployment.narrowed(path.read_text()).encode() if key == "index.html" else path.read_bytes()


def upload(s3: S3Client, deployment: Deployment, folder: Path) -> int:
    """Make the bucket hold exactly the page; return the number of its files."""
    kept: set[str] = set()
    for key, content in page_files(deployment, folder):
        kind = mimetypes.guess_type(key)[0] or "text/plain"
        s3.put_object(Bucket=deployment.page_bucket, Key=key, Body=content, ContentType=kind, CacheControl="no-cache")
        kept.add(key)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=deployment.page_bucket):
        for stale in {each["Key"] for each in page.get("Contents", [])} - kept:
            s3.delete_object(Bucket=deployment.page_bucket, Key=stale)
    return len(kept)


def invalidate(distribution: str) -> None:
    """Have CloudFront fetch everything afresh."""
    boto3.client("cloudfront").create_invalidation(
        DistributionId=distribution,
        InvalidationBatch={"Paths": {"Quantity": 1, "Items": ["/*"]}, "CallerReference": uuid.uuid4().hex},
    )


def publish(stack_name: str, folder: Path = FRONTEND) -> str:
    """Publish and return the page's address."""
    deployment = Deployment.read(stack_name)
    count = upload(boto3.client("s3"), deployment, folder)
    invalidate(deployment.page_distribution)
    print(f"{count} files published. People are added in user pool {deployment.user_pool_id}.")
    return deployment.page_url


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Publish the page of a deployed stack.")
    parser.add_argument("--stack-name", required=True)
    print(publish(parser.parse_args().stack_name))
