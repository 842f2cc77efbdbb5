/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the file of budgets: refused, or the same after writing and reading it. The hours
 * and days that follow are then counted within the limits.
 */
#include <string.h>

#include "daemon/score/budget_file.h"
#include "lib/base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool x)
{
    if (!x)
        __builtin_trap();
}

static void go_on(const struct budget_state *s)
{
    static const struct budget_options keys = {
        .adapt = true, .step = 2, .most = 8, .after = {21600000000000}, .least = 100};
    static struct budget b;
    struct budget_news news;

    b.is = *s;
    for (int i = 1; i < 30; i++) {
        (void)budget_turn(&b, &keys, (struct gad_time){(s->hour + i) * INT64_C(3600000000000)});
        for (int k = 0; k < 10; k++)
            budget_count(&b, (float)k, k > 8 ? BUDGET_FALSE_ALARM : BUDGET_NORMAL);
        budget_review(&b, &keys, &news);
        require(news.level <= BUDGET_LEVELS && budget_proposal(&b, &keys) <= BUDGET_LEVELS);
        require(news.rate.low >= 0 && news.rate.low <= news.rate.high && news.rate.high <= 1);
        (void)budget_set_apart(&b, 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct budget_table t, back;
    struct gad_buf a = GAD_BUF_INIT(BUDGET_FILE_MAX), b = GAD_BUF_INIT(BUDGET_FILE_MAX);

    if (budget_parse("f", (const char *)data, size, &t, NULL) == 0) {
        require(t.n <= BUDGET_ENTRIES_MAX);
        budget_print(&t, &a);
        require(!a.bad && budget_parse("f", (const char *)a.p, a.len, &back, NULL) == 0);
        require(back.n == t.n);
        budget_print(&back, &b);
        require(a.len == b.len && memcmp(a.p, b.p, a.len) == 0);
        for (size_t i = 0; i < t.n; i++)
            go_on(&t.of[i].is);
    } else {
        require(t.n == 0);
    }
    gad_buf_deinit(&a);
    gad_buf_deinit(&b);
    return 0;
}
