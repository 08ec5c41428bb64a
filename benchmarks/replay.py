"""How long a workbook with a long journal takes to come back: ``python benchmarks/replay.py``.

Makes operations (10,000, or as many as the first argument says), then opens the workbook in a
service that holds nothing of it, with the checkpoints and without.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from service.settings import Settings
from service.web.app import Service

OWNER = {"user": "user", "chat": "chat"}


class Chat:
    """One chat of a service in this process."""

    def __init__(self, service: Service) -> None:
        self.http = service.app.test_client()
        self.id = self.http.post("/v1/sessions", json=OWNER).get_json()["session_id"]

    def op(self, name: str, **parameters: Any) -> dict[str, Any]:
        headers = {"X-Excel-Session": self.id}
        response = self.http.post(f"/v1/operations/{name}", json=parameters, headers=headers)
        assert response.status_code == 200, response.get_data(as_text=True)
        answer: dict[str, Any] = response.get_json()
        return answer


def write(settings: Settings, count: int) -> list[float]:
    """Make the operations; seconds for each tenth of them."""
    tenths = []
    with Service(settings) as service:
        chat = Chat(service)
        chat.op("create_excel_file", filename="long.xlsx", headers=["Item", "Units", "Price"])
        for _ in range(10):
            began = time.perf_counter()
            for number in range(count // 10):
                if number % 10:  # in a workbook that does not grow: only its journal does
                    row = ["item", number, number / 7]
                    chat.op("write_excel_range", start=f"A{2 + number}", rows=[row])
                else:
                    chat.op("format_excel_cells", range="C2:C40", style={"bold": True})
            tenths.append(time.perf_counter() - began)
    return tenths


def opened(settings: Settings, name: str, **parameters: Any) -> float:
    """Seconds till a new service has answered the first call."""
    with Service(settings) as service:
        warm = service.app.test_client().post("/v1/sessions", json={"user": "w", "chat": "w"})
        headers = {"X-Excel-Session": warm.get_json()["session_id"]}
        parameters_ = {"filename": "warm.xlsx"}
        path = "/v1/operations/create_excel_file"
        service.app.test_client().post(path, json=parameters_, headers=headers)
        began = time.perf_counter()
        Chat(service).op(name, **parameters)
        return time.perf_counter() - began


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), engines=1)
        tenths = write(settings, count)
        (journal,) = Path(folder).glob("sessions/*/workbooks/*/copy1/journal")
        print(f"{os.cpu_count()} cores, {count:,} operations, ", end="")
        print(f"{journal.stat().st_size / 1e6:.1f} MB of journal\n")
        print("| what | time |\n|---|---|")
        each = [1000 * seconds / (count / 10) for seconds in tenths]
        print(f"| an operation in the first tenth | {each[0]:.1f} ms |")
        print(f"| an operation in the last tenth | {each[-1]:.1f} ms |")
        read = {"range": "A1:C9"}
        print(
            f"| opened, with checkpoints | {opened(settings, 'read_excel_range', **read):.2f} s |"
        )
        undo = {"steps": count // 2}
        seconds = opened(settings, "undo_excel_change", **undo)
        print(f"| opened and half of it undone | {seconds:.2f} s |")
        redo = {"action": "redo", **undo}
        seconds = opened(settings, "undo_excel_change", **redo)
        print(f"| opened and that done again | {seconds:.2f} s |")
        shutil.rmtree(journal.parent / "checkpoints", ignore_errors=True)
        seconds = opened(settings, "read_excel_range", **read)
        print(f"| opened, without checkpoints | {seconds:.2f} s |")


if __name__ == "__main__":
    main()
