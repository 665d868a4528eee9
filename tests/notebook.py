#!/usr/bin/python3
"""Executes a notebook and compares its output with the stored output.

usage: notebook.py [--store] NOTEBOOK

It runs in the directory of the notebook. Numbers with a decimal point may differ by 1 in their last digit, because the
last bits of a model depend on the type of CPU; in a cell with the tag "varies" all numbers may differ. Each figure must
still exist and must not be empty. With --store the new output is written to the notebook, and nothing is compared."""

import base64
import io
import os
import re
import sys

import nbclient
import nbformat
from PIL import Image

NUMBER = r"-?\d+(?:\.\d+)?"


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def text_of(cell):
    outputs = [output for output in cell.outputs if "image/png" not in output.get("data", {})]
    return "".join(output.get("text") or output["data"]["text/plain"] + "\n" for output in outputs)


def figures_of(cell):
    return [output.data["image/png"] for output in cell.outputs if "image/png" in output.get("data", {})]


def last_digit(number):
    return 10.0 ** -len(number.partition(".")[2]) if "." in number else 0.0


def agree(new, stored):
    return abs(float(new) - float(stored)) < 1.5 * last_digit(stored) or new == stored


def compare(new, stored):
    name = "the cell that begins with " + stored.source.split("\n")[0]
    assert new.source == stored.source, name
    here, there = text_of(new), text_of(stored)
    assert re.sub(NUMBER, "#", here).split() == re.sub(NUMBER, "#", there).split(), (name, here, there)
    if "varies" not in stored.metadata.get("tags", []):
        pairs = zip(re.findall(NUMBER, here), re.findall(NUMBER, there))
        assert all(agree(a, b) for a, b in pairs), (name, here, there)
    assert len(figures_of(new)) == len(figures_of(stored)), (name, "figures")
    for figure in figures_of(new) + figures_of(stored):
        image = Image.open(io.BytesIO(base64.b64decode(figure))).convert("L")
        drawn = sum(image.histogram()[:230]) / (image.width * image.height)
        assert image.width > 500 and drawn > 0.01, (name, "an empty figure", image.size, drawn)


def check_stored(notebook, size):
    """It is whole, of one execution from top to bottom, without messages or names of this machine."""
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1)), "not executed in order"
    outputs = [output for cell in cells for output in cell.outputs]
    assert all(output.get("name") != "stderr" for output in outputs), "messages on stderr"
    texts = "".join(text_of(cell) for cell in cells)
    assert not re.search(r"/(home|tmp|root|work|usr|build)\b", texts), "a path"
    assert not re.search(r"\d (s|seconds|k-mers/s)\b", texts), "a time"
    assert notebook.metadata.kernelspec.name == "python3" and size < 600000, size


def compact(notebook):
    """Figures of 256 colours have less than half of the bytes."""
    for cell in code_cells(notebook):
        cell.metadata.pop("execution", None)  # times
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                file = io.BytesIO()
                image = Image.open(io.BytesIO(base64.b64decode(output.data["image/png"]))).convert("RGB")
                image.quantize(256, kmeans=8, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
                output.data["image/png"] = base64.b64encode(file.getvalue()).decode()


def main():
    path = sys.argv[-1]
    stored = nbformat.read(path, 4)
    notebook = nbformat.read(path, 4)
    metadata = dict(notebook.metadata)
    folder = {"metadata": {"path": os.path.dirname(os.path.abspath(path))}}
    nbclient.NotebookClient(notebook, timeout=600, kernel_name="python3", resources=folder).execute()
    if "--store" in sys.argv:
        notebook.metadata = metadata
        compact(notebook)
        nbformat.write(notebook, path)
        return
    check_stored(stored, os.path.getsize(path))
    for new, old in zip(code_cells(notebook), code_cells(stored)):
        compare(new, old)
    figures = sum(len(figures_of(cell)) for cell in code_cells(notebook))
    print(len(code_cells(notebook)), "cells and", figures, "figures agree")
    assert figures >= 6


main()
