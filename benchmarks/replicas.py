"""Whether anything is lost while replicas are killed: ``python benchmarks/replicas.py``.

Three replicas with a real Redis and a real store for files, 50 chats, ten minutes, killed and
started again at random. Every chat knows what its workbooks must hold, and looks at the end.
Needs ``redis-server`` and ``s3rver``, as the tests do.
"""

from __future__ import annotations

import argparse
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
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    add_server_programs()
    with (
        tempfile.TemporaryDirectory() as name,
        shared_servers(Path(name, "servers")) as shared,
        Fleet(shared, Path(name, "fleet"), asked.replicas, asked.chats, asked.seed) as fleet,
    ):
        fleet.run(asked.seconds, least=3)
        print(fleet.told())


if __name__ == "__main__":
    main()
