"""Execute the notebooks in place: ``python proofs_notebooks/build.py [01 05 …]``.

What is written depends on the sources alone: no times, no counters of a session, no identifiers made by chance.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import nbformat

HERE = Path(__file__).resolve().parent
#: Seconds a cell may take.
PATIENCE = 600
_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def notebooks(*numbers: str) -> list[Path]:
    """Those whose names begin with one of the numbers, or all."""
    return [path for path in sorted(HERE.glob("[0-9][0-9]_*.ipynb")) if not numbers or path.name.startswith(numbers)]


def read(path: Path) -> Any:
    """A notebook, in version 4 of the format."""
    return nbformat.read(path, as_version=4)


def clean(notebook: Any) -> Any:
    """Keep sources and outputs; drop what differs from run to run."""
    notebook.metadata = nbformat.from_dict(_METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    count = 0
    for index, cell in enumerate(notebook.cells):
        cell.id = f"cell-{index:02d}"
        cell.metadata = {}
        if cell.cell_type != "code":
            continue
        count += 1
        cell.execution_count = count
        cell.outputs = _joined(cell.outputs)
        for output in cell.outputs:
            output.pop("metadata", None)
            if output.output_type == "execute_result":
                output.execution_count = count
            if "data" in output:
                output.metadata = {}
                # Beside LaTeX a plain form is of no use, and it may hold addresses.
                if "text/latex" in output.data:
                    output.data.pop("text/plain", None)
    return notebook


def _joined(outputs: list[Any]) -> list[Any]:
    """What was printed in one piece, however the kernel cut it; warnings of the kernel are left out."""
    printed = "".join(output.text for output in outputs if output.output_type == "stream" and output.name == "stdout")
    shown = [output for output in outputs if output.output_type != "stream"]
    return [nbformat.v4.new_output("stream", name="stdout", text=printed), *shown] if printed else shown


def execute(path: Path) -> None:
    """Run all cells in a fresh kernel, and write the outputs."""
    from nbclient import NotebookClient

    notebook = read(path)
    here = {"metadata": {"path": str(HERE)}}
    NotebookClient(notebook, timeout=PATIENCE, kernel_name="python3", resources=here).execute()
    write(clean(notebook), path)


def write(notebook: Any, path: Path) -> None:
    """Check against the schema, and save."""
    nbformat.validate(notebook)
    nbformat.write(notebook, path)


def main() -> None:
    for path in notebooks(*sys.argv[1:]):
        print(path.name, flush=True)
        execute(path)


if __name__ == "__main__":
    main()
