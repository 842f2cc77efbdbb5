/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/buf.h"
#include "tools/ganad-train/fit/options.h"
#include "tools/ganad-train/fit/settings.h"
#include "tools/ganad-train/labels.h"

const char *const fit_residual_on_names[2] = {"eg", "e"};
const char *const fit_loss_names[2] = {[GAD_ADV_BCE] = "bce", [GAD_ADV_FEATURE_MATCHING] = "fm"};
const char *const fit_keep_names[FIT_N_KEEPS] = {"last", "best", "test-labels"};

const char fit_help[] =
    "Usage: ganad-train fit --data FILE... --out FILE [OPTION...]\n\n"
    "Trains a model on connection records and writes a checkpoint. FILEs are KDD99 (41 columns,\n"
    "or 42 with a label) or NSL-KDD (43), plain or gzip, or files of ganadd and of 'ganadctl\n"
    "extract --with-connection --head'. The latter two have the time of each record. For them the "
    "default\n"
    "is protocol baseline: GANomaly trains on the first days, later days give the thresholds, and\n"
    "the last day is held out and shows the false alarms of a budget. Without times the default\n"
    "is EGBAD on the normal connections of one half of the rows.\n\n"
    "What to train:\n"
    "  --data FILE...             records; may be repeated\n"
    "  --model egbad|ganomaly|anogan\n"
    "                             default ganomaly; with survey egbad\n"
    "  --protocol NAME            normal: train on normal connections, find attacks.\n"
    "                             baseline: one's own network, by time; the default for records\n"
    "                             with times and without labels, else the default is normal.\n"
    "                             normal-unique: as normal, each record once\n"
    "                             survey: the published setting, train on attacks, find normal\n"
    "  --all-rows                 train on all rows of the class, keep no half for testing\n"
    "  --scaler none|minmax|log-minmax|standard|quantile\n"
    "                             default quantile; anogan: minmax; survey: none, as published\n"
    "  --contamination SHARE      share of the rows that may be unlabelled attacks, up to 0.2:\n"
    "                             twice that share, the records least like the others, does not\n"
    "                             train\n"
    "  --leave-out FROM/TO        baseline: leave out records of this time, such as\n"
    "                             2026-01-03T07:11:00Z/2026-01-03T07:12:00Z; may be repeated\n"
    "  --normal NAME              the label of normal records, in place of 'normal' and 'benign';\n"
    "                             may be repeated\n"
    "  --skip-bad                 skip and count bad lines instead of stopping at the first\n\n"
    "How:\n"
    "  --epochs N                 default 15; with survey 50, ganomaly 5; with baseline 5 to 100,\n"
    "                             more for fewer records; 0: the first, random weights\n"
    "  --seed N                   default 1; the same seed, data and machine give the same file\n"
    "  --batch N                  rows a step\n"
    "  --lr X                     learning rate of Adam\n"
    "  --ema X                    decay of the averaged weights that are kept; 0: no average\n"
    "  --residual X               egbad: weight of |x - G(E(x))| in the losses of E and G\n"
    "  --residual-on eg|e         egbad: default eg; e: only in the loss of E, as in the survey\n"
    "  --loss bce|fm              adversarial loss: on the discriminator's output or\n"
    "                             features; default for egbad bce, for ganomaly fm\n"
    "  --weights A,C,E            ganomaly: adversarial, contextual, encoder loss\n"
    "  --condition COLUMN         egbad, anogan: generator and discriminator also read this\n"
    "                             categorical column of the record, such as service; default none\n"
    "  --keep last|best           default last; best: the epoch with the lowest held-out error;\n"
    "                             survey also test-labels: the one with the best F1 on the TEST\n"
    "                             rows, as in the survey; such a figure is too good\n"
    "  --patience N               with best: end after N epochs without a better one\n"
    "  --resume FILE              write the state of training to FILE after each epoch, and\n"
    "                             continue from FILE if it exists: the checkpoint is the same,\n"
    "                             bit for bit, as without interruption. Removed at the end\n\n";

