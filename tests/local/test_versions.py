"""Edits while the stack runs: new orders take the new code, waiting ones keep the old, and $LATEST forgives nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local.folder import StartError
from local.template import read
from local.versions import Versions
from tests.local import small_system
from tests.local.test_disk import no_room
from tests.orders import ATLAS, Orders
from tests.stack import ROOT, Stack, eventually

WORKFLOW = "functions/workflow/order_workflow"


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """A copy of the product that a test may edit."""
    copy = tmp_path / "system"
    for name in ("functions", "layers", "frontend"):
        shutil.copytree(ROOT / name, copy / name)
    for name in ("template.yaml", "samconfig.toml"):
        shutil.copy(ROOT / name, copy / name)
    return copy


def edit(system: Path, file: str, old: str, new: str) -> None:
    """Replace the first occurrence of words in a file, which must be there; the file must stay valid Python."""
    path = system / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


@contextmanager
def running(system: Path, *options: str) -> Iterator[Orders]:
    """The whole stack on the copy."""
    with Stack(system.with_name("data"), template=system / "template.yaml", options=options) as stack:
        yield Orders(stack)


def log_says(stack: Stack, *words: str, seconds: float = 5) -> None:
    """Wait until the stack's log has a line with all these words."""
    eventually(
        lambda: any(all(word in line for word in words) for line in stack.log.read_text("utf-8").splitlines()), seconds
    )


def arn(orders: Orders, order_id: str) -> str:
    """The execution that runs an order."""
    return str(orders._query(f"ORDER#{order_id}", "ORDER")[0]["executionArn"])


def settled(orders: Orders) -> str:
    """A new order that waits for its manager, with its request sent."""
    order_id = orders.submit(ATLAS)
    orders.until(order_id, "PENDING_APPROVAL")
    eventually(lambda: orders.outbox(order_id))
    return order_id


def approved(orders: Orders, order_id: str) -> list[str]:
    """The names of an order's operations, after its manager said yes and it came to its end."""
    assert orders.decide(order_id, "approve").status == 200
    orders.until(order_id, "COMPLETED")
    return [each["name"] for each in orders.until_ended(order_id)["operations"]]


def test_an_order_ends_on_the_version_it_started_with(system: Path) -> None:
    with running(system) as orders:
        old = settled(orders)

        edit(system, f"{WORKFLOW}/handler.py", 'name="register-order"', 'name="note-order"')

        log_says(orders.stack, "countersign-OrderWorkflow", "version 2 takes every new invocation")
        new = settled(orders)
        assert ":countersign-OrderWorkflow:1/durable-execution/" in arn(orders, old)
        assert ":countersign-OrderWorkflow:2/durable-execution/" in arn(orders, new)
        assert "register-order" in approved(orders, old)
        assert "note-order" in approved(orders, new)


def test_an_edit_of_the_layer_reaches_every_function_within_a_second(system: Path) -> None:
    with running(system) as orders:
        edit(system, "layers/orders/orders/reference/catalogue.json", '"Atlas', '"The new Atlas')

        def renamed() -> bool:
            answer = orders.stack.request("GET", "/catalogue", identity="requester-1")
            return "The new Atlas" in answer.body.decode()

        for name in ("ApprovalApi", "Notifier", "OrderWorkflow"):
            log_says(orders.stack, f"countersign-{name}", "version 2 takes every new invocation")
        assert renamed()


def test_a_version_is_kept_over_restarts_while_an_order_needs_it_and_no_longer(system: Path) -> None:
    with running(system) as orders:
        copies = orders.stack.data / "versions" / "OrderWorkflow"
        old = settled(orders)
        for number in (2, 3, 4):
            edit(system, f"{WORKFLOW}/retries.py", '"""', f"# edit {number}\n" + '"""')
            log_says(orders.stack, "countersign-OrderWorkflow", f"version {number} takes every new invocation")
        eventually(lambda: {place.name for place in copies.iterdir()} == {"1", "3", "4"})

        orders.stack.kill("everything")
        orders.stack.restart()

        assert {place.name for place in copies.iterdir()} == {"1", "3", "4"}
        approved(orders, old)
        orders.stack.restart()
        eventually(lambda: {place.name for place in copies.iterdir()} == {"3", "4"})


def test_what_has_not_changed_is_not_published_again(system: Path) -> None:
    template = read(system / "template.yaml", {})
    folder = system.with_name("versions")
    first = Versions(template, folder, follow=False)
    first.publish()
    assert not first.edited()

    (system / f"{WORKFLOW}/handler.py").touch()

    assert first.edited()
    assert first.publish() == []
    again = Versions(template, folder, follow=False)
    again.publish()
    assert {function.version for function in again.functions} == {"1"}


