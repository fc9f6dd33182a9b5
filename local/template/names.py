"""The physical names and ARNs that resources get on the local stack."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

REGION = "us-east-1"
ACCOUNT = "123456789012"
STACK = "countersign"

_PSEUDO = {
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::StackName": STACK,
    "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK}/local",
    "AWS::URLSuffix": "amazonaws.com",
}
# The ARN of a resource as its service writes it; {} is the physical name.
_ARNS = {
    "AWS::Serverless::Function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{{}}",
    "AWS::Serverless::LayerVersion": f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:{{}}:1",
    "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{{}}",
    "AWS::S3::Bucket": "arn:aws:s3:::{}",
    "AWS::SNS::Topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:{{}}",
    "AWS::SQS::Queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{{}}",
    "AWS::Events::Rule": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{{}}",
    "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/{{}}",
    "AWS::Cognito::UserPool": f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/{{}}",
}
_REF_IS_ARN = {"AWS::SNS::Topic", "AWS::Serverless::LayerVersion", "AWS::IAM::ManagedPolicy"}


@dataclass(frozen=True, slots=True)
class Names:
    """Names by logical id, the same in every start; `usual_alias` is what Globals publish functions under."""

    resources: Mapping[str, Any]
    usual_alias: str | None = None

    def physical(self, logical_id: str) -> str:
        """`countersign-` and the logical id; buckets in lower case, as S3 wants them."""
        name = f"{STACK}-{logical_id}"
        return name.lower() if self._type(logical_id) == "AWS::S3::Bucket" else name

    def arn(self, logical_id: str) -> str:
        """The ARN of a resource; of kinds that the local stack does not run, one of the usual shape."""
        pattern = _ARNS.get(self._type(logical_id), f"arn:aws:local:{REGION}:{ACCOUNT}:{{}}")
        return pattern.format(self.physical(logical_id))

    def reference(self, name: str) -> str | None:
        """What `Ref` gives for a pseudo parameter or a resource; None when there is no such thing."""
        if name in _PSEUDO:
            return _PSEUDO[name]
        logical_id, _, part = name.partition(".")
        if logical_id not in self.resources or part not in {"", "Alias", "Version"}:
            return None
        if part:
            return self._published(logical_id, part)
        return self.arn(logical_id) if self._type(logical_id) in _REF_IS_ARN else self.physical(logical_id)

    def attribute(self, logical_id: str, attribute: str) -> str | None:
        """What `GetAtt` gives; None when there is no such resource."""
        if logical_id not in self.resources:
            return None
        if attribute in {"Arn", "TopicArn"}:
            return self.arn(logical_id)
        if attribute in {"TopicName", "QueueName"}:
            return self.physical(logical_id)
        return f"{self.physical(logical_id)}.{attribute}".lower()

    def _type(self, logical_id: str) -> str:
        resource = self.resources.get(logical_id)
        return str(resource.get("Type")) if isinstance(resource, dict) else ""

    def _published(self, logical_id: str, part: str) -> str | None:
        """SAM's `Function.Alias` and `Function.Version`: qualified ARNs."""
        properties = self.resources[logical_id].get("Properties") or {}
        alias = properties.get("AutoPublishAlias", self.usual_alias)
        if self._type(logical_id) != "AWS::Serverless::Function" or not isinstance(alias, str):
            return None
        return f"{self.arn(logical_id)}:{alias if part == 'Alias' else '1'}"
