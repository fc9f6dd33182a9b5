"""The notifier: messages on behalf of the workflow, and what to do when an execution ends.

Lambda imports it in the function's init. A configuration that cannot be used fails there, and the error says where.
"""

from orders.wiring import configuration

configuration()
