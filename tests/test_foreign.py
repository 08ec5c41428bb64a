"""What models write in German, French and Spanish is understood, or refused with the right form."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from service.errors import ExcelToolsError, InvalidValue
from service.workbook.book import Book
from service.workbook.calculation.first import can_calculate
from service.workbook.foreign.formulas import in_english
from service.workbook.foreign.functions import CLASHES, LANGUAGES, MEANINGS, plain
from service.workbook.foreign.number_codes import english_code, two_ways
from service.workbook.number_formats import number_format_code
from tests.bench import new_book, reopened, run
from tests.processes import ROOT

# As it is written, and in English.
UNDERSTOOD = {
    "=SUMME(A1:A5)": "=SUM(A1:A5)",
    "=SUMME(A1;A5)": "=SUM(A1,A5)",
    "=summe(a1:a5)": "=SUM(a1:a5)",
    '=WENN(A1>1,5;"ja; nein";"SUMME(a;b)")': '=IF(A1>1.5,"ja; nein","SUMME(a;b)")',
    "=SVERWEIS(A2;Daten!$A$1:$C$9;2;FALSCH)": "=VLOOKUP(A2,Daten!$A$1:$C$9,2,FALSE)",
    "=VLOOKUP(A1,B:C,2,FALSCH)": "=VLOOKUP(A1,B:C,2,FALSE)",
    "=RUNDEN(A1*1,19;2)": "=ROUND(A1*1.19,2)",
    "=RUNDEN(A1*1.19;2)": "=ROUND(A1*1.19,2)",
    "=RUNDEN(A1*0.125;2)": "=ROUND(A1*0.125,2)",
    "=RUNDEN(A1*1.234,56;2)": "=ROUND(A1*1234.56,2)",
    "=RUNDEN(A1+1.000+0,5;2)": "=ROUND(A1+1000+0.5,2)",
    "=RUNDEN($A$1,2)": "=ROUND($A$1,2)",
    "=RUNDEN(1.19,2)": "=ROUND(1.19,2)",
    "=WENN(A1>100, 10, 5)": "=IF(A1>100, 10, 5)",
    "=SUMME(1:3;5:7)": "=SUM(1:3,5:7)",
    '=ZÄHLENWENN(A:A;">0")': '=COUNTIF(A:A,">0")',
    '=ZAEHLENWENN(A:A;">0")': '=COUNTIF(A:A,">0")',
    '=zahlenwenn(A:A;">0")': '=COUNTIF(A:A,">0")',
    "=XVERWEIS(A1;B:B;C:C)": "=XLOOKUP(A1,B:B,C:C)",
    "=@SUMME(A1:A2)": "=@SUM(A1:A2)",
    "=-SUMME(A1:A2)%": "=-SUM(A1:A2)%",
    "='Summe;x'!A1+SUMME('Summe;x'!A1:A2)": "='Summe;x'!A1+SUM('Summe;x'!A1:A2)",
    "=SUMME(Kosten[[#Diese Zeile];[a]:[b]])": "=SUM(Kosten[[#This Row],[a]:[b]])",
    "=SUMME(Kosten[#Alle])": "=SUM(Kosten[#All])",
    "=[@Summe]*2": "=[@Summe]*2",
    "=SUMME({1;2};A1)": "=SUM({1;2},A1)",
    "=SOMME.SI.ENS(C:C;A:A;2)": "=SUMIFS(C:C,A:A,2)",
    '=SI(ET(A1>0;B1<2,5);"oui";"non")': '=IF(AND(A1>0,B1<2.5),"oui","non")',
    "=AUJOURD'HUI()+1": "=TODAY()+1",
    "=SI(A1=VRAI;1;0)": "=IF(A1=TRUE,1,0)",
    "=RECHERCHEV(A1;B:C;2;FAUX)": "=VLOOKUP(A1,B:C,2,FALSE)",
    "=BUSCARV(A1;B:C;2;FALSO)": "=VLOOKUP(A1,B:C,2,FALSE)",
    "=SI(Y(A1>0;B1<2);SUMA(A1;B1);0)": "=IF(AND(A1>0,B1<2),SUM(A1,B1),0)",
    "=AÑO(A1)-DIA(A1)": "=YEAR(A1)-DAY(A1)",
    "=LIA(A1;B1;C1)+DIA(A1;B1;C1;D1)": "=SLN(A1,B1,C1)+SYD(A1,B1,C1,D1)",
    "=IF(A1>0;1;2)": "=IF(A1>0,1,2)",
    "=SUM(A1;2,5)": "=SUM(A1,2.5)",
    "=TEXTE(A1;0)": "=TEXT(A1,0)",
    "=0,19": "=0.19",
    "=B2*1,19": "=B2*1.19",
    "=(B2+1.234,5)*2": "=(B2+1234.5)*2",
    "=B2*1,19+SUMME(A1,A2)": "=B2*1.19+SUM(A1,A2)",
}
# English as it is, whatever it looks like.
UNTOUCHED = [
    "=SUM(A1,A5)",
    "=SUM(1,5)",
    "=SUM({1;2})",
    "=TRIM(A1)",
    "=DECIMAL(A1,2)",
    "=LET(y,2,o,3,y*o)",
    "=LET(si,LAMBDA(x,x+1),si(2))",
    "=Y1+O2+SI3",
    "=Summe+Jahr",
    "=Wahr!A1",
    "='SUMME(1;2)'!A1",
    '="SUMME(A1;A2)"',
    '="WAHR"',
    "=Kosten[Summe]",
    '=TEXT(A1,"dd.mm.yyyy")',
    '=TEXT(A1,"#,##0.00")',
    "=siehe oben; unten",
    "=",
]
# Why it is refused, and what the hint offers.
REFUSED = {
    "=RUNDEN(2,5)": ("comma in 2,5", "Send =ROUND(2,5) or =ROUND(2.5)."),
    "=WENN(A1>1,2,3)": ("comma in 1,2,3", "Send =IF(A1>1,2,3)."),
    "=SUMME(1.234,56)": ("1.234,56", "=SUM(1.234,56) or =SUM(1234.56)"),
    "=WENN(A1>1.000;1;2)": ("thousands or decimals", "=IF(A1>1000,1,2) or =IF(A1>1.000,1,2)"),
    "=SUMME(A1;A5,B1)": ("both , and ;", "commas between arguments"),
    "=SUMME(1,5;1.5)": ("can't be told what 1.5 means beside 1,5", "points in decimals"),
    "=SUMME(1.2.3;1)": ("can't be told what 1.2.3", "no thousands"),
    "=SUMME({1.2;3.4};A1)": ("{1.2;3.4}", "{1,2;3,4}"),
    "=DIA(A1)": ("SYD in German and DAY in Spanish", "DAY or SYD"),
    '=SI(A1>0;TRIM(A1);"")': ("MIRR in French and TRIM in English", "MIRR or TRIM"),
    "=SUMA(DECIMAL(A1;2))": ("FIXED in Spanish", "DECIMAL or FIXED"),
    "=B2*1,234": ("1,234 may have thousands or decimals", "=B2*1234 for thousands"),
    "=B2*1,234.5": ("1,234.5", "=B2*1234.5"),
    '=TEXT(A1;"TT.MM.JJJJ")': ('"TT.MM.JJJJ" is dd.mm.yyyy', "number_format"),
    '=TEXT(A1,"jj/mm/aaaa")': ("is dd/mm/yyyy", "YEAR(A1)"),
    '=TEXTE(A1;"#.##0,00")': ("is #,##0.00", "FIXED(A1,2)"),
    '="Stand: "&TEXT(SUMME(A1:A2);"0,00")': ('write "0.00"', "FIXED(A1,2)"),
}


@pytest.mark.parametrize("formula", UNDERSTOOD)
def test_a_formula_in_another_language_is_the_english_one(formula: str) -> None:
    assert in_english(formula, "A1") == UNDERSTOOD[formula]
    assert in_english(UNDERSTOOD[formula], "A1") == UNDERSTOOD[formula]


@pytest.mark.parametrize("formula", UNTOUCHED)
def test_what_only_looks_foreign_stays_as_it_is(formula: str) -> None:
    assert in_english(formula, "A1") == formula


@pytest.mark.parametrize("formula", REFUSED)
def test_what_has_two_meanings_is_refused_with_both(formula: str) -> None:
    message, hint = REFUSED[formula]
    with pytest.raises(InvalidValue) as refusal:
        in_english(formula, "B7")
    assert refusal.value.message.startswith("B7: ")
    assert message in refusal.value.message
    assert hint in refusal.value.hint


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_name_has_one_english_function_and_is_none_itself(language: str) -> None:
    words = LANGUAGES[language].split()
    names, english = words[::2], words[1::2]
    assert len(names) == len(english) > 180
    assert len({plain(name) for name in names}) == len(names)
    assert all(word.isascii() and word == word.upper() for word in english)
    assert {name for name in map(plain, names) if name in english} <= {*CLASHES, "SI"}


def test_no_foreign_name_is_a_function_of_english_excel() -> None:
    english = {name for name in MEANINGS if can_calculate(name)}
    assert english <= {*CLASHES}
    unknown = {e for found in MEANINGS.values() for e in found.values() if not can_calculate(e)}
    assert unknown <= NOT_CALCULATED


# Functions of Excel that the calculator lacks.
NOT_CALCULATED = {"AREAS", "GETPIVOTDATA", "MDETERM", "MINVERSE", "MMULT"}


def test_a_foreign_formula_is_written_calculated_and_told(tmp_path: Path) -> None:
    book = new_book(headers=["Betrag"], rows=[[10], [20]])
    answer = run(book, "write_excel_range", start="A4", rows=[["=SUMME(A2;A3)"], ["'=SUMME(A2)"]])
    assert answer.result["notes"] == [
        'Formulas are kept in English: SUMME is SUM, ";" between arguments is ",". Write them so.'
    ]
    for found in (book, reopened(book, tmp_path)):
        read = run(found, "read_excel_range", range="A4:A5", what="formulas").result
        assert read["rows"] == [["=SUM(A2,A3)"], ["'=SUMME(A2)"]]
        assert run(found, "read_excel_range", range="A4").result["rows"] == [[30]]


def test_english_formulas_are_told_nothing_about() -> None:
    book = new_book(rows=[["=SUM(1,2)", "SUMME(1;2)", "31 = WAHR"]])
    assert "notes" not in run(book, "write_excel_range", start="A2", rows=[["=A1*2"]]).result
    assert run(book, "read_excel_range", range="B1:C1").result["rows"][0] == [
        "SUMME(1;2)",
        "31 = WAHR",
    ]


def test_a_refused_formula_names_its_row_and_writes_nothing() -> None:
    book = new_book(rows=[["a"]])
    with pytest.raises(InvalidValue) as refusal:
        run(book, "write_excel_range", rows=[["b"], ["=RUNDEN(2,5)"]])
    assert refusal.value.message.startswith("rows: row 2: '=RUNDEN(2,5)'")
    assert run(book, "read_excel_range").result["rows"] == [["a"]]


# Calls of other operations that take formulas, and where the English one is then found.
ELSEWHERE: list[tuple[str, dict[str, Any]]] = [
    ("add_excel_rule", {"range": "A2:A3", "rule": "formula", "value": "=REST(A2;2)=0"}),
    ("add_excel_rule", {"range": "B2", "rule": "custom", "value": "=ISTZAHL(B2)"}),
    ("create_excel_table", {"action": "create", "range": "A1:A3", "name": "T",
                            "options": {"columns": {"Doppelt": "=RUNDEN([@Betrag]*2;1)"}}}),
    ("annotate_excel_cells", {"action": "name", "name": "Ganz", "target": "=SUMME(Sheet1!A2:A3)"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "given"), ELSEWHERE)
def test_formulas_are_understood_wherever_they_are_taken(name: str, given: dict[str, Any]) -> None:
    book = new_book(headers=["Betrag"], rows=[[10], [20], [None], ["x"]])
    result = run(book, name, **given).result
    assert any("Formulas are kept in English" in note for note in result["notes"]), result


def documented() -> list[tuple[str, str]]:
    """Formulas of the table in docs/languages.md, and what stands beside them."""
    text = (ROOT / "docs" / "languages.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| `=")]
    return [(formula, row[1]) for row in rows for formula in re.findall("`(=[^`]*)`", row[0])]


@pytest.mark.parametrize(("formula", "told"), documented())
def test_what_the_documentation_says_of_formulas_is_so(formula: str, told: str) -> None:
    forms = re.findall("`(=[^`]*)`", told)
    if not told.startswith("refused"):
        assert [in_english(formula, "A1")] == forms
        return
    with pytest.raises(InvalidValue) as refusal:
        in_english(formula, "A1")
    assert all(form in refusal.value.hint for form in forms)


def test_rules_tell_of_values_that_they_compare_with_as_texts() -> None:
    book = new_book(headers=["Am", "Betrag"], rows=[["2026-01-01", 10]])
    for value, right in (("31.12.2026", "2026-12-31"), ("1.234,56", "1234.56")):
        result = run(book, "add_excel_rule", range="A2", rule="greater_than", value=value).result
        (note,) = result["notes"]
        assert note.startswith(f'Compared with as texts: "{value}" (for {right}). Write dates')
    assert "notes" not in run(book, "add_excel_rule", range="A2", rule="equal_to", value="x").result


@pytest.mark.parametrize(
    ("totals", "function"),
    [
        ({"Betrag": "Summe"}, "sum"),
        ({"Betrag": "Mittelwert"}, "average"),
        ({"Was": "anzahl"}, "count"),
        ({"Was": "Summe"}, None),
    ],
)
def test_totals_are_named_in_other_languages(totals: dict[str, str], function: str | None) -> None:
    book = new_book(headers=["Was", "Betrag"], rows=[["a", 10], ["b", 20]])
    given = {"range": "A1:B3", "options": {"totals": totals}}
    result = run(book, "create_excel_table", action="create", **given).result
    (name,) = totals
    assert result["table"]["totals"][name] == (function or totals[name])
    assert ("notes" in result) is (function is not None)


# Number formats -----------------------------------------------------------------

CODES = {
    "TT.MM.JJJJ": "dd.mm.yyyy",
    "tt.mm.jjjj hh:mm": "dd.mm.yyyy hh:mm",
    "T.M.JJ": "d.m.yy",
    "MMM JJJJ": "mmm yyyy",
    "JJJJ-MM-TT": "yyyy-mm-dd",
    "jj/mm/aaaa": "dd/mm/yyyy",
    "jjjj jj mmmm aaaa": "dddd dd mmmm yyyy",
    "dd/mm/aaaa": "dd/mm/yyyy",
    "mm/aaaa": "mm/yyyy",
    "#.##0,00": "#,##0.00",
    "#.##0,00 €;[Rot]-#.##0,00 €": "#,##0.00 €;[Red]-#,##0.00 €",
    "[Grün]0.0": "[Green]0.0",
    "Standard": "General",
}
ENGLISH = [
    *("#,##0", "#,##0.00", "0.00", "0,000", "0,0.00", "0%", "@", "General", "dd.mm.yyyy"),
    *("yyyy-mm-dd hh:mm", "[h]:mm", "hh:mm AM/PM", '"TT" 0', r"\J0", "[$-407]dd.mm.yyyy", "#,##0,"),
]


@pytest.mark.parametrize("code", CODES)
def test_a_code_in_another_language_is_the_english_one(code: str) -> None:
    assert number_format_code(code) == CODES[code]


@pytest.mark.parametrize("code", ENGLISH)
def test_english_codes_stay_as_they_are(code: str) -> None:
    assert english_code(code) == number_format_code(code) == code
    assert two_ways(code) == ""


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("0,00", '"0.00" for decimals'),
        ("0,0 %", '"0.0 %" for decimals'),
        ("# ##0,00", '"# ##0.00" for decimals'),
        ("#.##0", '"#,##0" for thousands'),
        ("JJJJ", "year in German and the day in French"),
        ("jj/mm", "year in German and the day in French"),
        ("TT.MM.YYYY", "'T'"),
    ],
)
def test_a_code_of_two_meanings_is_refused_with_the_right_form(code: str, told: str) -> None:
    with pytest.raises(InvalidValue) as refusal:
        number_format_code(code)
    assert told in refusal.value.message


def test_a_foreign_code_is_told_and_kept_in_english(tmp_path: Path) -> None:
    book = new_book(rows=[["2026-12-31", 1234.5]])
    style = {"number_format": "TT.MM.JJJJ"}
    answer = run(book, "format_excel_cells", range="A1", style=style)
    assert answer.result["notes"] == [
        'Number formats are kept in English: "TT.MM.JJJJ" is "dd.mm.yyyy". Write them so.'
    ]
    assert reopened(book, tmp_path).xl.active["A1"].number_format == "dd.mm.yyyy"


# Values and pivot tables ----------------------------------------------------------


def noted(*values: object) -> list[str]:
    """What a column of these values is told."""
    book = new_book(headers=["Wert"], rows=[["a"]])
    answer = run(book, "write_excel_range", start="A2", rows=[[value] for value in values])
    rows = run(book, "read_excel_range", range=f"A2:A{len(values) + 1}").result["rows"]
    assert [str(value).lstrip("'") for (value,) in rows] == [str(v).lstrip("'") for v in values]
    notes: list[str] = answer.result.get("notes", [])
    return notes


@pytest.mark.parametrize(
    ("values", "right"),
    [
        (["31.12.2026"], "Write them year first: 2026-12-31."),
        (["31.12.2026 14:30"], "Write them year first: 2026-12-31 14:30."),
        (["12/31/2026", "01/02/2026"], "Write them year first: 2026-12-31."),
        (["1.234,56"], "Write them as numbers: 1234.56."),
        (["1.234,56 €", "5,00 €"], "Write them as numbers: 1234.56."),
        (["12,5 %"], "Write them as numbers: 0.125."),
        (["Frist", "31.12.2026"], "Write them year first: 2026-12-31."),
    ],
)
def test_dates_and_amounts_of_other_languages_stay_text_and_are_told(
    values: list[str], right: str
) -> None:
    (note,) = noted(*values)
    assert "stay text" in note
    assert note.endswith(right)


@pytest.mark.parametrize(
    "values",
    [["10115"], ["007"], ["+49 30 1234"], ["Frist"], ["31.12.2026", "offen"], ["1.2.3"], [7]],
)
def test_other_texts_are_told_nothing_about(values: list[object]) -> None:
    assert noted(*values) == []


def test_a_new_file_tells_of_dates_and_amounts_by_their_headers() -> None:
    book = Book.blank("a.xlsx")
    rows = [["31.12.2026", "1.234,56 €", "1.234,56"]]
    result = run(book, "create_excel_file", filename="a", headers=["Am", "Preis", "n"], rows=rows)
    numbers, dates, amounts = result.result["notes"]
    assert 'quotes: "n". Send them without quotes, with a point in decimals' in numbers
    assert dates.endswith('Am ("31.12.2026"). Write them year first: 2026-12-31.')
    assert amounts.endswith('Preis ("1.234,56 €"). Write them as numbers: 1234.56.')


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("Summe von Betrag", "Sum of Betrag"),
        ("Mittelwert von Betrag", "Average of Betrag"),
        ("Max von Betrag", "Max of Betrag"),
        ("Anzahl der Betrag", "Count of Betrag"),
        ("Somme de Betrag", "Sum of Betrag"),
        ("Promedio de Betrag", "Average of Betrag"),
        ("summe(Betrag)", "Sum of Betrag"),
        ("Summe von Kosten", "Sum of Summe von Kosten"),
    ],
)
def test_pivot_values_are_named_in_other_languages(value: str, name: str) -> None:
    headers = ["Ort", "Betrag", "Summe von Kosten"]
    book = new_book(headers=headers, rows=[["A", 1, 2], ["B", 3, 4]])
    answer = run(book, "create_excel_pivot", rows=["Ort"], values=[value])
    read = run(book, "read_excel_range", sheet=answer.sheet).result["rows"]
    assert name in [cell for row in read for cell in row]


def test_a_column_that_is_not_there_is_told_as_it_was_written() -> None:
    book = new_book(headers=["Ort", "Betrag"], rows=[["A", 1]])
    with pytest.raises(ExcelToolsError, match="Chiffre de vente"):
        run(book, "create_excel_pivot", rows=["Ort"], values=["Chiffre de vente"])
