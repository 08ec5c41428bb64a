"""Signed user tokens of Open WebUI: who a user is, shown by a signature and not by a header.

With ``FORWARD_USER_INFO_HEADER_JWT_SECRET`` Open WebUI sends, in place of the headers that name
the user, a JSON Web Token (HS256) with ``sub``, ``iss`` = "open-webui", ``iat`` and ``exp``. The
tool sends the same token. It says nothing of the chat.
"""

from __future__ import annotations

from collections.abc import Callable

import jwt

from service.errors import UserNotShown

HEADER = "X-OpenWebUI-User-Jwt"
_ISSUER = "open-webui"
# How far the clocks of two machines may differ, in seconds.
_LEEWAY = 30
_LONGEST = 8_192
_HINT = (
    "Open WebUI sends one where FORWARD_USER_INFO_HEADER_JWT_SECRET is set to the text that "
    "EXCEL_TOOLS_USER_TOKEN_SECRET has here."
)


class UserTokens:
    """Reads them.

    :param secret: the one that Open WebUI signs with
    :param clock: gives Unix time
    """

    def __init__(self, secret: str, clock: Callable[[], float]) -> None:
        self._secret, self._clock = secret, clock

    def __repr__(self) -> str:
        return "<UserTokens>"

    def user(self, token: str) -> str:
        """The id of the user whom a token shows.

        :raises UserNotShown: if it is none of Open WebUI's, or too old
        """
        if not token:
            raise UserNotShown(f"The request has no {HEADER}, which shows for whom it is.", _HINT)
        if len(token) > _LONGEST:
            raise UserNotShown(f"The {HEADER} is too long to be one.", _HINT)
        try:
            found = jwt.decode(
                token,
                self._secret,
                algorithms=["HS256"],
                issuer=_ISSUER,
                # The times are checked below, by the service's own clock.
                options={
                    "require": ["sub", "exp", "iss"],
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except jwt.PyJWTError as error:
            raise UserNotShown(
                f"The {HEADER} is not one that Open WebUI signed ({type(error).__name__}).", _HINT
            ) from None
        ends = found["exp"]
        if not isinstance(ends, int | float) or ends + _LEEWAY <= self._clock():
            raise UserNotShown(f"The {HEADER} has ended.", "Send a fresh one; look at the clocks.")
        return str(found["sub"])

    def sign(self, user: str) -> str:
        """A token as Open WebUI signs it, for the operator's own commands."""
        now = int(self._clock())
        claims = {"sub": user, "iss": _ISSUER, "iat": now, "exp": now + 300}
        return jwt.encode(claims, self._secret, algorithm="HS256")
