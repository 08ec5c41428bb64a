"""create_excel_chart: what each kind and each option does to the chart."""

from __future__ import annotations

from typing import Any

from tests.chart_books import DATA, USUAL
from tests.option_effects.effects import (
    NO_CALL,
    Call,
    Case,
    Check,
    Tool,
    both,
    told,
    xml,
)

CHART = {"chart_type": "column", "title": "Money", "options": {"name": "First"}}
KINDS = [*DATA, "usual"]


def book(kind: str, *more: Call) -> list[Call]:
    """A workbook with data that suit a kind of chart."""
    headers, rows = DATA.get(kind, USUAL)
    return [
        ("create_excel_file", {"filename": "test.xlsx", "headers": headers, "rows": rows}),
        *more,
    ]


def chart(*paths: str) -> Check:
    return xml("xl/charts/chart", *paths)


def new_chart(*paths: str) -> Check:
    return xml("xl/charts/chartEx", *paths)


def series(path: str) -> Check:
    return chart(f"//ser{path}")


def of(kind: str, option: str, shows: Check, value: Any = Case.value, **more: Any) -> Case:
    """A case for an option of a kind of chart."""
    instead = more.pop("instead", Case.instead)
    also = {f"options.{name}": given for name, given in more.items()}
    also |= {"chart_type": kind}
    return Case(f"options.{option}", shows, value, also, instead, book(kind))


def changed(option: str, shows: Check, value: Any, *, instead: Any = NO_CALL) -> Case:
    """A case for what can be asked of a chart that is there."""
    before = book("usual", ("create_excel_chart", CHART))
    also = {"action": "change", "chart_type": None, "options.chart": "First"}
    return Case(option, shows, value, also, instead, before)


# Kinds --------------------------------------------------------------------------

OLD = {
    "column": "//barChart/barDir[@val='col']",
    "bar": "//barChart/barDir[@val='bar']",
    "line": "//lineChart",
    "pie": "//pieChart",
    "scatter": "//scatterChart",
    "area": "//areaChart",
    "doughnut": "//doughnutChart",
    "bubble": "//bubbleChart",
    "radar": "//radarChart",
    "stock": "//stockChart",
    "combo": "//plotArea[barChart and lineChart]",
}
NEW = {
    "waterfall": "waterfall",
    "histogram": "clusteredColumn",
    "pareto": "paretoLine",
    "box": "boxWhisker",
    "treemap": "treemap",
    "sunburst": "sunburst",
    "funnel": "funnel",
}
SPARKS = {
    "sparkline_line": "//sparklineGroup[not(@type) or @type='line']",
    "sparkline_column": "//sparklineGroup[@type='column']",
    "sparkline_winloss": "//sparklineGroup[@type='stacked']",
}
SPARKED = {"data_range": "B2:D5", "position": "F2:F5"}


def _kinds() -> list[Case]:
    def kind(name: str, shows: Check, **also: Any) -> Case:
        return Case(f"chart_type={name}", shows, also=also, instead=NO_CALL, before=book(name))

    return [
        *(kind(name, chart(path)) for name, path in OLD.items()),
        *(kind(n, new_chart(f"//series[@layoutId='{code}']")) for n, code in NEW.items()),
        *(kind(n, xml("sheet1.xml", path), **SPARKED) for n, path in SPARKS.items()),
    ]


def _parameters() -> list[Case]:
    two = [
        (
            "create_excel_file",
            {
                "filename": "test.xlsx",
                "sheets": [
                    {"name": n, "headers": USUAL[0], "rows": USUAL[1]} for n in ("Data", "Other")
                ],
            },
        )
    ]
    there = book("usual", ("create_excel_chart", CHART))
    return [
        Case("sheet", chart("//ser/val//f[starts-with(., \"'Other'!\") or "
             "starts-with(., 'Other!')]"), "Other", instead="Data", before=two),
        Case("data_range", chart("count(//ser)=1"), "A1:B5"),
        Case("title", chart("//chart/title//t[text()='Money']"), "Money"),
        Case("position", xml("drawings/drawing1.xml", "//from[col='7'][row='19']"), "H20"),
        Case("options", chart("//legendPos[@val='t']"), {"legend": "top"}, {"chart_type": "bar"}),
        Case("action=add", chart("//barChart"), instead=NO_CALL),
        Case("action=list", told(lambda a: a.get("charts") and a["charts"][0]["name"] == "First"),
             instead=NO_CALL, before=there),
        Case("action=change", chart("//chart/title//t[text()='Costs']"),
             also={"options.chart": "1", "title": "Costs"}, instead=NO_CALL, before=there),
        Case("action=delete", lambda out: not out.trees("xl/charts/chart"),
             also={"options.chart": "1"}, instead=NO_CALL, before=there),
    ]  # fmt: skip


