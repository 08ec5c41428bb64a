"""The labels of documents, in English and German."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TypeAlias

Say: TypeAlias = Callable[[str], str]

_GERMAN = {
    # Invoice
    "Invoice": "Rechnung",
    "From": "Absender",
    "Bill to": "Rechnungsempfänger",
    "To": "Empfänger",
    "Invoice number": "Rechnungsnummer",
    "Number": "Nummer",
    "Invoice date": "Rechnungsdatum",
    "Delivery date": "Lieferdatum",
    "Payment term (days)": "Zahlungsziel (Tage)",
    "Due date": "Fällig am",
    "Pos.": "Pos.",
    "Item no.": "Artikelnr.",
    "Date": "Datum",
    "Description": "Beschreibung",
    "Quantity": "Menge",
    "Unit": "Einheit",
    "Unit price": "Einzelpreis",
    "Discount": "Rabatt",
    "VAT": "USt.",
    "Net amount": "Nettobetrag",
    "Subtotal": "Zwischensumme",
    "Net total": "Summe netto",
    "VAT on": "USt. auf",
    "Total due": "Gesamtbetrag",
    "Payment terms": "Zahlungsbedingungen",
    "Bank details": "Bankverbindung",
    "Some lines have no VAT rate, or there are more rates than lines for them above.": (
        "Zeilen ohne Steuersatz, oder mehr Sätze als Zeilen dafür."
    ),
    # Budget
    "Budget": "Budget",
    "Plan": "Plan",
    "Actual": "Ist",
    "Scenario": "Szenario",
    "Scenarios": "Szenarien",
    "Change": "Änderung",
    "Compare up to": "Vergleich bis",
    "Category": "Kategorie",
    "Income": "Einnahmen",
    "Expenses": "Ausgaben",
    "Variance": "Abweichung",
    "Variance %": "Abweichung %",
    "Total": "Summe",
    "Total income": "Summe Einnahmen",
    "Total expenses": "Summe Ausgaben",
    "Balance": "Saldo",
    "By category": "Nach Kategorie",
    "By month": "Nach Monat",
    "By year": "Nach Jahr",
    "Month": "Monat",
    "Year": "Jahr",
    "Amount": "Betrag",
    "Base": "Basis",
    "Optimistic": "Optimistisch",
    "Cautious": "Vorsichtig",
    "Plan and actual": "Plan und Ist",
    "Variance is actual less plan; red is unfavourable.": (
        "Abweichung ist Ist minus Plan; rot ist ungünstig."
    ),
    # Project plan
    "Project plan": "Projektplan",
    "No.": "Nr.",
    "Phase": "Phase",
    "Task": "Aufgabe",
    "Owner": "Zuständig",
    "After": "Nach",
    "Start": "Beginn",
    "Days": "Tage",
    "End": "Ende",
    "Done": "Fertig",
    "Status": "Status",
    "done": "fertig",
    "late": "verspätet",
    "running": "läuft",
    "planned": "geplant",
    "Project start": "Projektbeginn",
    "Project end": "Projektende",
    "Progress": "Fortschritt",
    "Tasks late": "Verspätet",
    "Days off": "Freie Tage",
    "Working days leave these out, besides weekends.": (
        "Arbeitstage lassen diese aus, neben Wochenenden."
    ),
    "The line marks today": "Die Linie zeigt heute",
    # Timesheet
    "Timesheet": "Stundenzettel",
    "Name": "Name",
    "Period": "Zeitraum",
    "First day": "Erster Tag",
    "Last day": "Letzter Tag",
    "Hours per day": "Stunden je Tag",
    "Day": "Tag",
    "Break (min)": "Pause (Min.)",
    "Hours": "Stunden",
    "Overtime": "Überstunden",
    "Note": "Bemerkung",
    "Project": "Projekt",
    "Days worked": "Arbeitstage",
    "Hours worked": "Arbeitsstunden",
    "Signature": "Unterschrift",
    "Employee": "Mitarbeiter/in",
    "Approved by": "Genehmigt durch",
    "Date, signature": "Datum, Unterschrift",
    "Week of": "Woche ab",
    # Inventory
    "Inventory": "Inventar",
    "Item": "Artikel",
    "Location": "Lagerort",
    "Supplier": "Lieferant",
    "Stock": "Bestand",
    "Reorder level": "Meldebestand",
    "Target stock": "Sollbestand",
    "To order": "Bestellmenge",
    "Unit cost": "Stückkosten",
    "Value": "Wert",
    "reorder": "nachbestellen",
    "out of stock": "nicht vorrätig",
    "ok": "ok",
    "Items": "Artikel",
    "Stock value": "Lagerwert",
    "To reorder": "Nachzubestellen",
    "Out of stock": "Nicht vorrätig",
    "Summary": "Übersicht",
    "By": "Nach",
    # What Excel says to values that do not fit
    "Enter an amount.": "Bitte einen Betrag eingeben.",
    "Enter a change such as -10%.": "Bitte eine Änderung wie -10% eingeben.",
    "Enter a date.": "Bitte ein Datum eingeben.",
    "Enter whole working days.": "Bitte ganze Arbeitstage eingeben.",
    "Enter 0% to 100%.": "Bitte 0% bis 100% eingeben.",
    "Enter a number.": "Bitte eine Zahl eingeben.",
    "Enter a number of days.": "Bitte eine Anzahl von Tagen eingeben.",
    "Enter a rate such as 19%.": "Bitte einen Satz wie 19% eingeben.",
    "Enter a rate such as 5%.": "Bitte einen Satz wie 5% eingeben.",
    "Enter the first day.": "Bitte den ersten Tag eingeben.",
    "Enter hours, such as 8.": "Bitte Stunden eingeben, etwa 8.",
    "Enter a time such as 08:30.": "Bitte eine Zeit wie 08:30 eingeben.",
    "Enter minutes.": "Bitte Minuten eingeben.",
    "Choose one of the list.": "Bitte aus der Liste wählen.",
    "Stock value by": "Lagerwert nach",
}


def words(language: str) -> Say:
    """The label in that language of an English one, which is its name."""
    if language == "de":
        return lambda label: _GERMAN[label]
    return lambda label: label


_WORD = re.compile(r"[^\W\d_]{4,}")
_ENGLISH_WORDS = frozenset(word.lower() for label in _GERMAN for word in _WORD.findall(label))
_GERMAN_WORDS = frozenset(
    word.lower() for label in _GERMAN.values() for word in _WORD.findall(label)
) | {
    "angebot",
    "auftrag",
    "lieferschein",
    "gutschrift",
    "kostenvoranschlag",
    "stunden",
    "einnahmen",
}


def looks_german(texts: Iterable[str]) -> bool:
    """Whether a word of the German labels, and of none of the English, is among these texts."""
    found = {word.lower() for text in texts for word in _WORD.findall(text)}
    return bool(found & (_GERMAN_WORDS - _ENGLISH_WORDS))


def in_language(code: str, language: str) -> str:
    """A number format whose names of days and months are of that language."""
    return f"[$-407]{code}" if language == "de" else code
