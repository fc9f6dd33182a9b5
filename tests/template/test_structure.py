"""What is deployed, read after the transform: it is valid, everything calls the alias, and data is kept safe."""

import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from orders.domain.model import Role
from orders.settings import LARGEST
from tests.template.deployed import REGION, ROOT, Json, as_list, changed, complaints, of_type, source, text

FUNCTIONS = {"OrderWorkflow", "ApprovalApi", "Notifier"}
# For settlement, beats and retries.
RESERVE_SECONDS = 86_400
MOST_LEVELS = 3
MOST_PICKING_JOBS = 2


def lambda_destinations(deployed: Json) -> list[str]:
    """Event invoke configurations of the durable function that send its results to a function."""
    found = [
        json.dumps(config["DestinationConfig"])
        for config in of_type(deployed, "AWS::Lambda::EventInvokeConfig").values()
        if "OrderWorkflow" in text(config["FunctionName"]) and "DestinationConfig" in config
    ]
    return [each for each in found if "Alias" in each or ":lambda:" in each or "Function" in each]


def calls_past_the_alias(deployed: Json) -> list[str]:
    """Permissions, event sources, rule targets and routes that name a function instead of its alias."""
    callers = of_type(deployed, "AWS::Lambda::Permission") | of_type(deployed, "AWS::Lambda::EventSourceMapping")
    named = {name: text(each["FunctionName"]) for name, each in callers.items()}
    for name, rule in of_type(deployed, "AWS::Events::Rule").items():
        named |= {f"{name}.{target['Id']}": text(target["Arn"]) for target in rule["Targets"]}
    for path, methods in deployed["Resources"]["HttpApi"]["Properties"]["Body"]["paths"].items():
        for method, route in methods.items():
            named[f"{method} {path}"] = text(route["x-amazon-apigateway-integration"]["uri"])
    return [name for name, target in named.items() if "Aliaslive}" not in target]


def test_the_linter_has_nothing_against_the_transformed_template(deployed: Json) -> None:
    """cfn-lint sees roles, versions and the API's definition only after the transform."""
    assert complaints(deployed) == []


@pytest.mark.parametrize(
    ("logical_id", "path", "value", "rule"),
    [
        ("OrderWorkflow", ("DurableConfig", "ExecutionTimeout"), 99_999_999, "E3034"),
        ("OrderWorkflow", ("DurableConfig", "RetentionPeriodInDays"), 91, "E3034"),
        ("Notifier", ("Policies", 0, "Statement", 1, "Action"), "sns:Publsh", "W3037"),
        ("Notifier", ("Environment", "Variables", "WORKFLOW_ARN"), {"Ref": "OrderWorkflow.Alias"}, "E3004"),
    ],
)
def test_the_linter_catches_what_only_the_transform_shows(
    logical_id: str, path: tuple[str | int, ...], value: object, rule: str
) -> None:
    """A duration out of range, a misspelt action and a cycle are each refused in a broken copy."""

    def break_it(resources: Json) -> None:
        node = resources[logical_id]["Properties"]
        for key in path[:-1]:
            node = node[key]
        node[path[-1]] = value

    found = " ".join(complaints(changed(break_it)))
    assert rule in found


def test_there_are_three_functions_and_one_is_durable(deployed: Json) -> None:
    """Durability is decided when a function is created, so neither its name nor its logical id may change."""
    functions = of_type(deployed, "AWS::Lambda::Function")
    assert set(functions) == FUNCTIONS
    assert [name for name, each in functions.items() if "DurableConfig" in each] == ["OrderWorkflow"]
    assert not any("FunctionName" in each for each in functions.values())


def test_everything_calls_the_alias(deployed: Json) -> None:
    """A durable function refuses a call without a version, and it does so only at run time."""
    assert calls_past_the_alias(deployed) == []
    variables = {name: each["Environment"]["Variables"] for name, each in function_properties(deployed).items()}
    assert text(variables["ApprovalApi"]["WORKFLOW_ARN"]) == "${OrderWorkflowAliaslive}"
    assert text(variables["OrderWorkflow"]["NOTIFIER_ARN"]) == "${NotifierAliaslive}"


def test_a_call_past_the_alias_is_caught() -> None:
    """Without AutoPublishAlias the linter is content and this suite is not."""
    template = changed(lambda resources: resources["Notifier"]["Properties"].update(AutoPublishAlias=None))
    broken = [each for each in calls_past_the_alias(template) if "Notifier" in each]
    assert broken


