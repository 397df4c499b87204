/* Statuses and the text of errors.
 *
 * Messages are put together here by a small formatter of our own: the core calls no function of the
 * printf family, because those depend on the host's locale and may allocate. The formatter writes
 * into the caller's fixed buffer, never past it, and always ends it. */
#include "../tessera.h"

#include <stdarg.h>
#include <string.h>

typedef struct text {
    char *at, *end; /* end: the place of the last byte, kept for the terminator */
} text;

static void put_bytes(text *t, const char *s, size_t n) {
    size_t room = (size_t)(t->end - t->at);
    if (n > room)
        n = room;
    memcpy(t->at, s, n);
    t->at += n;
}

static void put_string(text *t, const char *s) {
    put_bytes(t, s, strlen(s));
}

static void put_unsigned(text *t, uint64_t n) {
    char digits[20];
    size_t i = sizeof digits;
    do {
        digits[--i] = (char)('0' + n % 10);
        n /= 10;
    } while (n != 0);
    put_bytes(t, digits + i, sizeof digits - i);
}

static void put_signed(text *t, int64_t n) {
    if (n < 0)
        put_string(t, "-");
    put_unsigned(t, n < 0 ? 0 - (uint64_t)n : (uint64_t)n);
}

static void put_shape(text *t, int ndim, const int64_t *shape) {
    put_string(t, "(");
    for (int i = 0; i < ndim; i++) {
        if (i > 0)
            put_string(t, ", ");
        put_signed(t, shape[i]);
    }
    put_string(t, ndim == 1 ? ",)" : ")");
}

tsr_status tsr_error_set(tsr_error *err, tsr_status status, const char *format, ...) {
    if (err == NULL)
        return status;
    err->status = status;
    text t = {err->message, err->message + sizeof err->message - 1};
    va_list args;
    va_start(args, format);
    for (const char *f = format; *f != '\0'; f++) {
        if (*f != '%') {
            put_bytes(&t, f, 1);
            continue;
        }
        switch (*++f) {
        case 's':
            put_string(&t, va_arg(args, const char *));
            break;
        case 'd':
            put_signed(&t, va_arg(args, int64_t));
            break;
        case 'i': {
            int64_t index = va_arg(args, int64_t);
            put_signed(&t, index < 0 ? index : index + err->index_base);
            break;
        }
        case 'u':
            put_unsigned(&t, va_arg(args, size_t));
            break;
        case 't': {
            const tsr_dtype_info *info = tsr_dtype_describe((tsr_dtype)va_arg(args, int));
            put_string(&t, info != NULL ? info->name : "?");
            break;
        }
        case 'c': {
            char c = (char)va_arg(args, int);
            put_bytes(&t, &c, 1);
            break;
        }
        case 'v': {
            int ndim = va_arg(args, int);
            put_shape(&t, ndim, va_arg(args, const int64_t *));
            break;
        }
        default:
            put_bytes(&t, f, 1);
            break;
        }
    }
    va_end(args);
    *t.at = '\0';
    return status;
}

const char *tsr_status_name(tsr_status status) {
    static const char *const names[] = {
        [TSR_OK] = "ok",
        [TSR_ESHAPE] = "shape",
        [TSR_EDTYPE] = "dtype",
        [TSR_EINDEX] = "index",
        [TSR_EVALUE] = "value",
        [TSR_EMEMORY] = "memory",
        [TSR_EREADONLY] = "readonly",
        [TSR_EREVOKED] = "revoked",
        [TSR_ECANCELLED] = "cancelled",
        [TSR_EDEADLINE] = "deadline",
        [TSR_ELIMIT] = "limit",
        [TSR_EIO] = "io",
        [TSR_EUNSUPPORTED] = "unsupported",
        [TSR_EBUSY] = "busy",
    };
    _Static_assert(sizeof names / sizeof *names == TSR_STATUS_COUNT, "a name for each status");
    return (unsigned)status < TSR_STATUS_COUNT ? names[status] : "unknown";
}

int tsr_abi(void) {
    return TSR_ABI;
}
