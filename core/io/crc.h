/* CRC-32 as zip files use it. */
#ifndef TSR_CRC_H
#define TSR_CRC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct tsr_crc {
    bool folds; /* the processor multiplies polynomials */
    uint32_t table[8][256];
} tsr_crc;

void tsr_crc_start(tsr_crc *crc);
/* `value` is what the bytes before gave, 0 at first. */
uint32_t tsr_crc_more(const tsr_crc *crc, uint32_t value, const void *data, size_t bytes);

#endif
