"""Write the pages of run folders anew: `python -m plasticity.report.kept_runs docs/reproduction/permuted_mnist`.

With `--figures` before the folders, their figures are drawn anew first, from the tables that lie there.
"""

import sys
from pathlib import Path

from plasticity.errors import PlasticityError
from plasticity.report.kept_runs.kept_figures import draw_anew
from plasticity.report.kept_runs.kept_page import COMMAND, write_page
from plasticity.report.kept_runs.kept_run import read_run

_DRAW = "--figures"


def main(arguments: list[str]) -> int:
    """Write the page beside each folder that is given; return the exit status."""
    draw = _DRAW in arguments
    folders = [argument for argument in arguments if argument != _DRAW]
    if not folders:
        print(f"usage: {COMMAND} [{_DRAW}] <folder> ...", file=sys.stderr)
        return 2
    try:
        for argument in folders:
            if draw:
                draw_anew(read_run(Path(argument)))
            print(write_page(Path(argument)))
    except PlasticityError as error:
        print(f"plasticity: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
