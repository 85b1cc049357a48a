/*
 * session_rig.h - an ESME and an SMSC over loopback, a raw peer that writes
 * octets by hand, and a fake clock: for the tests of engine/session/.
 */
#ifndef TESTS_ENGINE_SESSION_RIG_H
#define TESTS_ENGINE_SESSION_RIG_H

#include "engine/core/loop.h"
#include "engine/session/session.h"
#include "tests/engine/run_suite.h"

enum { HEARD = 64 };

struct side {
    struct session *s;
    bool opened, bound, refused, closed, asked;
    enum session_mode mode;
    uint32_t status;
    enum close_reason why;
    char detail[200];
    char system_id[32], password[16];
    /* requests */
    unsigned requests, later;
    uint32_t request_id[HEARD], request_seq[HEARD];
    bool answer_now;
    uint32_t answer_with;
    /* answers */
    unsigned answers, late;
    uint64_t note[HEARD];
    uint32_t answer_status[HEARD];
    char id[HEARD][20];
    unsigned lost;
    uint64_t lost_note[HEARD];
    enum session_loss loss[HEARD];
};

extern struct loop *loop;
extern struct side esme, smsc;
extern struct session_settings smsc_settings, esme_settings;
extern uint32_t bind_answer; /* what the SMSC says to binds */
extern bool hold_bind;
extern int raw; /* the raw peer's socket */
extern bool raw_wanted;

void rig_turns(int n);
bool rig_until(const bool *flag);
/* Moves the fake clock on and lets everything happen that is due. */
void rig_pass_ms(uint64_t ms);
void rig_set_up(void);
void rig_tear_down(void);
void rig_dial_how(bool unheld);
void rig_bind_both(void);
uint32_t rig_submit(struct session *s, uint64_t note);
void rig_raw_put(const char *hex);
/* Reads exactly n octets as hex; the sequence number stands in it. */
const char *rig_raw_get(size_t n);
/* True when the session closed the connection. */
bool rig_raw_is_at_end(void);
/* An ESME session bound to a raw SMSC. */
void rig_bind_to_raw(void);
void rig_connect_raw_to_smsc(void);

#define BIND_TRX                                                               \
    "00000023 00000009 00000000 00000001 766f6c6c657900 73656372657400"        \
    " 00 34 00 00 00 "

#endif
