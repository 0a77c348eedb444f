"""Repairs of what a cell has put out."""

from embedding.ipynb.parts import Part, Repair, bundle, drop_unknown, number, row, text

REPAIRS: list[Repair] = []
_TYPES = ("stream", "error", "display_data", "execute_result")


@row(REPAIRS)
def old_output(output: Part) -> None:
    """Call outputs of format 3 as format 4 does, where half of a conversion was done."""
    kind = output.get("output_type")
    if kind == "pyout":
        output["output_type"] = "execute_result"
        output.setdefault("execution_count", output.get("prompt_number"))
    if kind == "pyerr":
        output["output_type"] = "error"
    if kind == "stream" and "name" not in output and "stream" in output:
        output["name"] = output["stream"]


@row(REPAIRS, drops=True)
def output_type(output: Part) -> None:
    """Show as data what is no output of Jupyter's; it shows nothing where it has none.

    Such are other messages of a kernel, `update_display_data` say. None of them is a result.
    """
    if output.get("output_type") not in _TYPES:
        output["output_type"] = "display_data"


@row(REPAIRS)
def stream(output: Part) -> None:
    """Have a name and a text: assistants that write notebooks leave out the name.

    See sfquickstarts#3441 and cookbook#569; ipython#7490 for older ones.
    """
    if output["output_type"] == "stream":
        if not isinstance(output.get("name"), str):
            output["name"] = "stdout"
        output["text"] = text(output.get("text"))


@row(REPAIRS)
def error(output: Part) -> None:
    """Have all three parts: kernels leave one out, or send a text as traceback.

    The text is reported in ijavascript#230.
    """
    if output["output_type"] == "error":
        for key in ("ename", "evalue"):
            found = text(output.get(key))
            output[key] = "".join(found) if isinstance(found, list) else found
        lines = output.get("traceback")
        lines = [lines] if isinstance(lines, str) else lines if isinstance(lines, list) else []
        output["traceback"] = [line for line in lines if isinstance(line, str)]


@row(REPAIRS)
def shown(output: Part) -> None:
    """Have data and metadata: clean-up scripts drop empty ones (redis-vl-python#597, cookbook#569).

    Kernels send null, or "", for no metadata (jupyter/help#529, dyalog-jupyter-kernel#63).
    """
    if output["output_type"] in ("display_data", "execute_result"):
        data = output.get("data")
        output["data"] = bundle(data) if isinstance(data, dict) else {}
        if not isinstance(output.get("metadata"), dict):
            output["metadata"] = {}
    if output["output_type"] == "execute_result":
        output["execution_count"] = number(output.get("execution_count"))


@row(REPAIRS, drops=True)
def output_keys(output: Part) -> None:
    """Drop what the format does not know.

    `metadata` on streams and errors by Colab (nbformat#84, notebook#1964); `transient` by VS Code
    and JupyterLab (vscode-jupyter#1873, notebook#2176); `source` by SoS (jupyterlab-sos#10);
    `execution_count` on errors (anaconda-issues#8716).
    """
    drop_unknown(output, output["output_type"])
