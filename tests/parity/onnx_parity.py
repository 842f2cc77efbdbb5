# SPDX-License-Identifier: Apache-2.0
"""Compares exported graphs with our scorer, from records to scores: every model and score, and the
shipped models.

usage: onnx_parity.py RANDOM_CHECKPOINT GANAD_TRAIN ONNX_PARITY SCORE_DUMP EXAMPLE_CAPTURE
SOURCE_ROOT

The peer is numpy (onnx_numpy.py) and, if GANAD_ORT names its shared library, ONNX Runtime, which
Debian does not have. npm's package holds it:
    npm pack onnxruntime-node && tar xzf onnxruntime-node-*.tgz
    GANAD_ORT=package/bin/napi-v6/linux/x64/libonnxruntime.so.1 meson test -C build onnx -v
Records are 10,000 of the KDD99 10 % set if available, else those of the example capture, and those
of a shipped checkpoint's self-test with their scores. Exit code 0: agreed; 1: did not; 77: cannot
run here.

Agreed means a relative error of at most 1e-5. A trained model's score that squares small
differences (enc, whitened) has fewer digits than that in any float32 arithmetic, on either side. x'
is good to 6e-8, and whitening multiplies the remaining error of x - x' by up to some thousands. For
these scores 98 % of the records must agree to 1e-5 with ONNX Runtime, which receives the same x.
With numpy, which computes x itself in float64, it is 95 %. All must agree to 1e-4.
"""

import gzip
import os
import subprocess
import sys
import tempfile

RANDOM, TRAIN, PARITY, DUMP, CAPTURE, ROOT = sys.argv[1:7]
N = 10000
SCORES = [("egbad", "fm", 1, "minmax"), ("egbad", "fm", 2, "log-minmax"),
          ("egbad", "cross-e", 1, "minmax"),
          ("egbad", "cross-e-paper", 1, "log-minmax"), ("egbad", "residual", 1, "minmax"),
          ("egbad", "residual", 2, "minmax"), ("egbad", "whitened", 1, "minmax"),
          ("ganomaly", "enc", 1, "log-minmax"),
          ("ganomaly", "rec", 1, "minmax"), ("ganomaly", "whitened", 1, "log-minmax"),
          ("egbad", "joint", 1, "minmax"), ("ganomaly", "joint", 1, "log-minmax"),
          ("egbad", "joint", 1, "minmax", "service"),
          ("egbad", "fm", 1, "standard", "service"),
          ("egbad", "whitened", 1, "minmax", "protocol_type"),
          ("egbad", "cross-e", 1, "minmax", "flag"),
          ("egbad", "residual", 1, "log-minmax", "is_host_login")]
SQUARES = ("enc", "whitened", "joint")


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


try:
    import google.protobuf  # noqa: F401
    import onnx_numpy
    import reference
except ImportError as e:
    skip(f"{e}; install python3-numpy and python3-protobuf")


def write_records(path):
    base = os.environ.get("GANAD_DATA") or os.path.join(ROOT, "..", "shared", "data")
    data = os.path.join(base, "kdd99", "kddcup.data_10_percent.gz")
    if not os.path.exists(data):
        subprocess.run([TRAIN, "extract", "--out", path, CAPTURE], check=True,
                       stderr=subprocess.DEVNULL)
        return
    with gzip.open(data, "rt", encoding="ascii") as f, open(path, "w", encoding="ascii") as out:
        out.writelines(line for i, line in enumerate(f) if i % 49 == 0)


def run(*command):
    return subprocess.run(command, check=True, text=True,
                          stdout=subprocess.PIPE).stdout.splitlines()


def agree(what, peer, score, pairs):
    error = sorted(abs(a - b) / max(abs(a), 1e-30) for a, b in pairs)
    within = sum(e <= 1e-5 for e in error) / len(error)
    enough = 0.95 if peer.startswith("numpy") else 0.98
    ok = within == 1 or (score in SQUARES and within >= enough and error[-1] <= 1e-4)
    print(f"{'ok    ' if ok else 'FAILED'} {what}: {peer}, {len(pairs)} records, relative error "
          "median "
          f"{error[len(error) // 2]:.1e}, largest {error[-1]:.1e}, {100 * within:.2f} % within "
          "1e-5")
    return ok


def self_tests(checkpoint):
    c, _ = reference.read_checkpoint(onnx_numpy.schema("checkpoint", ROOT), checkpoint)
    return [(t.record.split(","), t.score) for t in c.self_test]


def check(what, score, checkpoint, directory, file):
    path = os.path.join(directory, "model.onnx")
    subprocess.run([TRAIN, "export", "--onnx", checkpoint, "--out", path], check=True,
                   stdout=subprocess.DEVNULL)
    graph, records = onnx_numpy.load(path, ROOT), onnx_numpy.rows(file)[:N]
    ours = list(map(float, run(DUMP, checkpoint, file)))[:N]
    ok = agree(what, "numpy", score, list(zip(ours, graph.scores(records), strict=True)))
    kept = self_tests(checkpoint)  # of a shipped one, computed where it was trained
    ok &= agree(what, "numpy, self-test", score,
                list(zip([s for _, s in kept], graph.scores([r for r, _ in kept]), strict=True)))
    if os.environ.get("GANAD_ORT"):
        lines = run(PARITY, os.environ["GANAD_ORT"], checkpoint, path, file)
        ok &= agree(what, "ONNX Runtime", score,
                    [tuple(map(float, line.split())) for line in lines])
    return ok


def main():
    ok = True
    with tempfile.TemporaryDirectory() as directory:
        file, checkpoint = os.path.join(directory, "records"), os.path.join(directory,
                                                                            "random.ckpt")
        write_records(file)
        for i, (model, score, degree, scaler, *on) in enumerate(SCORES):
            subprocess.run([RANDOM, model, str(i), file, checkpoint, score, str(degree), scaler,
                            *on], check=True)
            ok &= check(" ".join(["random", model, score, str(degree), *on]), score, checkpoint,
                        directory, file)
        default = os.path.join(ROOT, "models", "default")
        for name in sorted(x for x in os.listdir(default) if x.endswith(".ckpt")):
            ok &= check(name, "joint", os.path.join(default, name), directory, file)
    sys.exit(0 if ok else 1)


main()
