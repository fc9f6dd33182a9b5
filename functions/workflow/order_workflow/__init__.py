"""The durable order workflow: one execution for each order.

Lambda imports it in the function's init. An invalid configuration fails the init with an error that names its place.
"""

from orders.wiring import configuration

configuration()
