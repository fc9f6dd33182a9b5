"""`python -m local replay`: histories of a running stack on today's workflow code, and on code that was changed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from local import commands
from tests.orders import ATLAS, Orders
from tests.stack import ROOT, Stack


@pytest.fixture(scope="module")
def histories(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What `export` wrote of an order that is complete, one that waits, one that was rejected and one that retried."""
    folder = tmp_path_factory.mktemp("histories")
    with Stack(folder / "data") as stack:
        orders = Orders(stack)
        placed = {name: orders.submit(ATLAS) for name in ("completed", "waiting", "rejected")}
        placed["retried"] = orders.submit(ATLAS, customer="gateway-flaky")
        for order_id in placed.values():
            orders.until(order_id, "PENDING_APPROVAL")
        orders.decide(placed["completed"], "approve")
        orders.decide(placed["rejected"], "reject", reason="Too dear")
        orders.until_ended(placed["completed"])
        orders.until_ended(placed["rejected"])
        files = {name: folder / f"{name}.json" for name in placed}
        for name, order_id in placed.items():
            assert commands.main(["export", order_id, "--data", str(stack.data), "--output", str(files[name])]) == 0
    return files


Replay = Callable[..., tuple[int, list[str]]]


@pytest.fixture
def replay(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Replay:
    """Replay files; the exit code and the lines that were printed."""
    monkeypatch.chdir(ROOT)

    def run(*files: Path, template: Path = ROOT / "template.yaml") -> tuple[int, list[str]]:
        capsys.readouterr()
        code = commands.main(["replay", *map(str, files), "--template", str(template)])
        said = capsys.readouterr()
        return code, (said.out + said.err).splitlines()

    return run


def changed(folder: Path, module: str, old: str, new: str) -> Path:
    """The template of a copy of the project with one thing changed in the workflow."""
    for name in ("layers", "frontend", "samconfig.toml"):
        (folder / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "template.yaml", folder)
    shutil.copytree(ROOT / "functions", folder / "functions")
    source = folder / "functions" / "workflow" / "order_workflow" / f"{module}.py"
    text = source.read_text("utf-8")
    assert text.count(old) == 1
    source.write_text(text.replace(old, new), "utf-8")
    return folder / "template.yaml"


def test_todays_code_finds_everything_it_recorded(histories: dict[str, Path], replay: Replay) -> None:
    code, lines = replay(*histories.values())

    assert code == 0
    assert [line.split()[0] for line in lines] == ["same"] * len(histories)


def test_a_history_that_was_cut_anywhere_is_never_taken_for_a_divergence(
    histories: dict[str, Path], replay: Replay, tmp_path: Path
) -> None:
    """As it is read while its order moves: nothing is missed, and no step's body is run to find out what comes next."""
    cuts = []
    for name, file in histories.items():
        document = json.loads(file.read_text("utf-8"))
        for end in range(1, len(document["Events"])):
            cuts.append(tmp_path / f"{name}-{end}.json")
            cuts[-1].write_text(json.dumps(document | {"Events": document["Events"][:end]}), "utf-8")

    code, lines = replay(*cuts)

    assert code == 0
    assert len(lines) == len(cuts) > 100
    assert {line.split()[0] for line in lines} == {"same", "appended"}
    first = next(line for line in lines if "completed-1.json" in line)
    assert first.endswith("0 operations, after which today's code begins step register-order")


CHARGE = 'context.step(steps.begin_charge(order), name="begin-charge", config=retries.STORAGE)'
FINISH = """    announce_outcome(context, order, status)
    if awaited and status is not Status.NEEDS_ATTENTION:
        report_to_state_machine(context, order)
    return {"orderId": order["orderId"], "status": status.value}"""
DIVERGENCES = {
    "renamed": ("charge", '"begin-charge"', '"start-charge"', "step begin-charge"),
    "inserted": (
        "charge",
        f"    if not {CHARGE}",
        f'    context.wait(Duration.from_seconds(1), name="breathe")\n    if not {CHARGE}',
        "step begin-charge",
    ),
    "removed": ("handler", FINISH, FINISH.replace("    announce", "    # announce"), "chained invoke announce-outcome"),
    "retyped": (
        "charge",
        'context.step(steps.complete_order(order), name="complete-order", config=retries.STORAGE)',
        'str(context.create_callback(name="complete-order").result())',
        "step complete-order",
    ),
    "another end": ("handler", FINISH, FINISH.replace("status.value}", '"LOST"}'), "the end"),
    "an error": ("handler", FINISH, f'{FINISH[:45]}\n    raise KeyError("status")', "chained invoke announce-outcome"),
}


@pytest.mark.parametrize("change", DIVERGENCES)
def test_a_change_that_loses_the_way_is_named_with_its_place(
    histories: dict[str, Path], replay: Replay, tmp_path: Path, change: str
) -> None:
    module, old, new, place = DIVERGENCES[change]
    template = changed(tmp_path, module, old, new)

    code, lines = replay(histories["completed"], histories["waiting"], template=template)

    assert code == 1
    assert lines[0].startswith("diverged ")
    assert f"at {place} it goes another way: " in lines[0]
    assert lines[1].startswith("same "), "an order that is not there yet can still go that way"


def test_a_change_behind_the_end_is_called_appended(histories: dict[str, Path], replay: Replay, tmp_path: Path) -> None:
    more = FINISH.replace("    return", '    context.wait(Duration.from_seconds(1), name="breathe")\n    return')
    imported = "from aws_durable_execution_sdk_python.config import Duration\n"
    template = changed(tmp_path, "handler", FINISH, more)
    source = tmp_path / "functions" / "workflow" / "order_workflow" / "handler.py"
    marker = "from order_workflow import retries, steps\n"
    source.write_text(source.read_text("utf-8").replace(marker, imported + marker), "utf-8")

    code, lines = replay(histories["completed"], template=template)

    assert code == 0
    assert lines[0].startswith("appended ")
    assert lines[0].endswith("after which today's code begins wait breathe")


def test_what_is_no_history_is_one_line(replay: Replay, tmp_path: Path) -> None:
    for content, words in (
        ("{", "is not JSON"),
        ("{}", "has no Events"),
        ('{"Events": []}', "not the start of an execution"),
        ('{"Events": [{"EventType": "Surprise"}]}', "not the events of a durable execution"),
    ):
        file = tmp_path / "history.json"
        file.write_text(content, "utf-8")
        code, lines = replay(file)
        assert (code, len(lines)) == (2, 1), lines
        assert words in lines[0]
    assert replay(tmp_path / "nothing")[0] == 2


def test_code_that_does_not_load_is_one_line(histories: dict[str, Path], replay: Replay, tmp_path: Path) -> None:
    template = changed(tmp_path, "handler", "import retries, steps", "import retries, steps, nothing")

    code, lines = replay(histories["completed"], template=template)

    assert code == 2
    assert "does not load: ImportError" in lines[-1]
