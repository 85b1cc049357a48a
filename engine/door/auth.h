/*
 * auth.h - whose key a request carries.
 *
 * Threads: any intake.
 */
#ifndef ENGINE_DOOR_AUTH_H
#define ENGINE_DOOR_AUTH_H

#include "engine/door/request.h"

/* The SHA-256 that the admin's key is compared by. */
void auth_set_admin(struct door *d, const char *key);

/* Sets r->who; a problem (401, 403) when the route may not be called. */
void auth_check(struct request *r);

#endif
