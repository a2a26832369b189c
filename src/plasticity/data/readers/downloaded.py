"""What readers share whose files torchvision downloads."""

import tarfile
from pathlib import Path
from typing import Any

from plasticity.config.settings import setting
from plasticity.data.dataset import one_line
from plasticity.data.readers.reader import Reader
from plasticity.errors import PlasticityError


class Downloaded(Reader):
    """A reader of files that torchvision can download."""

    root: str = setting(
        "Folder of the downloaded files, relative to the repository.", unit="path", default="data", min_length=1
    )
    download: bool = setting(
        "Let torchvision download files missing from `root`; checksums are verified.", unit="1", default=True
    )


def open_torchvision(kind: Any, root: str | Path, **options: Any) -> Any:
    """Construct one of torchvision's data sets, which downloads and verifies its files.

    Raises:
        PlasticityError: If files are missing, cannot be downloaded, or fail their checksum.
    """
    try:
        return kind(str(root), **options)
    except (RuntimeError, OSError, EOFError, ValueError, AssertionError, tarfile.TarError) as error:
        expected = f"the files of {kind.__name__} with their published checksums"
        raise PlasticityError(f"{root}: expected {expected}, got: {one_line(error)}") from None
