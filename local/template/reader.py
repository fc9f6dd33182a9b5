"""From the template file to the description of the system."""

import os
from collections.abc import Mapping
from pathlib import Path

from local.template import document
from local.template.declared import Declared
from local.template.functions import read_functions
from local.template.headers import read_headers
from local.template.http import read_http_api
from local.template.model import Template
from local.template.names import ACCOUNT, REGION
from local.template.resources import (
    read_buckets,
    read_event_sources,
    read_queues,
    read_rules,
    read_tables,
    read_topics,
)


def read(path: Path, environment: Mapping[str, str] | None = None) -> Template:
    """Read a template with the local parameter values of the samconfig.toml beside it.

    Args:
        path: The template file; code and layer folders are relative to its folder.
        environment: Overrides of parameters by upper-snake name; the process environment by default.

    Raises:
        TemplateError: The template cannot be run; one line that names the resource and the property.

    """
    content = document.load(path)
    declared = Declared.of(content, path, os.environ if environment is None else environment)
    return Template(
        folder=declared.folder,
        region=REGION,
        account=ACCOUNT,
        parameters=declared.parameters,
        functions=read_functions(declared),
        http_api=read_http_api(declared),
        tables=read_tables(declared),
        buckets=read_buckets(declared),
        topics=read_topics(declared),
        rules=read_rules(declared),
        response_headers=read_headers(declared),
        queues=read_queues(declared),
        event_sources=read_event_sources(declared),
    )
