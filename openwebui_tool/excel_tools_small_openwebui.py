"""
title: Excel Tools (small)
author: excel-tools-openwebui
description: For small models: Excel workbooks in the chat. The file arrives as an attachment.
version: 0.1.0
license: MIT
required_open_webui_version: 0.9.0
"""

# Made from excel_tools_openwebui.py by scripts/generate.py: do not edit.
# Paste this whole file into Open WebUI under Workspace > Tools > New tool, then set the
# service's address and key in its valves. The work is done by the service; this file
# finds the session of the user and chat, passes calls on, and puts files into the chat.

import asyncio
import hashlib
import inspect
import io
import json
import logging
import os
import random
import re
import threading
import time
import uuid
import weakref
from collections import OrderedDict
from collections.abc import Coroutine
from types import SimpleNamespace
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

import requests
from pydantic import BaseModel, Field
from urllib3.exceptions import NewConnectionError, ProtocolError

log = logging.getLogger("excel_tools.plugin")

# A JSON number, whole or not: "int" beside "float" would only make every schema longer.
Cell = str | float | bool | None

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SESSION_CODES = ("session_required", "session_not_found", "session_expired")
SPREADSHEETS = (".xlsx", ".xlsm", ".csv", ".tsv", ".txt", ".xls", ".xlsb", ".ods", ".xltx", ".xltm")
TEXT_FILES = (".csv", ".tsv", ".txt")
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".bmp")
META = "excel_tools"
# Where the valves say nothing. The service fills both in where it hands this file out itself.
SERVICE_URL = "http://excel-tools:9080"
API_KEY = ""
# Seconds after which a call tells how far it is, and between two times of telling.
TELL_EVERY = 2.0
# Bytes of a file that are held at a time while it is sent.
PIECE = 1 << 16
# Files that the service is told of at most.
MOST_OFFERED = 1000
# How often a call is tried anew with what it needs, and workbooks that are opened again by it.
MOST_ROUNDS = 4
REOPENED = 5
# Seconds that a call which the user stops waits for the service to have it stopped.
STOPPING = 5.0
# Seconds that a call waits in all for a service that has too much to do at the moment, and for one
# that does not answer because it is being restarted.
BUSY_SECONDS = 60.0
RESTART_SECONDS = 40.0
# What is told where nobody knows what became of a call.
MAYBE = (
    "The change may have been made: look with read_excel_range or list_excel_files before trying "
    "again"
)
# What it means, as code and hint, if a proxy answers so by itself.
PROXY_SAYS = {
    502: ("service_broke_off", f"{MAYBE}."),
    503: (
        "service_unreachable",
        "Nothing was changed. Tell the user to try again in some minutes.",
    ),
    504: ("service_timeout", f"{MAYBE}, and work in smaller parts."),
}
# What a page is asked that shows a preview inside, where the page's own colours can't be seen.
IS_DARK = "return document.documentElement.classList.contains('dark')"
THEME_SECONDS = 2.0
# How long a question to the user may stay open.
ASK_SECONDS = 600.0
# The user's valves, and the service's names of them.
PREFERENCES = {
    "house_style": "style",
    "font": "font",
    "number_format": "number_format",
    "date_format": "date_format",
    "chart_legend": "chart_legend",
}

# --- generated from the service's registry by scripts/generate.py: do not edit ---

Rows = list[list[Cell] | dict]


OPERATIONS = {
    "create_excel_file": {
        "lines": {"": ("Creating {filename}", "Created {filename}")},
        "follow_ups": (
            ("create_excel_chart", "Make a chart of {value} per {label} from {where}"),
            ("create_excel_chart", "Make a chart of the data in {where}"),
            ("write_excel_range", "Add a row of totals to {where}"),
        ),
        "file": "",
        "file_if": ("", ""),
        "delivers": True,
        "changes": True,
    },
    "open_excel_file": {
        "lines": {"": ("Opening {file}", "Opened {file}")},
        "follow_ups": (
            ("create_excel_chart", "Make a chart of {value} per {label} from {where}"),
            ("create_excel_pivot", "Sum up {value} per {label} from {where}"),
            ("create_excel_chart", "Make a chart of the data in {where}"),
        ),
        "file": "file",
        "file_if": ("", ""),
        "delivers": False,
        "changes": True,
        "delivers_converted": True,
    },
    "describe_excel_file": {
        "lines": {"": ("Looking at {where}", "Looked at {where}")},
        "follow_ups": (),
        "file": "",
        "file_if": ("", ""),
        "delivers": False,
        "changes": False,
    },
    "read_excel_range": {
        "lines": {"": ("Reading {where}", "Read {where}")},
        "follow_ups": (),
        "file": "",
        "file_if": ("", ""),
        "delivers": False,
        "changes": False,
    },
    "write_excel_range": {
        "lines": {"": ("Writing to {where}", "Wrote to {where}")},
        "follow_ups": (
            ("create_excel_chart", "Make a chart of the data in {where}"),
            ("undo_excel_change", "Show what changed in {workbook}"),
        ),
        "file": "",
        "file_if": ("", ""),
        "delivers": True,
        "changes": True,
    },
    "format_excel_cells": {
        "lines": {"": ("Formatting {where}", "Formatted {where}")},
        "follow_ups": (("export_excel_file", "Export {workbook} as PDF"),),
        "file": "",
        "file_if": ("", ""),
        "delivers": True,
        "changes": True,
    },
    "create_excel_chart": {
        "lines": {
            "": ("Changing charts of {where}", "Changed charts of {where}"),
            "add": ("Adding a chart to {where}", "Chart added to {where}"),
            "list": ("Looking at the charts of {where}", "Looked at the charts of {where}"),
            "change": ("Changing a chart on {where}", "Chart changed on {where}"),
            "delete": ("Deleting a chart from {where}", "Chart deleted from {where}"),
        },
        "follow_ups": (("export_excel_file", "Export {workbook} as PDF"),),
        "file": "",
        "file_if": ("", ""),
        "delivers": True,
        "changes": True,
    },
    "export_excel_file": {
        "lines": {"": ("Exporting {where} as {FORMAT}", "Exported {where} as {FORMAT}")},
        "follow_ups": (),
        "file": "",
        "file_if": ("", ""),
        "delivers": True,
        "changes": False,
    },
    "create_excel_report": {
        "lines": {
            "": ("Making the report", "Made the report"),
            "sales_report": ("Making the sales report", "Sales report made"),
            "employee_directory": ("Making the employee directory", "Employee directory made"),
            "invoice": ("Making the invoice", "Invoice made"),
            "budget": ("Making the budget", "Budget made"),
            "project_plan": ("Making the project plan", "Project plan made"),
            "timesheet": ("Making the timesheet", "Timesheet made"),
            "inventory": ("Making the inventory", "Inventory made"),
        },
        "follow_ups": (("export_excel_file", "Export {workbook} as PDF"),),
        "file": "",
        "file_if": ("", ""),
        "delivers": True,
        "changes": True,
    },
}

# Actions that change nothing.
LOOKING = ("list", "changes", "tables", "select")

