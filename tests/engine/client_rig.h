/*
 * client_rig.h - a server of clients on loopback, raw peers that write octets
 * by hand, a flow that notes what it hears, and a fake clock.
 */
#ifndef TESTS_ENGINE_CLIENT_RIG_H
#define TESTS_ENGINE_CLIENT_RIG_H

#include "engine/client/client.h"
#include "engine/core/loop.h"
#include "tests/engine/run_suite.h"

enum { RIG_HEARD = 64 };

/* What the flow does and has heard. */
struct rig_flow {
    /* what it does with binds */
    bool hold_binds; /* answers none by itself */
    uint32_t refuse_with;
    unsigned refuse_ms;
    struct client_grant grant;
    /* what it does with requests */
    bool hold_requests; /* takes them, answers none by itself */
    unsigned later;     /* so many are put off */
    uint32_t answer_with;
    /* heard */
    unsigned asked, bound, closed, requests, answered, lost;
    char system_id[64], password[64], peer[64], tls[16], certificate[128];
    enum session_mode mode;
    uint8_t version;
    struct client *client; /* the last asked about; NULL when closed */
    char why[160];
    uint32_t request_id[RIG_HEARD], request_seq[RIG_HEARD];
    uint64_t note[RIG_HEARD];
    uint32_t status[RIG_HEARD];
    uint64_t lost_note[RIG_HEARD];
    enum session_loss loss[RIG_HEARD];
};

extern struct loop *loop;
extern struct clients *server;
extern struct clients_settings rig_settings;
extern struct rig_flow flow;
extern bool rig_durable; /* the store has passed all at once */
extern uint64_t rig_pos; /* of this turn's facts */

void rig_set_up(void);
void rig_tear_down(void);
/* Opens the server; done by rig_connect() too. */
void rig_serve(void);
void rig_turns(int n);
void rig_pass_ms(uint64_t ms);

/* A raw peer's socket. */
int rig_connect(void);
void rig_put(int fd, const char *hex);
/* Exactly n octets as hex, or as many as came. */
const char *rig_get(int fd, size_t n);
/* True when the server ended the connection. */
bool rig_is_at_end(int fd);
/* True when nothing has come. */
bool rig_is_silent(int fd);
/* Connects and binds; the answer was read. */
int rig_bind(const char *hex);

/* SMPP 3.4, 4.1: system_id "esme", password "secret", system_type "VMS",
 * interface_version, TON, NPI, address_range. */
#define RIG_BIND(command, version)                                             \
    "00000024 " command " 00000000 00000001 65736d6500 73656372657400 "        \
    "564d5300 " version " 01 01 00"
#define RIG_BIND_RX  RIG_BIND("00000001", "34")
#define RIG_BIND_TX  RIG_BIND("00000002", "34")
#define RIG_BIND_TRX RIG_BIND("00000009", "34")
/* 3.4, 4.4.1: source "1000", destination "2000", text "hi". */
#define RIG_SUBMIT(sequence)                                                   \
    "0000002b 00000004 00000000 " sequence " 00 00 00 3130303000 00 00 "       \
    "3230303000 00 00 00 00 00 01 00 00 00 02 6869"

#endif
