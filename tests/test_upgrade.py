"""What an earlier version of the service kept is found as it was understood then."""

from __future__ import annotations

import io
import json
import zlib
from pathlib import Path

import openpyxl
import pytest

from service.sessions.journal import FORMAT
from tests.service_fixtures import Chat, MakeService


def kept_by(version: int, data: Path, texts: dict[str, str]) -> None:
    """Have the journals be what ``version`` wrote, with other texts in their calls."""
    for path in data.rglob("journal"):
        lines = []
        for line in path.read_text().splitlines():
            entry = json.loads(line[9:])
            assert entry["v"] == FORMAT
            call = json.dumps(entry["parameters"])
            for now, was in texts.items():
                call = call.replace(json.dumps(now)[1:-1], json.dumps(was)[1:-1])
            text = json.dumps({**entry, "v": version, "parameters": json.loads(call)}).encode()
            lines.append(b"%08x %b\n" % (zlib.crc32(text), text))
        path.write_bytes(b"".join(lines))


def test_a_chat_of_before_goes_on_as_it_was(make_service: MakeService, tmp_path: Path) -> None:
    """What stood for something else, or for nothing, before other languages were read."""
    before = make_service()
    chat = Chat(before)
    rows = [[5, "=SUM(A2)"], [7, "=SUM(A3)"]]
    chat.op("create_excel_file", filename="costs.xlsx", headers=["Cost", "Twice"], rows=rows)
    chat.op("format_excel_cells", range="A2:A3", style={"number_format": "0.0000"})
    totals = {"Cost": "Total", "Twice": "sum"}
    chat.op("create_excel_table", name="Costs", options={"totals": totals})
    before.close()
    texts = {"0.0000": "0,00", "=SUM(A": "=SUMME(A", "Total": "Summe"}
    kept_by(2, tmp_path / "data", texts)
    chat = Chat(make_service(), chat.user, chat.chat)
    saved = chat.op("save_excel_file", workbook="costs.xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(chat.download(saved["files"][0]))).active
    assert sheet is not None
    assert [sheet["A2"].number_format, sheet["B2"].value] == ["0,00", "=SUMME(A2)"]
    assert sheet["A4"].value == "Summe"
    # From here on they are read.
    chat.op("write_excel_range", start="B2", rows=[["=SUMME(A2)"]])
    assert chat.op("read_excel_range", range="B2")["result"]["rows"] == [[5]]
    error = chat.fail("format_excel_cells", range="A2", style={"number_format": "0,00"})
    assert error["code"] == "invalid_value"


@pytest.mark.parametrize(("kept", "code"), [("0,00", "0,00"), ("#.##0", "#.##0")])
def test_preferences_of_before_stay_what_they_were(
    make_service: MakeService, tmp_path: Path, kept: str, code: str
) -> None:
    service = make_service()
    chat = Chat(service)
    address = "/v1/preferences"
    given = {"number_format": "0.000"}
    assert chat.http.put(address, json=given, headers=chat.headers).status_code == 200
    [record] = (tmp_path / "data" / "preferences").iterdir()
    record.write_text(record.read_text().replace("0.000", kept))
    told = chat.http.get(address, headers=chat.headers).get_json()
    assert told["number_format"] == kept
    made = chat.op("create_excel_file", filename="a.xlsx", headers=["Cost"], rows=[[5.25]])
    sheet = openpyxl.load_workbook(io.BytesIO(chat.download(made["files"][0]))).active
    assert sheet is not None
    assert sheet["A2"].number_format == code
    service.close()
    again = Chat(make_service(), chat.user, chat.chat)
    assert again.op("read_excel_range", workbook="a.xlsx")["result"]["rows"] == [["Cost"], [5.25]]
