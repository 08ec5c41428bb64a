"""Runs the examples of the documents against the real service, and draws their pictures.

``python scripts/recipes.py`` says where a page and the service differ, ``--answers`` shows what
the service answers, ``--pictures`` makes the pictures again; names of pages choose some of them.

A page is read from top to bottom, as one chat of one user:

- a line that begins with ``**Attached:**`` sends the files that it links to;
- a block of JSON with ``tool`` and ``arguments`` is a call;
- another block of JSON is what the call before it answers, or a part of that: keys may be left
  out, ``"..."`` stands for any value, and at the end of a list for the rest of it;
- ``<!-- picture: {...} -->`` above a picture says of what it is taken at that moment.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from PIL import Image, ImageOps

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from service.settings import Settings  # noqa: E402
from service.sources import read_sources  # noqa: E402
from service.web.app import Service  # noqa: E402

DOCS = ROOT / "docs"
RECIPES = DOCS / "recipes"
SHOP = RECIPES / "files" / "shop.sql"
KEY = "key-of-the-documents"
_PARTS = re.compile(
    r"^\*\*Attached:\*\* (?P<attached>[^\n]+)$"
    r"|^```json[^\n]*\n(?P<json>.*?)^```$"
    r"|^<!-- picture: (?P<spec>\{[^\n]*\}) -->\n!\[[^\]]+\]\((?P<picture>[^)]+)\)",
    re.MULTILINE | re.DOTALL,
)
_WIDEST = 1200


class DocumentError(Exception):
    """A page that can't be run; the message says where and why."""


@dataclass(frozen=True)
class Part:
    """One thing on a page that is done, in the order of the page.

    :param kind: "attached", "call", "answer", "picture" or "other" (JSON of another kind)
    :param value: the file, the call, the answer or what the picture shows
    """

    kind: str
    value: Any
    line: int
    path: Path | None = None


def parts_of(page: Path) -> list[Part]:
    """What a page does."""
    text = page.read_text(encoding="utf-8")
    found: list[Part] = []
    for match in _PARTS.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        if match["attached"]:
            names = re.findall(r"\]\((files/[^)]+)\)", match["attached"])
            found += [Part("attached", None, line, page.parent / name) for name in names]
        elif match["json"] is not None:
            found.append(_block(match["json"], page, line, found))
        else:
            spec = json.loads(match["spec"])
            found.append(Part("picture", spec, line, page.parent / match["picture"]))
    return found


def _block(text: str, page: Path, line: int, before: list[Part]) -> Part:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise DocumentError(f"{page.name}:{line}: no JSON: {error}") from None
    if isinstance(value, dict) and set(value) == {"tool", "arguments"}:
        return Part("call", value, line)
    blocks = [part for part in before if part.kind in ("call", "answer", "other")]
    follows = bool(blocks) and blocks[-1].kind == "call"
    return Part("answer" if follows else "other", value, line)


