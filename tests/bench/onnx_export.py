#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the scoring graph of a checkpoint as ONNX, for the benchmark's peer.

usage: onnx_export.py CHECKPOINT PB2_DIR OUT.onnx

Input x (n, dim) is scaled rows; output "score" (n). The graph is the formula as the papers write it: the
discriminator is called twice on concatenated inputs, and what can be shared is the runtime's to find.
"""
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def load(path, pb2_dir):
    sys.path.insert(0, pb2_dir)
    import checkpoint_pb2

    with open(path, "rb") as f:
        message = f.read()[56:]
    c = checkpoint_pb2.Checkpoint()
    c.ParseFromString(message)
    return c


class Graph:
    def __init__(self, c):
        self.c = c
        self.nodes, self.weights = [], []
        self.nets = {n.name: n for n in c.net}
        self.tensors = {t.name: np.frombuffer(t.data, "<f4").reshape(list(t.dim)) for t in c.tensor}
        for name, t in self.tensors.items():
            self.weights.append(numpy_helper.from_array(t, name))

    def op(self, kind, inputs, **attributes):
        out = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [out], **attributes))
        return out

    def net(self, name, x, first=0, last=None):
        layers = list(enumerate(self.nets[name].layer))[first:last]
        for i, layer in layers:
            x = self.op("Gemm", [x, f"{name}.{i}.weight", f"{name}.{i}.bias"])
            if layer.activation == 1:
                x = self.op("Relu", [x])
            elif layer.activation == 2:
                x = self.op("LeakyRelu", [x], alpha=layer.slope)
            elif layer.activation != 0:
                raise SystemExit("activation not supported")
        return x

    def constant(self, value):
        name = f"c{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.array(value, np.float32), name))
        return name

    def distance(self, a, b, degree):
        return self.op("ReduceL1" if degree == 1 else "ReduceL2", [self.op("Sub", [a, b])], axes=[1], keepdims=0)


def egbad(g):
    score = g.c.score
    z = g.net("encoder", "x")
    xhat = g.net("generator", z)
    residual = g.distance("x", xhat, score.degree)

    def feature(x):
        pair = g.op("Concat", [g.net("disc_x", x), g.net("disc_z", z)], axis=1)
        return g.net("disc_head", pair, 0, 1)

    if score.kind == "residual":
        return residual
    if score.kind == "fm":
        disc = g.distance(feature("x"), feature(xhat), score.degree)
    else:
        logit = g.net("disc_head", feature(xhat), 1)
        shape = numpy_helper.from_array(np.array([-1], np.int64), "flat")
        g.weights.append(shape)
        disc = g.op("Softplus", [g.op("Neg", [g.op("Reshape", [logit, "flat"])])])
    return g.op("Add", [g.op("Mul", [residual, g.constant(1.0 - score.weight)]),
                        g.op("Mul", [disc, g.constant(score.weight)])])


def ganomaly(g):
    z = g.net("encoder", "x")
    xhat = g.net("decoder", z)
    if g.c.score.kind == "rec":
        return g.op("ReduceMean", [g.op("Abs", [g.op("Sub", ["x", xhat])])], axes=[1], keepdims=0)
    diff = g.op("Sub", [z, g.net("encoder2", xhat)])
    return g.op("ReduceMean", [g.op("Mul", [diff, diff])], axes=[1], keepdims=0)


def main():
    path, pb2_dir, out = sys.argv[1:4]
    c = load(path, pb2_dir)
    g = Graph(c)
    score = {"egbad": egbad, "ganomaly": ganomaly}[c.model](g)
    g.nodes.append(helper.make_node("Identity", [score], ["score"]))
    graph = helper.make_graph(
        g.nodes, c.name,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", len(c.scaler.offset)])],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, ["n"])], g.weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6)
    onnx.checker.check_model(model)
    onnx.save(model, out)


main()