def test_settings_are_part_of_a_version(system: Path) -> None:
    folder = system.with_name("versions")
    Versions(read(system / "template.yaml", {"REMINDER_SECONDS": "60"}), folder, follow=False).publish()
    later = Versions(read(system / "template.yaml", {"REMINDER_SECONDS": "90"}), folder, follow=False)

    later.publish()

    numbers = [later.function(f"countersign-OrderWorkflow:{number}") for number in (1, 2, 3)]
    assert [found and found.environment["REMINDER_SECONDS"] for found in numbers] == ["60", "90", None]


def test_latest_takes_an_edit_and_says_where_a_waiting_order_left_its_course(system: Path) -> None:
    with running(system, "--follow") as orders:
        lost, unharmed = settled(orders), settled(orders)
        assert ":countersign-OrderWorkflow:$LATEST/durable-execution/" in arn(orders, lost)
        edit(system, f"{WORKFLOW}/retries.py", '"""', "# changes nothing\n" + '"""')
        log_says(orders.stack, "countersign-OrderWorkflow", "version $LATEST takes every new invocation")
        approved(orders, unharmed)
        edit(system, f"{WORKFLOW}/handler.py", 'name="register-order"', 'name="note-order"')
        eventually(lambda: orders.stack.log.read_text("utf-8").count("takes every new invocation") == 2)

        orders.decide(lost, "approve")

        told = f"{lost} no longer replays on countersign-OrderWorkflow: it diverged at operation 'register-order'"
        log_says(orders.stack, told, "name checkpoint='register-order' current='note-order'")
        orders.until(lost, "NEEDS_ATTENTION")
        assert "note-order" in approved(orders, settled(orders))
        assert not (orders.stack.data / "versions").exists()


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """The template of a small system whose files a test may edit."""
    return small_system.write(tmp_path / "small")


def published(template: Path, data: Path) -> Versions:
    """Its versions, as a start publishes them."""
    versions = Versions(read(template, {}), data, follow=False)
    versions.publish()
    return versions


def test_what_cannot_be_copied_is_ignored_by_name_and_edits_beside_it_are_taken(small: Path, tmp_path: Path) -> None:
    """A link that leads nowhere or back to a folder it lies in, and a pipe; each blocks no edit and no start."""
    code = small.parent / "code"
    (code / "nowhere").symlink_to("gone")
    (code / "greeter" / "circle").symlink_to(code)
    os.mkfifo(code / "pipe")
    versions = published(small, tmp_path / "versions")
    assert versions.unusable() == [str(code / name) for name in ("greeter/circle", "nowhere", "pipe")]

    (code / "greeter" / "fresh.py").write_text("", "utf-8")
    assert versions.edited()
    assert "countersign-Greeter" in [function.name for function in versions.publish()]
    (code / "gone").write_text("", "utf-8")
    assert versions.edited()
    assert not versions.unusable()[0].endswith("nowhere")


def test_a_link_to_a_file_or_folder_elsewhere_is_part_of_a_version(small: Path, tmp_path: Path) -> None:
    """As it was before other links were ignored."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "shared.py").write_text("", "utf-8")
    (small.parent / "code" / "linked").symlink_to(tmp_path / "elsewhere")
    versions = published(small, tmp_path / "versions")
    assert versions.unusable() == []
    assert (tmp_path / "versions" / "Greeter" / "1" / "code" / "linked" / "shared.py").is_file()


def test_an_edit_that_the_disk_does_not_take_is_taken_later(small: Path, tmp_path: Path) -> None:
    """Nothing stays of the half copy, and the edit is not forgotten."""
    versions = published(small, tmp_path / "versions")
    (small.parent / "code" / "greeter" / "fresh.py").write_text("a = 1\n", "utf-8")
    with (
        no_room(os.getpid()),
        pytest.raises(OSError, match=r"version 2 of countersign-Greeter .*File too large"),
    ):
        versions.publish()
    assert [place.name for place in (tmp_path / "versions" / "Greeter").iterdir()] == ["1"]
    assert versions.edited()
    assert "countersign-Greeter" in [function.name for function in versions.publish()]


def test_a_damaged_version_is_refused_by_name(small: Path, tmp_path: Path) -> None:
    """An empty file, as a full disk leaves it."""
    published(small, tmp_path / "versions")
    sheet = tmp_path / "versions" / "Greeter" / "1" / "version.json"
    sheet.write_text("", "utf-8")
    with pytest.raises(StartError, match=f"{sheet} is damaged: restore"):
        published(small, tmp_path / "versions")
