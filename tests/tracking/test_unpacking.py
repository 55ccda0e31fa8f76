"""Small files that would unpack to more than a memory holds."""

import io
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest
from factory import result
from pyarrow import parquet

from bench.errors import BenchError
from bench.records.columns import Column, Table
from bench.tracking import outbox, reading
from bench.tracking.reading import table

TEXT = Table((Column("text", "str", ""),))


def repeated(file: Path, rows: int, compression: str = "none", **options: object) -> Path:
    """One text of a kilobyte, again and again."""
    parquet.write_table(pa.table({"text": ["x" * 1000] * rows}), file, compression=compression, **options)
    return file


@pytest.mark.parametrize("dictionary", [True, False])
def test_a_table_is_read_up_to_a_size(dictionary: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LARGEST", 1_000_000)
    options = {"use_dictionary": dictionary, "compression": "none" if dictionary else "zstd"}
    assert table(repeated(tmp_path / "small", 500, **options), TEXT).num_rows == 500
    file = repeated(tmp_path / "bomb", 20_000, **options)
    assert file.stat().st_size < 100_000
    read = []
    monkeypatch.setattr(reading, "ROWS_A_BATCH", 100)
    whole = parquet.ParquetFile.iter_batches
    monkeypatch.setattr(
        parquet.ParquetFile, "iter_batches", lambda *words, **more: (read.append(b) or b for b in whole(*words, **more))
    )
    with pytest.raises(ValueError, match="it unpacks to more than 1000000 bytes"):
        table(file, TEXT)
    assert len(read) <= 11


def test_a_table_of_many_batches_is_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "ROWS_A_BATCH", 7)
    numbers = pa.table({"text": [str(n) for n in range(100)], "number": range(100)})
    parquet.write_table(numbers, tmp_path / "table", row_group_size=30)
    assert table(tmp_path / "table", Table((Column("number", "int64", ""), *TEXT))).to_pylist() == [
        {"number": n, "text": str(n)} for n in range(100)
    ]


@pytest.mark.parametrize("kind", ["zip", "parquet"])
def test_a_cohort_that_waits_is_read_up_to_a_size(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "cohort.zip"
    file.write_bytes(outbox._packed(result()))
    assert outbox._unpacked(file).cohort == result().cohort
    text = io.BytesIO()
    parquet.write_table(pa.table({"text": ["x" * 1000] * 20_000}), text)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("members.parquet", text.getvalue() if kind == "parquet" else b"0" * 2_000_000)
    monkeypatch.setattr(outbox, "LARGEST", 1_000_000)
    monkeypatch.setattr(reading, "LARGEST", 1_000_000)
    with pytest.raises(BenchError, match=r"it unpacks to more than 1000000 bytes") as told:
        outbox._unpacked(file)
    assert "delete it" in str(told.value)
