# SPDX-License-Identifier: Apache-2.0
"""A reference for scores: an independent implementation of checkpoint.proto, of the features and of
the papers' formulas, in numpy and float64, compared with the library's output.

Checks random checkpoints of every score and scaler, models/default/*.ckpt and those named, on
synthetic records and on each N-th of the KDD99 10 % set, if available. Exit code 0: agreed; 1: did
not; 77: cannot run here.

Agreed means a relative error of at most 1e-5. A score that is the square of a small difference
(GANomaly's enc) loses digits in any float32 arithmetic. Where the error of numpy's own float32 is
more than half of 1e-5, twice its largest error is allowed instead, and reported.

AnoGAN's score is the result of a descent whose gradient contains signs. A difference in the last
digit can flip a sign, and from there the paths diverge. After 20 steps 99 of 100 scores must still
agree to 1e-5 and all to 1e-3. After 500 steps half of them must agree to 1e-4 and all to 0.2,
because another path can end in another minimum.
"""

import argparse
import glob
import gzip
import hashlib
import importlib
import math
import os
import random
import struct
import subprocess
import sys
import tempfile

SKIP = 77
TOLERANCE = 1e-5

try:
    import google.protobuf  # noqa: F401
    import numpy as np
except ImportError as e:
    print(f"skipped: {e}; install python3-numpy and python3-protobuf")
    sys.exit(SKIP)

# kddcup.names, in the order of the file
COLUMNS = """duration protocol_type service flag src_bytes dst_bytes land wrong_fragment urgent hot
num_failed_logins logged_in num_compromised root_shell su_attempted num_root
num_file_creations num_shells num_access_files num_outbound_cmds is_host_login
is_guest_login count srv_count serror_rate srv_serror_rate rerror_rate srv_rerror_rate
same_srv_rate diff_srv_rate srv_diff_host_rate dst_host_count dst_host_srv_count
dst_host_same_srv_rate dst_host_diff_srv_rate dst_host_same_src_port_rate
dst_host_srv_diff_host_rate dst_host_serror_rate dst_host_srv_serror_rate
dst_host_rerror_rate dst_host_srv_rerror_rate""".split()

ACTIVATIONS = {
    "LINEAR": lambda v, slope: v,
    "RELU": lambda v, slope: np.maximum(v, 0),
    "LEAKY_RELU": lambda v, slope: np.where(v < 0, slope * v, v),
    "SIGMOID": lambda v, slope: 1 / (1 + np.exp(-v)),
    "TANH": lambda v, slope: np.tanh(v),
}


class Layer:
    def __init__(self, pb, layer, weight, bias):
        name = pb.Layer.Activation.Name(layer.activation)
        self.act = ACTIVATIONS[name]
        # derivative where y <= 0
        self.below = {"LINEAR": 1, "RELU": 0}.get(name, np.float32(layer.slope))
        self.slope, self.w, self.b = np.float32(layer.slope), weight, bias

    def __call__(self, x):
        return self.act(x @ self.w.astype(x.dtype) + self.b.astype(x.dtype),
                        self.slope.astype(x.dtype))


def chain(layers, x):
    for layer in layers:
        x = layer(x)
    return x


def read_checkpoint(pb, path):
    """The message of a file, and its nets as lists of layers."""
    data = open(path, "rb").read()
    magic, version, zero, length, digest = struct.unpack("<8sIIQ32s", data[:56])
    assert (magic, version, zero, length) == (b"GANADCKP", 1, 0, len(data) - 56), "header"
    assert digest == hashlib.sha256(data[56:]).digest(), "sum"
    c = pb.Checkpoint.FromString(data[56:])
    packed = c.SerializeToString(deterministic=True)
    assert packed == data[56:], "Python would have written other bytes"
    tensors = {t.name: np.frombuffer(t.data, "<f4").reshape(t.dim) for t in c.tensor}
    nets = {
        net.name: [Layer(pb, layer, tensors[f"{net.name}.{i}.weight"],
                         tensors[f"{net.name}.{i}.bias"])
                   for i, layer in enumerate(net.layer)]
        for net in c.net
    }
    return c, nets


def curve(t, x, y):
    """The quantile scaler: linear between the knots; outside of them by the log of the distance in
    counts."""
    step = 2 * x[-1]
    above = np.log1p(np.maximum(np.expm1(t) - np.expm1(x[-1]), 0)) / step
    below = np.log1p(np.maximum(np.expm1(x[0]) - np.expm1(t), 0)) / step
    return np.interp(t, x, y) + above - below


