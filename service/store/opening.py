"""The store and the board that the settings ask for."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from service.errors import StorageFailed
from service.settings import Settings
from service.store.local import LocalStore
from service.store.memory import LocalBoard
from service.store.seams import Board, Store


@dataclass(frozen=True)
class Opened:
    """Both of them; to be closed at the end, or used as a context manager."""

    store: Store
    board: Board

    def __enter__(self) -> Opened:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of connections and of what is done in the background."""
        self.board.close()
        self.store.close()


def opened(settings: Settings, clock: Callable[[], float] = time.time) -> Opened:
    """The store and the board.

    :raises StorageFailed: if they can't be reached, or what is needed for that is not installed
    """
    if settings.redis_url:
        # A service on its own starts without the libraries for it, which need not be installed.
        try:
            from service.store.shared import shared  # noqa: PLC0415
        except ModuleNotFoundError as error:
            raise StorageFailed(
                f"EXCEL_TOOLS_REDIS_URL is set, and the library {error.name} is not installed.",
                "Install what replicas need: pip install -r requirements-shared.lock",
            ) from error
        return Opened(*shared(settings, clock))
    return Opened(LocalStore(settings.data_dir), LocalBoard(clock))
