/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/dataset/foreign.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "lib/net/magic.h"
#include "lib/record/column.h"

struct magic {
    const char *bytes;
    size_t len, at;
    const char *what;
};

/* Sources: the formats' specifications; file(1) has the same. */
static const struct magic magics[] = {
    {"\x1f\x8b", 2, 0, "gzip within gzip: unpack it once"},
    {"\xfd"
     "7zXZ",
     5, 0, "packed by xz, and only gzip is read: use 'xz -dc FILE | ...' with - as the file"},
    {"\x28\xb5\x2f\xfd", 4, 0,
     "packed by zstd, and only gzip is read: use 'zstd -dc FILE | ...' with - as the file"},
    {"BZh", 3, 0,
     "packed by bzip2, and only gzip is read: use 'bzip2 -dc FILE | ...' with - as the file"},
    {"\x04\x22\x4d\x18", 4, 0,
     "packed by lz4, and only gzip is read: use 'lz4 -dc FILE | ...' with - as the file"},
    {"PK\x03\x04", 4, 0, "a zip archive, or a spreadsheet: unpack it, or save it as CSV"},
    {"ustar", 5, 257, "a tar archive: unpack it and give the files"},
    {"PAR1", 4, 0, "Parquet, and only CSV is read: write the records as CSV"},
    {"GANADCKP", 8, 0, "a checkpoint, and records are wanted here"},
    {"\xff\xfe", 2, 0, "text in UTF-16, and only ASCII is read: use 'iconv -f UTF-16 -t ASCII'"},
    {"\xfe\xff", 2, 0, "text in UTF-16, and only ASCII is read: use 'iconv -f UTF-16 -t ASCII'"},
};

const char *gad_foreign_file(const void *p, size_t len)
{
    const uint8_t *b = p;
    bool is_capture = false;

    for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
        const struct magic *m = &magics[i];
        if (len >= m->at + m->len && memcmp(b + m->at, m->bytes, m->len) == 0)
            return m->what;
    }
    if (gad_magic_is_capture(p, len, &is_capture) == 0 && is_capture)
        return "a capture of packets, and records are wanted here: make them with 'ganadctl "
               "extract' or 'ganad-train extract'";
    return NULL;
}

static bool begins(const char *line, const char *end, const char *with)
{
    size_t len = strlen(with);

    for (size_t i = 0; i < len; i++) {
        char c = line + i < end ? line[i] : '\0';
        if ((c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c) != with[i])
            return false;
    }
    return true;
}

static size_t count(const char *line, const char *end, char c)
{
    size_t n = 0;

    for (; line < end; line++)
        n += *line == c;
    return n;
}

/* Several fields, none of which begins as a number does. */
static bool are_names(const char *line, const char *end)
{
    enum { FEW = 5 };
    size_t n = 0;

    for (const char *at = line; at && at < end; n++) {
        while (at < end && *at == ' ')
            at++;
        if (at == end || *at == ',' || *at == '-' || (*at >= '0' && *at <= '9'))
            return false;
        at = memchr(at, ',', (size_t)(end - at));
        at = at ? at + 1 : NULL;
    }
    return n >= FEW;
}

/* A first line that names columns, which are not those of a record or not written as they should be. */
static const char *other_head(const char *line, const char *end)
{
    if (begins(line, end, ",duration"))
        return "a head whose first column has no name, as an index has: write the file without it";
    if (count(line, end, ',') == 0 && count(line, end, ';') >= GAD_N_COLUMNS - 1)
        return "columns with ';' between them: write them with commas";
    if (count(line, end, ',') == 0 && count(line, end, '\t') >= GAD_N_COLUMNS - 1)
        return "columns with tabs between them: write them with commas";
    if (*line == '"')
        return "columns in quotes: write the file without them";
    if (are_names(line, end))
        return "a head of other columns: a record has the 41 of KDD99, which begin with "
               "'duration', as 'ganadctl extract --head' writes them";
    return NULL;
}

const char *gad_foreign_line(const char *line, const char *end, int is_first)
{
    if (*line == '{')
        return "a line of JSON, and only CSV is read: write the records as csv";
    if (*line == '[')
        return "JSON, and only CSV is read: write the records as csv";
    if (begins(line, end, "@relation") || begins(line, end, "@attribute") ||
        begins(line, end, "@data") || (is_first && *line == '%'))
        return "ARFF, and only CSV is read: write the lines below @data, and above them as one "
               "line the names of the attributes, with commas between them";
    if (begins(line, end, "#separator") || begins(line, end, "#fields"))
        return "a log of Zeek, whose columns are others: make records of the capture with "
               "'ganadctl extract'";
    return is_first ? other_head(line, end) : NULL;
}

const char *gad_foreign_byte(char c)
{
    if (c == '\r')
        return "a CR without an LF behind it, as old Macs end lines: use tr '\\r' '\\n'";
    if (c == '\0')
        return "a NUL byte, which no text has, but UTF-16: use iconv -f UTF-16 -t ASCII";
    return NULL;
}