def test_a_change_of_the_layer_or_of_a_property_moves_the_alias() -> None:
    """SAM publishes a version for code alone unless it is told otherwise, in two places."""
    resources = source()["Resources"]
    assert resources["OrdersLayer"]["Properties"]["PublishLambdaVersion"] is True
    for name in FUNCTIONS:
        assert resources[name]["Properties"]["AutoPublishAliasAllProperties"] is True
    before = set(of_type(changed(lambda _: None), "AWS::Lambda::Version"))
    after = set(of_type(changed(lambda each: each["Notifier"]["Properties"].update(Timeout=9)), "AWS::Lambda::Version"))
    assert before - after == {name for name in before if name.startswith("Notifier")}


def test_a_changed_parameter_moves_the_alias(deployed: Json) -> None:
    """SAM gives a version the same name whatever a parameter's value is, so its description names every parameter.

    CloudFormation replaces a version whose description changes: the resource schema says that it cannot be updated.
    """
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, "AWS::Lambda::Version").schema
    assert "/properties/Description" in schema["createOnlyProperties"]
    versions = of_type(deployed, "AWS::Lambda::Version")
    parameters = set(source()["Parameters"])
    for name in FUNCTIONS:
        used = parameters & set(referenced(deployed["Resources"][name]["Properties"]))
        version = next(each for each in versions.values() if each["FunctionName"] == {"Ref": name})
        assert used
        assert used <= set(referenced(version["Description"])), name
        assert len(with_maxima(version["Description"]["Fn::Sub"])) <= schema["properties"]["Description"]["maxLength"]


def referenced(value: Any) -> Iterator[str]:
    """Yield the names that a value refers to, by Ref or inside a Sub."""
    match value:
        case {"Ref": str(name)}:
            yield name
        case {"Fn::Sub": str(pattern)}:
            yield from re.findall(r"\$\{(\w+)", pattern)
        case dict():
            for each in value.values():
                yield from referenced(each)
        case list():
            for each in value:
                yield from referenced(each)


def with_maxima(pattern: str) -> str:
    """Fill every parameter of a pattern with its longest value."""
    longest = {
        name: max(map(str, [parameter.get("MaxValue", ""), *parameter.get("AllowedValues", ())]), key=len)
        for name, parameter in source()["Parameters"].items()
    }
    return re.sub(r"\$\{(\w+)\}", lambda found: longest[found[1]], pattern)


def test_old_versions_outlive_a_deployment(deployed: Json) -> None:
    """An execution resumes on the version it began with, up to a month later."""
    versions = [each for each in deployed["Resources"].values() if each["Type"] == "AWS::Lambda::Version"]
    assert len(versions) == len(FUNCTIONS)
    assert all(each["DeletionPolicy"] == "Retain" for each in versions)
    assert all(each["UpdateReplacePolicy"] == "Retain" for each in versions)


def test_the_durable_function_sends_its_results_to_no_function(deployed: Json) -> None:
    """Lambda does not support that, and no linter says so."""
    assert lambda_destinations(deployed) == []
    destination = {"OnFailure": {"Type": "Lambda", "Destination": {"Ref": "Notifier.Alias"}}}
    config = {"EventInvokeConfig": {"DestinationConfig": destination}}
    assert lambda_destinations(changed(lambda each: each["OrderWorkflow"]["Properties"].update(config)))


def test_what_cannot_be_delivered_is_kept_for_two_weeks(deployed: Json) -> None:
    """Starts, messages, status events and queued orders that fail for good end in a queue, not nowhere."""
    functions = function_properties(deployed)
    assert text(functions["OrderWorkflow"]["DeadLetterConfig"]["TargetArn"]) == "${WorkflowDeadLetters.Arn}"
    assert text(functions["Notifier"]["DeadLetterConfig"]["TargetArn"]) == "${NotifierDeadLetters.Arn}"
    (rule,) = of_type(deployed, "AWS::Events::Rule").values()
    (target,) = rule["Targets"]
    assert text(target["DeadLetterConfig"]["Arn"]) == "${NotifierDeadLetters.Arn}"
    queues = of_type(deployed, "AWS::SQS::Queue")
    assert text(queues["IntakeQueue"]["RedrivePolicy"]["deadLetterTargetArn"]) == "${IntakeDeadLetters.Arn}"
    dead_letters = {name: each for name, each in queues.items() if name.endswith("DeadLetters")}
    assert {each["MessageRetentionPeriod"] for each in dead_letters.values()} == {1_209_600}
    assert {*queues} - {*dead_letters} == {"IntakeQueue"}


def test_a_queued_order_is_hidden_long_enough_and_kept_shorter_than_a_dead_letter(deployed: Json) -> None:
    """A dead letter keeps the age it had; a message that shows up while it is worked on is worked on twice."""
    queue = of_type(deployed, "AWS::SQS::Queue")["IntakeQueue"]
    assert queue["VisibilityTimeout"] >= 6 * function_properties(deployed)["ApprovalApi"]["Timeout"]
    assert queue["RedrivePolicy"]["maxReceiveCount"] >= 5
    assert queue["MessageRetentionPeriod"] < 1_209_600