# What the chat is told, by the code of a language and the English text.
TEXTS: dict[str, dict[str, str]] = {
    "de": {
        "Add a row of totals to {where}": "Füge in {where} eine Summenzeile hinzu",
        "Adding a chart to {where}": "{where}: Diagramm wird eingefügt",
        "Adding a comment to {where}": "{where}: Kommentar wird eingefügt",
        "Adding a link to {where}": "{where}: Link wird eingefügt",
        "Adding a picture to {where}": "{where}: Bild wird eingefügt",
        "Adding a pivot table to {workbook}": "{workbook}: Pivot-Tabelle wird erstellt",
        "Adding a rule to {where}": "{where}: Regel wird angelegt",
        "Adding the sheet {where}": "Blatt {where} wird angelegt",
        "Asked {source|the database}": "{source|Datenbank} abgefragt",
        "Asking {source|the database}": "{source|Datenbank} wird abgefragt",
        "Bringing rows from {source|the database}": "Zeilen werden aus {source|der Datenbank} geholt",
        "Budget made": "Budget erstellt",
        "Cells cleared in {where}": "{where}: Zellen geleert",
        "Cells copied in {where}": "{where}: Zellen kopiert",
        "Cells deleted from {where}": "{where}: Zellen gelöscht",
        "Cells filled in {where}": "{where}: Zellen ausgefüllt",
        "Cells inserted in {where}": "{where}: Zellen eingefügt",
        "Cells merged in {where}": "{where}: Zellen verbunden",
        "Cells moved in {where}": "{where}: Zellen verschoben",
        "Cells unmerged in {where}": "{where}: verbundene Zellen getrennt",
        "Changed charts of {where}": "{where}: Diagramme geändert",
        "Changed notes of {where}": "{where}: Notizen geändert",
        "Changed pivot tables": "Pivot-Tabellen geändert",
        "Changed rules of {where}": "{where}: Regeln geändert",
        "Changed sheets of {workbook}": "{workbook}: Blätter geändert",
        "Changed tables of {where}": "{where}: Tabellen geändert",
        "Changed {where}": "{where} geändert",
        "Changed {workbook} in several steps": "{workbook} in mehreren Schritten geändert",
        "Changes of {workbook} redone": "{workbook}: Änderungen wiederholt",
        "Changes of {workbook} undone": "{workbook}: Änderungen rückgängig gemacht",
        "Changing a chart on {where}": "{where}: Diagramm wird geändert",
        "Changing a pivot table": "Pivot-Tabelle wird geändert",
        "Changing a rule of {where}": "{where}: Regel wird geändert",
        "Changing a table on {where}": "{where}: Tabelle wird geändert",
        "Changing charts of {where}": "{where}: Diagramme werden geändert",
        "Changing notes of {where}": "{where}: Notizen werden geändert",
        "Changing pivot tables": "Pivot-Tabellen werden geändert",
        "Changing rules of {where}": "{where}: Regeln werden geändert",
        "Changing sheets of {workbook}": "{workbook}: Blätter werden geändert",
        "Changing tables of {where}": "{where}: Tabellen werden geändert",
        "Changing the layout of {where}": "{where}: Layout wird geändert",
        "Changing {where}": "{where} wird geändert",
        "Changing {workbook} in several steps": "{workbook} wird in mehreren Schritten geändert",
        "Chart added to {where}": "{where}: Diagramm eingefügt",
        "Chart changed on {where}": "{where}: Diagramm geändert",
        "Chart deleted from {where}": "{where}: Diagramm gelöscht",
        "Choosing {source|the database}": "{source|Datenbank} wird ausgewählt",
        "Chose {source|the database}": "{source|Datenbank} ausgewählt",
        "Cleaning up texts in {where}": "{where}: Texte werden bereinigt",
        "Clearing cells of {where}": "{where}: Zellen werden geleert",
        "Close without saving?": "Schließen, ohne zu speichern?",
        "Closed {workbook}": "{workbook} geschlossen",
        "Closing {workbook}": "{workbook} wird geschlossen",
        "Columns deleted from {where}": "{where}: Spalten gelöscht",
        "Columns inserted in {where}": "{where}: Spalten eingefügt",
        "Columns moved in {where}": "{where}: Spalten verschoben",
        "Columns turned into rows in {where}": "{where}: Spalten in Zeilen umgewandelt",
        "Comment added to {where}": "{where}: Kommentar eingefügt",
        "Copying cells of {where}": "{where}: Zellen werden kopiert",
        "Copying {where}": "{where} wird kopiert",
        "Created {filename}": "{filename} erstellt",
        "Creating {filename}": "{filename} wird erstellt",
        "Deleting a chart from {where}": "{where}: Diagramm wird gelöscht",
        "Deleting a pivot table": "Pivot-Tabelle wird gelöscht",
        "Deleting a sheet of {workbook}": "{workbook}: Blatt wird gelöscht",
        "Deleting a table from {where}": "{where}: Tabelle wird gelöscht",
        "Deleting cells from {where}": "{where}: Zellen werden gelöscht",
        "Deleting columns from {where}": "{where}: Spalten werden gelöscht",
        "Deleting rows from {where}": "{where}: Zeilen werden gelöscht",
        "Deleting rules from {where}": "{where}: Regeln werden gelöscht",
        "Duplicates removed from {where}": "{where}: Duplikate entfernt",
        "Employee directory made": "Mitarbeiterverzeichnis erstellt",
        "Export {workbook} as PDF": "Exportiere {workbook} als PDF",
        "Exported {where} as {FORMAT}": "{where} als {FORMAT} exportiert",
        "Exporting {where} as {FORMAT}": "{where} wird als {FORMAT} exportiert",
        "Filling cells of {where}": "{where}: Zellen werden ausgefüllt",
        "Formatted {where}": "{where} formatiert",
        "Formatting {where}": "{where} wird formatiert",
        "Hid {where}": "{where} ausgeblendet",
        "Hiding {where}": "{where} wird ausgeblendet",
        "Imported {source|the CSV}": "{source|CSV-Daten} importiert",
        "Importing {source|the CSV}": "Import: {source|CSV-Daten}",
        "Inserting cells in {where}": "{where}: Zellen werden eingefügt",
        "Inserting columns in {where}": "{where}: Spalten werden eingefügt",
        "Inserting rows in {where}": "{where}: Zeilen werden eingefügt",
        "Inventory made": "Bestandsliste erstellt",
        "Invoice made": "Rechnung erstellt",
        "Joining texts in {where}": "{where}: Texte werden verbunden",
        "Layout of {where} changed": "{where}: Layout geändert",
        "Link added to {where}": "{where}: Link eingefügt",
        "Looked at the changes of {workbook}": "{workbook}: Änderungen angesehen",
        "Looked at the charts of {where}": "{where}: Diagramme angesehen",
        "Looked at the files": "Dateien angesehen",
        "Looked at the notes of {where}": "{where}: Notizen angesehen",
        "Looked at the pivot tables": "Pivot-Tabellen angesehen",
        "Looked at the rules of {where}": "{where}: Regeln angesehen",
        "Looked at the tables of {source|the database}": "{source|Datenbank}: Tabellen angesehen",
        "Looked at the tables of {where}": "{where}: Tabellen angesehen",
        "Looked at what changed in {workbook}": "{workbook}: angesehen, was sich geändert hat",
        "Looked at {where}": "{where} angesehen",
        "Looked for causes of errors in {where}": "{where}: Fehlerursachen gesucht",
        "Looked into a formula of {where}": "{where}: Formel untersucht",
        "Looked into formulas of {where}": "{where}: Formeln untersucht",
        "Looking at the changes of {workbook}": "{workbook}: Änderungen werden angesehen",
        "Looking at the charts of {where}": "{where}: Diagramme werden angesehen",
        "Looking at the files": "Dateien werden angesehen",
        "Looking at the notes of {where}": "{where}: Notizen werden angesehen",
        "Looking at the pivot tables": "Pivot-Tabellen werden angesehen",
        "Looking at the rules of {where}": "{where}: Regeln werden angesehen",
        "Looking at the tables of {source|the database}": "{source|Datenbank}: Tabellen werden angesehen",
        "Looking at the tables of {where}": "{where}: Tabellen werden angesehen",
        "Looking at what changed in {workbook}": "{workbook}: Änderungen werden verglichen",
        "Looking at {where}": "{where} wird angesehen",
        "Looking for causes of errors in {where}": "{where}: Fehlerursachen werden gesucht",
        "Looking into a formula of {where}": "{where}: Formel wird untersucht",
        "Looking into formulas of {where}": "{where}: Formeln werden untersucht",
        "Made the report": "Bericht erstellt",
        "Make a chart of the data in {where}": "Erstelle ein Diagramm aus den Daten in {where}",
        "Make a chart of {value} per {label} from {where}": "Erstelle ein Diagramm aus {where}: {value} je {label}",
        "Making a table on {where}": "{where}: Tabelle wird angelegt",
        "Making the budget": "Budget wird erstellt",
        "Making the employee directory": "Mitarbeiterverzeichnis wird erstellt",
        "Making the inventory": "Bestandsliste wird erstellt",
        "Making the invoice": "Rechnung wird erstellt",
        "Making the project plan": "Projektplan wird erstellt",
        "Making the report": "Bericht wird erstellt",
        "Making the sales report": "Verkaufsbericht wird erstellt",
        "Making the timesheet": "Stundenzettel wird erstellt",
        "Merging cells in {where}": "{where}: Zellen werden verbunden",
        "Moved {where}": "{where} verschoben",
        "Moving cells of {where}": "{where}: Zellen werden verschoben",
        "Moving columns in {where}": "{where}: Spalten werden verschoben",
        "Moving rows in {where}": "{where}: Zeilen werden verschoben",
        "Moving {where}": "{where} wird verschoben",
        "Name given in {workbook}": "{workbook}: Name vergeben",
        "Naming cells of {workbook}": "{workbook}: Zellen werden benannt",
        "Notes removed from {where}": "{where}: Notizen entfernt",
        "Opened {file}": "{file} geöffnet",
        "Opening {file}": "{file} wird geöffnet",
        "Picture added to {where}": "{where}: Bild eingefügt",
        "Pivot table added on {where}": "{where}: Pivot-Tabelle erstellt",
        "Pivot table changed on {where}": "{where}: Pivot-Tabelle geändert",
        "Pivot table deleted from {where}": "{where}: Pivot-Tabelle gelöscht",
        "Pivot tables refreshed in {workbook}": "{workbook}: Pivot-Tabellen aktualisiert",
        "Prepared a preview of {where}": "{where}: Vorschau erstellt",
        "Preparing a preview of {where}": "{where}: Vorschau wird erstellt",
        "Project plan made": "Projektplan erstellt",
        "Protected {where}": "{where} geschützt",
        "Protecting {where}": "{where} wird geschützt",
        "Protection taken off {where}": "{where}: Schutz aufgehoben",
        "Putting rows into {workbook}": "{workbook}: Zeilen werden eingetragen",
        "Read {where}": "{where} gelesen",
        "Reading {where}": "{where} wird gelesen",
        "Redo what was undone": "Stelle das Rückgängiggemachte wieder her",
        "Redoing changes of {workbook}": "{workbook}: Änderungen werden wiederholt",
        "Refreshing pivot tables": "Pivot-Tabellen werden aktualisiert",
        "Removing duplicates from {where}": "{where}: Duplikate werden entfernt",
        "Removing notes from {where}": "{where}: Notizen werden entfernt",
        "Renaming {where}": "{where} wird umbenannt",
        "Replacing texts in {where}": "{where}: Texte werden ersetzt",
        "Rows and columns swapped in {where}": "{where}: Zeilen und Spalten vertauscht",
        "Rows deleted from {where}": "{where}: Zeilen gelöscht",
        "Rows from {source} put on {where}": "{where}: Zeilen aus {source} eingetragen",
        "Rows inserted in {where}": "{where}: Zeilen eingefügt",
        "Rows moved in {where}": "{where}: Zeilen verschoben",
        "Rows put on {where}": "{where}: Zeilen eingetragen",
        "Rule added to {where}": "{where}: Regel angelegt",
        "Rule changed on {where}": "{where}: Regel geändert",
        "Rules deleted from {where}": "{where}: Regeln gelöscht",
        "Sales report made": "Verkaufsbericht erstellt",
        "Saved {workbook}": "{workbook} gespeichert",
        "Saving {workbook}": "{workbook} wird gespeichert",
        "Searched the data of {workbook}": "{workbook}: Daten durchsucht",
        "Searching the data of {workbook}": "{workbook}: Daten werden durchsucht",
        "Seeking the right input in {where}": "{where}: passender Eingabewert wird gesucht",
        "Sheet copied to {where}": "Blatt kopiert: {where}",
        "Sheet deleted from {workbook}": "{workbook}: Blatt gelöscht",
        "Sheet renamed to {where}": "Blatt umbenannt: {where}",
        "Sheet {where} added": "Blatt {where} angelegt",
        "Show what changed in {workbook}": "Zeige, was sich in {workbook} geändert hat",
        "Showing {where}": "{where} wird eingeblendet",
        "Sorted {where}": "{where} sortiert",
        "Sorting {where}": "{where} wird sortiert",
        "Sought the right input in {where}": "{where}: passender Eingabewert gesucht",
        "Splitting texts in {where}": "{where}: Texte werden aufgeteilt",
        "Sum up {value} per {label} from {where}": "Summiere {value} je {label} aus {where}",
        "Swapping rows and columns in {where}": "{where}: Zeilen und Spalten werden vertauscht",
        "Table changed on {where}": "{where}: Tabelle geändert",
        "Table deleted from {where}": "{where}: Tabelle gelöscht",
        "Table made on {where}": "{where}: Tabelle angelegt",
        "Table of {where} turned into plain cells": "{where}: Tabelle in normale Zellen umgewandelt",
        "Taking the protection off {where}": "{where}: Schutz wird aufgehoben",
        "Texts cleaned up in {where}": "{where}: Texte bereinigt",
        "Texts joined in {where}": "{where}: Texte verbunden",
        "Texts replaced in {where}": "{where}: Texte ersetzt",
        "Texts split in {where}": "{where}: Texte aufgeteilt",
        "Timesheet made": "Stundenzettel erstellt",
        "Turning a table of {where} into plain cells": "{where}: Tabelle wird in normale Zellen umgewandelt",
        "Turning columns into rows in {where}": "{where}: Spalten werden in Zeilen umgewandelt",
        "Undo the last change": "Mach die letzte Änderung rückgängig",
        "Undoing changes of {workbook}": "{workbook}: Änderungen werden rückgängig gemacht",
        "Unmerging cells in {where}": "{where}: verbundene Zellen werden getrennt",
        "Writing to {where}": "{where}: Zellen werden geschrieben",
        "Wrote to {where}": "{where}: Zellen geschrieben",
        "a file": "Datei",
        "a limit is reached": "eine Grenze ist erreicht",
        "a value or formula does not fit": "ein Wert oder eine Formel passt nicht",
        "asking the database": "Datenbank wird abgefragt",
        "bringing the file into the chat": "Datei wird in den Chat gebracht",
        "bringing the page into the chat": "Vorschau wird in den Chat gebracht",
        "bringing the workbook back": "Arbeitsmappe wird wiederhergestellt",
        "calculating": "Berechnung",
        "converting": "Umwandlung",
        "done before it was stopped": "vor dem Anhalten schon fertig",
        "files of this kind can't be opened": "Dateien dieser Art lassen sich nicht öffnen",
        "finishing": "Abschluss",
        "it is not clear which database is meant": "es ist nicht klar, welche Datenbank gemeint ist",
        "it is not clear which sheet is meant": "es ist nicht klar, welches Blatt gemeint ist",
        "it is not clear which workbook is meant": "es ist nicht klar, welche Arbeitsmappe gemeint ist",
        "it is too large": "es ist zu groß",
        "it takes more memory than there is": "es braucht mehr Speicher, als da ist",
        "it took too long": "es hat zu lange gedauert",
        "it took too long; the workbook is as it was": "es hat zu lange gedauert; die Arbeitsmappe ist unverändert",
        "loading": "Laden",
        "others are using it at the moment; try again later": "gerade wird daran gearbeitet; bitte später noch einmal versuchen",
        "reading": "Lesen",
        "sending the file": "Datei wird übertragen",
        "several files have such a name": "mehrere Dateien heißen so",
        "something went wrong inside; an administrator can help": "im Inneren ging etwas schief; die Administration kann helfen",
        "step {number} of {total}": "Schritt {number} von {total}",
        "stopped": "angehalten",
        "stopped, but it may have been done: the service did not answer": "angehalten, ist aber vielleicht schon geschehen: der Dienst hat nicht geantwortet",
        "the Excel service broke off; the change may have been made": "der Excel-Dienst brach ab; die Änderung ist vielleicht schon gemacht",
        "the Excel service can't be reached; an administrator can help": "der Excel-Dienst ist nicht erreichbar; die Administration kann helfen",
        "the Excel service could not store it; an administrator can help": "der Excel-Dienst konnte es nicht speichern; die Administration kann helfen",
        "the Excel service does not answer; trying again": "der Excel-Dienst antwortet nicht; neuer Versuch",
        "the Excel service does not know this; an administrator can help": "der Excel-Dienst kennt das nicht; die Administration kann helfen",
        "the Excel service does not take this tool's key; an administrator can help": "der Excel-Dienst nimmt den Schlüssel dieses Werkzeugs nicht an; die Administration kann helfen",
        "the Excel service is busy; trying again": "der Excel-Dienst ist ausgelastet; neuer Versuch",
        "the Excel service lost track of this chat": "der Excel-Dienst hat diesen Chat aus den Augen verloren",
        "the attached file could not be read; attach it again": "die angehängte Datei war nicht lesbar; bitte noch einmal anhängen",
        "the database can't be asked at the moment": "die Datenbank ist gerade nicht erreichbar",
        "the database did not understand the question": "die Datenbank hat die Frage nicht verstanden",
        "the database may only be read": "die Datenbank darf nur gelesen werden",
        "the file": "Datei",
        "the file is damaged": "die Datei ist beschädigt",
        "the file is gone, or you may not read it": "die Datei ist weg, oder Sie dürfen sie nicht lesen",
        "the file needs a password": "die Datei braucht ein Kennwort",
        "the model asked for it in a way that is not understood": "das Modell hat es so verlangt, dass es nicht zu verstehen ist",
        "the model asked the data in a way that is not understood": "das Modell hat so nach den Daten gefragt, dass es nicht zu verstehen ist",
        "the password is not right": "das Kennwort stimmt nicht",
        "the workbook": "Arbeitsmappe",
        "the workbook was closed": "die Arbeitsmappe wurde geschlossen",
        "there are no such cells, or they can't be used so": "diese Zellen gibt es nicht, oder sie lassen sich so nicht verwenden",
        "there is no such database": "diese Datenbank gibt es nicht",
        "there is no such file": "diese Datei gibt es nicht",
        "there is no such sheet": "dieses Blatt gibt es nicht",
        "there is no such workbook": "diese Arbeitsmappe gibt es nicht",
        "waiting for its turn": "wartet, bis sie an der Reihe ist",
        "writing": "Schreiben",
        "{doing} did not work: {why}": "{doing}: nicht gelungen, {why}",
        "{done} of {total}": "{done} von {total}",
        "{where} is shown again": "{where} eingeblendet",
        "{workbook} has unsaved changes ({count}). Closing loses them; files shown in this chat stay.": "{workbook} hat ungespeicherte Änderungen ({count}). Beim Schließen gehen sie verloren; Dateien, die hier zu sehen sind, bleiben.",
        "{workbook} stays open, with its unsaved changes": "{workbook} bleibt offen, mit den ungespeicherten Änderungen",
    }
}
# --- end of the generated part ---


class ToolError(Exception):
    """A failure as the model and the user read it."""

    def __init__(
        self, message: str, hint: str = "", code: str = "", details: dict | None = None
    ) -> None:
        super().__init__(message)
        self.message, self.hint, self.code = message, hint, code
        # Facts for this file, and the whole line for the chat where it is not a failure.
        self.details: dict = details or {}
        self.line = ""

    def answer(self) -> str:
        hint = _advice(self.hint)
        return compact({"error": self.message, "hint": hint, "code": self.code})


def compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class SharedState:
    """What all instances share: bounded, and safe under concurrent calls.

    It is only a shortcut. The service finds the session of a user and chat by itself, so
    nothing is lost when Open WebUI forgets this, as it does when the tool is saved again.
    """

    def __init__(self, most: int = 5000) -> None:
        self._lock = threading.Lock()
        self._most = most
        self._values: OrderedDict[tuple, str] = OrderedDict()

    def get(self, *key: str) -> str:
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key, "")

    def put(self, value: str, *key: str) -> None:
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > self._most:
                self._values.popitem(last=False)

    def drop(self, value: str, *key: str) -> None:
        """Forget a value, unless another call has put a new one there already."""
        with self._lock:
            if self._values.get(key) == value:
                del self._values[key]

    def __len__(self) -> int:
        with self._lock:
            return len(self._values)


class Upload:
    """A file of the chat that a call needs at the service."""

    def __init__(self, origin: str, name: str, path: str = "", data: bytes = b"") -> None:
        self.origin, self.name, self.path, self.data = origin, name, path, data

    def stream(self) -> Any:
        return open(self.path, "rb") if self.path else io.BytesIO(self.data)


class UploadForm:
    """The body of a request that sends a file, piece by piece: nothing holds the whole file."""

    def __init__(self, upload: Upload, stream: Any) -> None:
        mark = uuid.uuid4().hex
        name = upload.name.replace('"', "%22").replace("\r", " ").replace("\n", " ")
        parts = (("source", "", upload.origin), ("file", f'; filename="{name}"', ""))
        head = "\r\n".join(
            f'--{mark}\r\nContent-Disposition: form-data; name="{field}"{more}\r\n\r\n{value}'
            for field, more, value in parts
        )
        self._head = head.encode("utf-8", "replace")
        self._tail = f"\r\n--{mark}--\r\n".encode()
        self._stream = stream
        self._size = stream.seek(0, os.SEEK_END)
        self.headers = {"Content-Type": f"multipart/form-data; boundary={mark}"}

    def __len__(self) -> int:
        return len(self._head) + self._size + len(self._tail)

    def __iter__(self) -> Any:
        self._stream.seek(0)
        yield self._head
        while piece := self._stream.read(PIECE):
            yield piece
        yield self._tail


class ServiceClient:
    """Speaks to the service for one user and chat. It blocks: call it in a thread."""

    def __init__(self, valves: Any, user: str, chat: str, state: SharedState) -> None:
        self.url = str(valves.service_url).strip().rstrip("/")
        self.api_key = str(valves.api_key).strip()
        self.timeout = float(valves.timeout)
        # How many unsaved changes a call may discard; None: all.
        self.may_discard = 0 if valves.confirm_discarding else None
        # Header values are Latin-1 on the wire; ids are plain ASCII in Open WebUI.
        self.user, self.chat, self.state = _ascii(user), _ascii(chat), state
        # Files that the chat has, as the service is told of them, and which of these are at hand.
        self.offers: list[dict] = []
        self.at_hand: list[dict] = []
        # The message in whose answer the calls are made; "" for none.
        self.message = ""
        # The session and key of the operation that the service has been sent.
        self._under_way = ("", "")
        # What is done outside of an operation, in words for the chat.
        self.stage = ""
        # Why a request waits before it is sent again; "" if none does.
        self._waits = ""
        self._halt = threading.Event()
        self._done = False
        self._idle = threading.Event()
        self._idle.set()

    def progress(self) -> dict:
        """What is being done for the operation under way; empty if that is not known."""
        session, key = self._under_way
        if self._waits or not key:
            return {"doing": self._waits or self.stage}
        try:
            return self._json("GET", f"/v1/calls/{key}", {"X-Excel-Session": session}, timeout=5.0)
        except ToolError:
            return {}  # it may not have come to the service yet

    def stop(self) -> str:
        """Begin nothing more, have the service stop the operation under way; what came of it."""
        self._halt.set()
        session, key = self._under_way
        cancelled = self._cancelled(session, key) if key else True
        self._idle.wait(STOPPING)
        if cancelled is None and not self._done:
            return "stopped, but it may have been done: the service did not answer"
        return "stopped" if cancelled and not self._done else "done before it was stopped"

    def _cancelled(self, session: str, key: str) -> bool | None:
        """Have a call stopped; whether it is, None if the service does not say so.

        It is not if it was done already: what it did stands.
        """
        headers = {"X-Excel-Session": session}
        try:
            told = self._json("DELETE", f"/v1/calls/{key}", headers, timeout=STOPPING)
        except ToolError as error:
            log.warning("the service was not told to stop a call: %s", error.code)
            return None
        return bool(told.get("cancelled"))

    def operate(self, name: str, arguments: dict, uploads: dict[str, Upload]) -> dict:
        """Run one operation; a lost session is opened anew and the call repeated once."""
        self._idle.clear()
        self._done = False
        try:
            body = self._operated(name, arguments, uploads, uuid.uuid4().hex)
            self._done = True
            return body
        finally:
            self._under_way = ("", "")
            self._idle.set()

    def _operated(self, name: str, arguments: dict, uploads: dict[str, Upload], key: str) -> dict:
        session = self._session()
        try:
            return self._attempt(session, name, arguments, uploads, key)
        except ToolError as error:
            if error.code not in SESSION_CODES:
                raise
            self.state.drop(session, "session", self.url, self.user, self.chat)
        try:
            return self._attempt(self._session(), name, arguments, uploads, key)
        except ToolError as error:
            if error.code not in SESSION_CODES:
                raise
            raise ToolError(
                "The Excel service lost its session twice in a row.",
                "Nothing was changed. Tell the user to try again, and the administrator to look "
                "at the service.",
                error.code,
            ) from None

    def prefer(self, preferences: dict[str, str]) -> str:
        """Tell the service what the user prefers, if that has changed; says what it refused.

        A user who has chosen nothing must not lose what the service was told otherwise.
        """
        key = ("preferences", self.url, self.user)
        wanted = compact(preferences)
        if wanted == (self.state.get(*key) or "{}"):
            return ""
        notice = ""
        try:
            self._json("PUT", "/v1/preferences", json=preferences, timeout=10.0)
        except ToolError as error:
            log.warning("the user's preferences were not taken: %s", error.code)
            if error.code != "invalid_parameters":
                return ""  # tried again at the next call
            notice = f"The user's settings of this tool are not used: {error.message}"
        self.state.put(wanted, *key)
        return notice

    def follow(self, earlier: list[str]) -> dict:
        """Tell on which way of the chat the message stands; what the service did for that."""
        body = {"message": self.message, "earlier": [_ascii(message) for message in earlier]}
        session = self._session()
        try:
            return self._json("POST", f"/v1/sessions/{session}/branch", json=body)
        except ToolError as error:
            if error.code not in SESSION_CODES:
                raise
            self.state.drop(session, "session", self.url, self.user, self.chat)
        return self._json("POST", f"/v1/sessions/{self._session()}/branch", json=body)

    def fetch(self, download_url: str, query: str = "") -> bytes:
        """What is behind a link of the service, by the address that this server uses."""
        parts = urlsplit(download_url)
        address = self.url + parts.path[_start(download_url) :]
        queries = "&".join(filter(None, (parts.query, query)))
        response = self._send("GET", f"{address}?{queries}" if queries else address, {})
        if response.status_code != 200:
            raise self._error(response)
        return response.content

    def _session(self) -> str:
        known = self.state.get("session", self.url, self.user, self.chat)
        if known:
            return known
        body = self._json("POST", "/v1/sessions", json={"user": self.user, "chat": self.chat})
        session = body.get("session_id")
        if not isinstance(session, str) or not session or session != _ascii(session):
            raise self._rubbish("it named no session")
        self.state.put(session, "session", self.url, self.user, self.chat)
        return session

    def _attempt(
        self, session: str, name: str, arguments: dict, uploads: dict[str, Upload], key: str
    ) -> dict:
        self._offer(session)
        sent = {p: self._uploaded(session, upload) for p, upload in uploads.items()}
        headers = {"X-Excel-Session": session, "Idempotency-Key": key}
        if self.may_discard is not None:
            headers["X-Excel-May-Discard"] = str(self.may_discard)
        headers |= {"X-Message-Id": self.message} if self.message else {}
        self._under_way = (session, key)
        path, body = f"/v1/operations/{name}", {**arguments, **sent}
        try:
            answer = self._json("POST", path, headers, json=body)
        except ToolError as late:
            if late.code != "service_timeout":
                raise
            self._give_up(session, key, late)
            # It was done just now: the same key gets its answer.
            answer = self._json("POST", path, headers, json=body)
        if not isinstance(answer.get("result"), dict):
            raise self._rubbish("the answer has no result")
        return answer

    def _offer(self, session: str) -> None:
        """Tell the service which files the chat has, where that is not what it was told last.

        Folders and knowledge are looked at for some calls only; what was told of them stays.
        """
        prints = [_fingerprint(offers) for offers in (self.at_hand, self.offers)]
        told = self.state.get("offers", session) or compact([_fingerprint([])] * 2)
        if prints == json.loads(told) or (self.offers is self.at_hand and prints[0] in told):
            return
        headers = {"X-Excel-Session": session}
        self._json("PUT", "/v1/files", headers, json={"files": self.offers[:MOST_OFFERED]})
        self.state.put(compact(prints), "offers", session)

    def _give_up(self, session: str, key: str, late: ToolError) -> None:
        """Have a call stopped that takes too long; comes back if it was done already.

        :raises ToolError: if it was stopped, or nobody knows
        """
        cancelled = self._cancelled(session, key)
        if cancelled is None:
            raise late
        if cancelled:
            raise ToolError(
                f"It took longer than {self.timeout:g} seconds and was stopped.",
                "Nothing was changed. Work in smaller parts; an administrator can raise the valve "
                "timeout of this tool.",
                late.code,
            )

    def _uploaded(self, session: str, upload: Upload) -> str:
        """The service's id of a file; a file that it has is not sent again."""
        known = self.state.get("upload", session, upload.origin)
        if known:
            return known
        self.stage = "sending the file"
        with upload.stream() as stream:
            form = UploadForm(upload, stream)
            headers = {"X-Excel-Session": session, **form.headers}
            body = self._json("POST", "/v1/files", headers, data=form)
        file = body.get("file")
        if not isinstance(file, dict) or not file.get("id"):
            raise self._rubbish("it took a file without an id")
        self.state.put(str(file["id"]), "upload", session, upload.origin)
        return str(file["id"])

    def _json(self, method: str, path: str, headers: dict | None = None, **body: Any) -> dict:
        response = self._send(method, self.url + path, headers or {}, **body)
        if response.status_code not in (200, 201):
            raise self._error(response)
        if path == "/v1/sessions":
            self.state.put(response.headers.get("X-Excel-Without", ""), "without", self.url)
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise self._rubbish("the answer is not JSON")
        return answer

    def _send(self, method: str, address: str, headers: dict, **body: Any) -> requests.Response:
        """The answer to a request, which is sent again while the service says it is too busy.

        It is also where the connection is lost, or a proxy in front can't reach it, as while it
        restarts: a change is known to it by its key, and done once. What has a time of its own
        can't wait.
        """
        # Counted from the first time: the call may have been worked on for long before it was lost.
        ends: dict[str, float] = {}
        unsure: ToolError | None = None  # of a request that may have been done without an answer
        while True:
            response, failure = None, None
            try:
                response = self._sent(method, address, headers, **body)
                why, wait = _again_after(response)
                failure = self._of_proxy(response)
            except requests.RequestException as lost:
                why, wait = "restarting", 1.0 if _is_lost(lost) else 0.0
                failure = self._unanswered(lost)
            if failure is not None and failure.code != "service_unreachable":
                unsure = failure
            wait *= random.uniform(1.0, 1.25)
            now, patience = time.monotonic(), BUSY_SECONDS if why == "busy" else RESTART_SECONDS
            if not wait or "timeout" in body or now + wait > ends.setdefault(why, now + patience):
                # What came last says nothing of what was sent before, unless it is an answer.
                failure = (unsure or failure) if failure or wait else None
                if failure is None:
                    return response
                log.warning("no answer from the service: %s", failure.code)
                raise failure
            self._waits = why
            self._halt.wait(wait)
            self._waits = ""

    def _of_proxy(self, response: requests.Response) -> ToolError | None:
        """What to say of an answer by a proxy in front that has none of the service."""
        if response.status_code not in PROXY_SAYS or _is_own(response):
            return None
        code, hint = PROXY_SAYS[response.status_code]
        return ToolError(
            f"A proxy in front of the Excel service at {self.url} got no answer from it (HTTP "
            f"status {response.status_code}).",
            hint,
            code,
        )

    def _sent(self, method: str, address: str, headers: dict, **body: Any) -> requests.Response:
        if self._halt.is_set() and method != "DELETE":
            raise ToolError("The user has stopped this.", "Nothing was changed.", "cancelled")
        who = {"X-User-Id": self.user, "X-Chat-Id": self.chat, **self._authorization()}
        who |= _signed(self.user)
        timeout = body.pop("timeout", self.timeout)
        try:
            return requests.request(
                method,
                address,
                headers={**who, **headers},
                timeout=(min(10.0, timeout), timeout),
                allow_redirects=False,
                **body,
            )
        except requests.exceptions.InvalidJSONError:
            raise ToolError(
                "The arguments hold a number that JSON does not know, such as NaN or Infinity.",
                "Nothing was changed. Send null for a blank cell.",
                "invalid_parameters",
            ) from None
        except requests.RequestException:
            raise
        except ValueError as error:
            log.warning("no answer from the service: %s", type(error).__name__)
            raise self._unanswered(error) from None

    def _authorization(self) -> dict[str, str]:
        """The header with the key, after a look at both settings."""
        if not self.url.startswith(("http://", "https://")):
            raise ToolError(
                f"The address of the Excel service is not set rightly: {self.url!r}.",
                "An administrator has to set the valve service_url of this tool, for example to "
                "http://excel-tools:9080.",
                "service_address",
            )
        if not (self.api_key.isascii() and self.api_key.isprintable()):
            raise ToolError(
                "The API key of the Excel service holds characters that no key has.",
                "An administrator has to set the valve api_key of this tool anew.",
                "service_key",
            )
        return {"Authorization": f"Bearer {self.api_key}"} if self.api_key else {}

    def _unanswered(self, error: Exception) -> ToolError:
        """What to say where no answer came; what was asked may have been done all the same."""
        if isinstance(error, requests.ReadTimeout):
            return ToolError(
                f"The Excel service did not answer within {self.timeout:g} seconds.",
                f"{MAYBE}, and work in smaller parts.",
                "service_timeout",
            )
        broken = isinstance(error, requests.exceptions.ChunkedEncodingError) or any(
            isinstance(cause, ProtocolError) for cause in error.args
        )
        if broken:
            return ToolError(
                "The Excel service broke off in the middle of its answer.",
                f"{MAYBE}.",
                "service_broke_off",
            )
        return ToolError(
            f"The Excel service at {self.url} can't be reached.",
            "Nothing was changed. Tell the user that an administrator has to start the service "
            "or correct the valve service_url of this tool.",
            "service_unreachable",
        )

    def _error(self, response: requests.Response) -> ToolError:
        try:
            error = response.json()["error"]
            told = (str(error["message"]), str(error["hint"]), str(error["code"]))
            details = error.get("details")
            return ToolError(*told, details if isinstance(details, dict) else None)
        except (ValueError, KeyError, TypeError, AttributeError):
            return self._rubbish(f"HTTP status {response.status_code}")

    def _rubbish(self, what: str) -> ToolError:
        return ToolError(
            f"What answers at {self.url} is not the Excel service, or a broken one ({what}).",
            "Tell the user that an administrator has to check the valve service_url of this tool "
            "and the service behind it.",
            "service_rubbish",
        )