def vectors(c, rows):
    """Rows of 41 texts to scaled feature vectors."""
    column = {name: [row[i] for row in rows] for i, name in enumerate(COLUMNS)}
    parts = [np.array(column[name], np.float64)[:, None] for name in c.schema.numeric]
    for group in c.schema.group:
        values = np.array(column[group.column])
        parts += [(values == category).astype(np.float64)[:, None] for category in group.category]
    x = np.hstack(parts)
    x = np.where(np.array(c.scaler.log), np.log1p(x), x)
    at = 0
    for j, n in enumerate(c.scaler.knots):
        if n:
            x[:, j] = curve(x[:, j], np.array(c.scaler.knot_x[at:at + n]),
                            np.array(c.scaler.knot_y[at:at + n]))
        at += n
    return (x - np.array(c.scaler.offset)) / np.array(c.scaler.range)


def distance(a, b, degree):
    return np.abs(a - b).sum(1) if degree == 1 else np.sqrt(((a - b) ** 2).sum(1))


def whitened(nets, r, e):
    return sum((chain(nets[name], v) ** 2).mean(1) for name,
               v in (("whiten_r", r), ("whiten_e", e)))


def hidden(layers, x):
    """The outputs of all layers but the last."""
    kept = []
    for layer in layers[:-1]:
        x = layer(x)
        kept.append(x)
    return kept


def joint(nets, parts):
    u2 = chain(nets["joint"], np.hstack(parts)) ** 2
    return (u2 / (1 + u2 / 10)).mean(1)


def condition(c, x):
    """y: the elements of the column that the model is conditioned on; no columns without a
    condition."""
    at = len(c.schema.numeric)
    for group in c.schema.group:
        if group.column == c.condition:
            return x[:, at:at + len(group.category)]
        at += len(group.category)
    assert not c.condition, c.condition
    return x[:, :0]


def egbad(c, nets, x):
    w, degree = c.score.weight, c.score.degree
    zy = np.hstack([chain(nets["encoder"], x), condition(c, x)])
    xhat = chain(nets["generator"], zy)

    def discriminate(x):
        both = np.hstack([chain(nets["disc_x"], x), chain(nets["disc_z"], zy)])
        f = chain(nets["disc_head"][:-1], both)
        return f, nets["disc_head"][-1](f)[:, 0]

    residual = distance(x, xhat, degree)
    f, of_x = discriminate(x)
    fhat, logit = discriminate(xhat)
    if c.score.kind == "residual":
        return residual
    if c.score.kind == "whitened":
        return whitened(nets, x - xhat, f - fhat)
    if c.score.kind == "joint":
        return joint(nets, hidden(nets["encoder"], x) + hidden(nets["generator"], zy) + [fhat, f, x - xhat])
    if c.score.kind == "fm":
        return (1 - w) * residual + w * distance(f, fhat, degree)
    assert c.score.kind in ("cross-e", "cross-e-paper"), c.score.kind
    return (1 - w) * residual + w * np.logaddexp(0, -(logit if c.score.kind == "cross-e" else of_x))


def ganomaly(c, nets, x):
    z = chain(nets["encoder"], x)
    xhat = chain(nets["decoder"], z)
    if c.score.kind == "rec":
        return np.abs(x - xhat).mean(1)
    if c.score.kind == "whitened":
        return whitened(nets, x - xhat, z - chain(nets["encoder2"], xhat))
    if c.score.kind == "joint":
        return joint(nets, hidden(nets["encoder"], x) + hidden(nets["decoder"], z) +
                     hidden(nets["encoder2"], xhat) + [x - xhat])
    assert c.score.kind == "enc", c.score.kind
    return ((z - chain(nets["encoder2"], xhat)) ** 2).mean(1)


def splitmix64(state):
    mask = 2**64 - 1
    while True:
        state = (state + 0x9E3779B97F4A7C15) & mask
        z = ((state ^ state >> 30) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) & mask
        yield z ^ z >> 31


def xoshiro(seed):
    """xoshiro256++ as lib/base/rng.h seeds its stream 0."""
    mask = 2**64 - 1
    rotl = lambda v, k: (v << k | v >> (64 - k)) & mask
    fill = splitmix64(next(splitmix64(seed)))
    s = [next(fill) for _ in range(4)]
    while True:
        yield (rotl((s[0] + s[3]) & mask, 23) + s[0]) & mask
        t = (s[1] << 17) & mask
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotl(s[3], 45)


def truncated_normal(seed, n):
    """n of N(0, 1) within 2 by the ziggurat of 256 layers (Marsaglia and Tsang 2000)."""
    r, v = 3.6541528853610088, 0.00492867323399
    f = math.exp(-0.5 * r * r)
    x = [v / f, r]
    while len(x) < 256:
        x.append(math.sqrt(-2 * math.log(v / x[-1] + f)))
        f = math.exp(-0.5 * x[-1] ** 2)
    x.append(0)
    bits, out = xoshiro(seed), []
    while len(out) < n:
        b = next(bits)
        i, u = b & 255, (b >> 11) * 2.0**-52 - 1
        at = u * x[i]
        if abs(u) >= x[i + 1] / x[i]:
            # beyond r: pairs of uniforms until one fits; it is then beyond 2 in any case
            if i == 0:
                while True:
                    a, c = (math.log(1 - (next(bits) >> 11) * 2.0**-53) for _ in range(2))
                    if -2 * c >= (a / r) ** 2:
                        break
                continue
            f0, f1 = (math.exp(-0.5 * (x[k] ** 2 - at * at)) for k in (i, i + 1))
            if f1 + (next(bits) >> 11) * 2.0**-53 * (f0 - f1) >= 1:
                continue
        if abs(np.float32(at)) < 2:
            out.append(float(np.float32(at)))
    return np.array(out)


