# SPDX-License-Identifier: Apache-2.0
"""The splits of tests/bench/detection: which records train, and which test.

Each split trains on normal records only. A record is the 41 columns of KDD99 as a list of texts.
"""

import collections
import csv
import gzip
import io
import lzma
import os
import subprocess

import numpy

N_COLUMNS = 41
SERVICE = 2
FOLDS = 5
# A network has these services, whatever else it lacks: the three commonest of KDD99 are never left out.
COMMON_SERVICES = 3
ORIGINS = ("zeek", "ndpi", "suricata")

# train: records. test: records, label: their classes ("" is normal). unit: the capture of each
# attack record, which is found if one of its records is; None: each record is a unit. other:
# benign records of other networks.
Split = collections.namedtuple("Split", "name train test label unit other")


def take(rows, chosen):
    return [rows[i] for i in numpy.flatnonzero(chosen)]


def is_normal(label):
    return numpy.array([x == "" for x in label])


def make(name, rows, label, trains, tests):
    """@trains, @tests: boolean; attacks never train and always test."""
    normal = is_normal(label)
    tests = tests | ~normal
    return Split(name, take(rows, normal & trains), take(rows, tests), take(label, tests), None, [])


def read_kdd(data):
    kind = {}
    with open(os.path.join(data, "kdd99", "training_and_test_attack_types"), encoding="ascii") as f:
        for line in f:
            if line.strip():
                kind.update([line.split()])
    with gzip.open(os.path.join(data, "kdd99", "kddcup.data_10_percent.gz"), "rt") as f:
        rows = [line.rstrip(".\n").split(",") for line in f]
    label = ["" if r[N_COLUMNS] == "normal" else kind.get(r[N_COLUMNS], "other") for r in rows]
    return [r[:N_COLUMNS] for r in rows], label


def distinct(rows, label):
    """Each record once; a record that is both is normal where it is first."""
    seen, keep = set(), []
    for i, row in enumerate(rows):
        key = tuple(row)
        if key not in seen:
            seen.add(key)
            keep.append(i)
    return [rows[i] for i in keep], [label[i] for i in keep]