def _again_after(response: requests.Response) -> tuple[str, float]:
    """(why, the seconds after which it may be sent again); 0 seconds for what may not be."""
    after, status = response.headers.get("Retry-After", ""), response.status_code
    seconds = float(after) if after.isdecimal() else 0.0
    if status in (429, 503) and seconds:
        return "busy", seconds
    # A proxy in front has others behind it, or the same one soon.
    return "restarting", 1.0 if status in PROXY_SAYS and not _is_own(response) else 0.0


def _is_own(response: requests.Response) -> bool:
    """Whether an error is the service's own, and not that of something before it."""
    try:
        return isinstance(response.json()["error"]["code"], str)
    except (ValueError, KeyError, TypeError):
        return False


def _is_lost(error: BaseException) -> bool:
    """Whether nobody answered at the service's address, or the connection ended before an answer."""
    if isinstance(error, requests.exceptions.ChunkedEncodingError | requests.ConnectTimeout):
        return True
    if isinstance(error, requests.Timeout):
        return False
    if isinstance(error, ConnectionError | NewConnectionError):
        return True
    causes = [*error.args, getattr(error, "reason", None), error.__cause__]
    return any(_is_lost(cause) for cause in causes if isinstance(cause, BaseException))


def _signed(user: str) -> dict[str, str]:
    """The token by which Open WebUI shows who its user is, where it has a secret to sign it with."""
    try:
        from open_webui.env import (
            FORWARD_USER_INFO_HEADER_JWT,
            FORWARD_USER_INFO_HEADER_JWT_SECRET,
        )
        from open_webui.utils.headers import include_user_info_headers
    except ImportError:
        return {}
    if not FORWARD_USER_INFO_HEADER_JWT_SECRET:
        return {}
    someone = SimpleNamespace(id=user, email="", name="", role="")  # the id is all that is needed
    token = include_user_info_headers({}, someone).get(FORWARD_USER_INFO_HEADER_JWT)
    return {"X-OpenWebUI-User-Jwt": token} if token else {}


def _fingerprint(value: object) -> str:
    return hashlib.sha256(compact(value).encode("utf-8", "replace")).hexdigest()


def _ascii(text: str) -> str:
    """The id as it is, or its fingerprint where it could not stand in a header."""
    plain = text.isascii() and text.isprintable() and text.strip() == text and len(text) <= 200
    return text if plain else hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


class Turn:
    """One call of a tool: who called, in which chat, and how to speak to the page."""

    def __init__(self, injected: tuple, show_status: bool) -> None:
        user, metadata, request, files, emitter, *more = injected
        self.user: dict = user or {}
        self.metadata: dict = metadata or {}
        metadata = self.metadata
        self.request = request
        self.files: list = [file for file in files or [] if isinstance(file, dict)]
        self._emitter, self._caller = emitter, next(iter(more), None)
        self.shows_status = show_status and emitter is not None
        self.user_id = str(self.user.get("id") or metadata.get("user_id") or "nobody")
        session = metadata.get("session_id") or "none"
        self.chat_id = str(metadata.get("chat_id") or f"without-chat-{session}")
        self.message_id = str(metadata.get("message_id") or "")
        self.language = self._chosen_language(metadata)
        # The message that is answered, and the answer before it where Open WebUI says that.
        self.asked_id = str(metadata.get("user_message_id") or "")
        self.asked: dict = metadata.get("user_message") or {}
        # The answer that the model was shown, and asked to write in another way.
        self.revised_id = str(metadata.get("regeneration_message_id") or "")
        # What the call turned out to be about, by parameter, for what the chat is told.
        self.named: dict[str, str] = {}
        # Whether the user is being asked something.
        self.asking = False

    @property
    def _valves(self) -> dict:
        valves = self.user.get("valves")
        return valves if isinstance(valves, dict) else vars(valves) if valves else {}

    def _chosen_language(self, metadata: dict) -> str:
        """The code of the language to speak: the user's valve, else the page's, else English."""
        variables = metadata.get("variables")
        page = variables.get("{{USER_LANGUAGE}}") if isinstance(variables, dict) else ""
        headers = getattr(self.request, "headers", None)
        # A page that was opened by an old link, or a call that no page made, tells no language.
        browser = headers.get("accept-language") if headers is not None else ""
        for wanted in (self._valves.get("language"), page, browser):
            for item in str(wanted or "").split(","):
                code = re.split("[-_;]", item.strip().lower())[0]
                if code == "en" or code in TEXTS:
                    return code
        return "en"

    def told(self, text: str) -> str:
        """A text in the user's language."""
        return _told(text, self.language)

    def say(self, text: str, names: dict) -> str:
        """A text in the user's language, with the names put in."""
        return _sentence(text, names, self.language)

    @property
    def preferences(self) -> dict[str, str]:
        """What the user has chosen in their valves, by the service's names."""
        found = self._valves
        chosen = {name: str(found.get(valve) or "").strip() for valve, name in PREFERENCES.items()}
        return {name: value for name, value in chosen.items() if value}

    @property
    def shows_changes(self) -> bool:
        """Whether the user wants to see the workbook after each change."""
        return bool(self._valves.get("show_changes"))

    @property
    def wants_follow_ups(self) -> bool:
        """Whether the user has left Open WebUI's own setting for suggestions on."""
        settings = self.user.get("settings")
        found = settings if isinstance(settings, dict) else vars(settings) if settings else {}
        page = found.get("ui")
        return not isinstance(page, dict) or page.get("autoFollowUps") is not False

    async def status(self, text: str, done: bool = False) -> None:
        if self.shows_status:
            await self.emit("status", {"description": text, "done": done})

    async def theme(self) -> str:
        """The colours of the page, "light" or "dark"; "" if it does not say so in time."""
        if self._caller is None:
            return ""
        asked = {"type": "execute", "data": {"code": IS_DARK}}
        try:
            found = await asyncio.wait_for(self._caller(asked), THEME_SECONDS)
        except Exception as error:
            log.info("the page did not tell its colours: %s", type(error).__name__)
            return ""
        return {True: "dark", False: "light"}.get(found, "") if isinstance(found, bool) else ""

    async def confirmed(self, title: str, message: str) -> bool | None:
        """What the user answers to a question in a dialog; None if nobody could be asked."""
        if self._caller is None:
            return None
        asked = {"type": "confirmation", "data": {"title": title, "message": message}}
        self.asking = True
        try:
            found = await asyncio.wait_for(self._caller(asked), ASK_SECONDS)
        except Exception as error:
            log.info("the user could not be asked: %s", type(error).__name__)
            return None
        finally:
            self.asking = False
        return found if isinstance(found, bool) else None

    async def emit(self, kind: str, data: dict) -> None:
        """Tell the page; a page that is gone must not break the call."""
        if self._emitter is None:
            return
        try:
            await self._emitter({"type": kind, "data": data})
        except Exception as error:
            log.info("the page did not take an event: %s", type(error).__name__)


class Way:
    """The messages that lead to the one that is answered, where the chat has other ways, too.

    An answer that is made anew stands beside the first one, and a changed message beside what it
    was. The model sees its own way only, so the workbooks have to stand as they did there.
    """

    def __init__(self, turn: Turn, state: SharedState) -> None:
        self.turn, self.state = turn, state
        self._own = (turn.user_id, turn.chat_id)

    async def earlier(self) -> list[str] | None:
        """The ids of all of them, the newest first; None for a chat of one way."""
        key = ("way", *self._own, self.turn.message_id)
        if not self.turn.message_id:
            return None
        known = self.state.get(*key)
        if not known:
            known = compact(await self._found())
            self.state.put(known, *key)
        return json.loads(known)

    async def _found(self) -> list[str] | None:
        try:
            from open_webui.models.chats import Chats

            messages = await Chats.get_messages_map_by_chat_id(self.turn.chat_id)
        except Exception as error:
            log.info("the chat's messages can't be looked at: %s", type(error).__name__)
            return None
        if not messages:
            return self._remembered()
        way = _way(messages, self.turn.asked_id)
        if way and self.turn.revised_id:
            way = [self.turn.revised_id, *way]  # the model knows what that one did
        answers = {id_ for id_, m in messages.items() if m.get("role") == "assistant"}
        return way if way and answers - {*way, self.turn.message_id} else None

    def _remembered(self) -> list[str] | None:
        """The way in a temporary chat, which is stored nowhere: of each answer that used a tool
        it is remembered which one was before it."""
        if "parentId" not in self.turn.asked:
            return None
        before = str(self.turn.asked["parentId"] or START)
        self.state.put(before, "before", *self._own, self.turn.message_id)
        way: dict[str, None] = {}
        while before not in ("", START, *way):
            way[before] = None
            before = self.state.get("before", *self._own, before)
        return list(way) if before == START else None


# What stands for the answer before the first one.
START = "-"


def _way(messages: dict, message: str) -> list[str]:
    """The ids from a message back to the first one; none if one on the way is missing."""
    found: dict[str, None] = {}
    while message and message not in found:
        if message not in messages:
            return []
        found[message] = None
        message = str(messages[message].get("parentId") or "")
    return list(found)


class Watch:
    """Tells the page how far a call is, and has it stopped where the user stops the answer."""

    # Ends that go on where they were themselves interrupted: a loop forgets tasks nobody holds.
    _ends: ClassVar[set] = set()

    def __init__(self, client: ServiceClient, turn: Turn, name: str, arguments: dict) -> None:
        self.client, self.turn = client, turn
        self._facts, self._arguments = OPERATIONS[name], arguments
        self._began = time.monotonic()

    def said(self, what: str) -> str:
        """The sentence "doing" or "done" of the operation, with the names known by now."""
        lines = self._facts["lines"]
        line = lines[_kind(self._facts, self._arguments)][what == "done"]
        return self.turn.say(line, {**self._arguments, **self.turn.named})

    def failed(self, error: ToolError) -> str:
        """How the chat is told that it did not work."""
        if error.line:
            return self.turn.say(error.line, {**self._arguments, **self.turn.named})
        why = self.turn.told(_plain(error, self.turn.language))
        return _filled(self.turn.told(FAILED), {"doing": self.said("doing"), "why": why})

    async def over(self, work: Coroutine) -> Any:
        """What comes of the work, which is told of as long as it lasts."""
        teller = asyncio.create_task(self._tell())
        try:
            return await work
        except asyncio.CancelledError:
            # Nothing is told any more but the end.
            teller.cancel()
            end = asyncio.create_task(self._stop())
            self._ends.add(end)
            end.add_done_callback(self._ends.discard)
            await asyncio.shield(end)
            raise
        finally:
            # What it tells must not come after what is told at the end.
            teller.cancel()
            await asyncio.wait([teller])

    async def _tell(self) -> None:
        while self.turn.shows_status:
            await asyncio.sleep(TELL_EVERY)
            if self.turn.asking:
                continue  # the dialog says enough
            found = await asyncio.to_thread(self.client.progress)
            seconds = round(time.monotonic() - self._began)
            await self.turn.status(
                f"{self.said('doing')}{_part(found, self.turn.language)} ... {seconds} s"
            )

    async def _stop(self) -> None:
        end = "stopped"
        try:
            end = await asyncio.to_thread(self.client.stop)
        except Exception as error:
            log.warning("a call could not be stopped: %s", type(error).__name__)
        await self.turn.status(f"{self.said('doing')}: {self.turn.told(end)}", done=True)


def _told(text: str, language: str) -> str:
    """A text in a language, as it is where that has no other."""
    return TEXTS.get(language, {}).get(text, text)


def _part(progress: dict, language: str = "en") -> str:
    """What the service is doing, as words behind a sentence; "" if there is nothing to say."""
    doing, done, total = (progress.get(key) for key in ("doing", "done", "total"))
    counted = isinstance(done, int) and isinstance(total, int) and total > 1
    if doing == "steps":
        step = {"number": done + 1, "total": total} if counted else {}
        return f": {_filled(_told(STEP, language), step)}" if step else ""
    said = _told(PROGRESS.get(str(doing or "working"), str(doing)), language)
    if not counted or not said:
        return f": {said}" if said else ""
    if doing == "rebuilding" and total < 100:
        return f": {said}, " + _filled(_told(COUNT, language), {"done": done, "total": total})
    return f": {said}, {min(100 * done // total, 100)} %"


