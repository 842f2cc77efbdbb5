/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "lib/base/file.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/checkpoint/checkpoint.h"
#include "lib/sign/beside.h"
#include "tools/common/option.h"
#include "tools/ganad-train/cli.h"

static int verify(const char *path, const struct gad_sign_keys *keys)
{
    gad_cleanup(gad_freep) uint8_t *p = NULL;
    char comment[4 * GAD_SIGN_COMMENT_MAX + 1];
    struct gad_diag d = {""};
    struct gad_signed s;
    size_t len;

    int r = gad_file_read(path, GAD_CKPT_FILE_MAX, &p, &len, &d);
    if (r == 0)
        r = gad_signed_check(path, p, len, keys, &s, &d);
    if (r != 0)
        return cli_failed(r, &d);
    gad_text_escape(comment, sizeof(comment), s.comment, strlen(s.comment));
    if (s.state == GAD_SIGNED)
        (void)printf("%s: signed by %s %s\n", path, s.key, comment);
    else if (s.state == GAD_SIGNED_UNKNOWN)
        cli_say("%s: signed by key %s, which is not trusted", path, s.key);
    else
        cli_say("%s: not signed", path);
    return s.state == GAD_SIGNED ? CLI_OK : CLI_FAILED;
}

static int run(const struct cli_command *self, int argc, char **argv)
{
    static const struct option longs[] = {{"keys", required_argument, NULL, 'k'},
                                          {NULL, 0, NULL, 0}};
    gad_cleanup(gad_freep) struct gad_sign_keys *keys = gad_calloc(1, sizeof(*keys));
    const char *directory = "/etc/ganad/trusted.d";
    struct gad_diag d = {""};
    int c, code = CLI_OK;

    while ((c = option_next(argc, argv, "", longs, NULL)) != -1) {
        if (c != 'k')
            return cli_try_help(self);
        directory = optarg;
    }
    if (optind == argc)
        return cli_usage(self, "give the checkpoints to verify");
    int r = keys ? gad_sign_keys_read(directory, keys, &d) : GAD_ENOMEM;
    if (r != 0)
        return cli_failed(r, &d);
    if (keys->n == 0) {
        cli_say("%s: no keys (*.pub) in this directory", directory);
        return CLI_FAILED;
    }
    for (int i = optind; i < argc; i++) {
        int one = verify(argv[i], keys);
        code = code == CLI_OK ? one : code;
    }
    int flushed = cli_flushed();
    return code == CLI_OK ? flushed : code;
}

const struct cli_command command_verify = {
    .name = "verify",
    .summary = "check the signature of checkpoints",
    .help = "Usage: ganad-train verify [--keys DIRECTORY] CHECKPOINT...\n\n"
            "Checks the signature beside each checkpoint, CHECKPOINT.minisig, which minisign -Sm\n"
            "writes. The exit status is 0 if all have a valid signature of a trusted key.\n\n"
            "  --keys DIRECTORY  the public keys, *.pub (/etc/ganad/trusted.d)\n",
    .run = run,
};
