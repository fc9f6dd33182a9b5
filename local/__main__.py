"""`python -m local`: the whole system on this machine, until Ctrl-C; `python -m local COMMAND` asks a running one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from local.shell import use_installed_python

if TYPE_CHECKING:
    import argparse

_CANNOT_START = 2
_INTERRUPTED = 130
_PORT, _DATA = 8000, ".local"


def main() -> int:
    """Run a stack, or a command on one; 2 with one line on standard error when that cannot be done."""
    from local.output import give_up_output, write_what_can_be_written

    write_what_can_be_written()
    try:
        return _do_what_was_asked()
    finally:
        try:
            sys.stdout.flush()
        except OSError as error:
            sys.exit(give_up_output(error))


def _do_what_was_asked() -> int:
    if sys.argv[1:] and not sys.argv[1].startswith("-"):
        from local import commands

        return commands.main(sys.argv[1:])
    return _run(_options())


def _run(given: argparse.Namespace) -> int:
    import logging

    from local import supervisor
    from local.folder import StartError
    from local.output import LogLines
    from local.template import TemplateError, read

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
    from local.choices import Options
    from local.receiving import REQUEST_SECONDS

    parser = Options(
        prog="python -m local",
        description="The whole system on this machine.",
        epilog="While it runs: python -m local orders|show|timeline|decide|stop|export|replay (each has --help).",
    )
    parser.add_argument("--port", type=_port, default=_PORT, help="of the page and the API; 0 takes a free one")
    parser.add_argument("--data", type=_folder, default=Path(_DATA), help="the folder that keeps the state")
    parser.add_switch("--ephemeral", "keep the state for this run only")
    parser.add_switch("--follow", "run the code as it is edited, as $LATEST does")
    parser.add_argument(
        "--request-seconds", type=float, default=REQUEST_SECONDS, help="how long a caller may take to send a request"
    )
    parser.add_argument("--template", type=Path, default=Path("template.yaml"), help="the system to stand up")
    return parser.parse_args()


def _port(text: str) -> int:
    """A port; an empty make variable, as `PORT= make run` sets it, means the usual one."""
    from local.choices import whole_number

    return whole_number(text) if text else _PORT


def _folder(text: str) -> Path:
    """A folder; a shell leaves `~` alone in `DATA=~/orders`, and an empty make variable means the usual folder."""
    from local.choices import ChoiceError

    try:
        return Path(text or _DATA).expanduser()
    except RuntimeError as error:
        raise ChoiceError(f"{text} names a home folder that does not exist") from error


if __name__ == "__main__":
    use_installed_python(sys.argv[1:])
    sys.exit(main())
