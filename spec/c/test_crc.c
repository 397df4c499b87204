/* CRC-32 three ways: by tables, by polynomial products of 128 and of 512 bits. They must agree for
 * every length up to several of the largest step, from every alignment, with every start; and with
 * the published check value. Ways that this machine does not have are not tried. */
#include "../../core/io/crc.h"
#include "check.h"

enum { LONGEST = 1100, ALIGNMENTS = 5 };

static tsr_crc ways[3];
static int count;

static void agree(void) {
    unsigned char bytes[LONGEST + ALIGNMENTS];
    uint32_t random = 1;
    for (size_t i = 0; i < sizeof bytes; i++) {
        random = random * 1664525 + 1013904223;
        bytes[i] = (unsigned char)(random >> 24);
    }
    for (size_t n = 0; n <= LONGEST; n++)
        for (size_t start = 0; start < ALIGNMENTS; start++) {
            uint32_t before = (uint32_t)(n * 0x9E3779B9 * start);
            uint32_t expected = tsr_crc_more(&ways[0], before, bytes + start, n);
            for (int i = 1; i < count; i++)
                CHECK(tsr_crc_more(&ways[i], before, bytes + start, n) == expected);
        }
}

/* The sum of a whole is that of its parts, wherever it is cut. */
static void in_parts(void) {
    unsigned char bytes[LONGEST];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * i);
    for (int i = 0; i < count; i++) {
        uint32_t whole = tsr_crc_more(&ways[i], 0, bytes, sizeof bytes);
        for (size_t cut = 0; cut <= sizeof bytes; cut += 7) {
            uint32_t first = tsr_crc_more(&ways[i], 0, bytes, cut);
            CHECK(tsr_crc_more(&ways[i], first, bytes + cut, sizeof bytes - cut) == whole);
        }
    }
}

int main(void) {
    tsr_context *context = NULL;
    CHECK(tsr_context_new(NULL, &context, NULL) == TSR_OK);
    tsr_crc best;
    tsr_crc_start(&best, context);
    for (int way = TSR_CRC_TABLES; way <= (int)best.way; way++) {
        ways[count] = best;
        ways[count++].way = (tsr_crc_way)way;
    }
    for (int i = 0; i < count; i++)
        CHECK(tsr_crc_more(&ways[i], 0, "123456789", 9) == 0xCBF43926);
    agree();
    in_parts();
    tsr_context_release(context);
    return report();
}
