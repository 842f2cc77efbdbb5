# SPDX-License-Identifier: Apache-2.0
"""ganad-train beside three simple detectors on the same rows: autoencoder, PCA-16 residual,
IsolationForest.

    baselines.py GANAD_TRAIN                    protocols normal and normal-unique on the KDD99 10 % set
    baselines.py GANAD_TRAIN --nsl              NSL-KDD KDDTrain+, 5-fold cross-validation
    baselines.py GANAD_TRAIN --ours 'log=--scaler log-minmax --epochs 10'    other settings of ours

Every detector learns only from the normal rows of the training part. A tenth of them is held out
for the threshold, its 99th percentile, which F1 needs; the other figures need no threshold. The
three detectors use one-hot columns and min-max scaling fitted to the training rows, which is our
default, too.

normal         half of the rows, numpy's permutation with seed 42, against the other half
normal-unique  the same halves; each keeps the first of equal feature rows, the test half no row
               of training

Exit code 0: success; 1: ours failed or tested other rows than the rest; 77: cannot run here.
"""

import argparse
import gzip
import json
import lzma
import os
import shlex
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
SKIP = 77

try:
    import numpy as np
    import torch
    from sklearn.ensemble import IsolationForest
    from sklearn.metrics import auc, precision_recall_curve, roc_auc_score, roc_curve
except ImportError as missing:
    print(f"skipped: {missing}; install python3-sklearn and python3-torch")
    sys.exit(SKIP)

N_FEATURES = 41
TEXT = (1, 2, 3)  # protocol, service, flag
BINARY = (6, 11, 20, 21)  # one-hot as well, as published
BUDGET = 0.01
FOLDS = 5
FIGURES = ("auroc", "auprc", "tpr_at_fpr_0.01", "f1")


class Records:
    """Lines of a file, their features as one matrix, and which are normal."""

    def __init__(self, lines):
        self.lines = lines
        rows = [line.split(",") for line in lines]
        self.key = [line.rsplit(",", len(r) - N_FEATURES)[0] for line, r in zip(lines, rows)]
        self.normal = np.array([r[N_FEATURES].rstrip(".") == "normal" for r in rows])
        parts = [np.array([[float(r[j]) for j in range(N_FEATURES) if j not in TEXT + BINARY]
                           for r in rows],
                          dtype=np.float32)]
        for j in TEXT + BINARY:
            column = np.array([r[j] for r in rows])
            parts.append((column[:, None] == np.unique(column)[None, :]).astype(np.float32))
        self.x = np.concatenate(parts, axis=1)

    def write(self, rows, path):
        with open(path, "w") as f:
            f.writelines(self.lines[i] + "\n" for i in rows)