# How it is told that a call did not work.
FAILED = "{doing} did not work: {why}"
# What the service tells of a call under way, in words for the chat.
STEP, COUNT = "step {number} of {total}", "{done} of {total}"
PROGRESS = {
    "waiting": "waiting for its turn",
    "busy": "the Excel service is busy; trying again",
    "restarting": "the Excel service does not answer; trying again",
    "rebuilding": "bringing the workbook back",
    "preparing": "",
    "working": "",
    "loading": "loading",
    "calculating": "calculating",
    "converting": "converting",
    "reading": "reading",
    "writing": "writing",
    "asking the database": "asking the database",
    "finishing": "finishing",
}
# What is done outside of an operation, and how a call ended that the user stopped.
STAGES = ("sending the file", "bringing the file into the chat", "bringing the page into the chat")
ENDS = (
    "stopped",
    "stopped, but it may have been done: the service did not answer",
    "done before it was stopped",
)


# What a person reads where an error's own words are for the model or an administrator.
PLAIN = {
    "invalid_parameters": "the model asked for it in a way that is not understood",
    "invalid_query": "the model asked the data in a way that is not understood",
    "session_required": "the Excel service lost track of this chat",
    "session_not_found": "the Excel service lost track of this chat",
    "session_expired": "the Excel service lost track of this chat",
    "unauthorized": "the Excel service does not take this tool's key; an administrator can help",
    "service_key": "the Excel service does not take this tool's key; an administrator can help",
    "service_address": "the Excel service can't be reached; an administrator can help",
    "service_unreachable": "the Excel service can't be reached; an administrator can help",
    "service_rubbish": "the Excel service can't be reached; an administrator can help",
    "not_found": "the Excel service does not know this; an administrator can help",
    "storage_failed": "the Excel service could not store it; an administrator can help",
    "internal_error": "something went wrong inside; an administrator can help",
    "tool_failed": "something went wrong inside; an administrator can help",
    "operation_too_big": "it takes more memory than there is",
    "operation_too_slow": "it took too long; the workbook is as it was",
}


# In few words, for people who read another language than English; these may read the message.
FOREIGN = {
    "invalid_range": "there are no such cells, or they can't be used so",
    "invalid_value": "a value or formula does not fit",
    "sheet_not_found": "there is no such sheet",
    "sheet_required": "it is not clear which sheet is meant",
    "file_not_found": "there is no such file",
    "ambiguous_name": "several files have such a name",
    "attachment_unreadable": "the attached file could not be read; attach it again",
    "attachment_forbidden": "the file is gone, or you may not read it",
    "too_large": "it is too large",
    "unsupported_file": "files of this kind can't be opened",
    "password_required": "the file needs a password",
    "wrong_password": "the password is not right",
    "workbook_not_found": "there is no such workbook",
    "workbook_not_open": "the workbook was closed",
    "workbook_required": "it is not clear which workbook is meant",
    "workbook_damaged": "the file is damaged",
    "workbook_busy": "others are using it at the moment; try again later",
    "service_busy": "others are using it at the moment; try again later",
    "too_many_calls": "others are using it at the moment; try again later",
    "request_too_slow": "it took too long",
    "limit_reached": "a limit is reached",
    "database_not_found": "there is no such database",
    "database_required": "it is not clear which database is meant",
    "database_unavailable": "the database can't be asked at the moment",
    "statement_refused": "the database may only be read",
    "statement_failed": "the database did not understand the question",
    "cancelled": "stopped",
    "service_timeout": "it took too long",
    "service_broke_off": "the Excel service broke off; the change may have been made",
}


def _plain(error: ToolError, language: str = "en") -> str:
    """The error in a few words for a person."""
    text = PLAIN.get(error.code) or (FOREIGN.get(error.code) if language != "en" else "")
    text = text or " ".join(error.message.split())
    return text if len(text) <= 200 else f"{text[:200].rsplit(' ', 1)[0]} ..."


class Attachments:
    """Files of the chat, of its folder and its knowledge, read with the user's own rights.

    They are offered to the service by their names. It finds what a call means by a name, and
    asks for the file if it does not have it.
    """

    def __init__(self, turn: Turn) -> None:
        self.turn = turn
        self._kept: dict[str, dict] = {}  # entries of the page that hold their text themselves
        self._names: dict[str, str] = {}  # of workbooks that were delivered: as they were called
        self._granted: set[str] = set()  # files that a folder or a collection lets the user read
        self._gone: set[str] = set()

    def at_hand(self) -> list[dict]:
        """What the page has sent along: the files that are attached in the chat."""
        found = [self._offer(item) for item in self.turn.files]
        return _each_once([offer for offer in found if offer])

    async def all(self) -> list[dict]:
        """These, those of earlier messages, and of the folder and the knowledge of the chat."""
        found = self.at_hand()
        for source in (self._of_chat, self._of_shelves):
            try:
                found += await source()
            except Exception as error:
                log.info("files of the chat can't be looked at: %s", type(error).__name__)
        return [offer for offer in _each_once(found) if offer["id"] not in self._gone]

    def is_delivered(self, file_id: str) -> bool:
        return file_id in self._names

    def forget(self, file_id: str) -> None:
        """Offer a file no longer: it is gone, or was never the user's."""
        self._gone.add(file_id)

    def _offer(self, item: dict, place: str = "chat") -> dict | None:
        """An entry of a list of files, as the service is told of it."""
        if item.get("type", "file") not in ("file", "text", "filesystem"):
            return None
        file = item.get("file") if isinstance(item.get("file"), dict) else {}
        id_ = str(item.get("id") or item.get("itemId") or "")
        name = " ".join(_item_name(item).split())
        if not id_ or not name or len(id_) > 256 or not (id_ + name).isprintable():
            return None
        if item.get("type", "file") != "file":
            self._kept[id_] = item
        meta = file.get("meta") if isinstance(file.get("meta"), dict) else {}
        return _offered(id_, name, place, file.get("created_at"), meta.get("file_hash"))

    async def _of_chat(self) -> list[dict]:
        """Files of the messages on the way to this one, and the workbooks that were delivered."""
        messages = await Delivery.messages(self.turn)
        found: list[dict] = []
        way = _way(messages, self.turn.asked_id)
        for id_ in reversed(way or _way(messages, self.turn.message_id)):
            message = messages[id_]
            items = message.get("files") if message.get("role") == "user" else []
            found += filter(None, map(self._offer, (i for i in items or [] if isinstance(i, dict))))
        known = [messages[id_] for id_ in way] or list(messages.values())
        for name, (id_, time_) in _delivered(known).items():
            self._names[id_] = name
            found.append(_offered(id_, name, "delivered", time_))
        return found

    async def _of_shelves(self) -> list[dict]:
        """Files of the folder that the chat is in, of attached ones, and of the knowledge."""
        metadata = self.turn.metadata
        info = (metadata.get("model") or {}).get("info") or {}
        # What Open WebUI itself took from the chat's folder, after a look at the user's rights.
        shelves = [(item, "folder", True) for item in metadata.get("folder_knowledge") or []]
        for item in self.turn.files:
            if item.get("type") == "folder":
                entries = await self._of_folder(str(item.get("id")))
                shelves += [(entry, "folder", True) for entry in entries]
            elif item.get("type") == "collection":
                shelves.append((item, "knowledge", False))
        knowledge = (info.get("meta") or {}).get("knowledge") or []
        shelves += [(item, "knowledge", False) for item in knowledge]
        found: list[dict] = []
        for item, place, granted in shelves:
            try:
                found += await self._of_shelf(item, place, granted)
            except Exception as error:
                log.info("a folder's or knowledge's files: %s", type(error).__name__)
        return [offer for offer in found if offer["name"].lower().endswith(SPREADSHEETS + PICTURES)]

    async def _of_folder(self, folder_id: str) -> list[dict]:
        """What the owner of a folder has put into it, if the user may see that."""
        from open_webui.models.folders import Folders
        from open_webui.models.users import Users
        from open_webui.utils.access_control.files import get_owner_accessible_folder_files
        from open_webui.utils.access_control.folders import has_folder_access

        folder = await Folders.get_folder_by_id(folder_id)
        user = await Users.get_user_by_id(self.turn.user_id)
        if not folder or not user:
            return []
        if user.role != "admin" and not await has_folder_access(user.id, folder, "read", None):
            return []
        return await get_owner_accessible_folder_files(folder)

    async def _of_shelf(self, item: dict, place: str, granted: bool) -> list[dict]:
        """A file, or the files of a collection, that a folder or the model's knowledge holds.

        :param granted: the folder lets the user read it
        """
        from open_webui.models.files import Files
        from open_webui.models.knowledge import Knowledges

        id_ = str(item.get("id") or "")
        if item.get("type") == "file":
            found = await Files.get_file_metadatas_by_ids([id_])
        elif item.get("type") == "collection" and (granted or await self._may_use(id_)):
            # The second brings along their texts, but takes files that the first can't.
            found = await Knowledges.get_file_metadatas_by_id(id_)
            found, granted = found or await Knowledges.get_files_by_id(id_), True
        else:
            return []
        self._granted |= {file.id for file in found if granted}
        newest = sorted(found, key=lambda file: file.created_at or 0)[-MOST_OFFERED:]
        offers = []
        for file in newest:
            name = str((file.meta or {}).get("name") or "")
            entry = {"id": file.id, "name": name, "file": {"created_at": file.created_at}}
            offers.append(self._offer(entry, place))
        return [offer for offer in offers if offer]

    async def _may_use(self, collection: str) -> bool:
        from open_webui.models.knowledge import Knowledges
        from open_webui.models.users import Users

        user = await Users.get_user_by_id(self.turn.user_id)
        if user and user.role == "admin":
            return True
        return bool(user) and await Knowledges.check_access_by_user_id(collection, user.id, "read")

    async def read(self, file_id: str) -> Upload:
        """A file, if the user may read it."""
        if file_id in self._kept:
            return self._text(self._kept[file_id])
        try:
            from open_webui.models.files import Files
            from open_webui.models.users import Users
            from open_webui.storage.provider import Storage

            file = await Files.get_file_by_id(file_id)
            user = await Users.get_user_by_id(self.turn.user_id)
            allowed = file and user and await self._may_read(file, user)
            path = await asyncio.to_thread(Storage.get_file, file.path) if allowed else ""
        except Exception as error:
            log.warning("reading a file inside Open WebUI failed: %s", type(error).__name__)
            raise ToolError(
                "The attached file could not be read from Open WebUI.",
                "Ask the user to attach it again.",
                "attachment_unreadable",
            ) from None
        if not allowed:
            raise ToolError(
                "The user may not read this file, or it is gone.",
                "Ask the user to attach it to this chat.",
                "attachment_forbidden",
            )
        return Upload(file_id, self._names.get(file_id) or str(file.filename), str(path))

    def _text(self, item: dict) -> Upload:
        """A file of which the page keeps the text alone, as it does in a temporary chat."""
        name, content = _item_name(item), item.get("content")
        if isinstance(content, str) and content and name.lower().endswith(TEXT_FILES):
            return Upload(str(item.get("id")), name, data=content.encode("utf-8", "replace"))
        where = "the terminal's" if item.get("type") == "filesystem" else "a temporary chat's"
        raise ToolError(
            f"{name} is {where} file: Open WebUI keeps it where this tool can't read it.",
            "Ask the user to attach it in an ordinary chat, or to paste the data as CSV text.",
            "attachment_unreadable",
        )

    async def _may_read(self, file: Any, user: Any) -> bool:
        if file.user_id == user.id or user.role == "admin" or file.id in self._granted:
            return True
        from open_webui.utils.access_control.files import has_access_to_file

        return bool(await has_access_to_file(file.id, "read", user))


def _offered(id_: str, name: str, place: str, time_: Any = 0, digest: Any = "") -> dict:
    known = isinstance(time_, int | float) and 0 < time_ < 1e11
    offer = {"id": id_, "name": name[:256], "place": place}
    offer |= {"time": time_} if known else {}
    return offer | ({"digest": digest} if isinstance(digest, str) and len(digest) == 64 else {})


def _each_once(offers: list[dict]) -> list[dict]:
    found: dict[str, dict] = {}
    for offer in offers:
        found.setdefault(offer["id"], offer)
    return list(found.values())


def _delivered(messages: list[dict]) -> dict[str, tuple[str, float]]:
    """Ids and times of the newest workbooks delivered in messages, by name, the newest last."""
    found: dict[str, tuple[str, float]] = {}
    for message in sorted(messages, key=lambda m: m.get("timestamp") or 0):
        for item in message.get("files") or []:
            mark = _own_mark(item) if isinstance(item, dict) else []
            if mark and mark[0] == "workbook":
                found.pop(mark[1], None)
                found[mark[1]] = (str(item["id"]), message.get("timestamp") or 0)
    return found


def _item_name(item: dict) -> str:
    return str(item.get("name") or (item.get("file") or {}).get("filename") or "")


def same_name(asked: str, name: str) -> bool:
    """Whether two names mean the same file: case and ending do not matter."""
    asked, name = asked.strip().lower(), name.strip().lower()
    return asked == name or asked == os.path.splitext(name)[0]


