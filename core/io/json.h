/* As much of JSON as safetensors needs, strictly: objects, strings, arrays, non-negative integers.
 */
#ifndef TSR_JSON_H
#define TSR_JSON_H

#include "arena.h"

typedef struct tsr_json {
    const char *at, *end;
    tsr_arena *arena; /* where texts go */
    tsr_error *err;
} tsr_json;

/* Passes a character, after white space, if it comes next. */
bool tsr_json_take(tsr_json *json, char c);
/* The same, and an error if it does not. */
tsr_status tsr_json_expect(tsr_json *json, char c);
/* A string without NULs. */
tsr_status tsr_json_string(tsr_json *json, const char **out);
tsr_status tsr_json_integer(tsr_json *json, int64_t *out);
/* `["a", "b", ...]` of integers: at most `most`. */
tsr_status tsr_json_integers(tsr_json *json, int most, int64_t *out, int *count);
/* The start of the next member of an object: its key, and the colon. *more is false at the end.
 * Call it first with *more false, behind the opening brace. */
tsr_status tsr_json_member(tsr_json *json, bool *more, const char **key);

#endif
