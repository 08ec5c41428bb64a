"""CSV as programs and people really write it: the cases of csv-spectrum, and our own.

A case says what must stand in the cells and, where a text can be read in more than one way,
what the answer must tell. Nothing is guessed in silence.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.test_csv import imported, notes_of, rows_of

D, M = dt.date, dt.datetime


@dataclass(frozen=True)
class Case:
    """A file and what must come of it.

    :param rows: of the sheet, with the headers
    :param told: words that the notes must hold; "" where there must be no note
    :param understood: what the answer must say it found out
    """

    data: str | bytes
    rows: list[list[object]]
    told: str = ""
    understood: dict[str, object] | None = None


ONCE = "Once upon \na time"
# The cases of https://github.com/max-mapper/csv-spectrum: the same traps, by the same names.
SPECTRUM: dict[str, Case] = {
    "comma_in_quotes": Case(
        'first,last,address,city,zip\nJohn,Doe,120 any st.,"Anytown, WW",08123\n',
        [
            ["first", "last", "address", "city", "zip"],
            ["John", "Doe", "120 any st.", "Anytown, WW", "08123"],
        ],
    ),
    "empty": Case('a,b,c\n1,"",""\n2,3,4', [["a", "b", "c"], [1, None, None], [2, 3, 4]]),
    "empty_crlf": Case('a,b,c\r\n1,"",""\r\n2,3,4', [["a", "b", "c"], [1, None, None], [2, 3, 4]]),
    "escaped_quotes": Case(
        'a,b\n1,"ha ""ha"" ha"\n3,4\n', [["a", "b"], [1, 'ha "ha" ha'], [3, "4"]]
    ),
    "json": Case(
        'key,val\n1,"{""type"": ""Point"", ""coordinates"": [102.0, 0.5]}"\n',
        [["key", "val"], [1, '{"type": "Point", "coordinates": [102.0, 0.5]}']],
    ),
    "location_coordinates": Case(
        "Contact Phone Number,Location Coordinates,Cities,Counties\n"
        "02095257564,37°36'37.8\"N 121°2'17.9\"W,Modesto,Stanislaus",
        [
            ["Contact Phone Number", "Location Coordinates", "Cities", "Counties"],
            ["02095257564", "37°36'37.8\"N 121°2'17.9\"W", "Modesto", "Stanislaus"],
        ],
    ),
    "newlines": Case(
        'a,b,c\n1,2,3\n"Once upon \na time",5,6\n7,8,9\n',
        [["a", "b", "c"], ["1", 2, 3], [ONCE, 5, 6], ["7", 8, 9]],
    ),
    "newlines_crlf": Case(
        'a,b,c\r\n1,2,3\r\n"Once upon \r\na time",5,6\r\n7,8,9\r\n',
        [["a", "b", "c"], ["1", 2, 3], [ONCE, 5, 6], ["7", 8, 9]],
    ),
    "newlines_cr": Case(
        'a,b,c\r1,2,3\r"Once upon \ra time",5,6\r7,8,9\r',
        [["a", "b", "c"], ["1", 2, 3], [ONCE, 5, 6], ["7", 8, 9]],
    ),
    "quotes_and_newlines": Case(
        'a,b\n1,"ha \n""ha"" \nha"\n3,4\n', [["a", "b"], [1, 'ha \n"ha" \nha'], [3, "4"]]
    ),
    "simple": Case("a,b,c\n1,2,3\n", [["a", "b", "c"], [1, 2, 3]]),
    "simple_crlf": Case("a,b,c\r\n1,2,3\r\n", [["a", "b", "c"], [1, 2, 3]]),
    "utf8": Case("a,b,c\n1,2,3\n4,5,ʤ\n", [["a", "b", "c"], [1, 2, "3"], [4, 5, "ʤ"]]),
    "latin1": Case(
        "a,b,c\n1,2,3\n4,5,©\n".encode("latin-1"), [["a", "b", "c"], [1, 2, "3"], [4, 5, "©"]]
    ),
}


@pytest.mark.parametrize("name", SPECTRUM)
def test_csv_spectrum_is_read_rightly(name: str, tmp_path: Path) -> None:
    case = SPECTRUM[name]
    data = case.data if isinstance(case.data, bytes) else case.data.encode()
    book, _ = imported(data, tmp_path)
    assert rows_of(book.sheet()) == case.rows


OURS: dict[str, Case] = {
    # Delimiters ---------------------------------------------------------------
    "commas in texts, tabs between": Case(
        "name\tnote\nAnn\tred, green\nBob\tblue, white\n",
        [["name", "note"], ["Ann", "red, green"], ["Bob", "blue, white"]],
        told="first line was taken for headers",
    ),
    "commas in texts, semicolons between": Case(
        "name;note\nAnn;red, green\nBob;one, two, three\n",
        [["name", "note"], ["Ann", "red, green"], ["Bob", "one, two, three"]],
        told="first line was taken for headers",
    ),
    "semicolons in quotes, commas between": Case(
        'name,note\nAnn,"a;b;c"\nBob,"d;e"\n',
        [["name", "note"], ["Ann", "a;b;c"], ["Bob", "d;e"]],
        told="first line was taken for headers",
    ),
    "decimal commas and a comma in a text": Case(
        "item;cost\nTea, green;1,50\nRice;2,75\n",
        [["item", "cost"], ["Tea, green", 1.5], ["Rice", 2.75]],
        understood={"delimiter": "semicolon", "decimal": ","},
    ),
    "decimal commas with tabs": Case(
        "a\tb\n1,5\t2,25\n3,5\t4,75\n", [["a", "b"], [1.5, 2.25], [3.5, 4.75]]
    ),
    "quoted decimal commas between commas": Case(
        'a,b\n"1,5",x\n"22,75",y\n', [["a", "b"], [1.5, "x"], [22.75, "y"]]
    ),
    "quoted thousands between commas": Case(
        'city,people\nA,"1,234,567"\nB,"21,000"\n',
        [["city", "people"], ["A", 1234567], ["B", 21000]],
    ),
    "dates and clocks with colons": Case(
        "at,what\n2026-01-01 10:00,a\n2026-01-02 11:30,b\n",
        [["at", "what"], [M(2026, 1, 1, 10), "a"], [M(2026, 1, 2, 11, 30), "b"]],
    ),
    "addresses of the web": Case(
        "name;link\na;https://x.example/?a=1,2&b=3\nb;https://y.example/p|q\n",
        [
            ["name", "link"],
            ["a", "https://x.example/?a=1,2&b=3"],
            ["b", "https://y.example/p|q"],
        ],
        told="first line was taken for headers",
    ),
    "pipes with spaces around": Case(
        "a | b | c\n1 | x y | 2\n3 | z | 4\n",
        [["a", "b", "c"], [1, "x y", 2], [3, "z", 4]],
    ),
    "one column of prose": Case(
        "note\nhello there, you\nno marks here\n",
        [["note"], ["hello there, you"], ["no marks here"]],
        told="delimiter",
    ),
    "one column of decimal commas": Case(
        "price\n1,5\n22,75\n3,25\n", [["price"], [1.5], [22.75], [3.25]], told="delimiter"
    ),
    "commas and semicolons alike": Case(
        "a,b;c\n1,2;3\n4,5;6\n", [["a,b", "c"], [1.2, 3], [4.5, 6]], told="delimiter"
    ),
    "a wide file": Case(
        ",".join(f"c{n}" for n in range(60)) + "\n" + ",".join("1" * 60) + "\n",
        [[f"c{n}" for n in range(60)], [1] * 60],
    ),
    "sep line with a tab": Case("sep=\t\na\tb\n1\tx\n", [["a", "b"], [1, "x"]]),
    "sep line with CRLF and a mark": Case(
        "\ufeffsep=;\r\na;b\r\n1,5;x\r\n", [["a", "b"], [1.5, "x"]]
    ),
    "sep line with an odd mark": Case("sep=^\na^b\n1^x\n", [["a", "b"], [1, "x"]]),
    "carets": Case(
        "a^b^c\n1^x^2\n3^y^4\n",
        [["a", "b", "c"], [1, "x", 2], [3, "y", 4]],
        told='separated by "^"',
    ),
    "colons": Case(
        "a:b:c\n1:x:2\n3:y:4\n",
        [["a", "b", "c"], [1, "x", 2], [3, "y", 4]],
        told='separated by ":"',
    ),
    "tildes": Case(
        "a~b~c\n1~x~2\n3~y~4\n",
        [["a", "b", "c"], [1, "x", 2], [3, "y", 4]],
        told='separated by "~"',
    ),
    "columns by spaces": Case(
        "name  qty  price\nnut    10   1.5\nbolt   20   2.5\n",
        [["name  qty  price"], ["nut    10   1.5"], ["bolt   20   2.5"]],
        told='{"delimiter": " "}',
    ),
    # Quotes -------------------------------------------------------------------
    "a delimiter, a quote and a break in one": Case(
        'a,b\n"x, ""y""\nz",1\nw,2\n', [["a", "b"], ['x, "y"\nz', 1], ["w", 2]]
    ),
    "quoted headers with breaks": Case(
        '"Net\nsum","Tax, %"\n1,2\n', [["Net\nsum", "Tax, %"], [1, 2]]
    ),
    "an empty quoted value at the end": Case('a,b\n1,""\n2,x\n', [["a", "b"], [1, None], [2, "x"]]),
    "quotes alone": Case('a,b\n"""",1\nx,2\n', [["a", "b"], ['"', 1], ["x", 2]]),
    "quotes inside unquoted values": Case(
        'a,b\nthe "big" one,1\n3" nail,2\n', [["a", "b"], ['the "big" one', 1], ['3" nail', 2]]
    ),
    "text after a closing quote": Case(
        'a,b\n"x" y,1\nz,2\n', [["a", "b"], ["x y", 1], ["z", 2]], told="quotation marks"
    ),
    "curly quotes are letters": Case("a,b\n“x”,1\n„y“,2\n", [["a", "b"], ["“x”", 1], ["„y“", 2]]),
    "backslashes that escape nothing": Case(
        "path,n\nC:\\temp\\new,1\n\\\\host\\x,2\n",
        [["path", "n"], ["C:\\temp\\new", 1], ["\\\\host\\x", 2]],
    ),
    "a quoted value that ends in a backslash": Case(
        'path,n\n"C:\\temp\\",1\n"D:\\",2\n', [["path", "n"], ["C:\\temp\\", 1], ["D:\\", 2]]
    ),
    "NULL as MySQL writes it": Case("a,b\n1,\\N\n2,x\n", [["a", "b"], [1, "\\N"], [2, "x"]]),
    # Lines --------------------------------------------------------------------
    "mixed line ends": Case("a,b\r\n1,x\n2,y\r\n", [["a", "b"], [1, "x"], [2, "y"]]),
    "line separators are letters": Case(
        "a,b\n1,x\u2028y\n2,z\n", [["a", "b"], [1, "x\u2028y"], [2, "z"]]
    ),
    "form feeds in texts": Case(
        "a,b\n1,x\x0cy\n2,z\n", [["a", "b"], [1, "xy"], [2, "z"]], told="control character"
    ),
    "the end mark of DOS": Case("a,b\n1,x\n2,y\n\x1a", [["a", "b"], [1, "x"], [2, "y"]], told="*"),
    "blank lines in between": Case(
        "a,b\n1,x\n\n2,y\n", [["a", "b"], [1, "x"], [2, "y"]], told="1 empty line left out"
    ),
    "spaces around numbers": Case("a,b\n 1 , x\n 22 , y\n", [["a", "b"], [1, " x"], [22, " y"]]),
    "spaces of the indented kind": Case(
        "a;b\n1\xa0234,50;x\n2\xa0000,25;y\n", [["a", "b"], [1234.5, "x"], [2000.25, "y"]]
    ),
    # Encodings ----------------------------------------------------------------
    "a mark and utf-8": Case(
        "Größe,n\nä,1\n".encode("utf-8-sig"),
        [["Größe", "n"], ["ä", 1]],
        understood={"encoding": "utf-8"},
    ),
    "utf-16 with a mark, as Excel's Unicode text": Case(
        "Größe\tn\r\nä\t1\r\n".encode("utf-16"),
        [["Größe", "n"], ["ä", 1]],
        understood={"delimiter": "tab"},
    ),
    "utf-16 of big ends without a mark": Case(
        "Size;n\nsmall;1\n".encode("utf-16-be"), [["Size", "n"], ["small", 1]]
    ),
    "cp1252 as Excel writes in the West": Case(
        "Größe;Preis\r\nÄpfel;1,50\r\nBirnen;2,25\r\n".encode("cp1252"),
        [["Größe", "Preis"], ["Äpfel", 1.5], ["Birnen", 2.25]],
        understood={"encoding": "cp1252"},
    ),
    "emoji": Case("a,b\n😀,1\n👍🏽,2\n".encode(), [["a", "b"], ["😀", 1], ["👍🏽", 2]]),
    "right to left": Case("שם,n\nדוד,1\n".encode(), [["שם", "n"], ["דוד", 1]]),
    # Headers ------------------------------------------------------------------
    "headers over texts": Case(
        "Name,City\nAnn,Rome\nBob,Oslo\n",
        [["Name", "City"], ["Ann", "Rome"], ["Bob", "Oslo"]],
        told="first line was taken for headers",
    ),
    "an index without a header": Case(
        ",x,y\n0,a,1\n1,b,2\n",
        [["Column 1", "x", "y"], [0, "a", 1], [1, "b", 2]],
        told="without a header",
    ),
    "months as headers": Case(
        "Region,2026-01,2026-02\nN,1,2\n", [["Region", "2026-01", "2026-02"], ["N", 1, 2]]
    ),
    "a first row that may be data": Case(
        "Ann,Rome\nBob,Oslo\nCid,Bern\n",
        [["Ann", "Rome"], ["Bob", "Oslo"], ["Cid", "Bern"]],
        told="header",
    ),
    "a comment in front": Case(
        "# exported 2026-05-01\na,b,c\n1,2,3\n4,5,6\n",
        [["# exported 2026-05-01", None, None], [None] * 3, ["a", "b", "c"], [1, 2, 3], [4, 5, 6]],
        told="in front of the headers",
    ),
    # What stays as it is ------------------------------------------------------
    "postcodes": Case("zip,n\n01067,1\n10115,2\n", [["zip", "n"], ["01067", 1], ["10115", 2]]),
    "leading zeros deep down": Case(
        "id,n\n" + "".join(f"{n},1\n" for n in range(10, 40)) + "0099,1\n",
        [["id", "n"], *[[str(n), 1] for n in range(10, 40)], ["0099", 1]],
        told="'0099' would lose digits as a number (line 32)",
    ),
    "card numbers": Case(
        "card,n\n4111111111111111,1\n5500000000000004,2\n",
        [["card", "n"], ["4111111111111111", 1], ["5500000000000004", 2]],
    ),
    "cards in fours": Case(
        "card,n\n4111 1111 1111 1111,1\n", [["card", "n"], ["4111 1111 1111 1111", 1]]
    ),
    "IBANs with and without spaces": Case(
        "to,n\nDE89 3704 0044 0532 0130 00,1\nGB29NWBK60161331926819,2\n",
        [["to", "n"], ["DE89 3704 0044 0532 0130 00", 1], ["GB29NWBK60161331926819", 2]],
    ),
    "phones of all kinds": Case(
        "who;call\na;+49 30 1234567\nb;030/1234567\nc;(555) 010-9999\nd;0049301234567\n",
        [
            ["who", "call"],
            ["a", "+49 30 1234567"],
            ["b", "030/1234567"],
            ["c", "(555) 010-9999"],
            ["d", "0049301234567"],
        ],
        told="first line was taken for headers",
    ),
    "phones that look like numbers": Case(
        "who,phone\na,5550109999\nb,5550108888\n",
        [["who", "phone"], ["a", "5550109999"], ["b", "5550108888"]],
    ),
    "phones with points": Case(
        "who;call\na;555.010.9999\nb;555.010.8888\n",
        [["who", "call"], ["a", "555.010.9999"], ["b", "555.010.8888"]],
    ),
    "versions": Case(
        "v,n\n1.10,1\n1.10.2,2\n",
        [["v", "n"], ["1.10", 1], ["1.10.2", 2]],
        told="'1.10.2' is no number",
    ),
    "article numbers with E": Case(
        "sku,n\n1E5,1\n3E10,2\n", [["sku", "n"], ["1E5", 1], ["3E10", 2]]
    ),
    "genes that look like dates": Case(
        "gene,n\nMAR1,1\nSEP2,2\n", [["gene", "n"], ["MAR1", 1], ["SEP2", 2]]
    ),
    "fractions": Case("cut,n\n1/2,1\n3/4,2\n", [["cut", "n"], ["1/2", 1], ["3/4", 2]]),
    "scores": Case("game,n\n3-1,1\n2-2,2\n", [["game", "n"], ["3-1", 1], ["2-2", 2]]),
    "net addresses": Case(
        "ip,n\n10.0.0.1,1\n192.168.1.20,2\n", [["ip", "n"], ["10.0.0.1", 1], ["192.168.1.20", 2]]
    ),
    "texts that begin like formulas": Case(
        "a,n\n=1+1,1\n+49,2\n@x,3\n-,4\n",
        [["a", "n"], ["=1+1", 1], ["+49", 2], ["@x", 3], ["-", 4]],
    ),
    "yes and no are texts": Case("ok,n\nyes,1\nno,2\n", [["ok", "n"], ["yes", 1], ["no", 2]]),
    # Numbers ------------------------------------------------------------------
    "German amounts": Case(
        "a;b\n1.234.567,89;x\n-12,50;y\n", [["a", "b"], [1234567.89, "x"], [-12.5, "y"]]
    ),
    "Swiss amounts": Case("a;b\n1'234.50;x\n12.75;y\n", [["a", "b"], [1234.5, "x"], [12.75, "y"]]),
    "signs behind, as SAP writes": Case(
        "a;b\n12,50-;x\n3,00;y\n", [["a", "b"], ["12,50-", "x"], ["3,00", "y"]], told="*"
    ),
    "negative in brackets": Case(
        "a,b\n(12.50),x\n3.00,y\n", [["a", "b"], ["(12.50)", "x"], ["3.00", "y"]], told="*"
    ),
    "plus signs": Case(
        "a,b\n+5,x\n-3,y\n", [["a", "b"], ["+5", "x"], ["-3", "y"]], told="'+5' is no number"
    ),
    # Ambiguous ----------------------------------------------------------------
    "one mark before three digits: a point": Case(
        "a,b\n1.234,x\n5.000,y\n7.000,z\n",
        [["a", "b"], [1.234, "x"], [5.0, "y"], [7.0, "z"]],
        told='1.234 is read as a number with decimals; where it means 1234, say {"decimal": ","}',
    ),
    "one mark before three digits: a point, where commas are decimal marks": Case(
        "a;b\n1.234;x\n5.000;y\n7.000;z\n",
        [["a", "b"], ["1.234", "x"], ["5.000", "y"], ["7.000", "z"]],
        told='{"decimal": "."}',
    ),
    "one mark before three digits: a comma": Case(
        "a;b\n1,234;x\n5,000;y\n",
        [["a", "b"], ["1,234", "x"], ["5,000", "y"]],
        told='{"decimal": ","}',
    ),
    "three digits with a currency": Case(
        "a;b\n1.234 €;x\n5.000 €;y\n",
        [["a", "b"], ["1.234 €", "x"], ["5.000 €", "y"]],
        told='{"decimal": ","}',
    ),
    "three digits, settled by another column": Case(
        "a,b\n1.234,0.5\n5.000,12.75\n", [["a", "b"], [1.234, 0.5], [5.0, 12.75]]
    ),
    "three digits after a zero are decimals": Case(
        "a,b\n0.125,x\n1.250,y\n", [["a", "b"], [0.125, "x"], [1.25, "y"]]
    ),
    "two groups are thousands": Case(
        "a;b\n1.234.567;x\n1.234;y\n", [["a", "b"], [1234567, "x"], [1234, "y"]]
    ),
    "day or month": Case(
        "d,n\n03/04/2026,1\n05/06/2026,2\n",
        [["d", "n"], ["03/04/2026", 1], ["05/06/2026", 2]],
        told="date_order",
    ),
    "points, so days first": Case(
        "d,n\n03.04.2026,1\n05.06.2026,2\n", [["d", "n"], [D(2026, 4, 3), 1], [D(2026, 6, 5), 2]]
    ),
    "settled by the file": Case(
        "d,e\n03/04/2026,25/12/2025\n", [["d", "e"], [D(2026, 4, 3), D(2025, 12, 25)]]
    ),
    "short years": Case(
        "d,n\n25.12.24,1\n26.12.24,2\n",
        [["d", "n"], ["25.12.24", 1], ["26.12.24", 2]],
        told="date_order",
    ),
    "two orders in one file": Case(
        "d,e\n25/12/2025,12/25/2025\n03/04/2026,03/04/2026\n",
        [["d", "e"], [D(2025, 12, 25), D(2025, 12, 25)], [D(2026, 4, 3), D(2026, 3, 4)]],
        told="*",
    ),
    "a date that is none": Case(
        "d,n\n2026-01-31,1\n2026-02-30,2\n",
        [["d", "n"], ["2026-01-31", 1], ["2026-02-30", 2]],
        told="'2026-02-30' is no date (line 3)",
    ),
    "one word among many numbers": Case(
        "a,b\n1,x\n2,x\n3,x\n4,x\nsix,x\n",
        [["a", "b"], ["1", "x"], ["2", "x"], ["3", "x"], ["4", "x"], ["six", "x"]],
        told="'six' is no number (line 6)",
    ),
    # Rows that don't fit ------------------------------------------------------
    "a row too long": Case(
        "a,b\n1,x\n2,y,z\n",
        [["a", "b", "Column 3"], [1, "x", None], [2, "y", "z"]],
        told="Line 3 has more",
    ),
    "a row too short": Case(
        "a,b,c\n1,x,y\n2,z\n",
        [["a", "b", "c"], [1, "x", "y"], [2, "z", None]],
        told="Line 3 has fewer",
    ),
    "a total below": Case(
        "a,b,c\n1,x,2\n3,y,4\nTotal,,6\n",
        [["a", "b", "c"], ["1", "x", 2], ["3", "y", 4], ["Total", None, 6]],
        told="*",
    ),
}


def test_there_are_sixty() -> None:
    assert len(OURS) >= 60


@pytest.mark.parametrize("name", OURS)
def test_dialects_are_read_rightly_or_told(name: str, tmp_path: Path) -> None:
    case = OURS[name]
    data = case.data if isinstance(case.data, bytes) else case.data.encode()
    book, result = imported(data, tmp_path)
    assert rows_of(book.sheet()) == case.rows
    told = notes_of(result)
    if case.told == "":
        assert told == ""
    elif case.told != "*":
        assert case.told in told
    for key, value in (case.understood or {}).items():
        assert result["understood"][key] == value
