/* CRC-32 as zip files use it. */
#ifndef TSR_CRC_H
#define TSR_CRC_H

#include "../tessera.h"

typedef enum tsr_crc_way {
    TSR_CRC_TABLES,
    TSR_CRC_FOLDS_128, /* the processor multiplies polynomials */
    TSR_CRC_FOLDS_512  /* four at once */
} tsr_crc_way;

typedef struct tsr_crc {
    tsr_crc_way way;
    uint32_t table[8][256];
} tsr_crc;

/* As the kernel level of the context allows. */
void tsr_crc_start(tsr_crc *crc, const tsr_context *context);
/* `value` is what the bytes before gave, 0 at first. */
uint32_t tsr_crc_more(const tsr_crc *crc, uint32_t value, const void *data, size_t bytes);

#endif
