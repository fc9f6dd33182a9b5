"""The template is read as CloudFormation and SAM read it, or refused in one line."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from local.template import Function, Subscription, Template, TemplateError, Throttling, read
from tests.local import small_system

NO_OVERRIDES: Mapping[str, str] = {}


def system(folder: Path, environment: Mapping[str, str] = NO_OVERRIDES, template: str = "") -> Template:
    """The small system, read from a folder."""
    return read(small_system.write(folder, template or small_system.TEMPLATE), environment)


def function(template: Template, logical_id: str) -> Function:
    """One function of a template."""
    return next(found for found in template.functions if found.logical_id == logical_id)


def test_a_function_is_described_with_its_code_layers_and_limits(tmp_path: Path) -> None:
    """Globals fill in what the function itself leaves out."""
    greeter = function(system(tmp_path), "Greeter")
    assert (greeter.name, greeter.handler) == ("countersign-Greeter", "greeter.handler.handler")
    assert (greeter.code, greeter.layers) == (tmp_path / "code", (tmp_path / "layer",))
    assert (greeter.timeout_seconds, greeter.memory_mb, greeter.durable) == (5, 256, None)
    assert greeter.qualified_arn == "arn:aws:lambda:us-east-1:123456789012:function:countersign-Greeter:live"


def test_environment_variables_are_resolved(tmp_path: Path) -> None:
    """Every intrinsic function that an environment variable may use gives what CloudFormation gives."""
    variables = dict(function(system(tmp_path), "Greeter").environment)
    assert variables == {
        "LEVEL": "INFO",
        "SHARED": "from-globals",
        "TABLE": "countersign-Things",
        "TOPIC": "arn:aws:sns:us-east-1:123456789012:countersign-News",
        "WORKER": "arn:aws:lambda:us-east-1:123456789012:function:countersign-Worker:live",
        "SENTENCE": "us-east-1 waits 60s, ${literally}",
        "MOOD": "quiet",
        "JOINED": "a-b",
    }


def test_a_durable_function_carries_its_limits(tmp_path: Path) -> None:
    """What the durable service must enforce is read from DurableConfig."""
    durable = function(system(tmp_path), "Worker").durable
    assert durable is not None
    assert (durable.execution_timeout_seconds, durable.retention_days) == (3600, 7)


def test_a_function_is_found_by_name_arn_alias_and_version(tmp_path: Path) -> None:
    """An Invoke may use any of them; a qualifier that does not exist finds nothing."""
    template = system(tmp_path)
    arn = function(template, "Greeter").arn
    for reference in ("countersign-Greeter", "countersign-Greeter:live", arn, f"{arn}:live", f"{arn}:1"):
        assert template.function(reference) is function(template, "Greeter")
    assert template.function(f"{arn}:stable") is None
    assert template.function("countersign-Nobody") is None


def test_routes_carry_their_authorizer_and_scopes(tmp_path: Path) -> None:
    """The default authorizer applies unless a route says NONE."""
    routes = {route.key: route for route in system(tmp_path).http_api.routes}
    assert list(routes) == ["GET /health", "POST /greet/{name}", "$default"]
    assert routes["GET /health"].authorizer is None
    assert routes["$default"].authorizer is None
    greet = routes["POST /greet/{name}"]
    assert greet.authorizer is not None
    assert (greet.authorizer.audience, greet.scopes) == (("client-1",), ("sign.in",))


def test_the_limits_of_the_routes_are_read(tmp_path: Path) -> None:
    """Fifty a second, seventy-five at once."""
    assert system(tmp_path).http_api.throttling == Throttling(per_second=50, burst=75)


def test_cross_origin_rules_are_read(tmp_path: Path) -> None:
    """Header names are compared in lower case."""
    cors = system(tmp_path).http_api.cors
    assert cors is not None
    assert cors.allow_origins == ("https://a.example", "https://b.example")
    assert (cors.allow_headers, cors.max_age_seconds) == (("authorization", "content-type"), 300)


def test_a_table_is_described_with_its_keys_index_and_expiry(tmp_path: Path) -> None:
    """A table whose condition does not hold is not there."""
    (table,) = system(tmp_path).tables
    assert (table.name, table.ttl_attribute) == ("countersign-Things", "expiresAt")
    assert table.partition_key.name == "pk"
    assert table.sort_key is not None
    assert (table.sort_key.name, table.sort_key.kind) == ("sk", "N")
    (index,) = table.indexes
    assert (index.name, index.partition_key.name, index.projection) == ("kinds", "kind", "KEYS_ONLY")


def test_buckets_and_topics_are_named(tmp_path: Path) -> None:
    """A function's SNS event is a subscription of the topic like any other."""
    template = system(tmp_path)
    assert [bucket.name for bucket in template.buckets] == ["countersign-papers"]
    (topic,) = template.topics
    assert topic.subscriptions == (
        Subscription("email", "someone@example.com"),
        Subscription("lambda", function(template, "Greeter").qualified_arn),
    )


def test_a_rule_has_its_pattern_and_targets(tmp_path: Path) -> None:
    """References inside a pattern are resolved too."""
    (rule,) = system(tmp_path).rules
    prefix = "arn:aws:lambda:us-east-1:123456789012:function:countersign-Worker:"
    assert rule.pattern == {"source": ["aws.lambda"], "detail": {"functionArn": [{"prefix": prefix}]}}
    (target,) = rule.targets
    assert target.arn.endswith(":countersign-Greeter:live")
    assert target.dead_letter_arn == "arn:aws:sqs:us-east-1:123456789012:countersign-DeadLetters"
    assert target.maximum_retries == 4


