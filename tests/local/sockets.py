"""What the processes of a stack listen on, as Linux knows it, and raw requests to it."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

PROC = Path("/proc")
_TABLES = ("tcp", "tcp6", "udp", "udp6")
_LISTENS = {"tcp": "0A", "udp": "07"}


@dataclass(frozen=True, order=True, slots=True)
class Listening:
    """A socket that takes connections or datagrams from others."""

    protocol: str
    address: str
    port: int


def family(root: int) -> list[int]:
    """Return a process and all its descendants."""
    children: dict[int, list[int]] = {}
    for pid in (int(path.name) for path in PROC.iterdir() if path.name.isdecimal()):
        children.setdefault(_parent(pid), []).append(pid)
    found = [root]
    for pid in found:
        found.extend(children.get(pid, []))
    return found


def listening(pids: Iterable[int]) -> set[Listening]:
    """Return every socket that one of the processes listens on."""
    return {found for pid in pids for found in _of_process(pid)}


def _parent(pid: int) -> int:
    try:
        return int((PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:  # ended meanwhile
        return 0


def _of_process(pid: int) -> Iterator[Listening]:
    inodes = set()
    for descriptor in (PROC / str(pid) / "fd").iterdir():
        try:
            inodes.update(re.findall(r"socket:\[(\d+)\]", str(descriptor.readlink())))
        except FileNotFoundError:  # closed meanwhile
            continue
    for table in _TABLES:
        protocol = table[:3]
        for line in (PROC / str(pid) / "net" / table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in inodes and fields[3] == _LISTENS[protocol]:
                address, _, port = fields[1].partition(":")
                yield Listening(protocol, _address(address), int(port, 16))


def _address(words: str) -> str:
    """Decode an address, which the kernel writes as 32-bit words in the machine's order."""
    raw = b"".join(bytes.fromhex(words[at : at + 8])[::-1] for at in range(0, len(words), 8))
    return str(ip_address(raw))


def exchange(port: int, request: bytes) -> bytes:
    """Send bytes and return what comes back until the other side closes or has answered."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as caller:
        caller.sendall(request)
        answer = b""
        while not _is_whole(answer):
            chunk = caller.recv(65536)
            if not chunk:
                break
            answer += chunk
        return answer


def _is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    return bool(end and length) and len(body) >= int(length[1] if length else 0)


def seconds_open(port: int, first: bytes, drip: bytes = b"") -> float:
    """Send bytes, then one piece every tenth of a second; how long the other side kept the connection open."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=0.1) as caller:
        while time.monotonic() - began < 20:
            try:
                caller.sendall(first)
                first = drip
                while caller.recv(65536):
                    pass
            except TimeoutError:
                continue
            except ConnectionError:
                break
            break
    return time.monotonic() - began


def is_cut_off(port: int, request: bytes, seconds: float) -> bool:
    """Send a request again and again and read no answer; whether the other side ends the connection in time."""
    deadline = time.monotonic() + seconds
    with socket.socket() as caller:
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        caller.connect(("127.0.0.1", port))
        caller.settimeout(0.02)
        while time.monotonic() < deadline:
            try:
                caller.send(request)
            except TimeoutError:
                continue
            except ConnectionError:
                return True
    return False
