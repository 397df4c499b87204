/* What is known of each dtype, all of it out of dtypes.def, and the search by name. */
#include "../tessera.h"
#include "ctypes.h"

#include <string.h>

#define TSR_DTYPE(NAME, name, ctype, kind, typestr, digits, COMPONENT, torch, numpy)               \
    [TSR_##NAME] = {#name, typestr, kind, sizeof(ctype), _Alignof(ctype), digits, TSR_##COMPONENT},
static const tsr_dtype_info infos[] = {
#include "dtypes.def"
};

#define TSR_DTYPE(NAME, name, ctype, kind, typestr, digits, COMPONENT, torch, numpy)               \
    [TSR_##NAME] = {[TSR_FACE_TORCH] = torch, [TSR_FACE_NUMPY] = numpy},
static const char *const aliases[][TSR_FACE_COUNT] = {
#include "dtypes.def"
};

_Static_assert(sizeof infos / sizeof *infos == TSR_DTYPE_COUNT, "a row for each dtype");

const tsr_dtype_info *tsr_dtype_describe(tsr_dtype dtype) {
    return (unsigned)dtype < TSR_DTYPE_COUNT ? &infos[dtype] : NULL;
}

const char *tsr_dtype_aliases(tsr_face face, tsr_dtype dtype) {
    return aliases[dtype][face];
}

static bool has_word(const char *words, const char *word) {
    size_t n = strlen(word);
    for (const char *w = words; *w != '\0';) {
        size_t length = strcspn(w, " ");
        if (length == n && memcmp(w, word, n) == 0)
            return true;
        w += length + strspn(w + length, " ");
    }
    return false;
}

/* "<f4", "=f4", "|u1" and "f4" are the same here; ">f4" is foreign. */
static bool is_typestr(const char *typestr, const char *text) {
    if (strchr("<|=", text[0]) != NULL && text[0] != '\0')
        text++;
    return strcmp(typestr + 1, text) == 0;
}

bool tsr_dtype_parse(tsr_face face, const char *text, tsr_dtype *out) {
    for (int d = 0; d < TSR_DTYPE_COUNT; d++) /* no alias is another's name */
        if (infos[d].name[0] == text[0] && strcmp(infos[d].name, text) == 0) {
            *out = (tsr_dtype)d;
            return true;
        }
    for (int d = 0; d < TSR_DTYPE_COUNT; d++) {
        bool void2 = d == TSR_BFLOAT16; /* its typestr says only "two bytes of something" */
        if (has_word(aliases[d][face], text) || (!void2 && is_typestr(infos[d].typestr, text))) {
            *out = (tsr_dtype)d;
            return true;
        }
    }
    return false;
}