def back(layers, outputs, dy):
    """The gradient by the input of a chain of leaky layers, from the gradient by its output."""
    for layer, y in zip(reversed(layers), reversed(outputs)):
        dy = np.where(y > 0, dy, dy * dy.dtype.type(layer.below)) @ layer.w.astype(dy.dtype).T
    return dy


def outputs(layers, x):
    ys = []
    for layer in layers:
        x = layer(x)
        ys.append(x)
    return ys


def anogan(c, nets, x):
    """The latent search: Adam in TensorFlow 1's form on z, every record from the same start."""
    generator, disc, w, search = nets["generator"], nets["disc"], c.score.weight, c.score.search
    fm = c.score.kind == "fm"
    assert fm or c.score.kind == "cross-e", c.score.kind
    judge = disc[:-1] if fm else disc
    y = condition(c, x)
    fx = chain(disc[:-1], np.hstack([x, y]))
    latent = generator[0].w.shape[0] - y.shape[1]
    z = np.repeat(truncated_normal(search.seed, latent)[None, :], len(x), 0).astype(x.dtype)
    m, v, phase = np.zeros_like(z), np.zeros_like(z), list(search.phase)

    def forward():
        g = outputs(generator, np.hstack([z, y]))
        d = outputs(judge, np.hstack([g[-1], y]))
        ld = np.abs(fx - d[-1]).sum(1) if fm else np.logaddexp(0, -d[-1][:, 0])
        return g, d, (1 - w) * np.abs(x - g[-1]).sum(1) + w * ld

    assert search.tolerance == 0
    for t in range(search.steps):
        g, d, _ = forward()
        dy = w * np.sign(d[-1] - fx) if fm else -w / (1 + np.exp(np.minimum(d[-1], 80)))
        dx = back(judge, d, dy.astype(x.dtype))[:, :x.shape[1]]
        dx = dx + ((1 - w) * np.sign(g[-1] - x)).astype(x.dtype)
        dz = back(generator, g, dx)[:, :latent]
        rate = [p.rate for p in phase if getattr(p, "from") <= t][-1]
        m = (0.9 * m + 0.1 * dz).astype(x.dtype)
        v = (0.999 * v + 0.001 * dz * dz).astype(x.dtype)
        step = rate * np.sqrt(1 - 0.999 ** (t + 1)) / (1 - 0.9 ** (t + 1))
        z = (z - step * m / (np.sqrt(v) + 1e-8)).astype(x.dtype)
    return forward()[2]


MODELS = {"egbad": egbad, "ganomaly": ganomaly, "anogan": anogan}


def synthetic(n, seed):
    """Synthetic records: every kind of value, known and unknown names, small and huge numbers."""
    r = random.Random(seed)
    names = {"protocol_type": ["tcp", "udp", "icmp"], "flag": ["SF", "S0", "REJ", "RSTO", "OTH"],
             "service": ["http", "smtp", "ecr_i", "private", "domain_u", "X11", "red_i",
                         "no_such_service"]}
    binary = {"land", "logged_in", "root_shell", "is_host_login", "is_guest_login"}
    rows = []
    for _ in range(n):
        row = []
        for name in COLUMNS:
            if name in names:
                row.append(r.choice(names[name]))
            elif name in binary:
                row.append(r.choice("01"))
            elif name.endswith("_rate"):
                row.append(f"{r.choice([0, 1, r.random()]):.2f}")
            elif name in ("src_bytes", "dst_bytes", "duration"):
                row.append(str(int(10 ** r.uniform(0, 9 if name != "duration" else 4)) - 1))
            else:
                row.append(r.choice(["0", "1", "2"]))
        rows.append(row)
    return rows


def write_rows(directory, rows):
    path = os.path.join(directory, "records")
    with open(path, "w", encoding="ascii") as f:
        f.writelines(",".join(row) + "\n" for row in rows)
    return path


def kdd99(root, every):
    base = os.environ.get("GANAD_DATA") or os.path.join(root, "..", "shared", "data")
    path = os.path.join(base, "kdd99", "kddcup.data_10_percent.gz")
    if not os.path.exists(path):
        return None
    with gzip.open(path, "rt", encoding="ascii") as f:
        return [line.rstrip("\n").split(",")[:41] for i, line in enumerate(f) if i % every == 0]


