/*
 * pdu_json.h - PDUs as JSON, for people and for tests.
 *
 * Promise: what pdu_stream_to_json() writes, pdu_from_json() reads. Numbers
 * that are names in the specification are given both ways; octets that are
 * not ASCII text stand as {"hex": "..."}.
 *
 * Threads: none shared. Objects returned are the caller's to json_decref().
 */
#ifndef ENGINE_CLI_PDU_JSON_H
#define ENGINE_CLI_PDU_JSON_H

#include <jansson.h>

#include "proto/pdu.h"

enum { PDU_JSON_ERROR_SIZE = 256 };

/*
 * {command_length, command_id, command_name, command_status, status_name,
 * sequence_number, fields: {...}, tlvs: [...]}; `body: "absent"` for a
 * response without one. An unknown command has no fields and no tlvs.
 */
json_t *pdu_to_json(const struct pdu *p);

/* {error, offset, detail, reaction, decoded_before_error}; the last only
 * with a whole header in p, which may be NULL. base is added to offset. */
json_t *
pdu_error_to_json(const struct pdu_error *e, const struct pdu *p, size_t base);

/*
 * All that arrived on a wire: one PDU as an object, several as a list, a bad
 * one as an error. Octets behind the last PDU that cannot begin another are
 * counted as its `trailing_octets_after_pdu`.
 */
json_t *
pdu_stream_to_json(struct slice in, enum pdu_mode mode, size_t max_bytes);

/*
 * Reads the shape of pdu_to_json() into *out. command_id or command_name is
 * needed, all else may be left out; unknown names are refused. out borrows
 * from in and from scratch, which holds octets given in hexadecimal. False
 * with a message that names the place in error.
 */
MUST_CHECK bool pdu_from_json(const json_t *in, struct writer *scratch,
                              struct pdu *out, char error[PDU_JSON_ERROR_SIZE]);

#endif
