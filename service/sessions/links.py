"""Signed, expiring download links: one link, one file."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

from itsdangerous import BadSignature, TimestampSigner, URLSafeTimedSerializer

from service.errors import FileNotFound, LinkExpired

DRAFT = "draft"


@dataclass(frozen=True)
class Target:
    """What a link leads to.

    :param session: key of the session
    :param kind: "w" workbook, "e" export, "p" a workbook's preview, "u" a place to send files to
    :param id: of the workbook or export; "" for a place
    :param version: "draft", or the number of a saved version; "" for an export
    """

    session: str
    kind: str
    id: str
    version: str = ""


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
        return Target(session, kind, id_, version)


def signing_secret(folder: Path, given: str) -> str:
    """The configured key, or one that is made once and kept in ``folder``."""
    if given:
        return given
    path = folder / "secret.key"
    if not path.exists():
        made = base64.urlsafe_b64encode(secrets.token_bytes(32))
        part = folder / f"secret.key.{secrets.token_hex(4)}"
        part.touch(mode=0o600)
        part.write_bytes(made)
        try:
            path.hardlink_to(part)  # fails if another process was first: then theirs counts
        except FileExistsError:
            pass
        finally:
            part.unlink()
    return path.read_text()
