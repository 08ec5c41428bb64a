"""Signed, expiring download links: one link, one file. They can be withdrawn before they end.

``links/<digest of the user>.json`` and ``links/<key of a session>.session.json`` hold
``{"v": 1, "until": ...}``: links that were made until then, in Unix time, lead nowhere any more.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from itsdangerous import BadSignature, TimestampSigner, URLSafeTimedSerializer

from service.errors import FileNotFound, LinkExpired
from service.sessions.limits import digest
from service.store.seams import Store

DRAFT = "draft"
FORMAT = 1


@dataclass(frozen=True)
class Target:
    """What a link leads to.

    :param session: key of the session
    :param kind: "w" workbook, "e" export, "p" a workbook's preview, "u" a place to send files to
    :param id: of the workbook or export; "" for a place
    :param version: "draft", or the number of a saved version; "" for an export
    :param made: when the link was made, Unix time; None for what is no link
    """

    session: str
    kind: str
    id: str
    version: str = ""
    made: int | None = field(default=None, compare=False)


class Links:
    """Makes links and reads them.

    :param public_url: what links start with
    :param ttl: seconds for which a link works
    :param clock: gives Unix time
    """

    def __init__(
        self, secret: str, public_url: str, ttl: int, clock: Callable[[], float] = time.time
    ) -> None:
        self._public_url = public_url
        self._ttl = ttl
        self._clock = clock

        class Signer(TimestampSigner):
            def get_timestamp(self) -> int:
                return int(clock())

        self._serializer = URLSafeTimedSerializer(
            secret,
            salt="excel-tools-file",
            signer=Signer,
            signer_kwargs={"digest_method": hashlib.sha256},
        )

    def url(self, target: Target, name: str) -> str:
        """The full address of a file."""
        return self._address("files", target, name)

    def preview(self, session: str, workbook: str, name: str, sheet: str = "") -> str:
        """The full address of the page that shows a workbook.

        :param sheet: to begin with; "" for the one that was shown last in Excel
        """
        address = self._address("preview", Target(session, "p", workbook, DRAFT), name)
        return f"{address}?{urlencode({'sheet': sheet})}" if sheet else address

    def sending(self, session: str) -> str:
        """The full address of the page by which a person sends files to a session."""
        return self._address("send", Target(session, "u", ""), "file")

    def _address(self, door: str, target: Target, name: str) -> str:
        token = self._serializer.dumps([target.session, target.kind, target.id, target.version])
        return f"{self._public_url}/{door}/{token}/{quote(name, safe='')}"

    def target(self, token: str) -> Target:
        """What a token leads to.

        :raises LinkExpired: if it is ours, but too old
        :raises FileNotFound: if it is not ours
        """
        try:
            found, made = self._serializer.loads(token, return_timestamp=True)
            session, kind, id_, version = found
        except (BadSignature, ValueError, TypeError):
            raise FileNotFound(
                "This download link is not valid.",
                "Copy the whole link, or ask in the chat for the file again.",
            ) from None
        # One of "later" was made before the clock was set back, or by a machine whose clock is
        # ahead: it is not too old.
        if self._clock() - made.timestamp() > self._ttl:
            raise LinkExpired(
                "This download link has expired.", "Ask in the chat for the file again."
            )
        return Target(session, kind, id_, version, int(made.timestamp()))


def withdraw(store: Store, now: float, *, user: str = "", session: str = "") -> None:
    """End all links of a user, or of a session by its key, that were made until now.

    What is made within the same second ends with them: links tell no less than seconds.
    """
    store.write(withdrawn_key(user, session), {"v": FORMAT, "until": int(now)})


def refuse_withdrawn(store: Store, target: Target, user: str) -> None:
    """:raises LinkExpired: if the link was withdrawn, for its session or its user"""
    if target.made is None:
        return
    for key in (withdrawn_key(user, ""), withdrawn_key("", target.session)):
        record = store.read(key)
        if record is not None and target.made <= record["until"]:
            raise LinkExpired(
                "This link was withdrawn.", "Ask in the chat for the file again, for a new one."
            )


def forget_withdrawn(store: Store, session: str) -> None:
    """The session has ended, and with it all that its links led to."""
    store.remove(withdrawn_key("", session))


def withdrawn_key(user: str, session: str) -> str:
    """The record of the withdrawn links of a user, or of a session by its key."""
    return f"links/{session}.session.json" if session else f"links/{digest(user)}.json"
