"""Workbooks full of formulas, as people have them; another program calculates them."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from pathlib import Path

import openpyxl
from openpyxl.utils import get_column_letter
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.worksheet.table import Table

Maker = Callable[[], openpyxl.Workbook]
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
REGIONS = "North South East West".split()


def _new(title: str = "Data") -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    book.worksheets[0].title = title
    return book


def _listed(sheet: openpyxl.worksheet.worksheet.Worksheet, formulas: list[str]) -> None:
    for row, formula in enumerate(formulas, start=2):
        sheet.cell(row, 20, formula)


def budget() -> openpyxl.Workbook:
    """Categories by month, with shares and a running total, and a summary of it."""
    book, chance = _new("Budget"), random.Random(1)
    sheet = book["Budget"]
    sheet.append(["Item", *MONTHS, "Total", "Share", "Largest"])
    for row in range(2, 22):
        sheet.append([f"Item {row - 1}", *(chance.randint(50, 4000) / 10 for _ in MONTHS)])
        sheet.cell(row, 14, f"=SUM(B{row}:M{row})")
        sheet.cell(row, 15, f"=IF($N$22=0,0,ROUND(N{row}/$N$22,4))")
        sheet.cell(row, 16, f"=INDEX($B$1:$M$1,MATCH(MAX(B{row}:M{row}),B{row}:M{row},0))")
    for column in range(2, 15):
        letter = get_column_letter(column)
        sheet.cell(22, column, f"=SUM({letter}2:{letter}21)")
        before = get_column_letter(column - 1)
        sheet.cell(23, column, f"={letter}22" if column == 2 else f"={before}23+{letter}22")
        sheet.cell(24, column, f"=AVERAGE({letter}2:{letter}21)")
    summary = book.create_sheet("Summary")
    for row, month in enumerate(MONTHS, start=1):
        summary.cell(row, 1, month)
        summary.cell(row, 2, f"=HLOOKUP(A{row},Budget!$B$1:$M$22,22,FALSE)")
        summary.cell(row, 3, f'=IF(B{row}>AVERAGE(B$1:B$12),"above","below")')
        summary.cell(row, 4, f"=RANK(B{row},B$1:B$12)")
    return book


def invoice() -> openpyxl.Workbook:
    """Lines, rates looked up, names of the workbook and of one sheet."""
    book, chance = _new("Invoice"), random.Random(2)
    sheet, rates = book["Invoice"], book.create_sheet("Rates")
    for row in (["food", 0.07], ["book", 0.07], ["other", 0.19], ["free", 0]):
        rates.append(row)
    book.defined_names["Discount"] = DefinedName("Discount", attr_text="0.025")
    book.defined_names["RateTable"] = DefinedName("RateTable", attr_text="Rates!$A$1:$B$4")
    book.defined_names["Shipping"] = DefinedName("Shipping", attr_text="ROUND(4.5*1.19,2)")
    sheet.defined_names["Minimum"] = DefinedName("Minimum", attr_text="Invoice!$J$1")
    sheet["J1"] = 100
    sheet.append(["Kind", "Quantity", "Price", "Net", "Rate", "Tax", "Gross"])
    for row in range(3, 43):
        kind = chance.choice(["food", "book", "other", "free", "unknown"])
        sheet.append([kind, chance.randint(1, 20), chance.randint(100, 9999) / 100])
        sheet.cell(row, 4, f"=ROUND(B{row}*C{row}*(1-IF(B{row}>=10,Discount,0)),2)")
        sheet.cell(row, 5, f"=IFERROR(VLOOKUP(A{row},RateTable,2,FALSE),0.19)")
        sheet.cell(row, 6, f"=ROUND(D{row}*E{row},2)")
        sheet.cell(row, 7, f"=D{row}+F{row}")
    sheet["D44"], sheet["F44"] = "=SUM(D3:D42)", "=SUM(F3:F42)"
    sheet["G44"] = "=D44+F44+IF(D44<Minimum,Shipping,0)"
    sheet["G45"] = '=TEXT(G44,"#,##0.00")&" EUR"'
    return book


def sales() -> openpyxl.Workbook:
    """A table with a calculated column, and totals by region and month."""
    book, chance = _new("Sales"), random.Random(3)
    sheet = book["Sales"]
    sheet.append(["Date", "Region", "Product", "Units", "Price", "Revenue"])
    for row in range(2, 122):
        day = dt.date(2025, 1, 1) + dt.timedelta(days=chance.randint(0, 364))
        product = chance.choice(["Desk", "Chair", "Lamp"])
        sheet.append([day, chance.choice(REGIONS), product, chance.randint(1, 30)])
        sheet.cell(row, 5, chance.randint(500, 30000) / 100)
        sheet.cell(row, 6, "=Sales[[#This Row],[Units]]*Sales[[#This Row],[Price]]")
    sheet.add_table(Table(displayName="Sales", ref="A1:F121"))
    report = book.create_sheet("Report")
    report.append(["Month", *REGIONS, "All"])
    for month in range(1, 13):
        row = month + 1
        report.cell(row, 1, dt.date(2025, month, 1))
        for column in range(2, 6):
            head = f"{get_column_letter(column)}$1"
            report.cell(
                row,
                column,
                f"=SUMIFS(Sales!$F$2:$F$121,Sales!$B$2:$B$121,{head},Sales!$A$2:$A$121,"
                f'">="&$A{row},Sales!$A$2:$A$121,"<"&EDATE($A{row},1))',
            )
        report.cell(row, 6, f"=SUM(B{row}:E{row})")
        report.cell(
            row,
            7,
            f"=SUMPRODUCT((MONTH(Sales!$A$2:$A$121)=MONTH($A{row}))*Sales!$D$2:$D$121)",
        )
        report.cell(row, 8, f'=COUNTIFS(Sales!$B$2:$B$121,"North",Sales!$D$2:$D$121,">={month}")')
    _listed(
        report,
        [
            "=SUM(Sales[Revenue])",
            "=AVERAGE(Sales[Units])",
            '=SUMIF(Sales[Product],"Desk",Sales[Revenue])',
            '=COUNTIF(Sales[Region],"?orth")',
            '=AVERAGEIF(Sales[Product],"C*",Sales[Price])',
            "=ROWS(Sales[Units])",
            "=MAX(Sales[[Units]:[Price]])",
            "=COUNTA(Sales[Product])",
            '=SUMPRODUCT((Sales[Region]="East")*(Sales[Units]>10)*Sales[Revenue])',
            "=SUBTOTAL(9,Sales[Revenue])",
        ],
    )
    return book


def lookups() -> openpyxl.Workbook:
    """Looking things up in every old way."""
    book, chance = _new(), random.Random(4)
    sheet = book["Data"]
    for row in range(1, 41):
        sheet.append([row * 10, f"Name {row:02}", chance.randint(1, 99), row % 7])
    for row in range(1, 41):
        key = chance.randint(1, 45) * 10
        sheet.cell(row, 6, key)
        sheet.cell(row, 7, f"=VLOOKUP(F{row},$A$1:$D$40,2,FALSE)")
        sheet.cell(row, 8, f'=IFERROR(VLOOKUP(F{row},$A$1:$D$40,2,FALSE),"none")')
        sheet.cell(row, 9, f"=VLOOKUP(F{row}+5,$A$1:$D$40,3)")
        sheet.cell(row, 10, f"=INDEX($C$1:$C$40,MATCH(F{row},$A$1:$A$40,1))")
        sheet.cell(row, 11, f"=LOOKUP(F{row}+3,$A$1:$A$40,$B$1:$B$40)")
        sheet.cell(row, 12, f"=ISNA(MATCH(F{row},$A$1:$A$40,0))")
        sheet.cell(row, 13, f'=CHOOSE(D{row}+1,"a","b","c","d","e","f","g")')
        sheet.cell(row, 14, f'=INDIRECT("C"&ROW())+OFFSET($A$1,{row - 1},2)')
        sheet.cell(row, 15, f"=SUM(INDEX($C$1:$C$40,1):INDEX($C$1:$C$40,{row}))")
    _listed(
        sheet,
        [
            '=MATCH("Name 1?",B1:B40,0)',
            "=LOOKUP(2,1/(D1:D40=3),B1:B40)",
            '=IFERROR(LOOKUP(2,1/(B1:B40="nobody"),C1:C40),-1)',
            "=SUMPRODUCT(LARGE(C1:C40,{1,2,3}))",
            "=INDEX(A1:D40,5,2)",
            "=SUM(INDEX(A1:D40,0,3))",
            "=ADDRESS(3,4)",
            "=COLUMNS(A1:D40)*ROWS(A1:D40)",
            "=ROW(B7)+COLUMN(D2)",
            '=IF(ISERROR(VLOOKUP(-5,A1:D40,2)),"low","ok")',
        ],
    )
    return book


def dates(*, mac: bool = False) -> openpyxl.Workbook:
    """Days, months and working days."""
    book, chance = _new(), random.Random(5)
    if mac:
        book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    sheet = book["Data"]
    for row in range(1, 31):
        start = dt.date(2015, 1, 1) + dt.timedelta(days=chance.randint(0, 4000))
        end = start + dt.timedelta(days=chance.randint(1, 900))
        sheet.cell(row, 1, start)
        sheet.cell(row, 2, end)
        texts = [
            f"=B{row}-A{row}",
            f"=YEAR(A{row})*100+MONTH(A{row})",
            f"=DAY(EOMONTH(A{row},0))",
            f"=EDATE(A{row},{row - 10})-A{row}",
            f"=NETWORKDAYS(A{row},B{row})",
            f"=WORKDAY(A{row},{row * 3})-A{row}",
            f"=WEEKDAY(A{row},2)",
            f'=DATEDIF(A{row},B{row},"m")',
            f"=DAYS360(A{row},B{row})",
            f"=DATE(YEAR(B{row}),MONTH(B{row})+1,0)-B{row}",
            f'=TEXT(A{row},"yyyy-mm-dd")',
            f"=YEARFRAC(A{row},B{row},1)",
            f'=IF(B{row}>DATE(2020,1,1),"new","old")',
            f"=WEEKNUM(A{row},2)",
            f"=INT((MONTH(A{row})-1)/3)+1",
        ]
        for column, text in enumerate(texts, start=3):
            sheet.cell(row, column, text)
    return book


def texts() -> openpyxl.Workbook:
    """Cutting and joining texts."""
    book = _new()
    sheet = book["Data"]
    names = [
        "Anna Maria Berg",
        "  bo   Lund ",
        "CARL-OTTO",
        "Дана Ли",
        "x",
        "é à ü",
        "12,5%",
        "007",
    ]
    for row, name in enumerate(names * 3, start=1):
        sheet.cell(row, 1, name)
        found = [
            f"=UPPER(A{row})&LOWER(A{row})",
            f"=PROPER(TRIM(A{row}))",
            f"=LEN(A{row})",
            f"=LEFT(A{row},3)&RIGHT(A{row},2)&MID(A{row},2,3)",
            f'=IFERROR(LEFT(A{row},FIND(" ",A{row})-1),A{row})',
            f'=SUBSTITUTE(A{row}," ","_")',
            f'=SUBSTITUTE(A{row},"a","A",1)',
            f'=LEN(A{row})-LEN(SUBSTITUTE(A{row},"a",""))',
            f'=REPT("-",MOD({row},5))&"|"',
            f'=IF(ISNUMBER(SEARCH("b",A{row})),"has b","no b")',
            f"=EXACT(A{row},TRIM(A{row}))",
            f'=CONCATENATE(A{row},"/",{row})',
            f"=CODE(RIGHT(A1,1))+{row}",
            f'=TEXT({row}*1234.5678,"#,##0.0")',
            f'=TEXT({row}/40,"0.00%")',
            f'=REPLACE(A{row},1,1,"*")',
            f"=T(A{row})&N({row})",
            f"=CHAR(64+{row})",
        ]
        for column, text in enumerate(found, start=2):
            sheet.cell(row, column, text)
    return book


def statistics() -> openpyxl.Workbook:
    """Means, spreads, ranks and lines."""
    book, chance = _new(), random.Random(7)
    sheet = book["Data"]
    for row in range(1, 61):
        x = chance.gauss(50, 12)
        sheet.append([round(x, 3), round(x * 1.7 + chance.gauss(0, 5), 3), chance.randint(1, 9)])
        sheet.cell(row, 4, f"=RANK(A{row},$A$1:$A$60)")
        sheet.cell(row, 5, f"=(A{row}-AVERAGE($A$1:$A$60))/STDEV($A$1:$A$60)")
        sheet.cell(row, 6, f"=MAX(A$1:A{row})-MIN(A$1:A{row})")
        sheet.cell(row, 7, f"=COUNTIF($C$1:$C$60,C{row})")
        sheet.cell(row, 8, f"=SMALL($B$1:$B$60,{row})")
        sheet.cell(row, 9, f"=AVERAGE(A$1:A{row})")
    names = (
        "AVERAGE MEDIAN MODE STDEV STDEVP VAR VARP MAX MIN SKEW KURT GEOMEAN HARMEAN DEVSQ "
        "AVEDEV COUNT COUNTA SUMSQ"
    ).split()
    found = [f"={name}(A1:A60)" for name in names if name != "MODE"]
    found += [
        "=MODE(C1:C60)",
        "=CORREL(A1:A60,B1:B60)",
        "=SLOPE(B1:B60,A1:A60)",
        "=INTERCEPT(B1:B60,A1:A60)",
        "=RSQ(B1:B60,A1:A60)",
        "=FORECAST(70,B1:B60,A1:A60)",
        "=PERCENTILE(A1:A60,0.9)",
        "=QUARTILE(A1:A60,3)",
        "=TRIMMEAN(A1:A60,0.2)",
        "=NORMDIST(42,AVERAGE(A1:A60),STDEV(A1:A60),TRUE)",
        "=NORMSINV(0.975)",
        "=COVAR(A1:A60,B1:B60)",
        "=LARGE(A1:A60,5)",
        "=STANDARDIZE(50,45,3)",
        "=COUNTBLANK(A1:A70)",
        "=POISSON(3,2.5,FALSE)",
        "=BINOMDIST(3,10,0.4,TRUE)",
        "=CONFIDENCE(0.05,2.5,50)",
    ]
    _listed(sheet, found)
    return book


def finance() -> openpyxl.Workbook:
    """A loan paid back in ten years, and what is asked about money."""
    book = _new("Loan")
    sheet = book["Loan"]
    sheet["A1"], sheet["B1"], sheet["C1"] = 250_000, 0.0365, 120
    sheet["D1"] = "=PMT(B1/12,C1,-A1)"
    for row in range(2, 122):
        period = row - 1
        sheet.cell(row, 1, period)
        sheet.cell(row, 2, "=A1" if row == 2 else f"=E{row - 1}")
        sheet.cell(row, 3, f"=ROUND(B{row}*$B$1/12,2)")
        sheet.cell(row, 4, "=$D$1-C2" if row == 2 else f"=MIN($D$1-C{row},B{row})")
        sheet.cell(row, 5, f"=B{row}-D{row}")
        sheet.cell(row, 6, f"=IPMT($B$1/12,A{row},$C$1,-$A$1)+PPMT($B$1/12,A{row},$C$1,-$A$1)")
    for column, amount in enumerate([-1000, 300, 420, 680, 100], start=8):
        sheet.cell(1, column, amount)
    _listed(
        sheet,
        [
            "=FV(0.06/12,24,-200,-5000)",
            "=PV(0.08/12,240,500)",
            "=NPER(0.01,-100,-1000,10000)",
            "=NPV(0.1,H1:L1)",
            "=SLN(30000,7500,10)",
            "=SYD(30000,7500,10,3)",
            "=DB(1000000,100000,6,2)",
            "=DDB(2400,300,10,2)",
            "=EFFECT(0.0525,4)",
            "=NOMINAL(0.053543,4)",
            "=CUMIPMT(B1/12,C1,A1,1,12,0)",
            "=MIRR(H1:L1,0.1,0.12)",
            "=ISPMT(0.1,1,3,8000000)",
        ],
    )
    return book


def arrays() -> openpyxl.Workbook:
    """Formulas entered with Ctrl+Shift+Enter, over one cell and over many."""
    book, chance = _new(), random.Random(9)
    sheet = book["Data"]
    for row in range(1, 21):
        sheet.append([row, chance.randint(1, 50), chance.choice(REGIONS)])
    over = {
        "E1:E20": "=A1:A20*B1:B20",
        "F1:G2": "=TRANSPOSE(A1:B2)",
        "H1:H20": '=IF(C1:C20="North",B1:B20,0)',
        "I1:I5": "=FREQUENCY(B1:B20,{10;20;30;40})",
        "J1:K2": "=MMULT(A1:B2,A3:B4)",
        "L1:L3": "=B1:B3&C1:C3",
        "M1:M4": "=LARGE(B1:B20,ROW(A1:A4))",
        "N1:O1": "=LINEST(B1:B20,A1:A20)",
    }
    single = [
        '=SUM(IF(C1:C20="East",B1:B20))',
        '=AVERAGE(IF(C1:C20="West",B1:B20))',
        '=MAX(IF(C1:C20="South",B1:B20))',
        "=SUM((A1:A20>5)*(B1:B20<40)*B1:B20)",
        "=SUM(LEN(C1:C20))",
        "=SUM(1/COUNTIF(C1:C20,C1:C20))",
        '=INDEX(A1:A20,MATCH(1,(C1:C20="North")*(B1:B20>10),0))',
        '=IFERROR(SMALL(IF(C1:C20="North",A1:A20),2),0)',
        "=MAX(ABS(B1:B20-25))",
        "=SUM(MOD(A1:A20,2)*B1:B20)",
        "=STDEV(IF(B1:B20>10,B1:B20))",
        "=SUM(ROUND(B1:B20/3,1))",
    ]
    over |= {f"R{row}": text for row, text in enumerate(single, start=1)}
    for reference, text in over.items():
        sheet[reference.partition(":")[0]] = ArrayFormula(reference, text)
    sheet["S1"], sheet["S2"], sheet["S3"] = "=SUM(E1:E20)", "=E7+H3", "=SUM(F1:K20)"
    _listed(
        sheet,
        [
            '=SUMPRODUCT((C1:C20="North")*(B1:B20))',
            '=SUMPRODUCT(--(C1:C20="North"),A1:A20,B1:B20)',
            '=SUMPRODUCT(--ISNUMBER(SEARCH("o",C1:C20)))',
            "=SUMPRODUCT(LEN(C1:C20))",
            "=SUMPRODUCT(A1:A20,B1:B20)/SUM(A1:A20)",
            '=SUM(COUNTIF(C1:C20,{"North","East"}))',
            "=SUMPRODUCT(1/COUNTIF(C1:C20,C1:C20))",
            "=SUMPRODUCT((MOD(ROW(A1:A20),2)=0)*B1:B20)",
            '=SUMPRODUCT(MAX((C1:C20="East")*B1:B20))',
        ],
    )
    return book


def failures() -> openpyxl.Workbook:
    """Errors, and what hides them."""
    book = _new()
    sheet = book["Data"]
    for row in range(1, 31):
        sheet.cell(row, 1, row - 5 if row % 4 else None)
        sheet.cell(row, 2, f"=100/A{row}")
        sheet.cell(row, 3, f"=IFERROR(B{row},-1)")
        sheet.cell(row, 4, f"=ISERROR(B{row})")
        sheet.cell(row, 5, f'=IF(ISERR(B{row}),"bad",B{row}*2)')
        sheet.cell(row, 6, f"=MATCH(A{row},$A$1:$A$10,0)")
        sheet.cell(row, 7, f"=ISNA(F{row})")
        sheet.cell(row, 8, f'=IFERROR(SQRT(A{row}),"none")')
        sheet.cell(row, 9, f'=IF(A{row}="","blank",A{row}+1)')
        sheet.cell(row, 10, f"=ISBLANK(A{row})")
    _listed(
        sheet,
        [
            "=SUM(C1:C30)",
            "=NA()",
            "=ISTEXT(H1)",
            "=COUNT(B1:B30)",
            '=SUMIF(B1:B30,">0")',
            "=#REF!+1",
            '="a"+1',
            "=1/0",
            '=IFERROR(1/0,"x")',
        ],
    )
    return book


def across() -> openpyxl.Workbook:
    """Several sheets, ranges through them, names that are formulas, rows of a named column."""
    book = _new("One")
    for title in ("Two", "Third", "Four"):
        book.create_sheet(title)
    for index, sheet in enumerate(book.worksheets, start=1):
        for row in range(1, 11):
            sheet.cell(row, 1, row * index)
            sheet.cell(row, 2, f"=A{row}^2+{index}")
    last = book["Four"]
    book.defined_names["Quantity"] = DefinedName("Quantity", attr_text="One!$A$1:$A$10")
    book.defined_names["Twice"] = DefinedName("Twice", attr_text="SUM(Quantity)*2")
    book.defined_names["LeftCell"] = DefinedName("LeftCell", attr_text="Four!A1")
    last.defined_names["Quantity"] = DefinedName("Quantity", attr_text="Two!$A$1:$A$10")
    for row in range(1, 11):
        last.cell(row, 4, f"=One!B{row}+Two!B{row}+Third!B{row}")
        last.cell(row, 5, f"=SUM(One:Third!A{row})")
        book["One"].cell(row, 4, "=Quantity*10")
        book["Two"].cell(row, 4, f"=SUM(One!A1:A{row},Four!A1:A{row})")
    _listed(
        last,
        [
            "=SUM(Quantity)",
            "=Twice",
            "=SUM(One:Four!B1:B10)",
            "=AVERAGE(One:Two!A3)",
            "=SUM(A1:B5 B2:C4)",
            "=MAX(One!A:A)",
            "=SUM(One!2:3)",
            "=COUNTA(Third!A:B)",
        ],
    )
    return book


def mathematics() -> openpyxl.Workbook:
    """Rounding, logic, and all that a pocket calculator has."""
    book, chance = _new(), random.Random(12)
    sheet = book["Data"]
    for row in range(1, 41):
        sheet.append([round(chance.uniform(-100, 100), 4), chance.randint(1, 40), row % 3 == 0])
        found = [
            f"=ROUND(A{row},1)",
            f"=ROUNDUP(A{row},0)+ROUNDDOWN(A{row},0)",
            f"=INT(A{row})-TRUNC(A{row})",
            f"=MOD(A{row},7)",
            f"=ABS(A{row})^0.5",
            f"=SIGN(A{row})*EXP(A{row}/50)",
            f'=IF(AND(A{row}>0,B{row}>10),"both",IF(OR(A{row}>0,B{row}>10),"one","none"))',
            f"=IF(NOT(C{row}),B{row},-B{row})",
            f"=SIN(A{row})+COS(A{row})*TAN(B{row})",
            f"=LN(B{row})+LOG10(B{row})+LOG(B{row},2)",
            f"=MROUND(B{row},6)+QUOTIENT(B{row},6)",
            f"=GCD(B{row},12)+LCM(B{row},4)",
            f"=FACT(MOD(B{row},9))+COMBIN(B{row}+2,2)",
            f"=-A{row}^2+B{row}%",
            f"=(A{row}>B{row})+(A{row}<>B{row})*2",
            f"=ATAN2(A{row},B{row})+DEGREES(ASIN(B{row}/50))",
            f"=EVEN(A{row})+ODD(A{row})",
            f"=SUM(A{row}:B{row},5,TRUE)",
        ]
        for column, text in enumerate(found, start=4):
            sheet.cell(row, column, text)
    return book


CORPUS: dict[str, Maker] = {
    maker.__name__: maker
    for maker in (
        budget,
        invoice,
        sales,
        lookups,
        dates,
        texts,
        statistics,
        finance,
        arrays,
        failures,
        across,
        mathematics,
    )
} | {"dates_1904": lambda: dates(mac=True)}


def write_corpus(folder: Path) -> list[Path]:
    """All of them, as files without any values of formulas."""
    paths = []
    for name, maker in CORPUS.items():
        paths.append(folder / f"{name}.xlsx")
        maker().save(paths[-1])
    return paths
