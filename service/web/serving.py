"""gunicorn with the settings of the service."""

from __future__ import annotations

import logging
import re
import tempfile
from collections.abc import MutableMapping
from multiprocessing.util import Finalize
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.config import Config
from gunicorn.glogging import Logger
from prometheus_client import multiprocess

from service.engine.temporary import Temporary
from service.logs import formatter, setup_logging, take_the_rest
from service.observing import tracing
from service.settings import Settings, forget_secrets
from service.web.app import Service
from service.web.logs import RequestFacts, log
from service.web.worker import IDLE_SECONDS, PatientWorker

_MORE_THREADS = 16


# What gunicorn tells of requests quotes them; keys and the tokens of links may be in there.
_QUOTED = re.compile(r"(Invalid request from ip=\S+: [^'\"]*)['\"].*", re.DOTALL)
_ADDRESSED = re.compile(r"(Error handling request \S+) .*", re.DOTALL)


def _unquoted(record: logging.LogRecord) -> bool:
    """Have the record tell what is wrong with a request without quoting it."""
    told = _ADDRESSED.sub(r"\1", _QUOTED.sub(r"\1...", record.getMessage()))
    record.msg, record.args = told, ()
    return True


class ServerLog(Logger):
    """gunicorn's own messages, in the one shape of all log lines."""

    layout = "json"  # gunicorn makes it by itself, of the class alone

    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(formatter(self.layout))
            handler.addFilter(_unquoted)


class Server(BaseApplication):
    """gunicorn, configured by our settings alone.

    One worker process with threads: the TTL cache and the engine processes live in it. Several
    of them are as many replicas.

    :param variables: of the environment: a worker takes the secrets out once it has read them
    """

    def __init__(
        self,
        settings: Settings,
        traces: tracing.Wish | None = None,
        variables: MutableMapping[str, str] | None = None,
    ) -> None:
        self.settings = settings
        self.variables = variables
        self.traces = traces
        self.service: Service | None = None
        super().__init__()

    def load_config(self) -> None:
        options: dict[str, Any] = {
            "bind": f"{self.settings.listen_host}:{self.settings.port}",
            "workers": self.settings.workers,
            "worker_class": PatientWorker,
            # What a proxy in front makes of an address is known from EXCEL_TOOLS_PUBLIC_URL
            # alone: nobody's headers change the path, the scheme or the caller.
            "forwarded_allow_ips": "",
            "forwarder_headers": "",
            # Those that work, those that wait, and some to say no with and to read with.
            "threads": self.settings.threads + self.settings.waiting + _MORE_THREADS,
            "timeout": self.settings.engine_deadline + self.settings.queue_wait + 30,
            "graceful_timeout": self.settings.drain_seconds + self.settings.stop_seconds,
            "keepalive": IDLE_SECONDS,
            "worker_exit": lambda _server, _worker: self.close(),
            **({"child_exit": _gone} if self.settings.workers > 1 else {}),
            "accesslog": None,
            "errorlog": "-",
            "logger_class": type("Log", (ServerLog,), {"layout": self.settings.log_format}),
            "loglevel": "warning",
            "proc_name": "excel-tools",
            "control_socket_disable": True,
        }
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Any:
        setup_logging(self.settings.log_level, RequestFacts(), form=self.settings.log_format)
        take_the_rest()
        tracing.start(self.traces)
        if self.variables is not None:
            forget_secrets(self.variables, self.settings)
        temporary = Temporary()
        tempfile.tempdir = str(temporary.path)
        # After the library has removed its own folder there (which has -100).
        Finalize(None, temporary.close, exitpriority=-200)
        self.service = Service(self.settings)
        log.info("listening", extra={"facts": {"address": self.cfg.settings["bind"].get()[0]}})
        return self.service.app

    def close(self) -> None:
        if self.service is not None:
            self.service.close()
            self.service = None
            tracing.stop()


def _gone(_server: object, worker: Any) -> None:
    """A worker process has ended: what it said of itself is not so any more."""
    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
