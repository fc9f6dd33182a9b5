"""The response headers policy of the page, as the headers CloudFront would send."""

from local.template.declared import Declared
from local.template.document import Node


def read_headers(declared: Declared) -> dict[str, str]:
    """Header name and value, from every response headers policy of the template."""
    headers: dict[str, str] = {}
    for _, properties in declared.of_type("AWS::CloudFront::ResponseHeadersPolicy"):
        config = properties.at("ResponseHeadersPolicyConfig")
        headers |= _security(config.at("SecurityHeadersConfig"))
        for item in config.at("CustomHeadersConfig").at("Items").items():
            headers[item.at("Header").text().lower()] = item.at("Value").text()
    return headers


def _security(config: Node) -> dict[str, str]:
    headers: dict[str, str] = {}
    if not config.at("ContentSecurityPolicy").missing:
        policy = config.at("ContentSecurityPolicy").at("ContentSecurityPolicy")
        headers["content-security-policy"] = policy.text()
    if not config.at("ContentTypeOptions").missing:
        headers["x-content-type-options"] = "nosniff"
    if not config.at("FrameOptions").missing:
        headers["x-frame-options"] = config.at("FrameOptions").at("FrameOption").text()
    if not config.at("ReferrerPolicy").missing:
        headers["referrer-policy"] = config.at("ReferrerPolicy").at("ReferrerPolicy").text()
    if not config.at("StrictTransportSecurity").missing:
        headers["strict-transport-security"] = _transport(config.at("StrictTransportSecurity"))
    return headers


def _transport(node: Node) -> str:
    value = f"max-age={node.at('AccessControlMaxAgeSec').integer()}"
    if node.at("IncludeSubdomains").flag(default=False):
        value += "; includeSubDomains"
    return value + ("; preload" if node.at("Preload").flag(default=False) else "")
