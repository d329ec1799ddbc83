"""Who may ask: anybody on this machine, elsewhere those with the token."""

import hmac
import ipaddress
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.responses import JSONResponse, RedirectResponse

COOKIE = "kerasad_token"
OPEN = ("/v2/health/live", "/v2/health/ready")  # for what watches the process


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Access:
    """ASGI middleware.

    With a token: `Authorization: Bearer TOKEN`, or the cookie that a browser
    gets from `/?token=TOKEN`. Without one the server listens on loopback,
    where a page of any other site in a browser of this machine could still
    ask: it is told by its `Host`, or by what the browser says of its origin.
    """

    def __init__(self, app, token):
        self.app = app
        self.token = token

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            answer = self.refusal(scope)
            if answer is not None:
                return await answer(scope, receive, send)
        return await self.app(scope, receive, send)

    def refusal(self, scope):
        """A response to who may not ask, or `None`."""
        headers = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        if headers.get("sec-fetch-site") in ("cross-site", "same-site"):
            return refused(403, "a page of another site may not ask here")
        if self.token is None:
            host = headers.get("host", "").rpartition(":")
            host = (host[0] or host[2]).strip("[]")
            if not is_loopback(host):
                return refused(
                    403, f"this server answers to localhost, not to {host!r}"
                )
            return None
        if scope["path"] in OPEN:
            return None
        asked = parse_qs(scope["query_string"].decode("latin-1"))
        if scope["path"] == "/" and self.fits(asked.get("token", [""])[0]):
            answer = RedirectResponse("/", 303)
            answer.set_cookie(
                COOKIE, self.token, httponly=True, samesite="strict"
            )
            return answer
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and self.fits(given):
            return None
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            cookie = None
        if cookie is not None and self.fits(cookie.value):
            return None
        answer = refused(401, "a token is needed: Authorization: Bearer TOKEN")
        answer.headers["www-authenticate"] = "Bearer"
        return answer

    def fits(self, given) -> bool:
        """Whether that is the token; takes as long if it is nearly it."""
        return hmac.compare_digest(given.encode(), self.token.encode())


def refused(status, text):
    """A response that says why."""
    return JSONResponse({"error": text}, status)