class Bringing:
    """Brings the service the files of the chat that a call turns out to need."""

    def __init__(self, client: ServiceClient, turn: Turn, parameter: str, arguments: dict) -> None:
        self.client, self.turn = client, turn
        self.parameter, self.arguments = parameter, arguments
        self.uploads: dict[str, Upload] = {}
        self.used = ""  # name of the file that was brought
        self._files = Attachments(turn)
        self._everywhere = False

    async def look(self, *, everywhere: bool) -> bool:
        """Offer the service the files; whether these are others than before."""
        before = self.client.offers
        self._everywhere = self._everywhere or everywhere
        self.client.at_hand = self.client.offers = self._files.at_hand()
        if self._everywhere:
            self.client.offers = await self._files.all()
        return self.client.offers != before

    async def after(self, error: ToolError) -> bool:
        """Whether the call may succeed now; these codes say that nothing of it was done."""
        codes = ("file_not_sent", "file_not_found", "workbook_not_found")
        opens = not self.parameter or error.details.get("needed") == "workbook"
        if error.code not in codes or (self.uploads and not opens):
            return False
        if not self._everywhere and await self.look(everywhere=True):
            return True
        self._everywhere = True
        if error.code == "file_not_sent":
            return await self._bring(str(error.details.get("source")), opens)
        named = str(self.arguments.get("workbook") or "").strip()
        return error.code == "workbook_not_found" and not named and await self._reopened()

    async def _bring(self, file_id: str, opens: bool) -> bool:
        try:
            upload = await self._files.read(file_id)
        except ToolError:
            if not self._files.is_delivered(file_id):
                raise
            self._files.forget(file_id)  # the user has deleted this one, or it was forged
            return await self.look(everywhere=True)
        if opens:
            self.arguments = {**self.arguments, "workbook": await self._opened(upload)}
        else:
            self.uploads = {self.parameter: upload}
            self.turn.named[self.parameter] = upload.name
        if opens is not bool(self.parameter):
            self.used = upload.name  # in the place of the name that was asked for
        return True

    async def _opened(self, upload: Upload) -> str:
        sent = {"file": upload}
        body = await asyncio.to_thread(self.client.operate, "open_excel_file", {}, sent)
        return str(body.get("workbook") or upload.name)

    async def _reopened(self) -> bool:
        """Open the workbooks that were delivered in this chat; whether there were any.

        Their session may have expired or been deleted; the files are still in the chat.
        """
        delivered = [offer["id"] for offer in self.client.offers if offer["place"] == "delivered"]
        found = False
        for file_id in delivered[-REOPENED:]:
            try:
                upload = await self._files.read(file_id)
            except ToolError:
                continue  # the user has deleted this one
            await self._opened(upload)
            found = True
        return found


class Delivery:
    """Puts produced files into Open WebUI's own store, each as one chip at the message."""

    # Calls at the same time must not both find that there is no chip yet.
    _locks: ClassVar[weakref.WeakValueDictionary] = weakref.WeakValueDictionary()

    def alone(self) -> asyncio.Lock:
        """Held while the chips of the message are looked at and changed."""
        return self._locks.setdefault((self.turn.chat_id, self.turn.message_id), asyncio.Lock())

    def __init__(self, turn: Turn, state: SharedState) -> None:
        self.turn = turn
        self.state = state

    async def deliver(self, name: str, mime: str, data: bytes, kind: str) -> str:
        """Store the file and show it; returns its address inside Open WebUI."""
        key = ("chip", self.turn.user_id, self.turn.chat_id, self.turn.message_id, kind, name)
        before = await self._shown()
        own = next((i for i in before if _own_mark(i) == [kind, name]), None)
        known = self.state.get(*key)
        if own is None and known and self.turn.message_id:
            # A temporary chat is stored nowhere, but its page shows the chip.
            own = _chip(known, name, mime, len(data), {"kind": kind, "name": name})
            if await self._replaced(own, data):
                return _address(known)
        item = await self._replaced(own, data) if own else None
        if item is None:
            item = await self._stored(name, mime, data, kind)
        self.state.put(item["id"], *key)
        await self._show(before, own, item)
        return _address(item["id"])

    async def _shown(self) -> list[dict]:
        """The files that the message shows already."""
        if not self.turn.message_id:
            return []
        try:
            from open_webui.models.chats import Chats

            found = await Chats.get_message_metadata(
                self.turn.chat_id, self.turn.message_id, "files"
            )
        except Exception as error:
            log.info("the message's files can't be looked at: %s", type(error).__name__)
            found = None
        return [item for item in found or [] if isinstance(item, dict)]

    async def _stored(self, name: str, mime: str, data: bytes, kind: str) -> dict:
        from fastapi import UploadFile
        from open_webui.models.users import Users
        from open_webui.routers.files import upload_file_handler
        from starlette.datastructures import Headers

        user = await Users.get_user_by_id(self.turn.user_id)
        file = UploadFile(
            file=io.BytesIO(data), filename=name, headers=Headers({"content-type": mime})
        )
        mark = {"kind": kind, "name": name}
        stored = await upload_file_handler(
            self.turn.request,
            file=file,
            metadata={META: mark, "chat_id": self.turn.chat_id},
            process=False,
            user=user,
        )
        await self._linked(stored.id)
        return _chip(stored.id, name, mime, len(data), mark)

    async def _linked(self, file_id: str) -> None:
        """Let those read the file with whom the chat is shared, as they read the chat."""
        chat, message = self.turn.chat_id, self.turn.message_id
        if not message:
            return
        try:
            from open_webui.models.chats import Chats

            await Chats.insert_chat_files(chat, message, [file_id], self.turn.user_id)
        except Exception as error:
            log.info("the file is not linked to its chat: %s", type(error).__name__)

    async def _replaced(self, item: dict, data: bytes) -> dict | None:
        """Overwrite a file that this very message shows, so that it stays one chip."""
        try:
            from open_webui.models.files import Files
            from open_webui.storage.provider import Storage

            file = await Files.get_file_by_id(item["id"])
            if not file or file.user_id != self.turn.user_id:
                return None
            place = os.path.basename(file.path)
            tags = {"OpenWebUI-User-Id": self.turn.user_id, "OpenWebUI-File-Id": file.id}
            _, path = await asyncio.to_thread(Storage.upload_file, io.BytesIO(data), place, tags)
            if path != file.path:
                return None
            digest = hashlib.sha256(data).hexdigest()
            facts = {"size": len(data), "file_hash": digest}
            await Files.update_file_metadata_by_id(file.id, facts)
        except Exception as error:
            log.info("a stored file could not be replaced: %s", type(error).__name__)
            return None
        return {**item, "size": len(data)}

    async def _show(self, before: list[dict], own: dict | None, item: dict) -> None:
        """Make the list of chips right in the stored chat and on the open page.

        ``own`` is the chip among them whose place the new one takes.
        """
        replaces = own is not None and own in before
        items = [item if i == own else i for i in before] if replaces else [*before, item]
        kept = await self._kept(items, None if replaces else item)
        if not kept and not replaces:
            # A chat that is not stored, or could not be: this event is stored by the page's
            # way, and the page of a temporary chat adds the file to those it shows.
            await self.turn.emit("files", {"files": [item]})
        if kept or before:
            # This one is shown only, and has to be whole: the page replaces its list with it.
            await self.turn.emit("chat:message:files", {"files": kept or items})

    async def _kept(self, items: list[dict], added: dict | None) -> list[dict]:
        """The message's files as the stored chat has them now; nothing if it has them not."""
        chat, message = self.turn.chat_id, self.turn.message_id
        if not message:
            return []
        try:
            from open_webui.models.chats import Chats

            if added:
                add = Chats.add_message_files_by_id_and_message_id
                return await add(chat, message, [added]) or []
            done = await Chats.upsert_message_to_chat_by_id_and_message_id(
                chat, message, {"files": items}, touch=False
            )
            return items if done else []
        except Exception as error:
            log.info("the message's files can't be kept: %s", type(error).__name__)
            return []

    @staticmethod
    async def messages(turn: Turn) -> dict[str, dict]:
        """All messages of the user's chat, by their ids; none if it is stored nowhere."""
        from open_webui.models.chats import Chats

        chat = await Chats.get_chat_by_id_and_user_id(turn.chat_id, turn.user_id)
        found = ((chat.chat or {}).get("history") or {}).get("messages") if chat else None
        return {id_: item for id_, item in (found or {}).items() if isinstance(item, dict)}


def _address(file_id: str) -> str:
    return f"/api/v1/files/{file_id}/content"


def _chip(file_id: str, name: str, mime: str, size: int, mark: dict) -> dict:
    file = {
        "id": file_id,
        "filename": name,
        "meta": {"name": name, "content_type": mime, "size": size, "data": {META: mark}},
    }
    return {
        "type": "file",
        "id": file_id,
        "url": file_id,
        "name": name,
        "size": size,
        "content_type": mime,
        "status": "uploaded",
        "file": file,
    }


def _own_mark(item: dict) -> list[str]:
    """[kind, name] of a chip that this tool made, else an empty list."""
    data = ((item.get("file") or {}).get("meta") or {}).get("data") or {}
    mark = data.get(META) if isinstance(data, dict) else None
    return [str(mark.get("kind")), str(mark.get("name"))] if isinstance(mark, dict) else []


class Display:
    """Shows what a change has left: the workbook above the answer, and what could come next.

    A message shows each workbook once, as it was left at last.
    """

    # Pages of the last few messages that no chat keeps; one page takes some 100 kB.
    _unsaved: ClassVar[SharedState] = SharedState(most=16)

    def __init__(self, turn: Turn, client: ServiceClient, state: SharedState) -> None:
        self.turn, self.client, self.state = turn, client, state

    async def page(self, address: str) -> bytes:
        """The page behind a preview's address, in the colours of the chat."""
        theme = await self.turn.theme()
        wish = f"embed=1&language={self.turn.language}" + (f"&theme={theme}" if theme else "")
        self.client.stage = "bringing the page into the chat"
        return await asyncio.to_thread(self.client.fetch, address, wish)

    async def show(self, workbook: str, sheet: str) -> None:
        """Show the workbook as it is now, in the place of what was shown of it before."""
        try:
            body = await self._preview(workbook, sheet)
            page = await self.page(str(body.get("preview_url", "")))
            if self._is_new(workbook, page):
                await self._put(workbook, page.decode("utf-8") + self._mark(workbook))
        except Exception as error:
            log.warning("the change is not shown: %s", type(error).__name__)

    async def give_way(self, workbook: str, page: bytes) -> None:
        """The message shows this page elsewhere; the same is not shown here as well."""
        self._is_new(workbook, page)
        if self.state.get(*self._key("embed", workbook)):
            await self._put(workbook, "")

    async def _preview(self, workbook: str, sheet: str) -> dict:
        name, asked = "preview_excel_file", {"workbook": workbook}
        try:
            arguments = {**asked, "sheet": sheet} if sheet else asked
            return await asyncio.to_thread(self.client.operate, name, arguments, {})
        except ToolError as error:
            if not sheet or error.code != "invalid_range":
                raise
        # The sheet is hidden: the workbook begins with another one.
        return await asyncio.to_thread(self.client.operate, name, asked, {})

    def _key(self, kind: str, workbook: str) -> tuple[str, ...]:
        return (kind, self.turn.user_id, self.turn.chat_id, self.turn.message_id, workbook)

    def _is_new(self, workbook: str, page: bytes) -> bool:
        """Whether the message does not show this very page yet."""
        key, digest = self._key("page", workbook), hashlib.sha256(page).hexdigest()
        new = self.state.get(*key) != digest
        self.state.put(digest, *key)
        return new

    def _mark(self, workbook: str) -> str:
        """By which a page is known again as that of this workbook."""
        return f"\n<!-- {META}: {hashlib.sha256(workbook.encode()).hexdigest()} -->"

    async def _put(self, workbook: str, page: str) -> None:
        """Make the page the one of this workbook above the answer, beside those of others."""
        mark, key = self._mark(workbook), self._key("pages", "")
        pages: list = []
        kept = False
        try:
            from open_webui.models.chats import Chats

            chat, message = self.turn.chat_id, self.turn.message_id
            found = await Chats.get_message_metadata(chat, message, "embeds") or []
            pages = _with(found, page, mark)
            kept = await self._keep(Chats, {"embeds": pages})
        except Exception as error:
            log.info("the page can't be kept in the chat: %s", type(error).__name__)
        if not kept:
            # A temporary chat: the event replaces what the page shows, and nothing else has it.
            pages = _with(json.loads(self._unsaved.get(*key) or "[]"), page, mark)
            self._unsaved.put(json.dumps(pages), *key)
        self.state.put("shown" if page else "", *self._key("embed", workbook))
        await self.turn.emit("chat:message:embeds", {"embeds": pages})

    async def suggest(self, texts: list[str]) -> None:
        """Show what could be asked next; what Open WebUI suggests at the end takes its place.

        Without any, those of an earlier change go: what they suggest may be done by now.
        """
        key = self._key("suggested", "")
        if not (texts or self.state.get(*key)) or not self.turn.wants_follow_ups:
            return
        self.state.put("some" if texts else "", *key)
        try:
            from open_webui.models.chats import Chats

            await self._keep(Chats, {"followUps": texts})
        except Exception as error:
            log.info("suggestions can't be kept in the chat: %s", type(error).__name__)
        await self.turn.emit("chat:message:follow_ups", {"follow_ups": texts})

    async def _keep(self, chats: Any, facts: dict) -> bool:
        """Put facts into the stored message; whether the chat has it."""
        chat, message = self.turn.chat_id, self.turn.message_id
        if not message or not await chats.get_message_by_id_and_message_id(chat, message):
            return False
        upsert = chats.upsert_message_to_chat_by_id_and_message_id
        await upsert(chat, message, facts, touch=False)
        return True


def _with(pages: list, page: str, mark: str) -> list:
    """The pages without the one that has the mark, and with this one, if it is any."""
    return [one for one in pages if not str(one).endswith(mark)] + ([page] if page else [])


