"""What MkDocs does besides when it builds the site from ``docs/``.

The documents are written to read well in the repository, too. There links lead to files outside
of ``docs/``; on the site they become plain text, as no page has their content. The changelog stands
at the top of the repository, where people look for it, and is a page of the site all the same.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parent.parent
_OUTSIDE = re.compile(r"\[([^\]\[]+)\]\((?:\.\./)+(?!images/|recipes/)[^)#]*\)")
_TABLE = re.compile(r"<table>.*?</table>", re.DOTALL)


def on_files(files: Files, config: Any) -> Files:
    """Add the changelog."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").replace("](docs/", "](")
    files.append(File.generated(config, "changelog.md", content=text))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Links to files that are no pages become text."""
    if page.file.src_uri.startswith("recipes/"):
        # From there one step up is still within the documents.
        return markdown
    markdown = markdown.replace("](../CHANGELOG.md)", "](changelog.md)")
    return _OUTSIDE.sub(r"\1", markdown)


def on_post_page(output: str, **_: Any) -> str:
    """The search is a dialog, and every dialog needs a name for those who don't see it."""
    search = '<div class="md-search" data-md-component="search" role="dialog"'
    return output.replace(search, f'{search} aria-label="Search"')


def on_page_content(html: str, **_: Any) -> str:
    """Pipes in the cells of tables, as GitHub shows them."""
    return _TABLE.sub(lambda table: table[0].replace("\\|", "|"), html)