def test_one_message_that_cannot_be_taken_holds_up_no_other(deployed: Json) -> None:
    """The function names the messages of a batch that failed, through the alias, and leaves room for people."""
    (source_,) = of_type(deployed, "AWS::Lambda::EventSourceMapping").values()
    assert text(source_["FunctionName"]) == "${ApprovalApiAliaslive}"
    assert text(source_["EventSourceArn"]) == "${IntakeQueue.Arn}"
    assert source_["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source_["ScalingConfig"]["MaximumConcurrency"] <= 10


def test_a_queue_is_encrypted_and_the_way_in_lets_nobody_in_by_itself(deployed: Json) -> None:
    """Who sends an order speaks for a requester: that is for IAM to give, and no policy of the queue gives it."""
    assert all(each["SqsManagedSseEnabled"] is True for each in of_type(deployed, "AWS::SQS::Queue").values())
    policies = of_type(deployed, "AWS::SQS::QueuePolicy").values()
    (policy,) = [each for each in policies if [text(queue) for queue in each["Queues"]] == ["${IntakeQueue}"]]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_rule_hears_of_every_end_of_this_workflow_and_of_nothing_else(deployed: Json) -> None:
    """The prefix ends in a colon: without it a function whose name begins the same would match."""
    (rule,) = of_type(deployed, "AWS::Events::Rule").values()
    pattern = rule["EventPattern"]
    assert pattern["source"] == ["aws.lambda"]
    assert pattern["detail-type"] == ["Durable Execution Status Change"]
    assert [text(each["prefix"]) for each in pattern["detail"]["functionArn"]] == ["${OrderWorkflow.Arn}:"]
    assert set(pattern["detail"]["status"]) == {"FAILED", "STOPPED", "SUCCEEDED", "TIMED_OUT"}


def parameter_of(setting: str) -> str:
    """The parameter that a function's variable refers to."""
    return str(source()["Globals"]["Function"]["Environment"]["Variables"][setting]["Ref"])


@pytest.mark.parametrize("setting", LARGEST)
def test_cloudformation_takes_exactly_the_numbers_that_the_functions_take(setting: str) -> None:
    """A value that the functions refuse is refused before anything is deployed, in the same words."""
    declared, largest = source()["Parameters"][parameter_of(setting)], LARGEST[setting]
    taken = re.compile(declared["AllowedPattern"])
    assert declared["Type"] == "String"  # AllowedPattern is documented for strings only
    assert all(taken.fullmatch(str(number)) for number in range(1, largest + 1))
    beyond = [*range(largest + 1, largest + 5000), 10 * largest, 10**9]
    for wrong in [*map(str, beyond), "0", "-1", "1.5", "10 ", "", "1e3", "1_0", "\uff11\uff10"]:
        assert not taken.fullmatch(wrong), wrong
    assert declared["ConstraintDescription"] == f"must be a whole number from 1 to {largest}"


def test_the_longest_order_fits_into_an_execution(deployed: Json) -> None:
    """CloudFormation cannot add, so the maxima are bounded and added up here."""
    approval = MOST_LEVELS * LARGEST["DECISION_WINDOW_SECONDS"] + LARGEST["COOLING_OFF_SECONDS"]
    picking = MOST_PICKING_JOBS * LARGEST["CLAIM_SECONDS"]
    timeout = function_properties(deployed)["OrderWorkflow"]["DurableConfig"]["ExecutionTimeout"]
    assert approval + picking + RESERVE_SECONDS <= timeout


def test_each_invocation_ends_before_its_caller_gives_up(deployed: Json) -> None:
    """The HTTP API waits 30 s; the workflow waits for the notifier within one invocation of its own."""
    timeouts = {name: each["Timeout"] for name, each in function_properties(deployed).items()}
    assert timeouts == {"OrderWorkflow": 60, "ApprovalApi": 20, "Notifier": 10}


def test_local_waits_are_legal_values_of_real_parameters() -> None:
    """What `sam local invoke --config-env local` and the local stack read from samconfig.toml."""
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    overrides = config["local"]["local_invoke"]["parameters"]["parameter_overrides"]
    parameters = source()["Parameters"]
    for name, value in (pair.split("=") for pair in overrides.split()):
        assert re.fullmatch(parameters[name]["AllowedPattern"], value), name


def test_tables_survive_mistakes(deployed: Json) -> None:
    """On demand, restorable to any second of the last month, and kept when the stack goes."""
    tables = of_type(deployed, "AWS::DynamoDB::Table")
    assert set(tables) == {"OrdersTable", "RequestsTable"}
    for name, table in tables.items():
        assert table["BillingMode"] == "PAY_PER_REQUEST"
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert deployed["Resources"][name]["DeletionPolicy"] == "RetainExceptOnCreate"
    assert tables["OrdersTable"]["TimeToLiveSpecification"] == {"AttributeName": "expiresAt", "Enabled": True}
    assert tables["RequestsTable"]["TimeToLiveSpecification"] == {"AttributeName": "expiration", "Enabled": True}


def test_no_bucket_is_public_and_none_speaks_plain_http(deployed: Json) -> None:
    """Both buckets block every public setting and deny requests without TLS."""
    buckets = of_type(deployed, "AWS::S3::Bucket")
    assert set(buckets) == {"DocumentsBucket", "PageBucket"}
    for bucket in buckets.values():
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    plain = set()
    for policy in of_type(deployed, "AWS::S3::BucketPolicy").values():
        for statement in policy["PolicyDocument"]["Statement"]:
            if statement["Effect"] == "Deny" and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}:
                plain.add(text(policy["Bucket"]))
    assert plain == {"${DocumentsBucket}", "${PageBucket}"}


