"""`make run` in the shells, folders and words that people have: it works, or one line says what to change."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from local.folder import StartError, held
from local.shell import needed
from tests.stack import ROOT, Answer, fetch

SHELL = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
PROJECT = ("functions", "layers", "local", "frontend", "scripts", "requirements")
PROJECT_FILES = ("Makefile", "template.yaml", "samconfig.toml")


@contextlib.contextmanager
def make_run(shell: Mapping[str, str], *words: str, folder: Path = ROOT) -> Iterator[str]:
    """A stack that `make run` started in such a shell, by its address."""
    command = ["make", "--no-print-directory", "run", *words]
    with subprocess.Popen(
        command, cwd=folder, env=shell, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        ready = next((line for line in process.stdout or () if line.startswith(b"ready ")), b"")
        try:
            assert ready, (process.stderr or [b""]).read()[-2000:]  # type: ignore[union-attr]
            yield ready.split()[1].decode()
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGINT)
            process.communicate(timeout=20)


def submit(address: str) -> Answer:
    """Place a small order: health alone was answered by stacks that could do nothing else."""
    token = fetch("GET", f"{address}/local/token?identity=requester-1").json()["accessToken"]
    order = {"customer": "acme", "currency": "EUR", "lines": [{"sku": "JUNO-MAIL", "quantity": 1}]}
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": uuid.uuid4().hex}
    return fetch("POST", f"{address}/orders", order, headers)


FULL_SHELL = {
    # of Python
    "PYTHONPATH": "/nowhere",
    "PYTHONSAFEPATH": "1",
    "PYTHONHOME": "/nowhere",
    "PYTHONOPTIMIZE": "2",
    "PYTHONWARNINGS": "error",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUTF8": "0",
    "VIRTUAL_ENV": "/nowhere",
    "PIP_TARGET": "/nowhere",
    # of libraries
    "MOTO_S3_CUSTOM_ENDPOINTS": "http://127.0.0.1:9",
    "WEB_CONCURRENCY": "auto",
    "FORWARDED_ALLOW_IPS": "*",
    "AWS_PROFILE": "nobody",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
    "POWERTOOLS_LOG_LEVEL": "loud",
    # of other programs, with the names of our parameters and of make's own variables
    "LOG_LEVEL": "debug",
    "SHARDS": "many",
    "PROTECT_DATA": "yes",
    "TZ": "Nowhere/Bad",
    "LC_ALL": "C",
    "TMPDIR": "/nowhere",
    "MAKEFLAGS": "-j4",
    "EPHEMERAL": "no",
    "FOLLOW": "off",
}


def test_make_run_takes_orders_in_a_shell_full_of_settings_of_other_programs(tmp_path: Path) -> None:
    """What is not documented for this stack does not reach it; and the state is kept, as EPHEMERAL=no says."""
    with make_run(SHELL | FULL_SHELL, "PORT=0", f"DATA={tmp_path / 'data'}") as address:
        assert submit(address).status == 202
    assert (tmp_path / "data" / "functions.json").exists()


def test_make_run_takes_orders_in_a_shell_that_says_next_to_nothing(tmp_path: Path) -> None:
    """Without a home, and with variables of make that are set and empty; the folder's name needs every quote."""
    data = tmp_path / 'it\'s a "folder" $HOME; \N{LATIN SMALL LETTER E WITH ACUTE} #1'
    shell = {"PATH": SHELL["PATH"], "PORT": "0", "DATA": str(data), "EPHEMERAL": "", "FOLLOW": ""}
    with make_run(shell) as address:
        assert submit(address).status == 202
    assert (data / "functions.json").exists()


def copy_project(folder: Path) -> None:
    """What `make run` needs, with the environment that is installed already."""
    for name in PROJECT:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in PROJECT_FILES:
        shutil.copy(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(ROOT / ".venv")


def test_orders_survive_a_move_of_the_project(tmp_path: Path) -> None:
    """To a path with a space and a letter that is not ASCII; nothing is installed again."""
    before, after = tmp_path / "before", tmp_path / "Bestellungen f\N{LATIN SMALL LETTER U WITH DIAERESIS}r alle"
    copy_project(before)
    with make_run(SHELL, "PORT=0", folder=before) as address:
        order_id = submit(address).json()["orderId"]
    before.rename(after)
    (tmp_path / "link").symlink_to(after)
    with make_run(SHELL, "PORT=0", folder=tmp_path / "link") as address:
        token = fetch("GET", f"{address}/local/token?identity=auditor-1").json()["accessToken"]
        assert fetch("GET", f"{address}/orders/{order_id}", headers={"Authorization": f"Bearer {token}"}).status == 200


def test_a_policy_that_cannot_be_used_ends_the_start_with_its_place(tmp_path: Path) -> None:
    """It was ready before, and answered every route with 500."""
    copy_project(tmp_path)
    policy = tmp_path / "layers/orders/orders/reference/policy.json"
    policy.write_text(policy.read_text("utf-8").replace('"directors"', '"chefs"'), "utf-8")
    ended = ended_run(tmp_path, SHELL, "PORT=0")
    place = "orders/reference/policy.json: /tiers/2/levels/1/role"
    rule = "must be one of managers, directors, finance, not 'chefs'"
    last = f"countersign: countersign-ApprovalApi does not start: {place} {rule}"
    assert (ended.returncode, own_lines(ended)[-1], "ready" in ended.stdout) == (2, last, False)


def ended_run(folder: Path, shell: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """A `make run` that ends by itself; what starts all the same is ended, and does not stay behind."""
    command = ["make", "--no-print-directory", "run", *words]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=folder, env=shell, stdout=pipe, stderr=pipe, text=True, start_new_session=True
    ) as process:
        try:
            said = process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGINT)
            raise
    return subprocess.CompletedProcess(command, process.returncode, *said)


