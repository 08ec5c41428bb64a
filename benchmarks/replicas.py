"""Whether anything is lost while replicas are killed: ``python benchmarks/replicas.py``.

Three replicas with a real Redis and a real store for files, 50 chats, ten minutes, killed and
started again at random. Every chat knows what its workbooks must hold, and looks at the end. Half
of the chats call the tool of Open WebUI, through a proxy, and fail if it ever tells of an error.
Needs ``redis-server``, ``s3rver`` and ``caddy``, as the tests do.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.fleet import Fleet
from tests.processes import add_server_programs
from tests.shared_servers import shared_servers


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--replicas", type=int, default=3)
    parser.add_argument("--chats", type=int, default=50)
    parser.add_argument("--pasted", type=int, default=25, help="of the chats: by the tool itself")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    add_server_programs()
    missing = [name for name in ("redis-server", "s3rver", "caddy") if shutil.which(name) is None]
    if missing:
        parser.exit(
            2, f"Not found: {' and '.join(missing)}. CONTRIBUTING.md says how to install.\n"
        )
    with (
        tempfile.TemporaryDirectory() as name,
        shared_servers(Path(name, "servers")) as shared,
        Fleet(
            shared, Path(name, "fleet"), asked.replicas, asked.chats, asked.seed, asked.pasted
        ) as fleet,
    ):
        fleet.run(asked.seconds, least=3)
        print(fleet.told())


if __name__ == "__main__":
    main()