def test_logs_are_structured_and_end(deployed: Json) -> None:
    """JSON lines, in a group of the function's own, for a month."""
    groups = of_type(deployed, "AWS::Logs::LogGroup")
    assert {each["RetentionInDays"] for each in groups.values()} == {30}
    used = {text(each["LoggingConfig"]["LogGroup"]) for each in function_properties(deployed).values()}
    assert used == {"${WorkflowLogs}", "${ApiLogs}", "${NotifierLogs}"}
    assert {each["LoggingConfig"]["LogFormat"] for each in function_properties(deployed).values()} == {"JSON"}


def test_the_groups_are_the_roles(deployed: Json) -> None:
    """Every role of the domain can be given to a person, and no other."""
    groups = of_type(deployed, "AWS::Cognito::UserPoolGroup")
    assert {each["GroupName"] for each in groups.values()} == {role.value for role in Role}


def test_people_sign_in_by_code_and_only_if_somebody_added_them(deployed: Json) -> None:
    """No secret in a page, no implicit flow, no passwords through the API, no self-registration."""
    (client,) = of_type(deployed, "AWS::Cognito::UserPoolClient").values()
    assert client["AllowedOAuthFlows"] == ["code"]
    assert client["GenerateSecret"] is False
    assert client["ExplicitAuthFlows"] == ["ALLOW_REFRESH_TOKEN_AUTH"]
    assert {text(url) for url in client["CallbackURLs"]} == {"https://${PageDistribution.DomainName}/"}
    (pool,) = of_type(deployed, "AWS::Cognito::UserPool").values()
    assert pool["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
    assert pool["AliasAttributes"] == ["email"]


def test_the_page_runs_nothing_but_its_own_files(deployed: Json) -> None:
    """The strict content security policy with Trusted Types, on every response."""
    (policy,) = of_type(deployed, "AWS::CloudFront::ResponseHeadersPolicy").values()
    header = policy["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]["ContentSecurityPolicy"]
    directives = dict(each.split(maxsplit=1) for each in text(header["ContentSecurityPolicy"]).split("; "))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["style-src"] == "'self'"
    assert directives["require-trusted-types-for"] == "'script'"
    assert directives["trusted-types"] == directives["base-uri"] == directives["frame-ancestors"] == "'none'"
    assert "unsafe" not in text(header["ContentSecurityPolicy"])
    (distribution,) = of_type(deployed, "AWS::CloudFront::Distribution").values()
    behaviour = distribution["DistributionConfig"]["DefaultCacheBehavior"]
    assert text(behaviour["ResponseHeadersPolicyId"]) == "${PageHeaders}"
    assert behaviour["ViewerProtocolPolicy"] == "redirect-to-https"


def test_only_the_distribution_reads_the_page(deployed: Json) -> None:
    """One allow statement, for this distribution and no other."""
    policy = of_type(deployed, "AWS::S3::BucketPolicy")["PageBucketPolicy"]["PolicyDocument"]
    (allow,) = [each for each in policy["Statement"] if each["Effect"] == "Allow"]
    assert allow["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert as_list(allow["Action"]) == ["s3:GetObject"]
    assert text(allow["Condition"]["StringEquals"]["aws:SourceArn"]).endswith("distribution/${PageDistribution}")


def function_properties(deployed: Json) -> dict[str, Json]:
    """The three functions' properties."""
    return of_type(deployed, "AWS::Lambda::Function")
