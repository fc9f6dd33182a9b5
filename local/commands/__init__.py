"""The command line of a running stack: `python -m local orders|show|timeline|decide|stop|export|replay`.

Everybody here is a person at a keyboard: each command signs in as one of the local identities and asks the HTTP API
what the page asks. Only `export` speaks to the durable service itself, whose history is what it writes down.

    arguments   what can be typed
    stack       the running stack, found by its folder
    orders      looking: a table of orders, one order
    acting      deciding, stopping
    timeline    what the execution does, as bars
    terminal    what they print on
    histories   writing a history down, and running it against today's code
"""

from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Run one command; 2 with one line on standard error when it cannot be done, 130 when interrupted."""
    from local.commands.arguments import run

    return run(arguments)
