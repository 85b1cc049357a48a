/*
 * desk.h - mails are opened, handled, and answered when durable.
 *
 * Threads: the engine thread, but for what mail.h allows others.
 */
#ifndef ENGINE_FLOW_DESK_H
#define ENGINE_FLOW_DESK_H

#include "engine/flow/flow.h"

bool desk_open(struct flow *f);
void desk_close(struct flow *f);

/* Answers with a refusal. code and pointer are static; pointer may be NULL.
 * Always false, for `return mail_refuse(...)`. */
bool mail_refuse(struct mail *m, enum mail_result result, const char *code,
                 const char *pointer, const char *detail);

/* One that its handler kept goes back. */
void desk_return(struct flow *f, struct mail *m);

/* Handles what came since the last turn. */
void desk_handle(struct flow *f);
/* Sends back what became durable; all of it when the flow is stopping. */
void desk_release(struct flow *f, bool all);

/* directory_mail.c */
void directory_on_account(struct flow *f, struct mail *m);
void directory_on_sender(struct flow *f, struct mail *m);
void directory_on_number(struct flow *f, struct mail *m);
void directory_on_pool(struct flow *f, struct mail *m);

/* route_explain.c */
void route_on_explain(struct flow *f, struct mail *m);

/* status.c */
void status_on_carriers(struct flow *f, struct mail *m);
void status_on_carrier(struct flow *f, struct mail *m);
void status_on_status(struct flow *f, struct mail *m);

#endif
