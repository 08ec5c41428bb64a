"""Which column plays which part: found by its header, in English or German."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from service.errors import InvalidParameters, listed

RoleKind = Literal["text", "number", "date"]


@dataclass(frozen=True)
class Role:
    """A part that a column can play.

    :param words: headers that mean it, the surest first
    """

    name: str
    words: tuple[str, ...]
    kind: RoleKind = "text"


def role(name: str, words: str, kind: RoleKind = "text") -> Role:
    """A role whose words are parted by bars."""
    return Role(name, tuple(_plain(word) for word in words.split("|")), kind)


# These say too little beside other words: "total units" is no amount.
_ALONE = {"total", "value", "sales", "gesamt", "summe", "id", "day", "name", "account", "area"}
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


def _plain(header: str) -> str:
    """A header for comparing: lower case, no units in brackets, words between spaces."""
    text = re.sub(r"\(.*?\)|\[.*?\]", " ", header).casefold().translate(_UMLAUTS)
    text = re.sub(r"[\W_]+", " ", text).strip()
    return re.sub(r" (eur|usd|gbp|chf)$", "", text)


SALES = (
    role(
        "date",
        "date|order date|sale date|sales date|invoice date|transaction date|day|datum"
        "|bestelldatum|verkaufsdatum|rechnungsdatum|auftragsdatum",
        "date",
    ),
    role(
        "amount",
        "amount|revenue|sales|total|line total|total amount|total price|net amount|sales amount"
        "|turnover|subtotal|value|umsatz|betrag|gesamtbetrag|gesamtpreis|gesamt|summe"
        "|nettobetrag|erlös",
        "number",
    ),
    role(
        "quantity",
        "quantity|qty|units|units sold|pieces|volume|menge|anzahl|stück|stückzahl",
        "number",
    ),
    role(
        "unit_price",
        "unit price|price|price per unit|list price|einzelpreis|stückpreis|preis",
        "number",
    ),
    role(
        "region",
        "region|sales region|territory|area|market|country|state|city|store|location|gebiet"
        "|vertriebsgebiet|land|bundesland|markt|stadt|filiale|standort",
    ),
    role("product", "product|product name|item|item name|article|sku|service|produkt|artikel|ware"),
    role(
        "category",
        "category|product category|product group|product line|segment|kategorie|warengruppe",
    ),
    role(
        "salesperson",
        "salesperson|sales person|sales rep|sales representative|rep|seller|agent|account manager"
        "|sold by|employee|verkäufer|verkäuferin|vertreter|vertrieb|mitarbeiter",
    ),
    role(
        "customer",
        "customer|customer name|client|buyer|account|company|kunde|kundin|kundenname|firma",
    ),
)

PEOPLE = (
    role(
        "id",
        "employee id|employee number|staff id|personnel number|id|personalnummer|mitarbeiternummer",
    ),
    role("first_name", "first name|firstname|given name|forename|vorname"),
    role("last_name", "last name|lastname|surname|family name|nachname|familienname"),
    role(
        "name", "name|full name|employee|employee name|mitarbeiter|mitarbeiterin|vollständiger name"
    ),
    role("department", "department|dept|division|team|business unit|abteilung|bereich"),
    role("title", "title|job title|position|job|role|function|funktion|stelle|berufsbezeichnung"),
    role("email", "email|e mail|mail|email address|e mail address|e mail adresse|emailadresse"),
    role(
        "phone",
        "phone|phone number|telephone|tel|mobile|extension|telefon|telefonnummer|handy|mobil"
        "|durchwahl",
    ),
    role("location", "location|office|site|city|standort|büro|ort|stadt"),
    role("manager", "manager|line manager|supervisor|reports to|vorgesetzter|vorgesetzte|leitung"),
    role(
        "hire_date",
        "hire date|start date|hired|date hired|joined|entry date|eintrittsdatum"
        "|einstellungsdatum|eintritt",
        "date",
    ),
)


def find_roles(
    roles: Sequence[Role],
    headers: Sequence[str],
    fits: Mapping[str, set[int]],
    given: Mapping[str, str],
) -> dict[str, int]:
    """The column of each role that has one.

    A header that says it exactly comes first, one that has it among its words second.

    :param fits: for each kind of role, the columns whose values could play it
    :param given: what the caller says: the header of a role
    :raises InvalidParameters: if ``given`` names a role or header that isn't there
    """
    found = _given(roles, headers, given)
    plain = [_plain(header) for header in headers]
    for role in roles:
        free = [i for i in fits[role.kind] if i not in found.values()]
        column = next((i for w in role.words for i in sorted(free) if plain[i] == w), None)
        if role.name not in found and column is not None:
            found[role.name] = column
    for index, header in enumerate(plain):
        open_roles = [r for r in roles if r.name not in found and index in fits[r.kind]]
        name = _meant(open_roles, header)
        if name and index not in found.values():
            found[name] = index
    return found


def _meant(roles: Sequence[Role], header: str) -> str:
    """The role that has the longest word among those of the header: "total price" is an
    amount, though a price alone is one of a unit."""
    words = [
        (len(word), role.name) for role in roles for word in role.words if _among(word, header)
    ]
    return max(words, key=lambda pair: pair[0])[1] if words else ""


def _among(word: str, header: str) -> bool:
    return word not in _ALONE and f" {word} " in f" {header} "


def _given(
    roles: Sequence[Role], headers: Sequence[str], given: Mapping[str, str]
) -> dict[str, int]:
    names = [role.name for role in roles]
    found = {}
    for name, header in given.items():
        if name not in names:
            raise InvalidParameters(
                f'columns has "{name[:60]}", which this report does not know.',
                f"It knows: {listed(names, 20)}.",
            )
        found[name] = column_of(header, headers)
    return found


def column_of(header: str, headers: Sequence[str]) -> int:
    """The index of the column with that header; case does not matter.

    :raises InvalidParameters: listing the headers there are
    """
    wanted = header.strip().lower()
    for index, name in enumerate(headers):
        if name.strip().lower() == wanted:
            return index
    raise InvalidParameters(
        f'No column "{header[:80]}". Headers: {listed(list(headers), 30)}.',
        "Use one of these headers.",
    )
