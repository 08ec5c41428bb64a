"""OpenDocument files with a password: each part is encrypted by itself.

Source: OASIS OpenDocument 1.2 part 3, 3.4 and 4.8, with the algorithms that LibreOffice has
written since version 3.5: AES-256 in CBC, PBKDF2, and SHA-256 for the checksums.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from lxml import etree

from service.errors import PasswordRequired, UnsupportedFile, WrongPassword
from service.workbook.package.archive import Archive, damaged
from service.workbook.package.opc import parse, serialized

MANIFEST = "META-INF/manifest.xml"
_SMALL = 4 << 20
_NAMES = "{urn:oasis:names:tc:opendocument:xmlns:manifest:1.0}"
_KNOWN = {
    "algorithm-name": ("http://www.w3.org/2001/04/xmlenc#aes256-cbc",),
    "key-derivation-name": ("PBKDF2", "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0#pbkdf2"),
    "start-key-generation-name": (
        "http://www.w3.org/2000/09/xmldsig#sha256",
        "http://www.w3.org/2001/04/xmlenc#sha256",
    ),
    "checksum-type": ("urn:oasis:names:tc:opendocument:xmlns:manifest:1.0#sha256-1k",),
}
_CHECKED = 1024
_KEY = 32
_MOST_ROUNDS = 50_000_000  # of all parts together: about half a minute


@dataclass(frozen=True)
class _Secret:
    """How one part is encrypted; ``size`` is what it unpacks to."""

    vector: bytes
    salt: bytes
    rounds: int
    checksum: bytes
    size: int


def is_encrypted(archive: Archive) -> bool:
    """Whether the parts of an OpenDocument file are encrypted."""
    return b"encryption-data" in archive.read(MANIFEST, _SMALL)


def decrypt(archive: Archive, name: str, password: str, target: Path, most: int) -> None:
    """Write the file without its encryption.

    :param name: of the file, for messages
    :param most: bytes that all parts together may unpack to
    :raises PasswordRequired: if no password was given
    :raises WrongPassword: if it is another one
    :raises UnsupportedFile: if the kind of encryption is not known
    """
    if not password:
        raise PasswordRequired(
            f"{name} is protected by a password.",
            f'Ask the user for it, then: open_excel_file(file="{name}", password="...").',
        )
    data = archive.read(MANIFEST, _SMALL)
    if b"<!" in data.replace(b"<!--", b""):
        raise damaged(f"its part {MANIFEST} declares XML entities")
    try:
        manifest = parse(data)
        secrets = _secrets(manifest, name)
    except (etree.XMLSyntaxError, ValueError, binascii.Error):
        raise damaged("its encryption can't be understood") from None
    if sum(secret.rounds for secret in secrets.values()) > _MOST_ROUNDS or (
        sum(secret.size for secret in secrets.values()) > most
    ):
        raise damaged("its encryption is described in a way that no program writes")
    with ZipFile(target, "w", ZIP_DEFLATED) as made:
        for part, info in zip(archive.names, archive.infos, strict=True):
            content = b"".join(archive.chunks(info))
            if part == MANIFEST:
                content = serialized(manifest)
            elif part in secrets:
                content = _opened(content, secrets[part], password, name)
            made.writestr(part, content, ZIP_STORED if part == "mimetype" else ZIP_DEFLATED)


def _secrets(manifest: etree._Element, name: str) -> dict[str, _Secret]:
    """How each part is encrypted; the manifest loses what says so."""
    found = {}
    for entry in manifest.iter(f"{_NAMES}file-entry"):
        data = entry.find(f"{_NAMES}encryption-data")
        if data is None:
            continue
        said: dict[str, str] = {}
        for element in (data, *data):
            said |= {str(key).removeprefix(_NAMES): str(text) for key, text in element.items()}
        for word, known in _KNOWN.items():
            if said.get(word) not in known:
                raise UnsupportedFile(
                    f"{name} is encrypted in a way that can't be opened here.",
                    "Save it without a password and upload it again.",
                )
        found[entry.get(f"{_NAMES}full-path", "")] = _Secret(
            base64.b64decode(said.get("initialisation-vector", "")),
            base64.b64decode(said.get("salt", "")),
            int(said.get("iteration-count", "0")),
            base64.b64decode(said.get("checksum", "")),
            int(entry.get(f"{_NAMES}size", "0")),
        )
        entry.remove(data)
    return found


def _opened(content: bytes, secret: _Secret, password: str, name: str) -> bytes:
    start = hashlib.sha256(password.encode()).digest()
    key = hashlib.pbkdf2_hmac("sha1", start, secret.salt, max(secret.rounds, 1), _KEY)
    try:
        unlocked = Cipher(algorithms.AES(key), modes.CBC(secret.vector)).decryptor()
        packed = unlocked.update(content) + unlocked.finalize()
    except ValueError:
        raise damaged("its encryption can't be understood") from None
    packed = packed[: -packed[-1]] if packed else packed
    if hashlib.sha256(packed[:_CHECKED]).digest() != secret.checksum:
        raise WrongPassword(
            f"The password does not open {name}.",
            "Ask the user for the right one; capitals and spaces count.",
        )
    try:
        return zlib.decompressobj(-15).decompress(packed, max(secret.size, 1))
    except zlib.error:
        raise damaged("a part of it can't be unpacked") from None
