/*
 * engine.h - the face of the engine: where to begin.
 *
 *   core     turns, connections, TLS, clocks, log, metrics
 *   session  one SMPP conversation, either end
 *   carrier  the way out: binds, rates, verdicts, quirks
 *   flow     the life of a message; the only room that includes store/
 *   door     the HTTP API, on threads of its own
 *   cli      the program `volley`
 *
 * Arrows: core <- session <- carrier <- flow <- door; daemon.c wires them.
 * Each room has a README.md of a page with its reading order.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "engine/carrier/carrier.h"
#include "engine/config.h"
#include "engine/core/loop.h"
#include "engine/daemon.h"
#include "engine/door/door.h"
#include "engine/flow/flow.h"
#include "engine/session/session.h"

#endif
