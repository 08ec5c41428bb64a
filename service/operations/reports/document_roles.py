"""Which column plays which part in a document: found by its header, in English or German."""

from __future__ import annotations

from service.operations.reports.roles import role

INVOICE = (
    role(
        "item", "item no|item number|article no|article number|sku|artikelnummer|artikelnr|art nr"
    ),
    role("date", "date|service date|delivery date|datum|leistungsdatum|lieferdatum", "date"),
    role(
        "description",
        "description|item|product|service|position|article|work|text|beschreibung|bezeichnung"
        "|leistung|artikel|produkt|ware",
    ),
    role("quantity", "quantity|qty|hours|pieces|units|menge|anzahl|stück|stunden", "number"),
    role("unit", "unit|uom|einheit"),
    role(
        "unit_price",
        "unit price|price|rate|price per unit|hourly rate|net price|einzelpreis|preis|stückpreis"
        "|stundensatz",
        "number",
    ),
    role("discount", "discount|discount %|rabatt|nachlass", "number"),
    role(
        "vat",
        "vat|vat rate|tax|tax rate|vat %|sales tax|gst|ust|mwst|mehrwertsteuer|umsatzsteuer"
        "|steuersatz|ust satz|mwst satz",
        "number",
    ),
    role(
        "amount",
        "amount|total|net amount|line total|sum|betrag|nettobetrag|gesamt|summe|gesamtpreis",
        "number",
    ),
)

BUDGET = (
    role("category", "category|item|account|position|kategorie|posten|konto|kostenart|name"),
    role("type", "type|kind|income or expense|art|typ"),
    role("period", "month|period|date|year|quarter|monat|zeitraum|datum|jahr|quartal"),
    role("scenario", "scenario|case|szenario|variante"),
    role("plan", "plan|planned|budget|budgeted|amount|target|soll|geplant|betrag|ansatz", "number"),
    role("actual", "actual|actuals|spent|real|ist|tatsächlich|ausgegeben", "number"),
)

PROJECT = (
    role("id", "id|no|nr|number|task id|nummer"),
    role("phase", "phase|stage|work package|milestone group|arbeitspaket|abschnitt"),
    role("task", "task|task name|activity|step|name|aufgabe|vorgang|tätigkeit|schritt"),
    role("owner", "owner|responsible|assignee|assigned to|who|zuständig|verantwortlich|wer"),
    role(
        "after",
        "predecessor|predecessors|depends on|dependency|dependencies|after|vorgänger"
        "|abhängigkeit|abhängig von|nach",
    ),
    role("start", "start|start date|begin|from|beginn|anfang|startdatum|von", "date"),
    role(
        "days",
        "duration|days|working days|workdays|duration days|dauer|tage|arbeitstage|dauer tage",
        "number",
    ),
    role("end", "end|end date|finish|due|due date|until|ende|enddatum|bis|fällig", "date"),
    role(
        "done",
        "progress|done|complete|percent complete|completion|fortschritt|fertig|erledigt",
        "number",
    ),
)

TIMESHEET = (
    role("date", "date|day|datum|tag", "date"),
    role("start", "start|start time|begin|from|in|clock in|beginn|anfang|von|kommen"),
    role("end", "end|end time|finish|to|until|out|clock out|ende|bis|gehen"),
    role("pause", "break|break min|break minutes|pause|lunch|unterbrechung"),
    role("project", "project|task|client|activity|projekt|aufgabe|kunde|tätigkeit"),
    role("note", "note|notes|comment|remarks|description|bemerkung|notiz|kommentar|beschreibung"),
)

INVENTORY = (
    role("sku", "sku|item no|item number|article number|code|id|artikelnummer|artikelnr|nummer"),
    role(
        "item",
        "item|item name|product|article|name|description|part|artikel|bezeichnung"
        "|produkt|ware|teil|beschreibung",
    ),
    role("category", "category|group|product group|type|kategorie|warengruppe|gruppe"),
    role("location", "location|warehouse|shelf|bin|storage|lagerort|lager|regal|standort"),
    role("supplier", "supplier|vendor|lieferant|hersteller"),
    role("unit", "unit|uom|einheit"),
    role(
        "stock",
        "stock|quantity|qty|on hand|in stock|quantity on hand|current stock|bestand|menge"
        "|lagerbestand|anzahl|vorrat",
        "number",
    ),
    role(
        "reorder",
        "reorder level|reorder point|min stock|minimum|minimum stock|min|safety stock|reorder at"
        "|meldebestand|mindestbestand|mindestmenge",
        "number",
    ),
    role("target", "target stock|target|max stock|maximum|sollbestand|höchstbestand", "number"),
    role(
        "cost",
        "unit cost|cost|unit price|price|purchase price|cost per unit|einkaufspreis|stückkosten"
        "|einzelpreis|preis|kosten",
        "number",
    ),
    role("value", "value|stock value|total|total value|wert|lagerwert|gesamtwert"),
)
