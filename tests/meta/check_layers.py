# SPDX-License-Identifier: Apache-2.0
"""Which files may include which, as ARCHITECTURE.md describes.
Usage: check_layers.py SOURCE_ROOT"""

import os
import re
import sys

import tree

# directory: the directories whose headers it may include. The longest directory that matches a file
# applies.
LAYERS = {
    "lib/base": ["lib/base"],
    "lib/nn": ["lib/base", "lib/nn"],
    "lib/net": ["lib/base", "lib/net"],
    "lib/inspect": ["lib/base", "lib/inspect"],
    "lib/flow": ["lib/base", "lib/net", "lib/inspect", "lib/flow"],
    "lib/record": ["lib/base", "lib/net", "lib/inspect", "lib/flow", "lib/record"],
    "lib/feature": ["lib/base", "lib/net", "lib/record", "lib/feature"],
    "lib/dataset": ["lib/base", "lib/net", "lib/record", "lib/feature", "lib/dataset"],
    "lib/checkpoint": ["lib/base", "lib/checkpoint", "proto"],
    "lib/wire": ["lib/base", "lib/wire"],
    "lib/spool": ["lib/base", "lib/spool"],
    "lib/event": ["lib/base", "lib/net", "lib/record", "lib/event", "proto"],
    "lib/feedback": ["lib/base", "lib/net", "lib/record", "lib/dataset", "lib/flow", "lib/event",
                     "lib/feedback"],
    "lib/sign": ["lib/base", "lib/sign"],
    "lib/suppress": ["lib/base", "lib/net", "lib/record", "lib/suppress"],
    "models": ["lib/base", "lib/nn", "lib/record", "lib/feature", "lib/checkpoint", "models"],
    "daemon": ["lib", "models", "proto", "daemon"],
    "tools": ["lib", "models", "proto", "tools"],
    "tests": ["lib", "models", "proto", "daemon", "tools", "tests"],
}
# Single files that may include more than their directory, with the reason.
EXTRA = {
    "models/detector.c": ["lib/dataset"],  # self-test records are lines of KDD99 text
}
# header: the only places that may include it.
ONLY = [
    (r"(proto/)?[a-z_]+\.pb-c\.h", ["lib/checkpoint/", "lib/event/", "daemon/ingest/",
                                    "daemon/control/", "tools/", "tests/"]),
    (r"models/trainer\.h", ["models/", "tools/ganad-train/", "tests/"]),
    (r"cblas\.h|openblas.*\.h", ["lib/nn/mat.c"]),
    (r"event2/(http|listener|bufferevent).*", ["daemon/metrics/"]),
    (r"event2/.*|event\.h|evhttp\.h", ["daemon/", "tests/unit/daemon/"]),
    (r"pcap.*\.h|pcap/.*", ["lib/net/source.c", "lib/net/source_filter.c",
                                 "lib/net/savefile.c", "tests/bench/pcap_loop.c"]),
    (r"jansson\.h", ["daemon/", "tools/", "tests/"]),
    (r"ini\.h", ["daemon/", "tests/"]),
    (r"systemd/.*", ["daemon/"]),
    (r"zlib\.h", ["lib/base/z_mem.h", "tests/"]),
    (r"(bzlib|lzma|zstd|zstd_errors)\.h", ["lib/net/unpack_", "tests/unit/net/test_unpack.c"]),
    (r"openssl/(ssl|err|x509v3)\.h", ["lib/wire/tls.c", "daemon/feed/transport_tls.c",
                                      "daemon/ingest/tls_stream.c",
                                      "tools/ganadctl/client_tls.c", "tests/"]),
    (r"openssl/(?!ssl\.h|err\.h|x509v3\.h).*", ["lib/", "models/", "tools/", "tests/"]),
    (r"protobuf-c/.*", ["lib/checkpoint/", "lib/event/", "daemon/ingest/", "daemon/control/",
                        "tools/", "tests/"]),
    (r"cmocka\.h", ["tests/unit/test.h"]),
]
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.M)


def layer_of(name):
    fits = [d for d in LAYERS if name.startswith(d + "/")]
    return max(fits, key=len) if fits else None


def check_file(name, text):
    layer = layer_of(name)
    if not layer:
        yield f"{name}: C code in a directory that has no layer"
        return
    allowed = LAYERS[layer] + EXTRA.get(name, [])
    own = os.path.splitext(name)[0] + ".h"
    for i, m in enumerate(INCLUDE.finditer(text)):
        where = f"{name}:{text.count(chr(10), 0, m.start()) + 1}"
        quoted, header = m.group(1) == '"', m.group(2)
        if quoted and not any(header.startswith(d + "/") for d in allowed):
            yield f'{where}: {layer} may not include "{header}"'
        for pattern, places in ONLY:
            if re.fullmatch(pattern, header) and not any(name.startswith(p) for p in places):
                yield f"{where}: {header} is only for {', '.join(places) or 'no file yet'}"
        if i == 0 and name.endswith(".c") and header != own and f'"{own}"' in text:
            yield f'{where}: a .c file includes its own header "{own}" first'


def check(root):
    for name in tree.c_files(root):
        yield from check_file(name, tree.read(root, name))


if __name__ == "__main__":
    tree.report("layers", list(check(sys.argv[1])))
