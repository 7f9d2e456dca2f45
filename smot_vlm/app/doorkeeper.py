"""Who is at the page: a cookie tells users apart, and where tokens are wanted it is had for a right one only.

Every request passes here before anything else sees it.
"""

import hmac
import secrets
from collections.abc import Mapping
from hashlib import sha256
from html import escape
from urllib.parse import parse_qs

from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from smot_vlm.app.limits import RefusedError
from smot_vlm.app.users import Users, check_origin

COOKIE = "smot_vlm_user"
LOGIN = "/login"
_LARGEST_LOGIN = 4096
# What the page's own parts are made of: the same for everybody.
_OPEN = ("/assets/", "/static/", "/theme.css", "/favicon.ico", "/manifest.json")
# Ways of Gradio to files and to other servers. Files go out by /files/ and /report/ alone, where their owner is checked.
_CLOSED = (
    *("file", "proxy", "stream", "custom_component", "monitoring", "deep_link", "dev", "mcp", "runs", "run-history"),
    *("vibe-edit", "undo-vibe-edit", "vibe-code", "vibe-starter-queries", "process_recording", "startup-events"),
)
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self' data:; frame-ancestors 'self'; "
    "object-src 'none'; base-uri 'self'; form-action 'self'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": _POLICY,
}


class Visitors:
    """Names of users by their cookies.

    Args:
        tokens: name -> secret; none: whoever reaches the page is a user of its own.
    """

    def __init__(self, tokens: Mapping[str, str]) -> None:
        self._users = Users(tokens)
        self._wants_token = bool(tokens)
        self._names: dict[str, str] = {}
        self._key = secrets.token_bytes(32)

    @property
    def wants_token(self) -> bool:
        """Whether a cookie is had for a token only."""
        return self._wants_token

    def owner(self, cookie: str | None) -> str | None:
        """The user of a cookie.

        Args:
            cookie: as a browser sent it.

        Returns:
            The name; None where the cookie is none of ours.
        """
        if not cookie:
            return None
        if self._wants_token:
            return self._names.get(sha256(cookie.encode()).hexdigest())
        guest, _, mark = cookie.partition(".")
        return f"guest {guest}" if hmac.compare_digest(self._mark(guest).encode(), mark.encode()) else None

    def enter(self) -> str:
        """The cookie of a new user, where no token is wanted."""
        guest = secrets.token_urlsafe(24)
        return f"{guest}.{self._mark(guest)}"

    def show_token(self, token: str) -> str:
        """The cookie for a token.

        Args:
            token: as typed.

        Returns:
            The cookie.

        Raises:
            RefusedError: it is none of the tokens.
        """
        try:
            name = self._users.name(f"Bearer {token}")
        except RefusedError:
            raise RefusedError("this token is not right; the terminal of the service shows it", 401) from None
        cookie = secrets.token_urlsafe(24)
        self._names[sha256(cookie.encode()).hexdigest()] = name
        return cookie

    def _mark(self, guest: str) -> str:
        return hmac.new(self._key, guest.encode(), sha256).hexdigest()


class Doorkeeper:
    """The application behind a door.

    Args:
        app: what answers those who may enter.
        visitors: who they are.
        open_paths: beginnings of paths that prove by themselves that their bearer may have them.
    """

    def __init__(self, app: ASGIApp, visitors: Visitors, open_paths: tuple[str, ...] = ()) -> None:
        self._app = app
        self._visitors = visitors
        self._open = (*_OPEN, *open_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let the application do it.

        Args:
            scope: of ASGI.
            receive: of ASGI.
            send: of ASGI.
        """
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            request = Request(scope, receive)
            answer, cookie = await self._at_the_door(request)
            await (answer or self._app)(scope, receive, _with_headers(send, request.url, cookie))

    async def _at_the_door(self, request: Request) -> tuple[Response | None, str | None]:
        """An answer in place of the application's, and a cookie to give."""
        path = request.url.path
        try:
            if request.method not in ("GET", "HEAD"):
                check_origin(request.headers.get("origin"), request.headers.get("host"))
            if path == LOGIN and self._visitors.wants_token:
                return await self._login(request)
            if _is_closed(path):
                raise RefusedError("no such page", 404)
            if path.startswith(self._open) or self._visitors.owner(request.cookies.get(COOKIE)) is not None:
                return None, None
            if self._visitors.wants_token and path == "/":
                return RedirectResponse(LOGIN, 303), None
            if path == "/":
                return None, self._visitors.enter()
            raise RefusedError("open the page first, and log in where it asks for a token", 401)
        except RefusedError as error:
            return PlainTextResponse(f"{error}\n", error.status), None

    async def _login(self, request: Request) -> tuple[Response, str | None]:
        if request.method != "POST":
            return HTMLResponse(_LOGIN_PAGE.format(error="")), None
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > _LARGEST_LOGIN:
                raise RefusedError("the request is too large", 413)
        token = parse_qs(body.decode("utf-8", errors="replace")).get("token", [""])[0]
        try:
            return RedirectResponse("/", 303), self._visitors.show_token(token)
        except RefusedError as error:
            told = f'<p role="alert">{escape(str(error))}</p>'
            return HTMLResponse(_LOGIN_PAGE.format(error=told), error.status), None


def _is_closed(path: str) -> bool:
    first = path.removeprefix("/gradio_api").lstrip("/").partition("=")[0].partition("/")[0]
    return first in _CLOSED


def _with_headers(send: Send, url: URL, cookie: str | None) -> Send:
    """Adds to an answer what every answer has, unless it says otherwise itself."""

    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start":
            there = {name.lower() for name, _ in message["headers"]}
            added = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
            if cookie is not None:
                secure = "; Secure" if url.scheme == "https" else ""
                text = f"{COOKIE}={cookie}; Path=/; HttpOnly; SameSite=Strict{secure}"
                added.append((b"set-cookie", text.encode()))
            message["headers"] = [*message["headers"], *(pair for pair in added if pair[0] not in there)]
        await send(message)

    return answer


_LOGIN_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>smot-vlm: token</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 26rem; margin: 15vh auto; padding: 0 1rem; }}
input, button {{ font: inherit; padding: .5rem; width: 100%; box-sizing: border-box; margin: .3rem 0; }}
[role=alert] {{ color: light-dark(#a40000, #ff9d9d); }}
</style></head><body><main><h1>smot-vlm</h1>{error}
<form method="post" action="/login"><label for="token">Token, as the terminal of the service shows it</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
<button>Enter</button></form></main></body></html>
"""