def read_lines(path, n_max):
    opener = gzip.open if path.endswith(".gz") else lzma.open if path.endswith(".xz") else open
    with opener(path, "rt") as f:
        lines = f.read().split()
    return lines[:: max(1, len(lines) // n_max)] if n_max else lines


def halves(r, unique):
    """Training and test rows of the protocols."""
    n = len(r.lines)
    order = np.random.RandomState(42).permutation(n)[: n // 2]
    train = [i for i in order if r.normal[i]]
    rest = np.ones(n, dtype=bool)
    rest[order] = False
    test = list(np.flatnonzero(rest))
    if unique:
        seen = set()
        train = [i for i in train if not (r.key[i] in seen or seen.add(r.key[i]))]
        test = [i for i in test if not (r.key[i] in seen or seen.add(r.key[i]))]
    return np.array(train), np.array(test)


def figures(score, attack, threshold):
    precision, recall, _ = precision_recall_curve(attack, score)
    fpr, tpr, _ = roc_curve(attack, score, drop_intermediate=False)
    flagged = score > threshold
    hits = int((flagged & attack).sum())
    return {"auroc": float(roc_auc_score(attack, score)), "auprc": float(auc(recall, precision)),
            "tpr_at_fpr_0.01": float(tpr[fpr <= BUDGET].max()),
            "f1": 2.0 * hits / max(1, int(flagged.sum()) + int(attack.sum()))}


def autoencoder(train, seed, epochs):
    """121-64-32-64-121, ReLU, mean square, Adam 1e-3, batches of 128."""
    torch.manual_seed(seed)
    n, dim = train.shape
    sizes = [dim, 64, 32, 64, dim]
    layers = []
    for a, b in zip(sizes, sizes[1:]):
        layers += [torch.nn.Linear(a, b), torch.nn.ReLU()]
    net = torch.nn.Sequential(*layers[:-1])
    adam = torch.optim.Adam(net.parameters(), lr=1e-3)
    x = torch.from_numpy(train)
    for _ in range(epochs):
        order = torch.randperm(n)
        for at in range(0, n, 128):
            batch = x[order[at: at + 128]]
            loss = ((net(batch) - batch) ** 2).mean()
            adam.zero_grad()
            loss.backward()
            adam.step()

    def score(rows):
        with torch.no_grad():
            t = torch.from_numpy(rows)
            return ((net(t) - t) ** 2).mean(dim=1).numpy()
    return score


def pca(train, _seed, _epochs):
    mean = train.mean(axis=0, dtype=np.float64)
    centred = train - mean
    axes = np.linalg.eigh(centred.T @ centred)[1][:, -16:]

    def score(rows):
        c = rows - mean
        return ((c - c @ axes @ axes.T) ** 2).sum(axis=1)
    return score


def forest(train, seed, _epochs):
    model = IsolationForest(n_estimators=100, random_state=seed).fit(train)
    return lambda rows: -model.score_samples(rows)


SIMPLE = {"autoencoder": autoencoder, "PCA-16": pca, "IsolationForest": forest}


def simple(method, r, train, test, seed, epochs):
    shuffled = np.random.RandomState(1).permutation(train)
    n_held = len(train) // 10
    learn, held = r.x[shuffled[n_held:]], r.x[shuffled[:n_held]]
    low = learn.min(axis=0)
    span = learn.max(axis=0) - low
    span[span == 0] = 1

    def scale(rows):
        return ((rows - low) / span).astype(np.float32)
    score = method(scale(learn), seed, epochs)
    threshold = np.percentile(score(scale(held)), 100 * (1 - BUDGET))
    return figures(score(scale(r.x[test])), ~r.normal[test], threshold)


def ganad(args, command):
    done = subprocess.run(["nice", args.ganad_train, *command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"ganad-train {shlex.join(command)}: exit code {done.returncode}\n{done.stderr}")
    return done.stdout


def ours(args, options, directory, part, seed):
    """part: (options of fit and eval that choose the rows, file for training, file for testing)"""
    fit_rows, eval_rows, train_file, test_file = part
    out = os.path.join(directory, "ours.ckpt")
    ganad(args, ["fit", "--quiet", "--seed", str(seed), *options, *fit_rows, "--data", train_file,
                 "--out", out])
    return json.loads(ganad(args, ["eval", out, "--json", "--fpr", str(BUDGET), *eval_rows,
                                   "--data", test_file]))


def compare(args, title, r, parts, directory):
    """parts: (train, test, part) as ours() takes it, one for each fold. Returns rows of figures by
    method."""
    runs = {}
    for fold, (train, test, part) in enumerate(parts):
        for seed in range(args.first_seed, args.first_seed + args.seeds):
            for name, options in args.ours:
                start = time.monotonic()
                got = ours(args, options, directory, part, seed)
                if (got["n"], got["positives"]) != (len(test), int((~r.normal[test]).sum())):
                    sys.exit(f"{title}: ganad-train tested {got['n']} rows with {got['positives']} "
                             "attacks, not "
                             f"{len(test)} with {int((~r.normal[test]).sum())}")
                add(runs, f"ganad {name}", title, fold, seed, got, start)
            for name, method in SIMPLE.items():
                if args.only_ours or (name == "PCA-16" and seed > args.first_seed):
                    continue
                start = time.monotonic()
                add(runs, name, title, fold, seed,
                    simple(method, r, train, test, seed, args.ae_epochs), start)
    show(title, runs, parts)
    return runs


def add(runs, name, title, fold, seed, got, start):
    one = {k: got[k] for k in FIGURES} | {"fold": fold, "seed": seed,
                                          "seconds": time.monotonic() - start}
    runs.setdefault(name, []).append(one)
    print(f"{title}, {name}, fold {fold}, seed {seed}: "
          + "  ".join(f"{k} {one[k]:.4f}" for k in FIGURES) + f"  {one['seconds']:.1f} s",
          file=sys.stderr, flush=True)


def show(title, runs, parts):
    train, test, _ = parts[0]
    print(f"\n{title}: {len(train):,} normal rows train, {len(test):,} rows test"
          + (f" (first of {len(parts)} folds)" if len(parts) > 1 else ""))
    print(f"{'mean / worst':24} {'AUROC':>15} {'AUPRC':>15} {'TPR at 1 %':>15} {'F1':>15} "
          f"{'runs':>5} {'s':>7}")
    for name, got in runs.items():
        cells = " ".join(f"{np.mean([g[k] for g in got]):.4f} / {min(g[k] for g in got):.4f}"
                         for k in FIGURES)
        print(f"{name:24} {cells} {len(got):5} {np.mean([g['seconds'] for g in got]):7.1f}",
              flush=True)


def kdd(args, directory):
    path = os.path.join(args.data, "kdd99", "kddcup.data_10_percent.gz")
    if not os.path.exists(path):
        return None
    r = Records(read_lines(path, args.rows))
    if args.rows:
        path = os.path.join(directory, "subset.csv")
        r.write(range(len(r.lines)), path)
    known = ganad(args, ["fit", "--help"])
    result = {}
    for protocol in args.protocol:
        train, test = halves(r, protocol == "normal-unique")
        if protocol in known:
            chosen = ["--protocol", protocol]
            part = (chosen, chosen, path, path)
        else:
            part = split_files(r, train, test, directory)
        result[protocol] = compare(args, protocol, r, [(train, test, part)], directory)
    return result


def nsl(args, directory):
    path = os.path.join(args.data, "nsl-kdd", "KDDTrain+.txt.xz")
    if not os.path.exists(path):
        return None
    r = Records(read_lines(path, args.rows))
    order = np.random.RandomState(42).permutation(len(r.lines))
    parts = []
    for k in range(FOLDS):
        held = np.zeros(len(order), dtype=bool)
        held[order[k::FOLDS]] = True
        test, train = np.flatnonzero(held), np.flatnonzero(~held & r.normal)
        sub = os.path.join(directory, f"fold{k}")
        os.mkdir(sub)
        parts.append((train, test, split_files(r, train, test, sub)))
    return {"nsl-kdd": compare(args, "NSL-KDD, 5 folds", r, parts, directory)}


def split_files(r, train, test, directory):
    files = [os.path.join(directory, name) for name in ("train.csv", "test.csv")]
    r.write(train, files[0])
    r.write(test, files[1])
    return ["--protocol", "normal", "--all-rows"], [], *files


def named_options(text):
    name, _, options = text.partition("=")
    return name, shlex.split(options)


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("ganad_train")
    p.add_argument("--data", default=os.environ.get("GANAD_DATA", "../shared/data"))
    p.add_argument("--nsl", action="store_true", help="NSL-KDD with 5-fold cross-validation")
    p.add_argument("--protocol", action="append", choices=("normal", "normal-unique"),
                   help="default both")
    p.add_argument("--seeds", type=int, default=3)
    p.add_argument("--first-seed", type=int, default=1)
    p.add_argument("--rows", type=int, default=0,
                   help="use only about this number of rows, evenly spread")
    p.add_argument("--ae-epochs", type=int, default=20)
    p.add_argument("--ours", type=named_options, action="append", metavar="NAME=OPTIONS",
                   help="settings of 'ganad-train fit' to try; may be repeated; default egbad and "
                        "ganomaly")
    p.add_argument("--only-ours", action="store_true")
    p.add_argument("--json", metavar="FILE", help="every run's figures")
    args = p.parse_args()
    args.protocol = args.protocol or ["normal", "normal-unique"]
    args.ours = args.ours or [("egbad", []), ("ganomaly", ["--model", "ganomaly"])]
    torch.set_num_threads(1)

    with tempfile.TemporaryDirectory() as directory:
        result = nsl(args, directory) if args.nsl else kdd(args, directory)
    if result is None:
        print(f"skipped: no data in {args.data}; tools/fetch-data gets them")
        return SKIP
    if args.json:
        with open(args.json, "w") as f:
            json.dump(result, f, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
