"""`make publish` and `make destroy` against a small stack in moto, made from a template of the same shape."""

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from scripts import destroy, publish_page

STACK = "countersign-test"
OUTPUTS = {
    "PageUrl": "https://page.example/",
    "ApiUrl": "https://api.example",
    "SignInDomain": "sign-in.example",
    "UserPoolId": "pool-1",
    "UserPoolClientId": "client-1",
    "PageBucketName": {"Ref": "PageBucket"},
}
TABLE = {
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
}


def a_stack(*, protected: bool = False) -> None:
    """Create the stack that the scripts are pointed at."""
    resources = {
        "PageBucket": {"Type": "AWS::S3::Bucket"},
        "DocumentsBucket": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain"},
        "OrdersTable": {
            "Type": "AWS::DynamoDB::Table",
            "DeletionPolicy": "Retain",
            "Properties": {**TABLE, "DeletionProtectionEnabled": protected},
        },
    }
    outputs = {**OUTPUTS, "PageDistributionId": a_distribution()}
    template = {"Resources": resources, "Outputs": {name: {"Value": value} for name, value in outputs.items()}}
    boto3.client("cloudformation").create_stack(StackName=STACK, TemplateBody=json.dumps(template))


def a_distribution() -> str:
    """A distribution, which moto cannot make from a template; return its id."""
    created = boto3.client("cloudfront").create_distribution(
        DistributionConfig={
            "CallerReference": STACK,
            "Comment": "",
            "Enabled": True,
            "Origins": {"Quantity": 1, "Items": [{"Id": "page", "DomainName": "page.s3.amazonaws.com"}]},
            "DefaultCacheBehavior": {"TargetOriginId": "page", "ViewerProtocolPolicy": "https-only"},
        }
    )
    return created["Distribution"]["Id"]


def bucket_named(part: str) -> str:
    """The physical name of the stack's bucket with this logical id."""
    found = boto3.client("cloudformation").describe_stack_resource(StackName=STACK, LogicalResourceId=part)
    return found["StackResourceDetail"]["PhysicalResourceId"]


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A page of four files, one of which is not for publishing."""
    folder = tmp_path / "frontend"
    (folder / "js").mkdir(parents=True)
    (folder / "index.html").write_text('<html><head>\n<meta charset="utf-8">\n<title>x</title></head></html>')
    (folder / "js" / "main.js").write_text("export const x = 1;\n")
    (folder / "package.json").write_text("{}")
    return folder


def body(bucket: str, key: str) -> str:
    """The content of one object."""
    return boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()


def test_the_published_page_knows_its_stack(page: Path) -> None:
    """config.json carries the outputs, and the address is the stack's."""
    a_stack()
    assert publish_page.publish(STACK, page) == "https://page.example/"
    assert json.loads(body(bucket_named("PageBucket"), "config.json")) == {
        "mode": "cognito",
        "apiUrl": "https://api.example",
        "region": "us-east-1",
        "userPoolId": "pool-1",
        "clientId": "client-1",
        "domain": "sign-in.example",
    }


def test_the_published_page_may_talk_to_its_own_hosts_only(page: Path) -> None:
    """The policy in the page names the two exact hosts, before anything else is loaded."""
    a_stack()
    publish_page.publish(STACK, page)
    html = body(bucket_named("PageBucket"), "index.html")
    policy = "connect-src 'self' https://api.example https://sign-in.example"
    assert f'content="{policy}"' in html
    assert html.index("Content-Security-Policy") < html.index("<title>")


def test_publishing_again_removes_what_is_no_longer_part_of_the_page(page: Path) -> None:
    """The bucket holds exactly the page, with the type a browser needs."""
    a_stack()
    publish_page.publish(STACK, page)
    (page / "js" / "main.js").rename(page / "js" / "page.js")
    publish_page.publish(STACK, page)
    s3, bucket = boto3.client("s3"), bucket_named("PageBucket")
    keys = {each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]}
    assert keys == {"config.json", "index.html", "js/page.js"}
    script = s3.head_object(Bucket=bucket, Key="js/page.js")
    assert script["ContentType"] == "text/javascript"
    assert script["CacheControl"] == "no-cache"


def test_the_distribution_is_told_that_the_page_changed(page: Path) -> None:
    """One invalidation of everything per publication."""
    a_stack()
    publish_page.publish(STACK, page)
    distribution = publish_page.Deployment.read(STACK).page_distribution
    invalidations = boto3.client("cloudfront").list_invalidations(DistributionId=distribution)
    assert len(invalidations["InvalidationList"]["Items"]) == 1


def test_publishing_to_no_stack_says_so(page: Path) -> None:
    """One line, no traceback."""
    with pytest.raises(SystemExit, match="No stack to publish to"):
        publish_page.publish("nowhere", page)


def test_a_page_without_a_place_for_its_policy_is_not_published(page: Path) -> None:
    """Better no page than one with a wider policy than promised."""
    a_stack()
    (page / "index.html").write_text("<html></html>")
    with pytest.raises(SystemExit, match="after which its policy goes"):
        publish_page.publish(STACK, page)


def test_destroying_leaves_nothing(page: Path) -> None:
    """Full buckets, and what the stack would keep, go too."""
    a_stack()
    publish_page.publish(STACK, page)
    boto3.client("s3").put_object(Bucket=bucket_named("DocumentsBucket"), Key="orders/o1/document.json", Body=b"{}")
    destroy.destroy(STACK)
    assert boto3.client("s3").list_buckets()["Buckets"] == []
    assert boto3.client("dynamodb").list_tables()["TableNames"] == []
    assert boto3.client("cloudformation").list_stacks(StackStatusFilter=["CREATE_COMPLETE"])["StackSummaries"] == []


def test_what_was_kept_is_deleted_once_and_may_be_gone_already() -> None:
    """Users too; a second run after an interruption finds nothing and is content."""
    cognito = boto3.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="people")["UserPool"]["Id"]
    for _ in range(2):
        destroy.delete_kept(destroy.Contents(buckets=("no-bucket",), tables=("no-table",), user_pools=(pool,)))
    assert cognito.list_user_pools(MaxResults=1)["UserPools"] == []


def test_protected_data_is_not_destroyed() -> None:
    """Nothing at all happens, not even to the buckets."""
    a_stack(protected=True)
    bucket = bucket_named("DocumentsBucket")
    boto3.client("s3").put_object(Bucket=bucket, Key="orders/o1/document.json", Body=b"{}")
    with pytest.raises(SystemExit, match="Protected"):
        destroy.destroy(STACK)
    assert body(bucket, "orders/o1/document.json") == "{}"


@pytest.mark.parametrize("words", [[], ["--yes", "no"], ["--yes", "0"], ["--yes", ""]])
def test_destroying_asks_first(monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    """Anything but the stack's name is a no; so is `YES=no make destroy`."""
    a_stack()
    monkeypatch.setattr("sys.argv", ["destroy", "--stack-name", STACK, *words])
    monkeypatch.setattr("builtins.input", lambda _: "y")
    with pytest.raises(SystemExit, match="Nothing was deleted"):
        destroy.main()
    assert len(boto3.client("s3").list_buckets()["Buckets"]) == 2
