# SPDX-License-Identifier: Apache-2.0
"""Exported graphs in ONNX Runtime against our scorer: every model and score, on 10,000 real records.

ONNX Runtime is not in Debian 12: GANAD_ORT names its shared library, from npm's package for instance:
    npm pack onnxruntime-node && tar xzf onnxruntime-node-*.tgz
    GANAD_ORT=package/bin/napi-v3/linux/x64/libonnxruntime.so.1 meson test -C build onnx -v
Exit code 0: agreed; 1: did not; 77: cannot run here.

Agreed means a relative error of at most 1e-5. A trained model's score that squares small differences (enc, whitened)
has fewer digits than that in any float32 arithmetic, on either side: x' is good to 6e-8, and whitening multiplies what
x - x' leaves of it by up to some thousands. Then 98 % of the records have to agree so far, and all to 1e-4.
"""

import gzip
import os
import subprocess
import sys
import tempfile

RANDOM, TRAIN, PARITY, ROOT = sys.argv[1:5]
N = 10000
SCORES = [("egbad", "fm", 1, "minmax"), ("egbad", "fm", 2, "log-minmax"), ("egbad", "cross-e", 1, "minmax"),
          ("egbad", "cross-e-paper", 1, "log-minmax"), ("egbad", "residual", 1, "minmax"),
          ("egbad", "residual", 2, "minmax"), ("egbad", "whitened", 1, "minmax"), ("ganomaly", "enc", 1, "log-minmax"),
          ("ganomaly", "rec", 1, "minmax"), ("ganomaly", "whitened", 1, "log-minmax"),
          ("egbad", "fm", 1, "standard", "service"), ("egbad", "whitened", 1, "minmax", "protocol_type"),
          ("egbad", "cross-e", 1, "minmax", "flag"), ("egbad", "residual", 1, "log-minmax", "is_host_login")]
SQUARES = ("enc", "whitened")


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def records(path):
    base = os.environ.get("GANAD_DATA") or os.path.join(ROOT, "..", "shared", "data")
    data = os.path.join(base, "kdd99", "kddcup.data_10_percent.gz")
    if not os.path.exists(data):
        skip("no kdd99/kddcup.data_10_percent.gz in $GANAD_DATA or ../shared/data")
    with gzip.open(data, "rt", encoding="ascii") as f, open(path, "w", encoding="ascii") as out:
        out.writelines(line for i, line in enumerate(f) if i % 49 == 0)


def check_format(path):
    try:
        import onnx
    except ImportError:
        return ""
    onnx.checker.check_model(onnx.load(path), full_check=True)
    return ", onnx.checker content"


def check(what, score, checkpoint, folder, file):
    graph = os.path.join(folder, "model.onnx")
    subprocess.run([TRAIN, "export", "--onnx", checkpoint, "--out", graph], check=True, stdout=subprocess.DEVNULL)
    content = check_format(graph)
    out = subprocess.run([PARITY, os.environ["GANAD_ORT"], checkpoint, graph, file], check=True, text=True,
                         stdout=subprocess.PIPE).stdout
    pairs = [tuple(map(float, line.split())) for line in out.splitlines()]
    error = sorted(abs(a - b) / max(abs(a), 1e-30) for a, b in pairs)
    within = sum(e <= 1e-5 for e in error) / len(error)
    ok = len(pairs) == N and (within == 1 or (score in SQUARES and within >= 0.98 and error[-1] <= 1e-4))
    print(f"{'ok    ' if ok else 'FAILED'} {what}: {len(pairs)} records, relative error median "
          f"{error[len(error) // 2]:.1e}, largest {error[-1]:.1e}, {100 * within:.2f} % within 1e-5{content}")
    return ok


def main():
    if not os.environ.get("GANAD_ORT"):
        skip("GANAD_ORT does not name ONNX Runtime's shared library")
    ok = True
    with tempfile.TemporaryDirectory() as folder:
        file, checkpoint = os.path.join(folder, "records"), os.path.join(folder, "random.ckpt")
        records(file)
        for i, (model, score, degree, scaler, *on) in enumerate(SCORES):
            subprocess.run([RANDOM, model, str(i), file, checkpoint, score, str(degree), scaler, *on], check=True)
            ok &= check(" ".join(["random", model, score, str(degree), *on]), score, checkpoint, folder, file)
        for name in ("kdd99-egbad", "kdd99-ganomaly"):
            path = os.path.join(ROOT, "models", "default", name + ".ckpt")
            ok &= check(name, "whitened", path, folder, file)
    sys.exit(0 if ok else 1)


main()
