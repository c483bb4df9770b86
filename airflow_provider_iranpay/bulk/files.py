"""Where a table's file lies and what its name says about it: format, compression, local or in object storage.

Rows are read in ``sources`` and written in ``targets``; here a file is only named, opened and put in its place.
"""

from __future__ import annotations

import gzip
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import IO, Any, BinaryIO, Protocol, cast

from airflow_provider_iranpay.bulk import formats
from airflow_provider_iranpay.bulk.formats.contract import Format
from airflow_provider_iranpay.exceptions import ConfigurationError

__all__ = ["FilePath", "StoredObject", "TableFile"]

_MODULES = {".csv": "comma_separated", ".jsonl": "json_lines", ".ndjson": "json_lines", ".parquet": "parquet"}
"""Suffix to module of ``formats``; imported when it is needed, since Parquet needs an extra."""


class StoredObject(Protocol):
    """What is asked of a file in object storage; ``airflow.sdk.ObjectStoragePath`` is one."""

    @property
    def name(self) -> str:
        """The last part of its path."""

    def open(self, mode: str, /) -> IO[Any]:
        """Open it as the built-in ``open`` does."""


FilePath = str | os.PathLike[str] | StoredObject


class TableFile:
    """One file that holds a table.

    :param path: of a local file, or an object in storage. The suffix is ``.csv``, ``.jsonl`` (or ``.ndjson``) or
        ``.parquet``; text may be compressed: ``.csv.gz``, ``.jsonl.gz``.
    :ivar name: for messages: the path of a local file, the last part of an object's, whose address can hold secrets.
    :ivar format: its format, which reads and writes what is opened here.
    :raises ConfigurationError: for another suffix, for Parquet without pyarrow, or for the address of an object that is
        given as text.
    """

    def __init__(self, path: FilePath) -> None:
        self._path = _place(path)
        self.name = str(self._path) if isinstance(self._path, Path) else self._path.name
        name = self._path.name.lower()
        self._compressed = name.endswith(".gz")
        module = _MODULES.get(Path(name.removesuffix(".gz")).suffix)
        if module is None or (module == "parquet" and self._compressed):
            raise ConfigurationError(
                f"The file {self.name} has no suffix that names a format. Use .csv, .jsonl, .csv.gz, .jsonl.gz or "
                ".parquet."
            )
        self.format = cast("Format", import_module(f"{formats.__name__}.{module}"))

    @contextmanager
    def reading(self) -> Iterator[BinaryIO]:
        """Open the file for reading; what is read is decompressed.

        :raises ConfigurationError: if there is no such file, or it may not be read.
        """
        try:
            opened = self._path.open("rb")
        except OSError as error:
            raise ConfigurationError(
                f"The file {self.name} cannot be read ({type(error).__name__}). Correct the path, or see that the "
                "file is there before this task runs."
            ) from None
        with opened as file:
            yield cast("BinaryIO", gzip.GzipFile(fileobj=file) if self._compressed else file)

    def assert_writable(self) -> None:
        """Try whether a local file can be put in its place. Of object storage only writing itself can tell.

        :raises ConfigurationError: if it cannot.
        """
        if not isinstance(self._path, Path):
            return
        try:
            if self._path.is_dir():
                raise IsADirectoryError
            beside = self._beside(self._path)
            beside.touch(exist_ok=False)
            beside.unlink()
        except OSError as error:
            raise ConfigurationError(
                f"The file {self.name} cannot be written ({type(error).__name__}). Name a file in a directory that "
                "exists and in which this task may write."
            ) from None

    @contextmanager
    def writing(self) -> Iterator[BinaryIO]:
        """Open the file for writing. It stands in its place when the block ends, whole; if the block raises, the old
        one stays.

        A local file is written beside its place and moved there. An object is written to local disk first: storage
        would keep the first part of what breaks off.
        """
        if isinstance(self._path, Path):
            beside = self._beside(self._path)
            try:
                with beside.open("xb") as file:
                    with self._compressing(file) as out:
                        yield out
                    file.flush()
                    os.fsync(file.fileno())
                beside.replace(self._path)
            finally:
                beside.unlink(missing_ok=True)
        else:
            with tempfile.TemporaryFile() as file:
                with self._compressing(file) as out:
                    yield out
                file.seek(0)
                with self._path.open("wb") as stored:
                    shutil.copyfileobj(file, stored)

    @contextmanager
    def _compressing(self, file: Any) -> Iterator[BinaryIO]:
        if not self._compressed:
            yield file
            return
        with gzip.GzipFile(fileobj=file, mode="wb", filename="", mtime=0) as out:
            yield cast("BinaryIO", out)

    @staticmethod
    def _beside(path: Path) -> Path:
        return path.with_name(f".{path.name}.part")


def _place(path: FilePath) -> Path | StoredObject:
    if isinstance(path, str) and "://" in path:
        raise ConfigurationError(
            "The address of an object in storage is given as ObjectStoragePath('s3://connection@bucket/name.csv'), "
            "not as text: it names the Airflow connection that opens it."
        )
    if isinstance(path, str | os.PathLike):
        return Path(path)
    if getattr(path, "protocol", None) in {"file", "local"}:
        return Path(cast("Any", path).path)
    return path
