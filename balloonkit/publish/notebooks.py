"""Run notebooks as a reader would, find what went wrong, and keep a copy that needs no kernel.

Notebooks are committed with pictures and tables and without widgets: GitHub and nbviewer show them,
and JupyterLab has no dead widget to complain about before the first run. After a change to a lab or
a notebook, ``python -m balloonkit.publish.notebooks notebooks`` runs and saves them anew.

A callback that raises inside a widget leaves a notebook green; `hidden_errors` looks there too.
"""

import html
import re
import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

__all__ = ["execute", "hidden_errors", "run_notebook", "static_copy", "widget_models"]

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"

_CELL_TIMEOUT_S = 120
_PICTURE = re.compile(r'<img alt="([^"]*)" src="data:image/png;base64,([^"]+)">')

Notebook = Any
Output = dict[str, Any]


def execute(path: Path) -> Notebook:
    """Run all cells of a notebook in a fresh kernel and return it with outputs and widget state.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        If a cell raises.
    """
    return run_notebook(nbformat.read(path, as_version=4), path.parent)


def run_notebook(notebook: Notebook, folder: Path) -> Notebook:
    """Run all cells of `notebook` inside `folder`, in place."""
    client = NotebookClient(
        notebook,
        timeout=_CELL_TIMEOUT_S,
        kernel_name="python3",
        store_widget_state=True,
        record_timing=False,
        # Kernels warn that they talk over TCP, each one, into whatever the caller shows.
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()
    return notebook


def widget_models(notebook: Notebook) -> dict[str, dict[str, Any]]:
    """Return what the notebook stores of its widgets, by model id.

    Examples
    --------
    >>> widget_models(nbformat.v4.new_notebook())
    {}
    """
    state = notebook.metadata.get("widgets", {}).get(WIDGET_STATE, {}).get("state", {})
    return dict(state)


def hidden_errors(notebook: Notebook) -> list[str]:
    """Return the errors no cell shows: in output areas inside widgets, and in `LabView.error`.

    Examples
    --------
    >>> hidden_errors(nbformat.v4.new_notebook())
    []
    """
    found = []
    for model in widget_models(notebook).values():
        state = model["state"]
        for output in state.get("outputs", []):
            if output["output_type"] == "error":
                found.append(f"{output['ename']}: {output['evalue']}")
        if state.get("error"):
            found.append(state["error"])
    return found


def static_copy(notebook: Notebook) -> Notebook:
    """Return a copy to commit: what a run shows, less widgets, counts, times and versions.

    Pictures inside HTML become outputs of their own: not every site shows data URIs.
    """
    copy = nbformat.from_dict(notebook)
    copy.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python"}}
    copy.metadata["kernelspec"]["name"] = "python3"
    for cell in copy.cells:
        if cell.cell_type == "code":
            cell.execution_count = None
            cell.outputs = [out for output in cell.outputs for out in _static_outputs(output)]
    return copy


def _static_outputs(output: Output) -> list[Output]:
    if output["output_type"] not in ("display_data", "execute_result"):
        return [output]
    data = {mime: text for mime, text in output["data"].items() if mime != WIDGET_VIEW}
    text = data.get("text/html", "")
    shown = [_picture(png, html.unescape(alt)) for alt, png in _PICTURE.findall(text)]
    if "image/png" in data:
        title = data.get("text/plain", "").partition("\n")[0]
        shown.append(_picture(data.pop("image/png"), f"{title}; the text below says it"))
    if text:
        data["text/html"] = _PICTURE.sub("", text)
    return [*shown, nbformat.v4.new_output("display_data", data)]


def _picture(png: str, alt: str) -> Output:
    metadata = {"image/png": {"alt": alt}}  # nbconvert and nbviewer write it, JupyterLab does not
    output: Output = nbformat.v4.new_output("display_data", {"image/png": png}, metadata=metadata)
    return output


def main(folders: list[str]) -> None:
    """Run every notebook in `folders` and save it with outputs for where no kernel runs."""
    for folder in folders:
        for path in sorted(Path(folder).glob("*.ipynb")):
            notebook = execute(path)
            if errors := hidden_errors(notebook):
                raise RuntimeError(f"{path}: {'; '.join(errors)}")
            nbformat.write(static_copy(notebook), path)
            print(path)


if __name__ == "__main__":
    main(sys.argv[1:])
