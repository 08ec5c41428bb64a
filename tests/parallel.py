"""Which tests run one after the other in one process, where tests run in several (``-n``)."""

from __future__ import annotations

from zlib import crc32

from xdist.scheduler import LoadScopeScheduling

# Modules that share a server of which starting a second one costs more than it saves.
_SHARED = {
    "tests/test_databases.py": "databases",
    "tests/test_database_sessions.py": "databases",
}
# Modules of very many tests that share little: each may be in several processes.
_APART = frozenset(
    f"tests/test_{name}.py"
    for name in ("bad_input", "fidelity", "option_effects", "structure_corpus", "kept_parts")
)
_PARTS = 4


class Together(LoadScopeScheduling):
    """A module stays in one process, with what is made once for it, unless it is very long."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.split("::", 1)[0]
        # Those of tests/e2e that need a browser alone are called so.
        if path.startswith("tests/e2e/") and not path.endswith("_page.py"):
            return "open-webui"
        if path in _APART:
            return f"{path} {crc32(nodeid.encode()) % _PARTS}"
        return _SHARED.get(path, path)
