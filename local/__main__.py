"""`python -m local`: the whole system on this machine, until Ctrl-C; `python -m local COMMAND` asks a running one."""

import argparse
import logging
import sys
from pathlib import Path

from local import supervisor
from local.folder import StartError
from local.output import LogLines
from local.receiving import REQUEST_SECONDS
from local.template import TemplateError, read

_CANNOT_START = 2
_INTERRUPTED = 130


def main() -> int:
    """Run a stack, or a command on one; 2 with one line on standard error when that cannot be done."""
    if sys.argv[1:] and not sys.argv[1].startswith("-"):
        from local import commands

        return commands.main(sys.argv[1:])
    given = _options()
    logging.basicConfig(level=logging.WARNING, handlers=[LogLines()])
    try:
        template = read(given.template)
        settings = (given.port, given.data, given.ephemeral, given.follow, given.request_seconds)
        supervisor.run(template, supervisor.Options(*settings))
    except (TemplateError, StartError) as error:
        print(f"countersign: {error}", file=sys.stderr)
        return _CANNOT_START
    except KeyboardInterrupt:
        return _INTERRUPTED
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m local",
        description="The whole system on this machine.",
        epilog="While it runs: python -m local orders|show|timeline|decide|stop|export|replay (each has --help).",
    )
    parser.add_argument("--port", type=int, default=8000, help="of the page and the API; 0 takes a free one")
    parser.add_argument("--data", type=Path, default=Path(".local"), help="the folder that keeps the state")
    parser.add_argument("--ephemeral", action="store_true", help="keep the state for this run only")
    parser.add_argument("--follow", action="store_true", help="run the code as it is edited, as $LATEST does")
    parser.add_argument(
        "--request-seconds", type=float, default=REQUEST_SECONDS, help="how long a caller may take to send a request"
    )
    parser.add_argument("--template", type=Path, default=Path("template.yaml"), help="the system to stand up")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
