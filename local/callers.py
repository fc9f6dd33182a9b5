"""Who may call a port of the stack: programs on this machine, and the page that the port itself serves.

The ports ask for no password, so a web page that the user has open must not reach them. A browser names the page in
`Origin` and `Sec-Fetch-Site`; a page whose own name was made to point at this machine (DNS rebinding) sends that name
as `Host`. Every server of the stack asks `Callers` before it reads a request's body.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_HTTP_PORT = 80
_SHOWN = 100
_OF_THE_PAGE = frozenset({"none", "same-origin"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not carried out and what to do about it, as API Gateway and AWS clients read it."""

    message: str
    status: int = 403
    kind: str = "AccessDeniedException"

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of the response, except its length."""
        safe = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
        return {"content-type": "application/json", "x-amzn-errortype": self.kind, **safe}

    @property
    def body(self) -> bytes:
        """The body of the response."""
        return json.dumps({"message": self.message}).encode()

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer an ASGI request with this."""
        headers = {**self.headers, "content-length": str(len(self.body))}
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": raw})
        await send({"type": "http.response.body", "body": self.body})


@dataclass(frozen=True, slots=True)
class Call:
    """What a server knows of a request before its body: where it arrived, who sent it, and its head."""

    local: tuple[str, int]
    peer: str
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, scope: MutableMapping[str, Any]) -> Call:
        """Describe an ASGI request."""
        address, port = scope["server"]
        peer = scope["client"][0] if scope.get("client") else ""
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
        return cls((address, port), peer, scope["method"], scope["raw_path"].decode("ascii"), headers)

    def values(self, name: str) -> list[str]:
        """Return every value of a header, in lower case."""
        return [value.strip().lower() for found, value in self.headers if found.lower() == name]

    @property
    def is_preflight(self) -> bool:
        """Whether a browser asks for permission; such a request has no effect."""
        return self.method == "OPTIONS" and bool(self.values("access-control-request-method"))

    @property
    def follows_link(self) -> bool:
        """Whether a person opens the address in a tab, which shows the answer to no other page."""
        navigates = self.values("sec-fetch-mode") == ["navigate"] and self.values("sec-fetch-dest") == ["document"]
        return self.method in {"GET", "HEAD"} and navigates and not self.values("origin")


@dataclass(frozen=True, slots=True)
class Callers:
    """The callers of one port, besides programs on this machine that call it by its address or as localhost.

    `page` admits the page that the port serves. `site`, for a public website, admits links to it, preflights, and the
    pages of those origins (`*` for all). `names` are further host names by which programs call the port.
    """

    page: bool = False
    site: tuple[str, ...] | None = None
    names: frozenset[str] = frozenset()

    def refusal(self, call: Call) -> Refusal | None:
        """Return the refusal of a call; None when it may go on."""
        message = self._of_address(call) or self._of_page(call)
        return Refusal(message) if message else None

    def _of_address(self, call: Call) -> str | None:
        address, port = call.local
        if _is_loopback(address) and not _is_loopback(call.peer):
            return f"Port {port} answers this machine only, and the request came from {call.peer or 'elsewhere'}."
        if not call.target.startswith("/"):
            return f"Send the request to {address}:{port} directly, not through a proxy."
        hosts = call.values("host")
        if len(hosts) == 1 and hosts[0] in set(self._own_hosts(address, port)):
            return None
        asked = ", ".join(hosts)[:_SHOWN] or "no host"
        return (
            f"The request names {asked} as its Host, and this port answers as {address}:{port} only. "
            f"Call http://{address}:{port}. If you forward the port from another machine, "
            f"use the same number on both sides: ssh -L {port}:{address}:{port} MACHINE."
        )

    def _of_page(self, call: Call) -> str | None:
        if self.site is not None and (call.is_preflight or call.follows_link):
            return None
        origins, sites = call.values("origin"), call.values("sec-fetch-site")
        if origins:
            return None if all(self._is_known(origin, call) for origin in origins) else self._page_refused(call)
        return None if _OF_THE_PAGE.issuperset(sites) else self._page_refused(call)

    def _is_known(self, origin: str, call: Call) -> bool:
        own = {f"http://{host}" for host in self._own_hosts(*call.local)} if self.page else set()
        return origin in own or permits(self.site or (), origin)

    def _page_refused(self, call: Call) -> str:
        address, port = call.local
        page = ", ".join(call.values("origin"))[:_SHOWN] or "another site"
        if self.page:
            return f"A page of {page} may not call this port. Open http://{address}:{port} in a tab and work there."
        return f"A page of {page} may not call this port: only programs on this machine may. Use curl or an AWS client."

    def _own_hosts(self, address: str, port: int) -> Iterator[str]:
        for name in (address, *self.names, *(["localhost"] if _is_loopback(address) else [])):
            yield f"{name}:{port}"
            if port == _HTTP_PORT:  # browsers and clients then leave the number out
                yield name


class Guarded:
    """An ASGI application that answers its callers only; others get 403 and the reason."""

    def __init__(self, inner: ASGIApp, callers: Callers) -> None:
        self._inner = inner
        self._callers = callers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        from starlette.requests import ClientDisconnect

        answer = self._callers.refusal(Call.of(scope)) or self._inner
        with contextlib.suppress(ClientDisconnect):  # there is no caller left to answer
            await answer(scope, receive, send)


def permits(allowed: tuple[str, ...], origin: str) -> bool:
    """Whether rules in API Gateway's form (`*`, `https://*`, an origin) permit an origin."""
    scheme = origin.partition("://")[0]
    return bool({"*", f"{scheme}://*", origin} & set(allowed))


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