# Options ------------------------------------------------------------------------


def _names() -> list[Case]:
    second: Call = ("create_excel_chart", {"chart_type": "line", "options": {"name": "Second"}})
    return [
        Case("options.chart", chart("//barChart", "//chart/title//t[text()='Costs']"), "First",
             also={"action": "change", "chart_type": None, "title": "Costs"}, instead="Second",
             before=book("usual", ("create_excel_chart", CHART), second)),
        of("column", "name", xml("drawings/drawing1.xml", "//cNvPr[@name='Mine']"), "Mine"),
        of("column", "x_title", chart("//catAx/title//t[text()='When']"), "When"),
        of("column", "y_title", chart("//valAx/title//t[text()='Euro']"), "Euro"),
        of("combo", "y2_title", chart("//valAx[crosses/@val='max']/title//t[text()='Share']"),
           "Share"),
        of("column", "series", both(chart("count(//ser)=1"), series("/tx//f[contains(., '$C$1')]")),
           ["Cost"]),
        of("column", "categories", series("/cat//f[contains(., '$B$2')]"), "Income"),
        of("column", "series_in=rows", series("/tx//f[contains(., '$A$2')]"), instead="columns"),
        of("column", "series_in=columns", series("/tx//f[contains(., '$B$1')]"), instead="rows"),
        of("column", "width_cm", xml("drawings/drawing1.xml", "//ext[@cx='7200000']"), 20),
        of("column", "height_cm", xml("drawings/drawing1.xml", "//ext[@cy='3600000']"), 10),
        of("column", "own_sheet", both(xml("chartsheets/sheet1.xml", "/chartsheet"),
           xml("workbook.xml", "//sheet[@name='Poster']")), "Poster"),
    ]  # fmt: skip


def _looks() -> list[Case]:
    places = {"right": "r", "bottom": "b", "top": "t", "left": "l"}
    return [
        *(
            of("column", f"legend={name}", chart(f"//legendPos[@val='{code}']"),
               instead="none" if name == "bottom" else "bottom")
            for name, code in places.items()
        ),
        of("column", "legend=none", chart("not(//legend)")),
        of("column", "stacked", chart("//grouping[@val='stacked']"), True),
        of("column", "stacked=percent", chart("//grouping[@val='percentStacked']")),
        of("column", "colors", series("//solidFill/srgbClr[@val='112233']"), ["#112233"]),
        of("line", "markers", series("/marker/symbol[not(@val='none')]"), True, instead=False),
        of("line", "smooth", series("/smooth[@val='1']"), True),
        of("scatter", "connect", series("/spPr/ln/solidFill"), True),
        of("radar", "filled", chart("//radarStyle[@val='filled']"), True),
        of("column", "gap", chart("//gapWidth[@val='42']"), 42),
        of("doughnut", "hole", chart("//holeSize[@val='33']"), 33),
        of("combo", "lines", chart("//lineChart/ser/tx//f[contains(., '$B$1')]"), ["Income"]),
        of("combo", "second_axis", chart("//valAx[crosses/@val='max']"), True, instead=False),
        of("waterfall", "totals", new_chart("//subtotals/idx[@val='3']"), ["End"]),
        of("histogram", "bins", new_chart("//binCount[@val='6' or text()='6']"), 6),
        of("histogram", "bin_width", new_chart("//binSize[@val='2.5' or text()='2.5']"), 2.5),
    ]  # fmt: skip