def check(pb, dump, path, what, rows, file):
    c, nets = read_checkpoint(pb, path)
    out = subprocess.run([dump, path, file], stdout=subprocess.PIPE, check=True, text=True).stdout
    got = np.array(out.split(), np.float64)
    x = [vectors(c, rows[i:i + 4096]) for i in range(0, len(rows), 4096)]
    want = np.concatenate([MODELS[c.model](c, nets, v) for v in x])
    plain = np.concatenate([MODELS[c.model](c, nets, v.astype(np.float32)) for v in x])
    if got.shape != want.shape:
        print(f"FAILED {what}: {len(got)} scores, {len(want)} expected")
        return False
    error = np.abs(got - want) / np.abs(want)
    worst, ok = int(np.argmax(error)), True
    tolerance = max(TOLERANCE, 2 * np.max(np.abs(plain - want) / np.abs(want)))
    if c.model == "anogan":
        short = c.score.search.steps <= 20
        tolerance = 1e-3 if short else 0.2
        ok = np.quantile(error, 0.99 if short else 0.5) <= (TOLERANCE if short else 1e-4)
    ok = bool(ok and np.isfinite(got).all() and error[worst] <= tolerance)
    print(f"{'ok    ' if ok else 'FAILED'} {what}: {len(got)} scores, largest relative error "
          f"{error[worst]:.1e} "
          f"(row {worst}: {got[worst]:.9g}, reference {want[worst]:.9g})"
          + (f", {tolerance:.1e} allowed" if tolerance > TOLERANCE else ""))
    return ok


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("make", metavar="RANDOM_CHECKPOINT")
    parser.add_argument("dump", metavar="SCORE_DUMP")
    parser.add_argument("root", metavar="SOURCE_ROOT")
    parser.add_argument("more", metavar="CHECKPOINT", nargs="*")
    parser.add_argument("--every", metavar="N", type=int, default=50)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ganad-parity-") as tmp:
        proto = os.path.join(args.root, "proto")
        try:
            subprocess.run(["protoc", f"--python_out={tmp}", f"--proto_path={proto}",
                            "checkpoint.proto"], check=True)
        except FileNotFoundError:
            print("skipped: no protoc; install protobuf-compiler")
            sys.exit(SKIP)
        sys.path.insert(0, tmp)
        pb = importlib.import_module("checkpoint_pb2")

        inputs = {"synthetic records": synthetic(2000, 1)}
        real = kdd99(args.root, args.every)
        if real:
            inputs["KDD99 records"] = real
        else:
            print("no KDD99 records: neither $GANAD_DATA nor ../shared/data has them")
        checkpoints, file = {}, write_rows(tmp, inputs["synthetic records"])
        for i, (model, score, degree, scaler, *on) in enumerate([
                ("egbad", "fm", 1, "minmax"), ("egbad", "fm", 2, "log-minmax"),
            ("egbad", "cross-e", 1, "log-minmax"),
                ("egbad", "cross-e", 2, "standard"), ("egbad", "cross-e-paper", 1, "minmax"),
            ("egbad", "residual", 1, "none"),
                ("egbad", "residual", 2, "minmax"), ("ganomaly", "enc", 1, "log-minmax"),
                ("ganomaly", "enc", 1, "none"), ("ganomaly", "rec", 1, "minmax"),
                ("egbad", "whitened", 1, "minmax"), ("ganomaly", "whitened", 1, "log-minmax"),
                ("anogan", "fm", 1, "log-minmax"), ("anogan", "cross-e", 1, "log-minmax"),
                ("egbad", "fm", 1, "standard", "service"),
            ("egbad", "cross-e", 1, "minmax", "flag"),
                ("egbad", "whitened", 1, "log-minmax", "service"),
                ("egbad", "joint", 1, "minmax"), ("ganomaly", "joint", 1, "log-minmax"),
                ("egbad", "joint", 1, "log-minmax", "service"),
            ("anogan", "fm", 1, "log-minmax", "service")]):
            path = os.path.join(tmp, f"{i}.ckpt")
            subprocess.run([args.make, model, str(i), file, path, score, str(degree), scaler, *on],
                           check=True)
            checkpoints[" ".join(["random", model, score, str(degree), scaler, *on])] = path
        for path in sorted(glob.glob(os.path.join(args.root, "models", "default",
                                                  "*.ckpt"))) + args.more:
            checkpoints[os.path.basename(path)] = path

        ok = True
        for name, rows in inputs.items():
            file = write_rows(tmp, rows)
            for what, path in checkpoints.items():
                ok &= check(pb, args.dump, path, f"{what}, {name}", rows, file)
    sys.exit(0 if ok else 1)


if __name__ == "__main__":
    main()
