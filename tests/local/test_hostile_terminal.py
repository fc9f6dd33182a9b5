"""A terminal shows what people wrote and obeys none of it: in every command, and in the log."""

from __future__ import annotations

import ast
import io
import json
import unicodedata
from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local import commands
from local.commands import acting, orders, timeline
from local.commands.stack import RunningStack
from local.output import as_json, visible
from local.screen import Screen
from tests.hostile_texts import HOSTILE

AT = "2026-11-02T12:00:00.000Z"
ORDER_ID = "o" + "a" * 26
BIDI_CONTROLS = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
ANY_TEXT = st.one_of(st.text(), st.text(st.sampled_from("a \n\r\t\x1b\x9b\x7f\u202e\u2067\u2069\u2028[/]:1.")))


def obeyed(shown: str) -> set[str]:
    """The characters that a terminal would act upon; the ends of lines are the program's own."""
    acting = {each for each in shown if unicodedata.category(each) in {"Cc", "Cs", "Zl", "Zp"}}
    return (acting | BIDI_CONTROLS & {*shown}) - {"\n"}


def answers(text: str) -> dict[str, Any]:
    """What the API says of an order in which somebody wrote this wherever a text is."""
    decision = {"by": text, "verdict": "reject", "reason": text, "at": AT}
    level = {"level": 1, "role": "managers", "quorum": 1, "outcome": "rejected", "deadline": AT}
    order = {
        "orderId": ORDER_ID,
        "status": "REJECTED",
        "level": 1,
        "actions": [],
        "lineCount": 1,
        "total": 396000,
        "currency": "EUR",
        "submittedAt": AT,
        "deadline": AT,
        "levels": [{**level, "decisions": [decision]}],
        "customer": text,
        "requester": text,
        "note": text,
        "outcomeReason": text,
    }
    entry = {"seq": 1, "at": AT, "actor": text, "event": "submitted", "from": None, "to": "SUBMITTED"}
    ran = {"status": "SUCCEEDED", "startedAt": AT, "endedAt": AT}
    operation = {**ran, "id": "1", "parentId": None, "type": "STEP", "name": text, "attempts": list[str]()}
    execution = {**ran, "cursor": 1, "nextPollMs": None, "invocations": list[str](), "operations": [operation]}
    return {
        "/local/token": {"accessToken": "token"},
        "/orders": {"items": [order], "nextCursor": None},
        f"/orders/{ORDER_ID}": order,
        f"/orders/{ORDER_ID}/audit": {"items": [entry]},
        f"/orders/{ORDER_ID}/execution": execution,
        f"/orders/{ORDER_ID}/decisions": {"by": text, "verdict": "approve", "level": 1, "outcome": "approved"},
        f"/orders/{ORDER_ID}/stop": order,
    }


@dataclass
class Said:
    """An HTTP answer."""

    data: bytes
    status: int = 200


@dataclass
class Api:
    """Answers a command as the API would, with this text in every place."""

    text: str
    status: int = 200
    asked: list[str] = field(default_factory=list)

    def request(self, _method: str, address: str, **_: object) -> Said:
        """Answer, or refuse in the words of the text."""
        path = address.partition("?")[0].removeprefix("http://stack")
        self.asked.append(path)
        if self.status != 200 and path != "/local/token":
            problem = {"detail": self.text, "code": "x", "errors": [{"pointer": f"/{self.text}", "detail": self.text}]}
            return Said(json.dumps(problem).encode(), self.status)
        return Said(json.dumps(answers(self.text)[path]).encode())


def stack_of(api: Api) -> RunningStack:
    """A running stack that is only its API."""
    return RunningStack(Path("data"), "http://stack", "http://stack", pool=api)  # type: ignore[arg-type]  # as far as used


Command = Callable[[RunningStack, Namespace], None]
COMMANDS: dict[str, Command] = {
    "orders": orders.show_table,
    "show": orders.show_order,
    "timeline": timeline.show,
    "decide": acting.decide,
    "stop": acting.stop,
}
GIVEN = Namespace(
    order=ORDER_ID,
    person="auditor-1",
    status=None,
    limit=25,
    follow=False,
    level=1,
    verdict="approve",
    reason="So it is",
)
SHOW_TEXTS = {"orders", "show", "decide"}


def printed(command: Command, text: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What a command prints about an order with this text."""
    command(stack_of(Api(text)), GIVEN)
    return capsys.readouterr().out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_shows_every_text_and_obeys_none(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "9000")
    lines = printed(COMMANDS[name], "acme", capsys).count("\n")

    for each in HOSTILE.values():
        shown = printed(COMMANDS[name], each.text, capsys)

        assert obeyed(shown) == set(), each.text
        assert shown.count("\n") == lines, each.text
        if name in SHOW_TEXTS:
            assert visible(each.text).strip() in shown, each.text


def test_a_customer_with_brackets_is_shown_to_the_letter(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "140")

    assert "Müller [/Bau] GmbH" in printed(orders.show_table, "Müller [/Bau] GmbH", capsys)
    assert ":bomb: [bold]x" in printed(orders.show_order, ":bomb: [bold]x", capsys)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_refusal_is_one_line_whatever_it_quotes(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = stack_of(Api(HOSTILE[name].text, status=422))
    monkeypatch.setattr(RunningStack, "at", lambda _: refusing)

    assert commands.main(["show", ORDER_ID]) == 2

    said = capsys.readouterr()
    assert (said.out, said.err.count("\n"), obeyed(said.err)) == ("", 1, set())


def test_no_command_makes_a_console_of_its_own() -> None:
    """One console knows that texts have no meaning; a second one could forget."""
    makers = [
        path.name
        for path in Path(commands.__file__).parent.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Console"
    ]

    assert set(makers) == {"terminal.py"}


# --- the log ----------------------------------------------------------------------------------------------------------


def logged(**entry: Any) -> tuple[str, str]:
    """What the terminal shows of an entry, without colors, and what its file has."""
    terminal, kept = io.StringIO(), list[str]()

    def keep(line: str) -> bool:
        kept.append(f"{line}\n")
        return True

    Screen(terminal, keep, colors=False)("countersign-Notifier", None, json.dumps(entry))
    return terminal.getvalue(), "".join(kept)


@given(ANY_TEXT)
def test_the_log_on_the_screen_is_one_line_for_each_entry(text: str) -> None:
    terminal, file = logged(level="ERROR", message=text, extra=text, order_id=text)

    assert obeyed(terminal) == obeyed(file) == set()
    assert terminal.count("\n") == file.count("\n") == 1
    assert json.loads(file)["message"] == text


@given(ANY_TEXT)
def test_an_error_in_the_log_has_no_effect_on_the_screen(text: str) -> None:
    terminal, _ = logged(message="it broke", errorType="ValueError", errorMessage=text)

    assert obeyed(terminal) == set()
    assert terminal.count("\n") == 2


@given(ANY_TEXT)
def test_a_line_of_json_says_the_same_and_does_nothing(text: str) -> None:
    line = as_json({"message": text})

    assert json.loads(line) == {"message": text}
    assert obeyed(line) == set()
    assert "\n" not in line


@given(ANY_TEXT)
def test_a_visible_text_is_one_line(text: str) -> None:
    assert obeyed(visible(text)) == set()
    assert len(visible(text).splitlines()) <= 1