@contextmanager
def running() -> Iterator[Service]:
    """A service with the shop's database, on a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="excel-tools-docs-") as folder:
        database = Path(folder) / "shop.db"
        with closing(sqlite3.connect(database)) as shop:
            shop.executescript(SHOP.read_text(encoding="utf-8"))
        told = {"url": f"sqlite:///{database}", "users": ["*"], "about": "Orders and customers"}
        settings = Settings(
            data_dir=Path(folder) / "data",
            engines=1,
            api_keys=(KEY,),
            databases=read_sources(json.dumps({"shop": told}), {}),
        )
        with Service(settings) as service:
            yield service


class Desk:
    """One user in one chat: does what a page says, and keeps what differs."""

    def __init__(self, service: Service, page: Path) -> None:
        self.page = page
        self.http = service.app.test_client()
        chat = page.relative_to(ROOT).as_posix()
        self.headers = {
            "Authorization": f"Bearer {KEY}",
            "X-User-Id": "reader",
            "X-Chat-Id": chat,
            "Accept": "application/json",
        }
        self.answer: dict[str, Any] = {}
        self.unexpected = False
        self.differences: list[str] = []

    def run(self, part: Part, *, draw: bool = False, show: bool = False) -> None:
        if part.kind == "attached":
            self._attach(part)
        elif part.kind == "call":
            self._told_of_errors(part)
            self._call(part)
            if show:
                shown = {k: v for k, v in self.answer.items() if k not in ("files", "link")}
                print(json.dumps(shown, ensure_ascii=False))
        elif part.kind == "answer":
            self.unexpected = False
            found = differences(part.value, self.answer)
            self.differences += [f"{self.page.name}:{part.line}: {item}" for item in found]
        elif part.kind == "picture" and draw and part.path:
            part.path.write_bytes(small_png(self._picture(part.value)))

    def end(self) -> list[str]:
        """What differs, on the whole page."""
        self._told_of_errors(None)
        return self.differences

    def _told_of_errors(self, part: Part | None) -> None:
        """A call that fails has to be followed by the error that the page expects."""
        if self.unexpected:
            line = f" before line {part.line}" if part else ""
            told = json.dumps(self.answer, ensure_ascii=False)
            self.differences.append(f"{self.page.name}: failed{line}: {told}")
        self.unexpected = False

    def _attach(self, part: Part) -> None:
        assert part.path
        form = {"file": (io.BytesIO(part.path.read_bytes()), part.path.name)}
        sent = self.http.post("/v1/files", data=form, headers=self.headers)
        if sent.status_code != 201:
            raise DocumentError(f"{self.page.name}:{part.line}: {sent.get_data(as_text=True)}")

    def _call(self, part: Part) -> None:
        self.answer = self.ask(part.value["tool"], part.value["arguments"])
        self.unexpected = "error" in self.answer

    def ask(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """What the service answers."""
        asked = self.http.post(f"/v1/operations/{tool}", json=arguments, headers=self.headers)
        answer: dict[str, Any] = asked.get_json()
        return answer

    def fetch(self, link: str) -> bytes:
        """The file behind a link."""
        return self.http.get(urlsplit(link).path, buffered=True).get_data()

    def _picture(self, spec: dict[str, Any]) -> bytes:
        if "preview" in spec:
            return self._preview(spec)
        answer = self.ask("export_excel_file", {"format": "png", "options": {"dpi": 110}} | spec)
        if "error" in answer:
            raise DocumentError(f"{self.page.name}: {answer['error']}")
        return self.fetch(answer["files"][0]["download_url"])

    def _preview(self, spec: dict[str, Any]) -> bytes:
        """The page of a preview, as a browser shows it."""
        answer = self.ask(
            "preview_excel_file", {"workbook": spec["preview"], "sheet": spec.get("sheet", "")}
        )
        parts = urlsplit(answer["preview_url"])
        asked = self.http.get(f"{parts.path}?{parts.query}&embed=1&theme=light")
        return browser_picture(asked.get_data(), spec.get("width", 760), spec.get("height", 420))


def browser_picture(page: bytes, width: int, height: int) -> bytes:
    """A picture of an HTML page that needs nothing else."""
    names = ("chromium", "chromium-browser", "google-chrome")
    browser = next((path for path in map(shutil.which, names) if path), None)
    if browser is None:
        raise DocumentError("Chromium is missing; the picture of the preview needs it.")
    with tempfile.TemporaryDirectory(prefix="excel-tools-shot-") as folder:
        html, png = Path(folder) / "page.html", Path(folder) / "page.png"
        html.write_bytes(page)
        command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        command += [f"--user-data-dir={folder}/profile", f"--window-size={width},{height}"]
        command += [f"--screenshot={png}", html.as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        return png.read_bytes()


def differences(wanted: Any, got: Any, place: str = "answer") -> list[str]:
    """Where an answer is not what a page says of it."""
    if wanted == "...":
        return []
    if isinstance(wanted, dict) and isinstance(got, dict):
        found = [f"{place} has no {name!r}" for name in wanted if name not in got]
        for name in wanted.keys() & got.keys():
            found += differences(wanted[name], got[name], f"{place}.{name}")
        return found
    if isinstance(wanted, list) and isinstance(got, list):
        if wanted[-1:] == ["..."]:
            wanted, got = wanted[:-1], got[: len(wanted) - 1]
        if len(wanted) == len(got):
            pairs = enumerate(zip(wanted, got, strict=True))
            return [d for i, (w, g) in pairs for d in differences(w, g, f"{place}[{i}]")]
    if wanted == got and isinstance(wanted, bool) == isinstance(got, bool):
        return []
    if isinstance(wanted, float) and isinstance(got, float) and math.isclose(wanted, got):
        return []
    return [f"{place} is {json.dumps(got, ensure_ascii=False)}, not {json.dumps(wanted)}"]


def small_png(data: bytes) -> bytes:
    """The picture without the empty paper around it, in few colours."""
    image = Image.open(io.BytesIO(data)).convert("RGB")
    ink = ImageOps.invert(image.convert("L")).point(lambda value: 255 if value > 3 else 0)
    if box := ink.getbbox():
        left, top, right, bottom = box
        image = image.crop((left, top, right, bottom))
    image = ImageOps.expand(image, 12, "white")
    if image.width > _WIDEST:
        image = image.resize((_WIDEST, image.height * _WIDEST // image.width))
    out = io.BytesIO()
    image.quantize(96, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


def pages() -> list[Path]:
    """All documents, the README first."""
    return [ROOT / "README.md", *sorted(DOCS.glob("**/*.md"))]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", help="names of pages, such as pivot; all if left out")
    parser.add_argument("--answers", action="store_true", help="show what the service answers")
    parser.add_argument("--pictures", action="store_true", help="make the pictures again")
    given = parser.parse_args()
    differ: list[str] = []
    with running() as service:
        for page in pages():
            if given.names and page.stem not in given.names:
                continue
            desk = Desk(service, page)
            for part in parts_of(page):
                desk.run(part, draw=given.pictures, show=given.answers)
            differ += desk.end()
    print("\n".join(differ) or "Every page says what the service does.")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