const char fit_help_more[] =
    "Score and threshold:\n"
    "  --score KIND               egbad: fm, cross-e, cross-e-paper, residual;\n"
    "                             ganomaly: enc, rec;\n"
    "                             either: joint, the default without survey;\n"
    "                             anogan: fm, cross-e\n"
    "  --score-weight X           egbad, anogan: share of the discriminator's part, 0 to 1\n"
    "  --degree 1|2               egbad: the norm\n"
    "  --steps N                  anogan: steps of the search for each record, default 500\n"
    "  --tolerance X              anogan: end a search when 25 steps lower the loss by less than\n"
    "                             this share; default 0: never\n"
    "  --calibration-share X      share of the training class that is held out of training for\n"
    "                             thresholds and p-values, default 0.1; 0 (survey): the rows of\n"
    "                             the other half\n"
    "  --folds N                  2 to 10: all rows train, and calibrate by folds; 0: hold rows "
    "out;\n"
    "                             default 10 up to 2,000 rows, 5 up to 20,000, then 0\n"
    "  --fpr-budget X             baseline: share of normal records that may raise an alert, to\n"
    "                             measure the held-out day with; default 0.001\n\n"
    "The file:\n"
    "  -o, --out FILE             the checkpoint; replaced atomically at the end\n"
    "  --name NAME                shown in alerts, default the model's name\n"
    "  --date TEXT                noted in the checkpoint; default none, so that the file can be\n"
    "                             reproduced\n"
    "  -q, --quiet                no progress\n\n"
    "Ctrl-C stops, keeps the last finished epoch (or the best, if requested) and writes it; a\n"
    "second Ctrl-C quits at once. Exit codes: 0 written, 1 failed, 2 wrong usage, 130 interrupted\n"
    "with nothing to write.\n";

void fit_options_command(const struct fit_options *o, const struct gad_table *t, struct gad_buf *b)
{
    const struct gad_train_options *train = &o->train;

    gad_buf_printf(b,
                   "ganad-train fit --model %s --protocol %s --scaler %s --epochs %u --seed %llu",
                   o->model->name, o->protocol->name, gad_scaler_kind_name(o->scaler), o->epochs,
                   (unsigned long long)train->seed);
    gad_buf_printf(b, " --batch %zu --lr %.9g --ema %.9g", train->batch, train->learning_rate,
                   train->ema);
    settings_command(o, b);
    if (o->is_joint)
        gad_buf_printf(b, " --score joint");
    else if (train->score)
        gad_buf_printf(b, " --score %s", train->score);
    if (o->folds > 0)
        gad_buf_printf(b, " --folds %u", o->folds);
    else if (!o->protocol->by_time)
        gad_buf_printf(b, " --calibration-share %.9g", o->calibration_share);
    gad_buf_printf(b, " --keep %s --name %s", fit_keep_names[o->keep], o->name);
    if (o->protocol->by_time)
        gad_buf_printf(b, " --fpr-budget %.9g", o->budget);
    for (size_t i = 0; i < o->n_left_out; i++) {
        char from[GAD_TIME_TEXT], to[GAD_TIME_TEXT];
        gad_time_text(o->left_out[i].from, from);
        gad_time_text(o->left_out[i].to, to);
        gad_buf_printf(b, " --leave-out %s/%s", from, to);
    }
    if (o->contamination > 0.0)
        gad_buf_printf(b, " --contamination %.9g", o->contamination);
    if (o->patience > 0)
        gad_buf_printf(b, " --patience %u", o->patience);
    labels_command(t, &o->normal, b);
    if (o->all_rows)
        gad_buf_printf(b, " --all-rows");
    if (o->skip_bad)
        gad_buf_printf(b, " --skip-bad");
    gad_buf_printf(b, " --data");
}
