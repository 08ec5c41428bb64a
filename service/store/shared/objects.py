"""Files as objects in an S3-compatible store, with a cache of bounded size on this machine.

An object has a name that nobody had before and never changes, so a copy of it is as good as it.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import urllib3
from minio import Minio
from minio.error import MinioException, S3Error

from service.errors import StorageFailed
from service.settings import Settings
from service.store.shared.circuit import Circuit, NotReachedError
from service.store.shared.folder import OwnFolder

log = logging.getLogger("excel_tools.store")

_PART = 16 << 20
# What was used within this time is used still: an engine may be about to read it.
_IN_USE = 900.0


class Objects:
    """The objects of one bucket.

    :param own: folder for the cache, ``cached`` below, and for what can be made again, ``scratch``
    """

    def __init__(self, settings: Settings, own: OwnFolder) -> None:
        address = urlsplit(settings.s3_endpoint)
        self._bucket = settings.s3_bucket
        self._most = settings.cache_mb << 20
        self._own = own
        self.cached, self.scratch = own.path / "cached", own.path / "scratch"
        self._http = urllib3.PoolManager(
            maxsize=settings.threads,
            timeout=urllib3.Timeout(connect=2, read=30),
            retries=urllib3.Retry(
                total=2, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504]
            ),
        )
        self._client = Minio(
            address.netloc,
            access_key=settings.s3_access_key,
            secret_key=settings.s3_secret_key,
            secure=address.scheme == "https",
            region=settings.s3_region,
            http_client=self._http,
        )
        self._circuit = Circuit("the store for files", "objects")

    def __repr__(self) -> str:
        return f"<Objects in {self._bucket}>"

    def check(self) -> None:
        """Look whether the store answers; make the bucket if it is not there.

        :raises StorageFailed: if it can't be used
        """
        with self._told():
            if not self._client.bucket_exists(self._bucket):
                with contextlib.suppress(S3Error):  # another replica was first, or may not
                    self._client.make_bucket(self._bucket)
                if not self._client.bucket_exists(self._bucket):
                    raise NotReachedError(f"there is no bucket {self._bucket}")

    def probe(self) -> None:
        """Write an object, read it and remove it.

        :raises StorageFailed: if one of that can't be done
        """
        object_, text = f"doctor-{new_object()}", b"written by the doctor"
        with self._told():
            self._client.put_object(self._bucket, object_, io.BytesIO(text), len(text))
            try:
                with self._client.get_object(self._bucket, object_) as response:
                    read = response.read()
            finally:
                self._client.remove_object(self._bucket, object_)
            if read != text:
                raise NotReachedError("it did not give back what it was given")

    def keeps_removed(self) -> bool:
        """Whether the store keeps earlier versions of what is removed; False if it does not say."""
        try:
            with self._told():
                return self._client.get_bucket_versioning(self._bucket).status == "Enabled"
        except StorageFailed:
            return False

    @contextmanager
    def _told(self) -> Iterator[None]:
        with self._circuit.call():
            try:
                yield
            except S3Error as error:
                if error.code == "NoSuchKey":
                    raise _lost() from error
                raise NotReachedError(f"{error.code}: {error.message}") from error
            except (MinioException, urllib3.exceptions.HTTPError) as error:
                raise NotReachedError(str(error)) from error
            except OSError as error:
                raise StorageFailed(
                    f"The cache of files failed: {error.strerror or error}.",
                    "Tell the operator; nothing that was saved before is lost.",
                ) from error

    def put(self, source: Path, object_: str) -> None:
        """Put a file into the store; it is durable when this returns."""
        with self._told():
            self._client.fput_object(self._bucket, _key(object_), str(source), part_size=_PART)

    def adopt(self, source: Path, object_: str, name: str) -> None:
        """Have a copy of a file that was put in the cache."""
        path = self.cached / object_ / name
        with contextlib.suppress(OSError):  # it can be fetched
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_name(_part())
            try:
                os.link(source, part)
            except OSError:
                shutil.copyfile(source, part)
            part.replace(path)

    def known(self, path: Path) -> str:
        """The object of which a path is the copy; "" if it is none."""
        if path.is_relative_to(self.cached):
            return path.relative_to(self.cached).parts[0]
        return ""

    def get(self, object_: str, size: int, name: str) -> Path:
        """A copy of the object on this machine, under that name.

        :raises StorageFailed: if it can't be had whole
        """
        path = self.cached / object_ / name
        with contextlib.suppress(FileNotFoundError):
            # Not the time of its contents, by which downloads are gone on with.
            os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        self.fetch(object_, size, path)
        return path

    def fetch(self, object_: str, size: int, path: Path) -> None:
        """Put a copy of the object at ``path``, whose folder is there.

        :raises StorageFailed: if it can't be had whole
        """
        part = path.with_name(_part())
        try:
            with self._told():
                self._client.fget_object(self._bucket, _key(object_), str(part))
            found = part.stat().st_size
            if found != size:
                raise StorageFailed(
                    f"The store has {path.name} with {found} bytes instead of {size}.",
                    "Restore it from a backup; other files are whole.",
                )
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)

    def delete(self, object_: str) -> None:
        """Remove it; one that is not there is fine."""
        with self._told():
            self._client.remove_object(self._bucket, _key(object_))

    def evict(self) -> None:
        """Bring the folder down to its size: what was not used for longest goes first."""
        found = sorted(_files(self._own.path))
        total = sum(size for _, size, _ in found)
        now = time.time()
        for used, size, path in found:
            if total <= self._most or now - used < _IN_USE:
                break
            path.unlink(missing_ok=True)
            total -= size
        _remove_empty(self._own.path)

    def close(self) -> None:
        self._http.clear()
        self._own.close()


def _lost() -> StorageFailed:
    return StorageFailed(
        "The store for files has lost a file of this chat.",
        "Restore it from a backup; other files are whole.",
    )


def new_object() -> str:
    """A name that no object had before."""
    return secrets.token_hex(16)


def _key(object_: str) -> str:
    return f"files/{object_[:2]}/{object_}"


def _part() -> str:
    return f".{secrets.token_hex(8)}.part"


def _files(folder: Path) -> Iterator[tuple[float, int, Path]]:
    """(time of last use, bytes, path) of all files below a folder."""
    for where, _, names in os.walk(folder):
        for name in names:
            path = Path(where, name)
            with contextlib.suppress(FileNotFoundError):
                found = path.lstat()
                yield max(found.st_atime, found.st_mtime), found.st_size, path


def _remove_empty(folder: Path) -> None:
    for where, _, _ in os.walk(folder, topdown=False):
        with contextlib.suppress(OSError):  # it is not empty
            if time.time() - os.stat(where).st_mtime > _IN_USE:
                os.rmdir(where)
