"""The durable order workflow: one execution for each order.

Lambda imports it in the function's init. A configuration that cannot be used fails there, and the error says where.
"""

from orders.wiring import configuration

configuration()
