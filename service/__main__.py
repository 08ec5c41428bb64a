"""``python -m service``: gunicorn with the settings from the environment.

``python -m service sessions``, ``keys``, ``install`` and ``doctor`` are the operator's commands.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from service.engine.temporary import Temporary
from service.errors import StorageFailed
from service.logs import setup_logging
from service.observing import tracing
from service.settings import Settings, SettingsError

# Where the library for metrics keeps what several processes count.
_COUNTED = "PROMETHEUS_MULTIPROC_DIR"


def main() -> int:
    """Run the service till it is told to stop, or do what the operator asks."""
    try:
        settings = Settings.from_env(os.environ)
        settings.check_together()
        traces = tracing.wish(os.environ)
    except SettingsError as error:
        print(f"excel-tools: {error}", file=sys.stderr)
        return 2
    if len(sys.argv) > 1:
        return _command(sys.argv[1:], settings)
    with _counting_together(settings):
        return _serve(settings, traces)


@contextmanager
def _counting_together(settings: Settings) -> Iterator[None]:
    """Have several worker processes count into one place, in a new folder of their own."""
    if settings.workers == 1 or os.environ.get(_COUNTED):
        yield
        return
    folder, own = Temporary(), os.getpid()
    os.environ[_COUNTED] = str(folder.path)
    try:
        yield
    finally:
        if os.getpid() == own:  # not in one that was forked from it
            folder.close()


def _serve(settings: Settings, traces: tracing.Wish | None) -> int:
    # Not before: the library for metrics looks for its folder when it is imported.
    from service.web.logs import log  # noqa: PLC0415
    from service.web.serving import Server  # noqa: PLC0415

    if not settings.api_keys:
        setup_logging(settings.log_level, form=settings.log_format)
        log.warning(
            "EXCEL_TOOLS_API_KEYS is not set, so the service listens on 127.0.0.1:%s only and "
            "asks for no key",
            settings.port,
        )
    if not _reached(settings):
        return 2
    Server(settings, traces, os.environ).run()
    return 0


def _reached(settings: Settings) -> bool:
    """Whether what replicas share answers; what does not is told."""
    if not settings.redis_url:
        return True
    from service.store.opening import opened  # noqa: PLC0415 - as above

    try:
        opened(settings).close()
    except StorageFailed as error:
        print(f"excel-tools: {error.message}", file=sys.stderr)
        print(
            f"{error.hint} Check EXCEL_TOOLS_REDIS_URL and EXCEL_TOOLS_S3_ENDPOINT, the bucket and "
            "its keys; python -m service doctor says more.",
            file=sys.stderr,
        )
        return False
    return True


def _command(arguments: list[str], settings: Settings) -> int:
    from service.openwebui import doctor, install  # noqa: PLC0415 - as above
    from service.sessions import console  # noqa: PLC0415 - as above

    if arguments[0] == "install":
        return install.main(arguments[1:], settings, os.environ)
    if arguments[0] == "doctor":
        return doctor.main(arguments[1:], settings, os.environ)
    return console.main(arguments, settings)


if __name__ == "__main__":
    sys.exit(main())