def _labels() -> list[Case]:
    shown = {
        "value": ("column", "showVal"),
        "percent": ("doughnut", "showPercent"),
        "category": ("column", "showCatName"),
        "series": ("column", "showSerName"),
        "size": ("bubble", "showBubbleSize"),
    }
    places = {
        "center": ("column", "ctr"),
        "inside_end": ("column", "inEnd"),
        "inside_base": ("column", "inBase"),
        "outside_end": ("column", "outEnd"),
        "best_fit": ("pie", "bestFit"),
        "above": ("line", "t"),
        "below": ("line", "b"),
        "left": ("line", "l"),
        "right": ("line", "r"),
    }
    other = {"column": "center", "pie": "center", "line": "center"}
    return [
        of("column", "data_labels", chart("//dLbls/showVal[@val='1']"), True),
        *(
            of(kind, f"data_labels={name}", chart(f"//dLbls/{element}[@val='1']"),
               instead="series" if name != "series" else "value")
            for name, (kind, element) in shown.items()
        ),
        *(
            of(kind, f"label_position={name}", chart(f"//dLblPos[@val='{code}']"),
               data_labels=True, instead="inside_end" if name == "center" else other[kind])
            for name, (kind, code) in places.items()
        ),
        of("column", "label_format", chart("//dLbls/numFmt[@formatCode='0.000']"), "0.000",
           data_labels=True),
        *(
            Case(f"options.highlight={name}", xml("sheet1.xml", f"//sparklineGroup[@{name}='1']"),
                 [name], also={**SPARKED, "chart_type": "sparkline_line"}, before=book("line"))
            for name in ("high", "low", "first", "last", "negative")
        ),
    ]  # fmt: skip


def _axes() -> list[Case]:
    x, y = "//valAx[axPos/@val='b']", "//valAx"
    second = "//valAx[crosses/@val='max']"
    return [
        of("scatter", "x_min", chart(f"{x}/scaling/min[@val='1']"), 1),
        of("scatter", "x_max", chart(f"{x}/scaling/max[@val='9']"), 9),
        of("scatter", "x_log", chart(f"{x}/scaling/logBase[@val='10']"), True),
        of("column", "x_reverse", chart("//catAx/scaling/orientation[@val='maxMin']"), True),
        of("column", "x_format", chart("//catAx/numFmt[@formatCode='0000']"), "0000"),
        of("column", "y_min", chart(f"{y}/scaling/min[@val='-5']"), -5),
        of("column", "y_max", chart(f"{y}/scaling/max[@val='250.5']"), 250.5),
        of("column", "y_log", chart(f"{y}/scaling/logBase[@val='10']"), True),
        of("column", "y_reverse", chart(f"{y}/scaling/orientation[@val='maxMin']"), True),
        of("column", "y_step", chart(f"{y}/majorUnit[@val='25']"), 25),
        of("column", "y_format", chart(f"{y}/numFmt[@formatCode='0.0%']"), "percent 1"),
        of("combo", "y2_min", chart(f"{second}/scaling/min[@val='3']"), 3),
        of("combo", "y2_max", chart(f"{second}/scaling/max[@val='30']"), 30),
        of("combo", "y2_format", chart(f"{second}/numFmt[@formatCode='0.000']"), "0.000"),
        of("column", "gridlines=none", chart("not(//majorGridlines)")),
        of("column", "gridlines=x", chart("//catAx/majorGridlines[not(//valAx/majorGridlines)]")),
        of("column", "gridlines=y", chart("//valAx/majorGridlines"), instead="none"),
        of("column", "gridlines=both", chart("//catAx/majorGridlines[//valAx/majorGridlines]")),
    ]  # fmt: skip


def _trends() -> list[Case]:
    stored = {
        "linear": "linear",
        "exponential": "exp",
        "logarithmic": "log",
        "polynomial": "poly",
        "power": "power",
        "moving_average": "movingAvg",
    }
    line = "//ser/trendline"
    return [
        *(
            of("scatter", f"trendline={name}", chart(f"{line}/trendlineType[@val='{code}']"))
            for name, code in stored.items()
        ),
        Case("options.trendline=none", chart("not(//trendline)"),
             also={"action": "change", "chart_type": None, "options.chart": "1"},
             instead="linear",
             before=book("scatter", ("create_excel_chart", {
                 "chart_type": "scatter", "options": {"trendline": "power"}}))),
        of("scatter", "trendline_period", chart(f"{line}/order[@val='3']"), 3,
           trendline="polynomial"),
        of("scatter", "trendline_forward", chart(f"{line}/forward[@val='2']"), 2,
           trendline="linear"),
        of("scatter", "trendline_equation", chart(f"{line}/dispEq[@val='1']"), True,
           trendline="linear"),
        of("scatter", "trendline_r2", chart(f"{line}/dispRSqr[@val='1']"), True,
           trendline="linear"),
        of("scatter", "error_bars", chart("//errBars/errValType[@val='percentage']"), "5 %"),
    ]  # fmt: skip


CHARTS = Tool(
    "create_excel_chart",
    [*_kinds(), *_parameters(), *_names(), *_looks(), *_labels(), *_axes(), *_trends()],
    before=book("usual"),
)
