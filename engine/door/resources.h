/*
 * resources.h - the functions that routes.def names, one file a resource.
 *
 * Each gets a request whose key was checked and whose body, if it is JSON,
 * stands in r->body; it replies, asks the engine, or leaves work.
 */
#ifndef ENGINE_DOOR_RESOURCES_H
#define ENGINE_DOOR_RESOURCES_H

struct request;

/* clang-format off */
#define ROUTE(method, path, keys, body, run, summary) void run(struct request *r);
#include "engine/door/routes.def"
/* clang-format on */

#endif