def half(n):
    first = numpy.zeros(n, bool)
    first[numpy.random.RandomState(42).permutation(n)[: n // 2]] = True
    return first


def kdd(data):
    rows, label = read_kdd(data)
    first = half(len(rows))
    yield make("kdd", rows, label, first, ~first)


def unique(data):
    rows, label = distinct(*read_kdd(data))
    first = half(len(rows))
    yield make("unique", rows, label, first, ~first)


def file_order(data):
    """KDD99 is in the order of time: the first 60 % of the normal records train."""
    rows, label = distinct(*read_kdd(data))
    normal = is_normal(label)
    early = numpy.cumsum(normal) <= 0.6 * normal.sum()
    yield make("file-order", rows, label, early, ~early)


def services(data):
    """Every fifth service, but for the commonest, does not train."""
    rows, label = distinct(*read_kdd(data))
    normal = is_normal(label)
    first = half(len(rows))
    count = collections.Counter(r[SERVICE] for r in take(rows, normal))
    rank = {name: i for i, (name, _) in enumerate(count.most_common())}
    for fold in range(FOLDS):
        out = {s for s, i in rank.items() if i >= COMMON_SERVICES and i % FOLDS == fold}
        known = numpy.array([r[SERVICE] not in out for r in rows])
        yield make(f"services/{fold}", rows, label, first & known, ~first)


def nsl(data):
    kind = {}
    with open(os.path.join(data, "kdd99", "training_and_test_attack_types"), encoding="ascii") as f:
        kind.update(line.split() for line in f if line.strip())
    with lzma.open(os.path.join(data, "nsl-kdd", "KDDTrain+.txt.xz"), "rt") as f:
        rows = [line.split(",") for line in f]
    label = ["" if r[N_COLUMNS] == "normal" else kind.get(r[N_COLUMNS], "other") for r in rows]
    rows = [r[:N_COLUMNS] for r in rows]
    fold_of = numpy.random.RandomState(1).permutation(len(rows)) % FOLDS
    normal = is_normal(label)
    for fold in range(FOLDS):
        tests = fold_of == fold
        yield Split(f"nsl/{fold}", take(rows, normal & ~tests), take(rows, tests), take(label, tests), None, [])


def read_modern(data, name):
    with lzma.open(os.path.join(data, "modern", name + ".csv.xz"), "rt") as f:
        next(f)
        rows = [line.split(",")[:N_COLUMNS] for line in f]
    group, kind, capture = [], [], []
    with open(os.path.join(data, "modern", name + ".captures.tsv"), encoding="ascii") as f:
        for i, c in enumerate(csv.DictReader(f, delimiter="\t")):
            n = int(c["rows"])
            group += [c["group"]] * n
            kind += [c["kind"]] * n
            capture += [i] * n
    return rows, group, kind, capture


def devices(data):
    """Every fifth type of device does not train. Attacks are captures, of other networks."""
    rows, group, _, _ = read_modern(data, "lab_benign")
    attack, _, kind, capture = read_modern(data, "attacks")
    other = read_modern(data, "mixed_benign")[0]
    names = sorted(set(group))
    for fold in range(FOLDS):
        out = set(names[fold::FOLDS])
        held = numpy.array([g in out for g in group])
        benign = take(rows, held)
        yield Split(f"devices/{fold}", take(rows, ~held), benign + attack, [""] * len(benign) + kind,
                    [-1] * len(benign) + capture, other)


def origins(data, build):
    """Captures of two origins train, and those of the third test. Some show attacks, without labels."""
    program = os.path.join(build, "tools", "ganadctl", "ganadctl")
    attack, _, kind, capture = read_modern(data, "attacks")
    rows = {}
    for name in ORIGINS:
        text = subprocess.run([program, "extract", "--recursive", os.path.join(data, "pcap", name)], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout
        rows[name] = [line.split(",") for line in text.splitlines()]
    for out in ORIGINS:
        train = [r for name in ORIGINS if name != out for r in rows[name]]
        yield Split(f"origins/{out}", train, rows[out] + attack, [""] * len(rows[out]) + kind,
                    [-1] * len(rows[out]) + capture, [])


def generate(build, work, seed, options):
    """Records of ganad-traffic, and the kind of attack of each."""
    pcap, truth = os.path.join(work, "traffic.pcap"), os.path.join(work, "traffic.tsv")
    subprocess.run([os.path.join(build, "tools", "ganad-traffic", "ganad-traffic"), "-q", "-s", str(seed), *options,
                    pcap, truth], check=True)
    text = subprocess.run([os.path.join(build, "tools", "ganadctl", "ganadctl"), "extract", "--with-connection",
                           "--head", pcap], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    with open(truth, encoding="ascii") as f:
        attacks = {(t["src_ip"], t["dst_ip"], t["start"][:14]): t["label"] for t in csv.DictReader(f, delimiter="\t")
                   if t["label"] != "normal"}
    os.unlink(pcap)
    rows, label = [], []
    for r in csv.DictReader(io.StringIO(text.stdout)):
        rows.append(list(r.values())[:N_COLUMNS])
        label.append(attacks.get((r["src_ip"], r["dest_ip"], r["start"][:14]), ""))
    return rows, label


def weeks(build, work):
    """The first week lacks kinds of sessions that later ones have."""
    early = ["http", "https", "dns", "smtp", "pop3", "telnet", "ftp", "ntp", "snmp", "ping", "refused", "dead", "reset"]
    kinds = [x for k in early for x in ("-k", k)]
    train, _ = generate(build, work, 1, ["-n", "12000", "-r", "2", *kinds])
    for seed in (2, 3):
        test, label = generate(build, work, seed, ["-n", "12000", "-r", "2", "-A"])
        yield Split(f"weeks/{seed}", train, test, label, None, [])


FROM_DATA = {"kdd": kdd, "unique": unique, "file-order": file_order, "services": services, "nsl": nsl,
             "devices": devices}
NAMES = [*FROM_DATA, "origins", "weeks"]


def load(name, data, build, work):
    if name == "origins":
        return origins(data, build)
    return weeks(build, work) if name == "weeks" else FROM_DATA[name](data)
