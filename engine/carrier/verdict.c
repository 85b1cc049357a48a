/*
 * verdict.c - the table, the overrides, and the floors of binds.
 *
 * Promise: as in verdict.h.
 */
#include "engine/carrier/verdict.h"

#include "engine/carrier/settings.h"

enum {
    BOUND_FLOOR_MAX_MS = 300000, /* "already bound": doubling up to this */
    RARE_MS = 300000,            /* a person must mend it: 12 tries an hour */
    BUSY_MS = 5000,              /* throttled while binding */
};

static const char *const names[VERDICT_N] = {
    [VERDICT_OK] = "ok",          [VERDICT_RETRY] = "retry",
    [VERDICT_SLOW] = "slow",      [VERDICT_FAIL] = "fail",
    [VERDICT_STOP_BIND] = "stop",
};

const char *
verdict_name(enum verdict v)
{
    return v < VERDICT_N ? names[v] : "?";
}

bool
verdict_by_name(const char *name, enum verdict *out)
{
    for (int v = 0; v < VERDICT_N; v++) {
        if (strcmp(name, names[v]) == 0) {
            *out = (enum verdict)v;
            return true;
        }
    }
    return false;
}

/* clang-format off */
static enum verdict
standard(uint32_t status)
{
    switch (status) {
#define VERDICT_ROW(code, what, why) case code: return VERDICT_##what;
#include "engine/carrier/verdict.def"
    default: break;
    }
    return status >= 0x400 && status <= 0x4FF ? VERDICT_RETRY : VERDICT_FAIL;
}
/* clang-format on */

enum verdict
verdict_of_submit(const struct carrier_settings *settings, uint32_t status)
{
    for (unsigned i = 0; settings && i < settings->statuses_n; i++)
        if (settings->statuses[i].status == status)
            return settings->statuses[i].verdict;
    return standard(status);
}

uint32_t
verdict_bind_floor_ms(const struct carrier_settings *settings, uint32_t status,
                      unsigned times)
{
    switch (status) {
    case ESME_RALYBND:
    case ESME_RBINDFAIL: {
        uint64_t ms = settings->timers.bound_floor_ms;
        for (unsigned i = 1; i < times && ms < BOUND_FLOOR_MAX_MS; i++)
            ms *= 2;
        return ms < BOUND_FLOOR_MAX_MS ? (uint32_t)ms : BOUND_FLOOR_MAX_MS;
    }
    case ESME_RINVPASWD:
    case ESME_RINVSYSID:
    case ESME_RINVSYSTYP: return RARE_MS;
    case ESME_RTHROTTLED:
    case ESME_RMSGQFUL: return BUSY_MS;
    default: return 0;
    }
}

bool
verdict_is_version_refusal(uint32_t status)
{
    return status == ESME_RBINDFAIL || status == ESME_RINVSYSID ||
           status == ESME_RINVCMDID || status == ESME_RINVCMDLEN ||
           status == ESME_RINVBNDSTS || status == ESME_RSYSERR;
}
