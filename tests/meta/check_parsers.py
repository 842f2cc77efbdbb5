# SPDX-License-Identifier: Apache-2.0
"""Programs contain no parser of JSON, YAML or XML. Usage: check_parsers.py PROGRAM...

The daemon reads INI, protobuf and its own fixed formats. It writes JSON with its own writer;
jansson's writing functions would be allowed. The check covers the required libraries, and the
functions that are imported or linked in."""

import re

import tree

LIBRARY = re.compile(r"\(NEEDED\) .*\[(lib(?:json-c|json-glib|yajl|cjson|simdjson|yaml|fyaml|xml2"
                     r"|expat)\b[^\]]*)\]")
# Functions of Debian's libraries that turn text into a value
PARSER = re.compile(r"^(json_load\w*|json_(tokener|parser)_\w+|json_object_from_(file|fd)\w*"
                    r"|yajl_(parse|tree_parse)\w*|"
                    r"cJSON_Parse\w*|yaml_\w+|fy_\w+|xml(Read|Parse|Ctxt|SAX)\w*|XML_Parse\w*)$")


def check(program):
    text = tree.readelf(program, "--dynamic", "--syms", "--dyn-syms")
    names = {m.group(1)
             for m in re.finditer(r"^ *\d+: [0-9a-f]+ +\S+ (?:FUNC|NOTYPE) .* (?:UND|\d+) (\w+)",
                                  text, re.M)}
    for library in LIBRARY.findall(text):
        yield f"{program}: is linked with {library}"
    for name in sorted(n for n in names if PARSER.match(n)):
        yield f"{program}: has '{name}', a parser of text that it must not read"
    if "__libc_start_main" not in names:
        yield f"{program}: no symbols that make sense"


if __name__ == "__main__":
    tree.report_programs("parsers", check)
