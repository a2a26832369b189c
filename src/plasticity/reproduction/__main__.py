"""Write the pages of run folders anew: `python -m plasticity.reproduction docs/reproduction/permuted_mnist`."""

import sys
from pathlib import Path

from plasticity.errors import PlasticityError
from plasticity.reproduction.page import COMMAND, write_page


def main(arguments: list[str]) -> int:
    """Write the page beside each folder that is given; return the exit status."""
    if not arguments:
        print(f"usage: {COMMAND} <folder> ...", file=sys.stderr)
        return 2
    try:
        for argument in arguments:
            print(write_page(Path(argument)))
    except PlasticityError as error:
        print(f"plasticity: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