class Tools:
    """Excel for the chat."""

    class Valves(BaseModel):
        service_url: str = Field(
            default=SERVICE_URL,
            description="Address of the Excel service, as this server reaches it.",
        )
        api_key: str = Field(
            default=API_KEY,
            description="One of the keys in EXCEL_TOOLS_API_KEYS of the service.",
            json_schema_extra={"input": {"type": "password"}},
        )
        public_url: str = Field(
            default="",
            description="Address of the service as people's browsers reach it, for fallback links; "
            "leave empty to take the service's own setting.",
        )
        timeout: int = Field(default=120, description="Seconds to wait for the service.", ge=1)
        deliver_files: bool = Field(
            default=True, description="Put produced files into Open WebUI and show them as chips."
        )
        show_status: bool = Field(default=True, description="Say in the chat what is being done.")
        confirm_discarding: bool = Field(
            default=True, description="Ask the user before unsaved changes are thrown away."
        )
        suggest_next: bool = Field(
            default=True, description="Suggest below the answer what could be asked next."
        )

    class UserValves(BaseModel):
        house_style: Literal["", "blue", "green", "teal", "orange", "purple", "gray", "plain"] = (
            Field(default="", description="Colours of your new workbooks, charts and reports.")
        )
        font: str = Field(default="", description="Their font, such as Arial.")
        number_format: str = Field(
            default="",
            description='How they show decimal numbers: "#,##0.00" or "currency EUR". '
            "The separators shown are those of your own Excel.",
        )
        date_format: str = Field(
            default="", description='How they show dates: "dd.mm.yyyy" or "mmm d, yyyy".'
        )
        chart_legend: Literal["", "right", "bottom", "top", "left", "none"] = Field(
            default="", description="Where the legend stands in charts that need one."
        )
        show_changes: bool = Field(
            default=False, description="Show the workbook in the chat after each change."
        )
        language: str = Field(
            default="",
            description="Of status lines and previews; empty: the language of this page.",
            json_schema_extra={"input": {"type": "select", "options": ["", "en", *TEXTS]}},
        )

    # At class level, because Open WebUI makes instances anew.
    _state: ClassVar[SharedState] = SharedState()
    _at_work: ClassVar[WeakValueDictionary] = WeakValueDictionary()

    def __init__(self) -> None:
        self.valves = self.Valves()
        self.citation = False

    # --- generated from the service's registry by scripts/generate.py: do not edit ---

    async def create_excel_file(
        self,
        filename: str,
        headers: list[str] | None = None,
        rows: Rows | None = None,
        sheets: list[dict] | None = None,
        sheet: str = "Sheet1",
        __user__: dict | None = None,
        __metadata__: dict | None = None,
        __request__: Any = None,
        __files__: list | None = None,
        __event_emitter__: Any = None,
        __event_call__: Any = None,
    ) -> str:
        """Make a new Excel file from headers and rows, or from several sheets.

        It stays open for further changes. Headers alone give headers alone. A text that starts
        with = is a formula, 2026-01-31 is a date, an apostrophe in front keeps any text as text.

        :param filename: name of the file, such as budget.xlsx
        :param headers: header row, such as ["Item", "Cost"]
        :param rows: rows as lists [["Rent", 1200]], as records [{"Item": "Rent", "Cost": 1200}], or columns {"Item": ["Rent"], "Cost": [1200]}
        :param sheets: instead of headers and rows, [{"name": "May", "rows": [{"Item": "Rent"}]}]
        :param sheet: name of the sheet, where there is one
        """
        return await self._run(
            "create_excel_file",
            {
                "filename": filename,
                "headers": headers,
                "rows": rows,
                "sheets": sheets,
                "sheet": sheet,
            },
            (__user__, __metadata__, __request__, __files__, __event_emitter__, __event_call__),
        )

    async def open_excel_file(
        self,
        file: str = "latest",
        __user__: dict | None = None,
        __metadata__: dict | None = None,
        __request__: Any = None,
        __files__: list | None = None,
        __event_emitter__: Any = None,
        __event_call__: Any = None,
    ) -> str:
        """Open a workbook or CSV file that was uploaded in the chat or saved before.

        Opening a file that is open already answers the open workbook. Files of other formats
        (.xls, .xlsb, .ods, .csv) become .xlsx workbooks.

        :param file: name or id of the file, or "latest" for the newest upload
        """
        return await self._run(
            "open_excel_file",
            {"file": file},
            (__user__, __metadata__, __request__, __files__, __event_emitter__, __event_call__),
        )

    async def describe_excel_file(
        self,
        workbook: str | None = None,
        __user__: dict | None = None,
        __metadata__: dict | None = None,
        __request__: Any = None,
        __files__: list | None = None,
        __event_emitter__: Any = None,
        __event_call__: Any = None,
    ) -> str:
        """Describe an open workbook: sheets, columns with types and examples, charts, errors.

        :param workbook: if several are open
        """
        return await self._run(
            "describe_excel_file",
            {"workbook": workbook},
            (__user__, __metadata__, __request__, __files__, __event_emitter__, __event_call__),
        )

    async def read_excel_range(
        self,
        workbook: str | None = None,
        sheet: str | None = None,
        range: str | None = None,
        what: Literal["values", "formulas", "formats"] = "values",
        __user__: dict | None = None,
        __metadata__: dict | None = None,
        __request__: Any = None,
        __files__: list | None = None,
        __event_emitter__: Any = None,
        __event_call__: Any = None,
    ) -> str:
        """Read cells as rows: their values, formulas, or formats.

        Dates come as 2026-01-31; a text that only looks like a date, number format or formula
        comes with an apostrophe in front. Long ranges come in pages; "next_range" is the next.

        :param workbook: if several are open
        :param sheet: leave out if there is one
        :param range: "A1:D20", "A:C", a table, Sales[Amount], or a column's header; left out: all used cells
        :param what: values (calculated), formulas, or formats (number format, font, fill)
        """
        return await self._run(
            "read_excel_range",
            {"workbook": workbook, "sheet": sheet, "range": range, "what": what},
            (__user__, __metadata__, __request__, __files__, __event_emitter__, __event_call__),
        )

    async def write_excel_range(
        self,
        rows: Rows,
        workbook: str | None = None,
        sheet: str | None = None,
        start: str = "A1",
        __user__: dict | None = None,
        __metadata__: dict | None = None,
        __request__: Any = None,
        __files__: list | None = None,
        __event_emitter__: Any = None,
        __event_call__: Any = None,
    ) -> str:
        """Write values and formulas from a start cell on, or append rows under the data.

        A text that starts with = is a formula, 2026-01-31 is a date, an apostrophe in front
        keeps any text as text. null makes a cell blank.

        :param rows: lists [["Rent", 1200], ["Sum", "=SUM(B1:B9)"]]; to append also records by header
        :param workbook: if several are open
        :param sheet: leave out if there is one
        :param start: first cell, such as "B2", or "append"
        """
        return await self._run(
            "write_excel_range",
            {"rows": rows, "workbook": workbook, "sheet": sheet, "start": start},
            (__user__, __metadata__, __request__, __files__, __event_emitter__, __event_call__),
        )

    async def format_excel_cells(
        self,
        style: dict,
        workbook: str | None = None,
        sheet: str | None = None,
        range: str | None = None,
        __user__: dict | None = None,
        __metadata__: dict | None = None,
        __request__: Any = None,
        __files__: list | None = None,
        __event_emitter__: Any = None,
        __event_call__: Any = None,
    ) -> str:
        """Format cells: font, fill, border, alignment, number format, widths, merging. The rest stays.

        :param style: what to set, such as {"bold": true, "fill": "light gray", "align": "center", "number_format": "currency EUR", "border": "outline medium, inside thin gray"}.
        :param workbook: if several are open
        :param sheet: leave out if there is one
        :param range: "A1:D1", "B:B", "A1:A9,C1:C9", header, a table, or a column's header; left out: all used cells
        """
        return await self._run(
            "format_excel_cells",
            {"style": style, "workbook": workbook, "sheet": sheet, "range": range},
            (__user__, __metadata__, __request__, __files__, __event_emitter__, __event_call__),
        )

    async def create_excel_chart(
        self,
        workbook: str | None = None,
        sheet: str | None = None,
        chart_type: Literal[
            "column",
            "bar",
            "line",
            "pie",
            "scatter",
            "area",
            "doughnut",
            "bubble",
            "radar",
            "stock",
            "combo",
            "waterfall",
            "histogram",
            "pareto",
            "box",
            "treemap",
            "sunburst",
            "funnel",
            "sparkline_line",
            "sparkline_column",
            "sparkline_winloss",
        ]
        | None = None,
        data_range: str | None = None,
        title: str | None = None,
        action: Literal["add", "list", "change", "delete"] = "add",
        options: dict | None = None,
        __user__: dict | None = None,
        __metadata__: dict | None = None,
        __request__: Any = None,
        __files__: list | None = None,
        __event_emitter__: Any = None,
        __event_call__: Any = None,
    ) -> str:
        """Add a chart or sparklines beside the data; list, change or delete charts.

        The first column of the data gives the categories, the rest the series (or its rows do).

        :param workbook: if several are open
        :param sheet: leave out if there is one
        :param chart_type: column if left out
        :param data_range: with the header row: "A1:C10", "A1:A10,C1:C10", or a table's name; left out: the sheet's data
        :param title: left out: the name of a single series
        :param action: change and delete take options.chart; change keeps what is not named
        :param options: extras, such as {"series": ["Sales"], "stacked": true, "y_title": "Euro"}.
        """
        return await self._run(
            "create_excel_chart",
            {
                "workbook": workbook,
                "sheet": sheet,
                "chart_type": chart_type,
                "data_range": data_range,
                "title": title,
                "action": action,
                "options": options,
            },
            (__user__, __metadata__, __request__, __files__, __event_emitter__, __event_call__),
        )

    async def export_excel_file(
        self,
        workbook: str | None = None,
        format: Literal["csv", "json", "html", "markdown", "pdf", "png"] = "csv",
        __user__: dict | None = None,
        __metadata__: dict | None = None,
        __request__: Any = None,
        __files__: list | None = None,
        __event_emitter__: Any = None,
        __event_call__: Any = None,
    ) -> str:
        """Export sheets or a range as CSV, JSON, HTML, Markdown, PDF or PNG: values, not formulas.

        :param workbook: if several are open
        :param format: csv: a file a sheet; png: a file a page
        """
        return await self._run(
            "export_excel_file",
            {"workbook": workbook, "format": format},
            (__user__, __metadata__, __request__, __files__, __event_emitter__, __event_call__),
        )

    async def create_excel_report(
        self,
        report: Literal[
            "sales_report",
            "employee_directory",
            "invoice",
            "budget",
            "project_plan",
            "timesheet",
            "inventory",
        ],
        rows: Rows | None = None,
        workbook: str | None = None,
        title: str | None = None,
        options: dict | None = None,
        __user__: dict | None = None,
        __metadata__: dict | None = None,
        __request__: Any = None,
        __files__: list | None = None,
        __event_emitter__: Any = None,
        __event_call__: Any = None,
    ) -> str:
        """Make a finished report or document: sales, employees, invoice, budget, project, hours, stock.

        Send the data as rows for a new file, or name an open workbook that holds it. Columns are
        found by their headers. What is not given stays blank: without rows, the last five are forms.

        :param report: columns of sales: amount, date, region; employees: name, department; invoice: description, quantity, unit price; budget: category, month, plan, actual; project: task, start, days; hours: date, start, end; stock: item, stock, reorder level, unit cost
        :param rows: records [{"Date": "2026-01-12", "Amount": 120}], or lists after one of headers
        :param workbook: open workbook to add it to; left out: a new file
        :param title: title of the report
        :param options: such as {"vat": 19, "scenarios": {"Low": -10}, "columns": {"amount": "Net"}}
        """
        return await self._run(
            "create_excel_report",
            {
                "report": report,
                "rows": rows,
                "workbook": workbook,
                "title": title,
                "options": options,
            },
            (__user__, __metadata__, __request__, __files__, __event_emitter__, __event_call__),
        )

    # --- end of the generated part ---

    async def _run(self, name: str, arguments: dict, injected: tuple) -> Any:
        """One call from beginning to end; whatever happens, the model gets a clear answer."""
        valves = self.valves
        turn = Turn(injected, valves.show_status)
        arguments = {key: value for key, value in arguments.items() if value is not None}
        client = ServiceClient(valves, turn.user_id, turn.chat_id, self._state)
        client.message = _ascii(turn.message_id)
        watch = Watch(client, turn, name, arguments)
        await turn.status(watch.said("doing"))
        try:
            answer = await watch.over(self._answered(client, turn, name, arguments))
        except ToolError as error:
            await turn.status(watch.failed(error), done=True)
            return error.answer()
        except Exception as error:
            log.exception("%s failed", name)
            failure = ToolError(
                f"The tool failed in an unexpected way ({type(error).__name__}: {error}).",
                "Look with list_excel_files what is there before trying again.",
                "tool_failed",
            )
            await turn.status(watch.failed(failure), done=True)
            return failure.answer()
        await turn.status(watch.said("done"), done=True)
        return answer

    async def _answered(self, client: ServiceClient, turn: Turn, name: str, arguments: dict) -> Any:
        """What the tool returns of a call that succeeds."""
        earlier = await Way(turn, self._state).earlier()
        if earlier is None:
            return await self._done(client, turn, name, arguments)
        # Two models that answer at once are on two ways; until its file is fetched, the workbook
        # has to stay where a call has brought it.
        lock = self._at_work.setdefault((turn.user_id, turn.chat_id), asyncio.Lock())
        async with lock:
            notice = await self._followed(client, earlier)
            return await self._done(client, turn, name, arguments, notice)

    async def _done(
        self, client: ServiceClient, turn: Turn, name: str, arguments: dict, notice: str = ""
    ) -> Any:
        facts = OPERATIONS[name]
        refused = await asyncio.to_thread(client.prefer, turn.preferences)
        notice = " ".join(filter(None, (refused, notice)))
        body = await self._operated(client, turn, name, arguments)
        turn.named |= _names(body)
        kind = _kind(facts, arguments)
        needed = facts.get("delivers_with")  # without it there is only an answer
        gives = facts["delivers"] and (not needed or kind == needed) and kind not in LOOKING
        if facts.get("delivers_converted"):
            gives = not {"understood", "converted_from"}.isdisjoint(body["result"])
        link = await self._delivered(client, turn, body) if gives else ""
        if gives and facts["changes"]:
            await self._changed(client, turn, facts, {**arguments, **turn.named}, body)
        answer = _shortened(body, link)
        told = {**answer, "notice": notice} if notice else answer
        return await self._shown(client, turn, told) if facts.get("previews") else compact(told)

    async def _followed(self, client: ServiceClient, earlier: list[str]) -> str:
        """Have the workbooks stand as they did on this way of the chat; says so if they moved."""
        try:
            found = await asyncio.to_thread(client.follow, earlier)
        except ToolError as error:
            if error.code != "not_found":
                raise
            log.warning("the service is older than this tool, and does not follow the chat")
            return ""
        moved = [str(item.get("workbook")) for item in found.get("workbooks") or []]
        names = [*moved, *(found.get("back") or [])]
        if not names:
            return ""
        return (
            "The chat goes on from an earlier message. As they were there: "
            + ", ".join(names)
            + "."
        )

    async def _changed(
        self, client: ServiceClient, turn: Turn, facts: dict, names: dict, body: dict
    ) -> None:
        """Show what was changed, and what could be done next."""
        display = Display(turn, client, self._state)
        if turn.shows_changes:
            await display.show(str(body.get("workbook", "")), str(body.get("sheet", "")))
        if self.valves.suggest_next and facts["follow_ups"]:
            without = self._state.get("without", client.url)
            texts = _follow_ups(facts, names, body, turn.language, without)
            await display.suggest([] if names.get("action") == "redo" else texts)

    async def _shown(self, client: ServiceClient, turn: Turn, answer: dict) -> Any:
        """The page that the service made, inside of the chat, and the answer beside it.

        Where it can't be shown, the answer keeps the link of the page.
        """
        address = str(answer.get("preview_url", ""))
        answer["preview_url"] = _public(address, self.valves.public_url)
        display = Display(turn, client, self._state)
        try:
            from fastapi.responses import HTMLResponse

            page = await display.page(address)
        except (ImportError, ToolError) as error:
            log.warning("the preview is not shown: %s", type(error).__name__)
            answer["next"] = ["Give the user the link in preview_url: it shows the sheet."]
            return compact(answer)
        await display.give_way(str(answer.get("workbook", "")), page)
        del answer["preview_url"]
        answer["result"] = {**answer["result"], "the_user_sees_it": True}
        shown = HTMLResponse(page, headers={"Content-Disposition": "inline"})
        return shown, compact(answer)

    async def _operated(
        self, client: ServiceClient, turn: Turn, name: str, arguments: dict
    ) -> dict:
        """Have the service do it, and bring it the files that it asks for meanwhile."""
        parameter = _file_parameter(name, arguments)
        asked = str(arguments.get(parameter or "workbook") or "")
        if parameter and ("\n" in asked or "\r" in asked):
            parameter = ""  # it is the data itself
        bringing = Bringing(client, turn, parameter, arguments)
        await bringing.look(everywhere=bool(parameter) or name == "list_excel_files")
        for _ in range(MOST_ROUNDS):
            try:
                body = await asyncio.to_thread(
                    client.operate, name, bringing.arguments, bringing.uploads
                )
                as_file = bool(parameter) and name != "open_excel_file"
                return _named_as_asked(body, asked, bringing.used, as_file=as_file)
            except ToolError as error:
                if error.code == "unsaved_changes" and not client.may_discard:
                    client.may_discard = await self._allowed(turn, error)
                elif not await bringing.after(error):
                    raise
        return await asyncio.to_thread(client.operate, name, bringing.arguments, bringing.uploads)

    async def _allowed(self, turn: Turn, error: ToolError) -> int:
        """How many unsaved changes the user lets go.

        :raises ToolError: if they want to keep them, or nobody could be asked
        """
        count = int(error.details.get("unsaved_changes", 0))
        turn.named["workbook"] = str(error.details.get("workbook", ""))
        turn.named["count"] = str(count)
        title, message = (turn.say(text, turn.named) for text in ASKED)
        answer = await turn.confirmed(title, message)
        if answer:
            return count
        refused = ToolError(error.message, f"{error.hint} {UNASKED}", error.code)
        if answer is False:
            refused = ToolError(
                f"The user was asked and declined: {turn.named['workbook']} stays open with its "
                "unsaved changes.",
                "Nothing was changed. Do not close it again unless the user asks for that; "
                "save_excel_file saves it.",
                "declined",
            )
        refused.line = KEPT
        raise refused

    async def _delivered(self, client: ServiceClient, turn: Turn, body: dict) -> str:
        """Bring the files of an answer into the chat; returns a ready markdown link."""
        links = []
        for entry in body.get("files") or []:
            name = str(entry.get("name"))
            address = _public(str(entry.get("download_url")), self.valves.public_url)
            if self.valves.deliver_files and turn.request is not None:
                address = await self._into_chat(client, turn, entry, body) or address
            entry["download_url"] = address
            links.append(f"[Download {_plain_label(name)}]({address})")
        return " ".join(links)

    async def _into_chat(self, client: ServiceClient, turn: Turn, entry: dict, body: dict) -> str:
        kind = "workbook" if entry.get("name") == body.get("workbook") else "export"
        client.stage = "bringing the file into the chat"
        delivery = Delivery(turn, self._state)
        try:
            # Within, so that of two calls the one that stores last has the newest contents.
            async with delivery.alone():
                data = await asyncio.to_thread(client.fetch, str(entry.get("download_url")))
                mime = str(entry.get("mime_type") or XLSX)
                return await delivery.deliver(str(entry["name"]), mime, data, kind)
        except Exception as error:
            # The signed link of the service remains.
            log.warning("a file could not be put into Open WebUI: %s", type(error).__name__)
            return ""


