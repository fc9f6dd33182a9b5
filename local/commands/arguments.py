"""What can be typed after `python -m local`, and how it ends."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from local.choices import Options, whole_number
from local.commands import acting, histories, orders, timeline
from local.commands.stack import CommandError, RunningStack
from local.output import give_up_output

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[Options]  # noqa: SLF001 - argparse has no other name for it

Command = Callable[[argparse.Namespace], None]
_REFUSED = 2
_INTERRUPTED = 130


def run(arguments: Sequence[str]) -> int:
    """Do what was typed; see `local.commands.main`."""
    given = _parser().parse_args(arguments)
    command: Command = given.command
    try:
        command(given)
    except histories.DivergedError:
        return 1
    except CommandError as error:
        print(f"countersign: {error}", file=sys.stderr)
        return _REFUSED
    except OSError as error:  # the commands themselves turn every other one into a CommandError
        return give_up_output(error)
    except KeyboardInterrupt:
        return _INTERRUPTED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = Options(prog="python -m local", description="Look at a running stack and act on it.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_looking(commands)
    _add_acting(commands)
    _add_histories(commands)
    return parser


def _add_looking(commands: Commands) -> None:
    listing = _on_stack(commands, "orders", "the newest orders", orders.show_table, person="auditor-1")
    listing.add_argument("--status", type=str.upper, help="only these, such as PENDING_APPROVAL")
    listing.add_argument("--limit", type=whole_number, default=25, help="how many at most, up to 100 (25)")
    _on_order(commands, "show", "one order, with its levels and its audit", orders.show_order, person="auditor-1")
    bars = _on_order(commands, "timeline", "what its execution did, as bars", timeline.show, person="auditor-1")
    bars.add_argument("--follow", action="store_true", help="stay until the execution has ended")


def _add_acting(commands: Commands) -> None:
    decide = _on_order(commands, "decide", "approve or reject its open level", acting.decide)
    decide.add_argument("verdict", choices=("approve", "reject"))
    decide.add_argument("--level", type=whole_number, help="the level you mean; the open one by default")
    decide.add_argument("--reason", help="needed to reject")
    stop = _on_order(commands, "stop", "stop its execution: the order then needs attention", acting.stop, "operator-1")
    stop.add_argument("--reason", required=True, help="for the audit")


def _add_histories(commands: Commands) -> None:
    export = _on_order(commands, "export", "write its history down, without callback ids", histories.export)
    export.add_argument("--recovery", type=whole_number, metavar="N", help="of its recovery number N instead")
    export.add_argument("--output", type=Path, help="the file; standard output by default")
    replay = commands.add_parser("replay", help="run written histories against today's workflow code, without effects")
    replay.add_argument("files", nargs="+", type=Path, metavar="FILE", help="from export, or the AWS CLI's")
    replay.add_argument("--template", type=Path, default=Path("template.yaml"), help="the system with today's code")
    replay.set_defaults(command=histories.replay_files)


def _on_stack(
    commands: Commands,
    name: str,
    words: str,
    command: Callable[[RunningStack, argparse.Namespace], None],
    person: str | None = None,
) -> argparse.ArgumentParser:
    """A command that needs a running stack, and somebody to sign in as."""
    parser = commands.add_parser(name, help=words, description=words)
    parser.add_argument("--data", type=Path, default=Path(".local"), help="the folder of the running stack (.local)")
    if command is not histories.export:
        words = f"who asks ({person})" if person else "who asks, such as manager-1"
        parser.add_argument("--as", dest="person", default=person, required=person is None, help=words)
    parser.set_defaults(command=lambda given: command(RunningStack.at(given.data), given))
    return parser


def _on_order(
    commands: Commands,
    name: str,
    words: str,
    command: Callable[[RunningStack, argparse.Namespace], None],
    person: str | None = None,
) -> argparse.ArgumentParser:
    """A command about one order."""
    parser = _on_stack(commands, name, words, command, person)
    parser.add_argument("order", metavar="ORDER", help="its id, or enough of the beginning")
    return parser
