"""The approval API: a function behind an HTTP API, whose routes parse a request, call one service and render.

Lambda imports this package during init. An unusable configuration fails the init with an error that names its place.
"""

from orders.wiring import configuration

configuration()
