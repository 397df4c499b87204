/* softmax or log_softmax of one line, which is where it can be worked on; softmax.c brings it
 * there.
 */
#ifndef TSR_SOFTMAX_LINE_H
#define TSR_SOFTMAX_LINE_H

#include "../kernels/kernels.h"
#include "../tessera.h"

#include <stdatomic.h>

/* Lines of so many elements of `work`, float32 or float64, of `item` bytes. */
typedef struct tsr_lines {
    tsr_context *context;
    const tsr_kernels *kernels;
    bool logarithm;
    tsr_dtype work;
    int64_t item, length;
    _Atomic int status; /* why work stopped */
} tsr_lines;

/* Whether to go on; what was begun is left as it is otherwise. */
bool tsr_lines_go_on(tsr_lines *lines);
/* Stops, unless there is another reason already. */
void tsr_lines_fail(tsr_lines *lines, tsr_status status);
/* Longer lines are shared by threads. */
enum { TSR_SOFTMAX_SHORT = 1 << 17 };
/* Bytes that a line takes while it is worked on; for short ones at most TSR_SOFTMAX_NEAR. */
enum { TSR_SOFTMAX_NEAR = 256 };
size_t tsr_softmax_room(const tsr_lines *lines);
/* A contiguous and aligned line, which may become its own result. `room` is aligned as an element.
 */
void tsr_softmax_line(tsr_lines *lines, const char *from, char *to, char *room);

#endif
