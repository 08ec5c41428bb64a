"""The proxy of ``deploy/Caddyfile``, a real Caddy, in front of replicas on this machine."""

from __future__ import annotations

import re
from pathlib import Path

from tests.processes import ROOT, ServerProcess, clean_environ

# No certificates, no door for commands, nothing written outside of the folder.
_GLOBAL = "{\n\tadmin off\n\tauto_https off\n}\n"


def proxy_process(folder: Path, port: int, replicas: list[str]) -> ServerProcess:
    """Caddy with the configuration that is documented; not started yet.

    :param replicas: host and port of each, in place of the name that Compose resolves
    """
    text = (ROOT / "deploy" / "Caddyfile").read_text()
    local = {
        r"(?m)^:9080 \{": f"http://127.0.0.1:{port} {{",
        r"dynamic a \{[^}]*\}": f"to {' '.join(replicas)}",
    }
    for there, here in local.items():
        text, count = re.subn(there, here, text)
        assert count == 1, there
    config = folder / "Caddyfile"
    config.write_text(_GLOBAL + text)
    home = {name: str(folder) for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")}
    return ServerProcess(
        ["caddy", "run", "--adapter", "caddyfile", "--config", str(config)],
        env=clean_environ() | home,
        health_url=f"http://127.0.0.1:{port}/health",
        log=folder / "caddy.log",
        cwd=folder,
    )