def _plain_label(name: str) -> str:
    """A file name that does not end a markdown label early."""
    return name.replace("[", "(").replace("]", ")")


def _public(address: str, public_url: str) -> str:
    """The link under the address that browsers reach, where a valve names one."""
    public = public_url.strip().rstrip("/")
    parts = urlsplit(address)
    query = f"?{parts.query}" if parts.query else ""
    return f"{public}{parts.path[_start(address) :]}{query}" if public else address


def _start(address: str) -> int:
    """Where the service's own path begins in a link: the public address may have one, too."""
    path = urlsplit(address).path
    return max(path.rfind("/files/"), path.rfind("/preview/"), 0)


def _named_as_asked(body: dict, asked: str, used: str, *, as_file: bool) -> dict:
    """The answer, which tells where a file was brought that is called otherwise than asked."""
    if not used or not asked.strip() or asked.strip().lower() == "latest" or same_name(asked, used):
        return body
    told = {"file_used": used} if as_file else {"asked_for": asked.strip()[:80]}
    return {"workbook": body.get("workbook"), **told, **body}


def _names(body: dict) -> dict[str, str]:
    """Names that an answer tells: of its workbook, of the database that was asked."""
    result = body["result"]
    workbook, database = body.get("workbook") or result.get("closed"), result.get("database")
    found = {"workbook": workbook, "filename": workbook, "source": database}
    # The sheet that was asked for counts no more: it may be none, or have another name by now.
    sheet = {"sheet": str(body.get("sheet") or "")}
    return sheet | {key: str(name) for key, name in found.items() if name}


# The title and the text of the question before unsaved changes are lost.
ASKED = (
    "Close without saving?",
    "{workbook} has unsaved changes ({count}). Closing loses them; files shown in this chat stay.",
)
# How a question ends that was not answered with yes.
KEPT = "{workbook} stays open, with its unsaved changes"
UNASKED = (
    "The user could not be asked in a dialog. An administrator can switch the question off: "
    "valve confirm_discarding of this tool."
)
# What is said where a name is not known, or is none.
NAMELESS = {"file": "the file", "workbook": "the workbook", "filename": "a file"}


def _kind(facts: dict, arguments: dict) -> str:
    """By which of its lines a call is told: the action it is about, or "" for any."""
    needed = facts.get("delivers_with")
    if needed and arguments.get(needed):
        return str(needed)
    kinds = (arguments.get("action"), arguments.get("report"))
    return next((kind for kind in kinds if isinstance(kind, str) and kind in facts["lines"]), "")


def _follow_ups(
    facts: dict, names: dict, body: dict, language: str = "en", without: str = ""
) -> list[str]:
    """One or two things to ask next, of those that this tool can do.

    ``without`` is what the service lacks: "libreoffice", which makes the PDF.
    """
    made = body["result"].get("sheets")
    if isinstance(made, list) and made and all(_is_bare(sheet) for sheet in made):
        return []
    known = {**names, **_columns(body, names)}
    found = []
    for tool, text in facts["follow_ups"]:
        missing = {"label", "value"} & set(re.findall(r"\{(\w+)", text)) - set(known)
        lacking = without and tool == "export_excel_file"
        if tool in OPERATIONS and not missing and not lacking:
            found.append((tool, _sentence(text, known, language)))
    # Not the same thing in two forms.
    first = [text for n, (tool, text) in enumerate(found) if tool not in dict(found[:n])]
    return first[:2]


def _is_bare(sheet: object) -> bool:
    """Whether a sheet was made without any row under its headers."""
    return isinstance(sheet, dict) and sheet.get("rows") == 0


def _columns(body: dict, arguments: dict) -> dict[str, str]:
    """Headers of the first texts and numbers in what was made; empty without such."""
    told = body["result"].get("columns")
    rows = arguments.get("rows")
    if isinstance(told, dict):
        kinds = {str(name): str(kind) for name, kind in told.items()}
    elif isinstance(told, list):
        kinds = {
            str(one.get("name")): str(one.get("type")) for one in told if isinstance(one, dict)
        }
    elif isinstance(rows, list) and rows and isinstance(rows[0], dict):
        kinds = {str(name): _kind_of(value) for name, value in rows[0].items()}
    elif isinstance(rows, list) and rows and isinstance(rows[0], list):
        heads = arguments.get("headers") or []
        kinds = {str(n): _kind_of(v) for n, v in zip(heads, rows[0], strict=False)}
    else:
        return {}
    label = next((name for name, kind in kinds.items() if kind == "text"), "")
    numbers = ("number", "integer", "decimal", "currency", "percent")
    value = next((name for name, kind in kinds.items() if kind in numbers and _counts(name)), "")
    return {"label": label, "value": value} if label and value else {}


def _kind_of(value: object) -> str:
    if isinstance(value, str):
        return "" if value.startswith("=") or value[:1].isdigit() else "text"
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _counts(name: str) -> bool:
    """Whether numbers under this header are amounts, not names of something."""
    return not re.fullmatch(r"(?i)(.*[ _])?(id|no\.?|nr\.?|number|code|year|zip|row)", name.strip())


def _sentence(text: str, arguments: dict, language: str = "en") -> str:
    """ "Opening {file}" in a language, with the argument put in, if it is a short name.

    {where} is the sheet, else the workbook. Behind a | stands what is said without a name.
    """
    told = TEXTS.get(language, {})
    where = next(filter(None, map(arguments.get, ("sheet", "workbook", "filename"))), "")

    def value(match: re.Match) -> str:
        name, otherwise = match.group(1), match.group(2)
        given = str((where if name == "where" else arguments.get(name.lower())) or "").strip()
        if given and len(given) <= 80 and given.isprintable() and given != "latest":
            return given.upper() if name.isupper() else given
        nameless = NAMELESS.get(name, NAMELESS["workbook"])
        return otherwise if otherwise is not None else told.get(nameless, nameless)

    return re.sub(r"\{(\w+)(?:\|([^}]*))?\}", value, told.get(text, text)).strip()


def _filled(text: str, names: dict) -> str:
    """A text with the names in braces put in, long ones, too."""
    return re.sub(r"\{(\w+)\}", lambda match: str(names[match.group(1)]), text)


def _shortened(body: dict, link: str) -> dict:
    """The answer for the model: without empty fields, with the link ready to use."""
    answer = {k: v for k, v in body.items() if v not in (None, [], "") and k != "next"}
    files = [
        {k: v for k, v in entry.items() if v is not None and k != "mime_type"}
        for entry in body.get("files") or []
    ]
    if files:
        answer["files"] = files
    if link:
        answer["link"] = link
    advice = list(filter(None, map(_advice, body.get("next") or [])))
    return {**answer, "next": advice} if advice else answer


def _advice(text: str) -> str:
    """Advice without the sentences about tools that this file does not have."""
    sentences = re.split(r"(?<=[.!?]) +", str(text))
    return " ".join(s for s in sentences if set(_TOOL_NAME.findall(s)) <= set(OPERATIONS))


_TOOL_NAME = re.compile(r"\b(?:[a-z]+_(?:csv_to_)?excel(?:_[a-z]+)?|query_database)\b")


def _file_parameter(name: str, arguments: dict) -> str:
    """The parameter of a call that names a file of the chat, if one does."""
    parameter = OPERATIONS[name]["file"]
    key, wanted = OPERATIONS[name]["file_if"]
    if key and (arguments.get(key) != wanted or not str(arguments.get(parameter) or "").strip()):
        return ""
    return parameter


# Open WebUI sends docstrings to the model as they stand, indentation included.
for _method in vars(Tools).values():
    if inspect.iscoroutinefunction(_method) and _method.__doc__:
        _method.__doc__ = inspect.cleandoc(_method.__doc__)
