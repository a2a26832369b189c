"""What happens to files, and what a folder holds."""

from pathlib import Path

import pyarrow.parquet as pq


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[_end_of_first_page(path) - 1 if path.suffix == ".parquet" else len(content) // 2] ^= 1
    path.write_bytes(content)


def everything(folder: Path) -> dict[str, bytes]:
    """All files of a folder, hidden ones too."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _end_of_first_page(path: Path) -> int:
    """Of a table's bytes, those of its pages have checksums; page headers and the footer have none."""
    column = pq.read_metadata(path).row_group(0).column(0)
    return (column.dictionary_page_offset or column.data_page_offset) + column.total_compressed_size