def test_the_page_gets_the_headers_of_the_policy(tmp_path: Path) -> None:
    """They are spelt as CloudFront sends them."""
    assert system(tmp_path).response_headers == {
        "content-security-policy": "default-src 'self'",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "permissions-policy": "camera=()",
    }


def test_samconfig_sets_local_parameters_and_the_environment_wins(tmp_path: Path) -> None:
    """The default counts last."""
    (tmp_path / "samconfig.toml").write_text(
        '[local.local_invoke.parameters]\nparameter_overrides = "WaitSeconds=10 LogLevel=DEBUG"\n', "utf-8"
    )
    template = system(tmp_path, {"WAIT_SECONDS": "5"})
    assert (template.parameters["WaitSeconds"], template.parameters["LogLevel"]) == ("5", "DEBUG")
    assert function(template, "Greeter").environment["GONE"] == "here"


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("Timeout: 2", "Timeout: soon", "Worker.Timeout: expected a whole number, found 'soon'"),
        ("!Ref News\n", "!Ref Old\n", "Greeter.Environment.Variables.TOPIC: refers to Old, which is"),
        ("CodeUri: code\n      Handler: w", "CodeUri: no\n      Handler: w", "Worker.CodeUri: there is no"),
        ("worker.handler.h", "worker.missing.h", "Worker.Handler: worker.missing.handler is not a function"),
        ("Layers: [!Ref Layer]", "Layers: [!Ref News]", "Greeter.Layers.0: arn:aws:sns:"),
        ("Type: AWS::SQS::Queue", "Kind: AWS::SQS::Queue", "DeadLetters: expected a resource with a Type"),
        ("DefaultAuthorizer: Jwt", "DefaultAuthorizer: Jot", "Pages.Auth.DefaultAuthorizer: Jot is not an"),
        ("AttributeName: sk, KeyType", "AttributeName: sj, KeyType", "sj is missing from Attribute"),
        ("!Condition Verbose", "!Condition Loud", "condition Loud is not in the template"),
        ('!Join ["-", [a', '!Cidr ["-", [a', "Greeter.Environment.Variables.JOINED: Fn::Cidr is not known"),
        ("[Limits, local, Memory]", "[Limits, aws, Memory]", "Greeter.MemorySize: Fn::FindInMap cannot be"),
        ("LogFormat: JSON", "LogFormat: XML", "LoggingConfig.LogFormat: XML is not one of Text, JSON"),
        ("LogFormat: JSON", "ApplicationLogLevel: INFO", "ApplicationLogLevel needs LogFormat: JSON"),
        ("Default: 60", "Default: 0", "template.yaml.Parameters.WaitSeconds.Default must be at least 1, not '0'"),
        ("Resources:", "Resources: [", "not valid YAML"),
        ("Resources:", "Things:", "template.yaml: Resources: expected a mapping of resources"),
    ],
)
def test_a_broken_template_is_one_line_that_names_the_place(tmp_path: Path, old: str, new: str, line: str) -> None:
    """A person can go straight to what is wrong."""
    assert old in small_system.TEMPLATE
    with pytest.raises(TemplateError) as caught:
        system(tmp_path, template=small_system.TEMPLATE.replace(old, new, 1))
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (text, "a number")
        for text in ("", " ", "10 ", "soon", "1e3", "1_0", "\uff11\uff10", "nan", "inf", "0x10", "1" * 5000)
    ]
    + [("0", "at least 1"), ("-5", "at least 1"), ("0.5", "at least 1"), ("3601", "at most 3600")],
)
def test_a_number_of_the_shell_that_is_none_is_refused_by_the_name_of_its_variable(
    tmp_path: Path, text: str, rule: str
) -> None:
    """What Python's float() would take and CloudFormation does not document is refused, too."""
    with pytest.raises(TemplateError) as caught:
        system(tmp_path, {"WAIT_SECONDS": text})
    assert str(caught.value) == f"WAIT_SECONDS must be {rule}, not {text!r}"


def test_a_value_of_samconfig_that_breaks_a_rule_is_refused_by_its_place(tmp_path: Path) -> None:
    """The template itself is not to blame."""
    (tmp_path / "samconfig.toml").write_text(
        '[local.local_invoke.parameters]\nparameter_overrides = "LogLevel=LOUD"\n', "utf-8"
    )
    with pytest.raises(TemplateError, match=r"^samconfig\.toml: LogLevel must be one of DEBUG, INFO, not 'LOUD'$"):
        system(tmp_path)


def test_only_the_waits_are_taken_from_the_shell(tmp_path: Path) -> None:
    """LOG_LEVEL and SHARDS are set in many shells and mean other programs there."""
    parameters = system(tmp_path, {"LOG_LEVEL": "debug", "ORIGINS": "*", "WAIT_SECONDS": "5"}).parameters
    assert parameters == {"LogLevel": "INFO", "Origins": "https://a.example,https://b.example", "WaitSeconds": "5"}


def test_a_missing_template_is_named(tmp_path: Path) -> None:
    """The file that is not there is in the message."""
    with pytest.raises(TemplateError, match=r"template\.yaml: No such file"):
        read(tmp_path / "template.yaml", {})


def test_an_override_of_an_unknown_parameter_is_refused(tmp_path: Path) -> None:
    """A misspelt name would silently do nothing."""
    (tmp_path / "samconfig.toml").write_text(
        '[local.local_invoke.parameters]\nparameter_overrides = ["WaitSecond=10"]\n', "utf-8"
    )
    with pytest.raises(TemplateError, match="WaitSecond is not a parameter"):
        system(tmp_path)