def own_lines(ended: subprocess.CompletedProcess[str]) -> list[str]:
    """What it wrote to standard error, without make's own last line."""
    return [line for line in ended.stderr.splitlines() if not line.startswith("make")]


REFUSED = [
    (
        {"DECISION_WINDOW_SECONDS": "1.5"},
        [],
        "DECISION_WINDOW_SECONDS must be a whole number from 1 to 604800, not '1.5'",
    ),
    ({"BEAT_SECONDS": "10 "}, [], "BEAT_SECONDS must be a whole number from 1 to 3600, not '10 '"),
    ({"REMINDER_SECONDS": ""}, [], "REMINDER_SECONDS must be a whole number from 1 to 604800, not ''"),
    ({}, ["EPHEMERAL=maybe"], "--ephemeral: must be yes or no (or true, false, on, off, 1, 0), not 'maybe'"),
    ({}, ["FOLLOW=2"], "--follow: must be yes or no (or true, false, on, off, 1, 0), not '2'"),
    ({}, ["PORT=80 80"], "--port: must be a whole number, not '80 80'"),
    ({}, ["PORT=0; touch pwned"], "--port: must be a whole number, not '0; touch pwned'"),
    ({}, ["PORT=\uff18\uff10"], "--port: must be a whole number, not '\uff18\uff10'"),
    ({}, ["PORT=65536"], "port 65536 is not between 0 and 65535: choose another PORT"),
    ({}, ["DATA=~nobody-at-all/x"], "--data: ~nobody-at-all/x names a home folder that does not exist"),
    ({}, ["DATA=."], ". holds files that no stack wrote: choose a new or empty folder as DATA"),
    ({}, ["DATA=Makefile"], "Makefile cannot hold the state: File exists"),
]


@pytest.mark.parametrize(("shell", "words", "line"), REFUSED)
def test_a_setting_that_cannot_be_used_is_one_line(shell: dict[str, str], words: list[str], line: str) -> None:
    """Exit code 2, before anything is started or written."""
    ended = ended_run(ROOT, SHELL | shell, *words)
    assert (ended.returncode, ended.stdout, own_lines(ended)) == (2, "", [f"countersign: {line}"])


@pytest.mark.parametrize("command", [["orders", "--limit", "ten"], ["show"], ["sow", "o1"]])
def test_a_command_that_cannot_be_understood_is_one_line(command: list[str]) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "local", *command], cwd=ROOT, capture_output=True, text=True, timeout=20, check=False
    )
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert ended.stderr.startswith("countersign: ")


# --- the folder ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [["notes.txt"], ["lock"], [".git"]])
def test_a_folder_of_another_program_is_refused_and_left_as_it_was(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).write_text("", "utf-8")
    with pytest.raises(StartError, match="holds files that no stack wrote"), held(tmp_path, ephemeral=False):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == names


@pytest.mark.parametrize("names", [[], ["lock", "functions.json", "data"], [".countersign", "lock"]])
def test_a_new_folder_and_one_of_a_stack_are_taken(tmp_path: Path, names: list[str]) -> None:
    """Also one that an earlier version made, before there was a mark."""
    for name in names:
        (tmp_path / name).write_text("", "utf-8")
    for _ in range(2):
        with held(tmp_path, ephemeral=False) as ours:
            assert ours.path == tmp_path.resolve()


def test_an_ephemeral_stack_leaves_the_named_folder_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", "utf-8")
    with held(tmp_path, ephemeral=True) as ours:
        assert ours.path != tmp_path
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


# --- the interpreter -------------------------------------------------------------------------------------------------


def test_another_python_starts_the_command_again_in_the_installed_one(tmp_path: Path) -> None:
    """`-S` leaves out the installed libraries, as the system's own Python does."""
    ended = subprocess.run(
        [sys.executable, "-S", "-m", "local", "orders", "--data", str(tmp_path)],
        cwd=ROOT,
        env=SHELL | {"PYTHONPATH": "/nowhere", "PYTHONWARNINGS": "error"},
        capture_output=True,
        text=True,
        check=False,
    )
    line = f"countersign: no stack is running on {tmp_path}: start one with make run, or name its --data\n"
    assert (ended.returncode, ended.stderr) == (2, line)


def test_without_an_installed_environment_one_line_says_how_to_get_it(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "local", tmp_path / "local", ignore=shutil.ignore_patterns("__pycache__"))
    ended = subprocess.run(
        [sys.executable, "-S", "-m", "local", "orders"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    line = "countersign: the stack's libraries are not installed in .venv: do that with make run\n"
    assert (ended.returncode, ended.stderr) == (2, line)


def test_the_stack_gets_what_a_process_needs_and_nothing_else() -> None:
    shell = {"PATH": "/bin", "LC_TIME": "C", "NO_COLOR": "1", "PYTHONPATH": "/else", "SECRET": "1", "MOTO_X": "1"}
    wanted = {"PATH": "/bin", "LC_TIME": "C", "NO_COLOR": "1", "PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1"}
    assert needed(shell) == wanted
