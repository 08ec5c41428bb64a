"""Passwords of protected sheets and workbooks, as Excel keeps and checks them.

They hide nothing: whoever has the file can take the protection off. What a file holds is a
hash with its salt. Source: ECMA-376 part 1, 18.2.29 and 18.3.1.85; of the old ones with four
digits, part 4, 14.7.1.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from dataclasses import dataclass

from openpyxl.utils.protection import hash_password

from service.errors import UnsupportedFile

SPIN = 100_000  # rounds, as Excel does
MOST_SPIN = 2_000_000
_SEAL = "\x00sha512"
_ALGORITHMS = {"SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


@dataclass(frozen=True)
class Hash:
    """What a file holds of a password; ``old`` is the hash of old files, four digits."""

    algorithm: str = ""
    value: str = ""
    salt: str = ""
    spin: int = 0
    old: str = ""

    def __bool__(self) -> bool:
        return bool(self.value or self.old)

    def fits(self, password: str) -> bool:
        """Whether this is the password.

        :raises UnsupportedFile: if the hash is of a kind that can't be checked
        """
        if not self.value:
            return str(hash_password(password)).lstrip("0") == self.old.upper().lstrip("0")
        name = _ALGORITHMS.get(self.algorithm.upper())
        try:
            salt = base64.b64decode(self.salt)
        except (ValueError, binascii.Error):
            name, salt = None, b""
        if name is None or not 0 <= self.spin <= MOST_SPIN:
            raise UnsupportedFile(
                f"The password is kept as {self.algorithm[:40]} with {self.spin:,} rounds, which "
                "can't be checked here.",
                "Take the protection off in Excel.",
            )
        return _hashed(name, password, salt, self.spin) == self.value


def _hashed(algorithm: str, password: str, salt: bytes, spin: int) -> str:
    value = hashlib.new(algorithm, salt + password.encode("utf-16-le")).digest()
    for number in range(spin):
        value = hashlib.new(algorithm, value + number.to_bytes(4, "little")).digest()
    return base64.b64encode(value).decode()


def sealed(password: str) -> str:
    """The hash of a new password as one text, which takes the place of the password."""
    salt = os.urandom(16)
    value = _hashed("sha512", password, salt, SPIN)
    return " ".join((_SEAL, base64.b64encode(salt).decode(), value))


def unsealed(text: str) -> Hash:
    """The hash that ``sealed`` made."""
    _, salt, value = text.split(" ")
    return Hash("SHA-512", value, salt, SPIN)
