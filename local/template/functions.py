"""Functions: where their code is, and how it is to be run."""

from collections.abc import Mapping
from pathlib import Path

from local.template.declared import Declared
from local.template.document import Node, TemplateError
from local.template.model import Durable, Function, Logging

_LAMBDA_DEFAULT_TIMEOUT = 3
_LAMBDA_DEFAULT_MEMORY = 128
_DEFAULT_RETENTION_DAYS = 14
_LOG_FORMATS = ("Text", "JSON")
_LOG_LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")


def read_functions(declared: Declared) -> tuple[Function, ...]:
    """Every function, its layers as folders."""
    layers = {
        declared.names.arn(logical_id): _folder(declared, properties.at("ContentUri"))
        for logical_id, properties in declared.of_type("AWS::Serverless::LayerVersion")
    }
    found = declared.of_type("AWS::Serverless::Function")
    return tuple(_function(declared, logical_id, properties, layers) for logical_id, properties in found)


def _function(declared: Declared, logical_id: str, properties: Node, layers: Mapping[str, Path]) -> Function:
    code = _folder(declared, properties.at("CodeUri"))
    alias = properties.at("AutoPublishAlias")
    variables = properties.at("Environment").at("Variables").members()
    return Function(
        logical_id=logical_id,
        name=declared.names.physical(logical_id),
        arn=declared.names.arn(logical_id),
        handler=_handler(properties.at("Handler"), code),
        code=code,
        layers=tuple(_layer(item, layers) for item in properties.at("Layers").items()),
        environment={name: value.text() for name, value in variables},
        timeout_seconds=properties.at("Timeout").integer(_LAMBDA_DEFAULT_TIMEOUT),
        memory_mb=properties.at("MemorySize").integer(_LAMBDA_DEFAULT_MEMORY),
        alias=None if alias.missing else alias.text(),
        durable=_durable(properties.at("DurableConfig")),
        logging=_logging(properties.at("LoggingConfig")),
    )


def _handler(node: Node, code: Path) -> str:
    handler = node.text()
    module, dot, _ = handler.rpartition(".")
    file = code.joinpath(*module.split(".")).with_suffix(".py")
    if not dot or not file.is_file():
        raise TemplateError(f"{node.path}: {handler} is not a function of a module in {code.name}")
    return handler


def _folder(declared: Declared, node: Node) -> Path:
    folder = declared.folder / node.text()
    if not folder.is_dir():
        raise TemplateError(f"{node.path}: there is no folder {node.text()}")
    return folder


def _layer(item: Node, layers: Mapping[str, Path]) -> Path:
    if item.text() not in layers:
        raise TemplateError(f"{item.path}: {item.text()} is not a layer of this template")
    return layers[item.text()]


def _durable(node: Node) -> Durable | None:
    if node.missing:
        return None
    retention = node.at("RetentionPeriodInDays").integer(_DEFAULT_RETENTION_DAYS)
    return Durable(node.at("ExecutionTimeout").integer(), retention)


def _logging(node: Node) -> Logging:
    log_format = _one_of(node.at("LogFormat"), _LOG_FORMATS) or "Text"
    level = _one_of(node.at("ApplicationLogLevel"), _LOG_LEVELS)
    if level and log_format == "Text":
        raise TemplateError(f"{node.path}: ApplicationLogLevel needs LogFormat: JSON, as on AWS")
    return Logging(log_format, level or ("INFO" if log_format == "JSON" else None))


def _one_of(node: Node, allowed: tuple[str, ...]) -> str | None:
    """Return the node's text, which must be one of a few; None for a missing node."""
    if node.missing:
        return None
    if node.text() not in allowed:
        raise TemplateError(f"{node.path}: {node.text()} is not one of {', '.join(allowed)}")
    return node.text()
