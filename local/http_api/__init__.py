"""The public port: the page, the HTTP API with its authorizer, and the development sign-in.

`gateway()` makes the ASGI application; what it serves comes from the template.
"""

from local.http_api.app import gateway

__all__ = ["gateway"]
