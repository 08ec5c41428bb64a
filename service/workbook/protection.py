"""Files that are encrypted: opened with their password, which is forgotten at once.

Protection of sheets and of a workbook's structure is no encryption, and stays as it is.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import msoffcrypto
from msoffcrypto.exceptions import DecryptionError, InvalidKeyError

from service.errors import ExcelToolsError, PasswordRequired, UnsupportedFile, WrongPassword
from service.workbook.package.archive import damaged
from service.workbook.package.compound import Compound

# Excel itself encrypts with this one where only the structure is protected, and never asks.
_NO_SECRET = "VelvetSweatshop"
_LONGEST_INFO = 1 << 20
_MOST_ROUNDS = 10_000_000  # what the format allows; each costs about a microsecond
_ROUNDS = re.compile(rb"""spinCount\s*=\s*["'](\d{1,30})["']""")


def decrypt(source: Path, name: str, password: str, target: Path) -> bool:
    """Write the content of an encrypted workbook without its encryption.

    :param name: of the file, for messages
    :param password: "" where none was given
    :returns: whether the password was needed
    :raises PasswordRequired: if there is a password, and none was given
    :raises WrongPassword: if it is another one
    :raises UnsupportedFile: if the kind of encryption is not known
    """
    # At the level DEBUG this library writes keys into the log.
    logging.getLogger("msoffcrypto").setLevel(logging.WARNING)
    _check_info(source)
    if _tried(source, name, _NO_SECRET, target):
        return False
    if not password:
        raise PasswordRequired(
            f"{name} is protected by a password.",
            f'Ask the user for it, then: open_excel_file(file="{name}", password="...").',
        )
    if not _tried(source, name, password, target):
        raise WrongPassword(
            f"The password does not open {name}.",
            "Ask the user for the right one; capitals and spaces count.",
        )
    return True


def _check_info(source: Path) -> None:
    """Refuse what would keep the decryption busy for hours, or let it read a DTD."""
    compound = Compound(source)
    entry = compound.find("EncryptionInfo")
    if entry is None:
        if compound.find("EncryptedPackage"):
            raise UnsupportedFile(
                "The file is protected by rights management.",
                "Only its owner can take that off, in Excel.",
            )
        return
    info = compound.read(entry, _LONGEST_INFO)
    rounds = [int(number) for number in _ROUNDS.findall(info)]
    if b"<!" in info or any(number > _MOST_ROUNDS for number in rounds):
        raise damaged("its encryption is described in a way that Excel never writes")


def _load_key(office: Any, password: str) -> None:
    """:raises InvalidKeyError: if the password is another one"""
    if getattr(office, "type", "") in ("agile", "standard"):
        office.load_key(password=password, verify_password=True)
    else:
        office.load_key(password=password)


def _tried(source: Path, name: str, password: str, target: Path) -> bool:
    """Whether this password opens it."""
    try:
        with source.open("rb") as file, target.open("w+b") as out:
            office = msoffcrypto.OfficeFile(file)
            try:
                _load_key(office, password)
            except InvalidKeyError:
                return False
            office.decrypt(out)
    except InvalidKeyError:  # although the password is right
        raise damaged("what its encryption hides is no workbook") from None
    except DecryptionError as error:
        raise UnsupportedFile(
            f"{name} is encrypted in a way that can't be opened here ({str(error)[:100]}).",
            "Save it in Excel without a password and upload it again.",
        ) from None
    except (ExcelToolsError, MemoryError, OSError):
        raise
    except Exception as error:  # noqa: BLE001 - the library meets broken files unprepared
        raise damaged(f"its encryption can't be understood ({type(error).__name__})") from None
    return True
