"""Make the exercise notebooks from their solutions, the one source of both.

    python exercises/generate.py          write exercises/*.ipynb
    python exercises/generate.py --check  fail if a notebook is not what its solution makes

A solution is a script in jupytext's percent format. Lines from ``# BEGIN SOLUTION`` to
``# END SOLUTION`` and cells tagged ``solution`` are left out of the exercise.
"""

import re
import sys
from pathlib import Path

import jupytext
import nbformat

HERE = Path(__file__).parent
SOLUTION = re.compile(r"^ *# BEGIN SOLUTION\n.*?^ *# END SOLUTION\n?", re.MULTILINE | re.DOTALL)


def exercise_of(solution: str) -> str:
    """Return the text of the exercise notebook that a solution script makes."""
    notebook = jupytext.reads(SOLUTION.sub("", solution), fmt="py:percent")
    kept = [c for c in notebook.cells if "solution" not in c.metadata.get("tags", [])]
    for number, cell in enumerate(kept):
        cell.id = f"cell-{number}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    made = nbformat.v4.new_notebook(cells=kept, metadata={"kernelspec": kernel})
    return nbformat.writes(made) + "\n"


def main(arguments: list[str]) -> int:
    """Write all notebooks, or tell which differ; return the exit code."""
    different = []
    for path in sorted((HERE / "solutions").glob("*.py")):
        notebook = HERE / f"{path.stem}.ipynb"
        text = exercise_of(path.read_text())
        if notebook.is_file() and notebook.read_text() == text:
            continue
        different.append(notebook.name)
        if "--check" not in arguments:
            notebook.write_text(text)
    if "--check" in arguments and different:
        print(f"Not what the solutions make: {', '.join(different)}")
        print("Run python exercises/generate.py and commit the result.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
