# SPDX-License-Identifier: Apache-2.0
"""Evaluates an exported ONNX graph in numpy, and computes x from records only with the file's
metadata, as a program with only that file would. The operators are those that `ganad-train export`
writes, by the ONNX specification.

    onnx_numpy.py GRAPH RECORDS SOURCE_ROOT        a score a line
"""

import gzip
import importlib
import subprocess
import sys
import tempfile

import numpy as np

from reference import COLUMNS, curve

FLOAT = 1  # TensorProto.DataType; the other is INT64


def schema(name, source):
    """The messages of proto/NAME.proto."""
    if name + "_pb2" not in sys.modules:
        with tempfile.TemporaryDirectory() as directory:
            subprocess.run(["protoc", f"--proto_path={source}/proto", f"--python_out={directory}",
                            name + ".proto"], check=True)
            sys.path.insert(0, directory)
            importlib.import_module(name + "_pb2")
            sys.path.remove(directory)
    return sys.modules[name + "_pb2"]


def load(path, source):
    with open(path, "rb") as f:
        return Graph(schema("onnx", source).Model.FromString(f.read()))


def rows(path):
    """The first 41 fields of each record, as text."""
    with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="ascii") as f:
        return [line.split(",")[:len(COLUMNS)] for line in f.read().splitlines()]


class Graph:
    def __init__(self, model):
        self.graph = model.graph
        self.about = {entry.key: entry.value for entry in model.metadata_props}
        self.constant = {t.name: np.frombuffer(t.raw_data, "<f4" if t.data_type == FLOAT
                                               else "<i8").reshape(t.dims)
                         for t in model.graph.initializer}

    def numbers(self, key):
        return np.array([float(x) for x in self.about["ganad.scaler." + key].split(",")])

    def x(self, records):
        """(n, dim) float32: elements by name, then the scaler."""
        column = {name: [r[i] for r in records] for i, name in enumerate(COLUMNS)}
        parts = []
        for name in self.about["ganad.elements"].split(","):
            of, _, category = name.partition("=")
            parts.append(np.array([float(v == category) if category else float(v)
                                   for v in column[of]]))
        x = np.stack(parts, 1)
        x = np.where(self.numbers("log") == 1, np.log1p(x), x)
        at, knot = 0, [tuple(map(float, k.split(":")))
                       for k in self.about.get("ganad.scaler.knot", "").split(",") if k]
        for j, n in enumerate(self.about.get("ganad.scaler.knots", "").split(",") if knot else ()):
            if int(n):
                kx, ky = np.array(knot[at:at + int(n)]).T
                x[:, j] = curve(x[:, j], kx, ky)
                at += int(n)
        return ((x - self.numbers("offset")) / self.numbers("range")).astype(np.float32)

    def scores(self, records):
        value = {**self.constant, "x": self.x(records).astype(np.float64)}
        for node in self.graph.node:
            a = {x.name: x.f if x.type == x.FLOAT else x.i for x in node.attribute
                 if x.type in (x.FLOAT, x.INT)}
            axes = {x.name: list(x.ints) for x in node.attribute if x.ints}
            value[node.output[0]] = OPERATORS[node.op_type](a, axes,
                                                            *(value[name] for name in node.input))
        return value["score"]


def gemm(a, axes, x, w, b):
    assert a.get("alpha", 1) == 1 and a.get("beta", 1) == 1 and not a.get("transA", 0)
    return x @ (w.T if a.get("transB", 0) else w).astype(x.dtype) + b


def cut(a, axes, x, start, end, axis=None, step=None):
    assert step is None or list(step) == [1]
    index = [slice(None)] * x.ndim
    for i, (s, e) in enumerate(zip(start, end)):
        index[axis[i] if axis is not None else i] = slice(s, e)
    return x[tuple(index)]


def reduce_by(function):
    def run(a, axes, x, axis=None):
        axis = tuple(axes.get("axes", axis if axis is not None else range(x.ndim)))
        return function(x, axis=axis, keepdims=bool(a.get("keepdims", 1)))
    return run


OPERATORS = {
    "Abs": lambda a, axes, x: np.abs(x),
    "Add": lambda a, axes, x, y: x + y,
    "Concat": lambda a, axes, *x: np.concatenate(x, axis=a["axis"]),
    "Gemm": gemm,
    "Identity": lambda a, axes, x: x,
    "LeakyRelu": lambda a, axes, x: np.where(x < 0, np.float32(a.get("alpha", 0.01)) * x, x),
    "Mul": lambda a, axes, x, y: x * y,
    "Div": lambda a, axes, x, y: x / y,
    "Neg": lambda a, axes, x: -x,
    "ReduceMean": reduce_by(np.mean),
    "ReduceSum": reduce_by(np.sum),
    "Relu": lambda a, axes, x: np.maximum(x, 0),
    "Sigmoid": lambda a, axes, x: 1 / (1 + np.exp(-x)),
    "Slice": cut,
    "Softplus": lambda a, axes, x: np.logaddexp(0, x),
    "Sqrt": lambda a, axes, x: np.sqrt(x),
    "Squeeze": lambda a, axes, x, axis: np.squeeze(x, tuple(axis)),
    "Sub": lambda a, axes, x, y: x - y,
    "Tanh": lambda a, axes, x: np.tanh(x),
}


if __name__ == "__main__":
    for score in load(sys.argv[1], sys.argv[3]).scores(rows(sys.argv[2])):
        print(f"{score:.9g}")
