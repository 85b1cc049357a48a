/*
 * login_form.h - the JSON of a login as a wish for the engine.
 *
 * Threads: the connection's intake. Hashing a password takes it 50 ms.
 */
#ifndef ENGINE_DOOR_LOGIN_FORM_H
#define ENGINE_DOOR_LOGIN_FORM_H

#include "engine/door/form.h"
#include "engine/door/request.h"
#include "engine/flow/keeper.h"
#include "engine/flow/mail.h"

/* Memory of a wish; texts borrow from the JSON. */
struct login_form {
    struct login_wish wish;
    char hash[KEEPER_HASH_BYTES];
    struct slice allow_ip[LOGIN_LIST_MAX], source[LOGIN_LIST_MAX];
};

/* Reads the members of an open form; a new login needs system_id and
 * password. The password is hashed by login_form_hash(). */
void login_form_read(struct form *f, bool new, struct login_form *out,
                     struct slice *password);
/* False: no memory for the hash. Nothing to do without a password. */
MUST_CHECK bool login_form_hash(struct login_form *l, struct slice password);

/* Several of them, in memory of the request. wish is what a mail names. */
enum { LOGIN_FORMS_MAX = 16 };
struct login_forms {
    unsigned count;
    struct login_wish wish[LOGIN_FORMS_MAX];
    struct login_form form[LOGIN_FORMS_MAX];
};

/* The next one, from an open form; its password is hashed unless something
 * was wrong before. */
void login_forms_take(struct request *r, struct login_forms *all,
                      struct form *f, bool new);

#endif
