"""Which tests run one after the other in one process, where tests run in several (``-n``)."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

# Modules that share a server of which starting a second one costs more than it saves.
_SHARED = {
    "tests/test_databases.py": "databases",
    "tests/test_database_sessions.py": "databases",
}


class Together(LoadScopeScheduling):
    """A module stays in one process, with what is made once for it."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.split("::", 1)[0]
        # Those of tests/e2e that need a browser alone are called so.
        if path.startswith("tests/e2e/") and not path.endswith("_page.py"):
            return "open-webui"
        return _SHARED.get(path, path)
