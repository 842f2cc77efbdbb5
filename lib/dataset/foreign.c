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

/* Sources: the specifications of the formats; file(1) has the same. */
static const struct magic magics[] = {
    {"\x1f\x8b", 2, 0, "gzip within gzip: unpack it once"},
    {"\xfd"
     "7zXZ",
     5, 0,
     "compressed with xz; only gzip is supported: use 'xz -dc FILE | ...' with - as the file"},
    {"\x28\xb5\x2f\xfd", 4, 0,
     "compressed with zstd; only gzip is supported: use 'zstd -dc FILE | ...' with - as the file"},
    {"BZh", 3, 0,
     "compressed with bzip2; only gzip is supported: use 'bzip2 -dc FILE | ...' with - as the "
     "file"},
    {"\x04\x22\x4d\x18", 4, 0,
     "compressed with lz4; only gzip is supported: use 'lz4 -dc FILE | ...' with - as the file"},
    {"PK\x03\x04", 4, 0, "a zip archive, or a spreadsheet: unpack it, or save it as CSV"},
    {"ustar", 5, 257, "a tar archive: unpack it and pass the files"},
    {"PAR1", 4, 0, "Parquet; only CSV is supported: write the records as CSV"},
    {"GANADCKP", 8, 0, "a checkpoint, not records"},
    {"\xff\xfe", 2, 0, "text in UTF-16; only ASCII is supported: use 'iconv -f UTF-16 -t ASCII'"},
    {"\xfe\xff", 2, 0, "text in UTF-16; only ASCII is supported: use 'iconv -f UTF-16 -t ASCII'"},
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
        return "a capture of packets, not records: create them with 'ganadctl "
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

/* Several fields, none of which starts like a number. */
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

/* A first line that names columns that are not those of a record or not in the expected form. */
static const char *other_head(const char *line, const char *end)
{
    if (begins(line, end, ",duration"))
        return "a head whose first column has no name, like an index: write the file without it";
    if (count(line, end, ',') == 0 && count(line, end, ';') >= GAD_N_COLUMNS - 1)
        return "columns with ';' between them: separate them with commas";
    if (count(line, end, ',') == 0 && count(line, end, '\t') >= GAD_N_COLUMNS - 1)
        return "columns with tabs between them: separate them with commas";
    if (*line == '"')
        return "columns in quotes: write the file without them";
    if (are_names(line, end))
        return "a head of other columns: a record has the 41 of KDD99, starting with "
               "'duration', as written by 'ganadctl extract --head'";
    return NULL;
}

const char *gad_foreign_line(const char *line, const char *end, int is_first)
{
    if (*line == '{')
        return "a line of JSON; only CSV is supported: write the records as CSV";
    if (*line == '[')
        return "JSON; only CSV is supported: write the records as CSV";
    if (begins(line, end, "@relation") || begins(line, end, "@attribute") ||
        begins(line, end, "@data") || (is_first && *line == '%'))
        return "ARFF; only CSV is supported: write the names of the attributes as one line, "
               "separated by commas, then the lines below @data";
    if (begins(line, end, "#separator") || begins(line, end, "#fields"))
        return "a log of Zeek, with other columns: create records from the capture with "
               "'ganadctl extract'";
    return is_first ? other_head(line, end) : NULL;
}

const char *gad_foreign_byte(char c)
{
    if (c == '\r')
        return "a CR without an LF behind it, the line end of old Macs: use tr '\\r' '\\n'";
    if (c == '\0')
        return "a NUL byte, as in UTF-16: use iconv -f UTF-16 -t ASCII";
    return NULL;
}
