"""The approval API: a function behind an HTTP API, whose routes only parse, call one service and render.

Lambda imports it in the function's init. A configuration that cannot be used fails there, and the error says where.
"""

from orders.wiring import configuration

configuration()
