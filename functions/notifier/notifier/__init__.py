"""The notifier: sends the workflow's messages, and updates orders whose execution has ended.

Lambda imports it in the function's init. An invalid configuration fails the init with an error that names its place.
"""

from orders.wiring import configuration

configuration()
