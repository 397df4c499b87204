/* Fuzzing the readers of files with libFuzzer: whatever the bytes are, opening them and reading all
 * there is ends in arrays or in an error, in bounded memory, and leaves nothing behind.
 *
 * One program a reader (-DFUZZ=...): WHOLE takes the bytes as a file (.npy, .npz, safetensors, .pt,
 * as they begin), NPY puts them behind the magic of an .npy, SAFETENSORS behind the length of a
 * header, PICKLE into an archive as its data.pkl, beside two storages, in either byte order,
 * DEFLATED as the packed bytes of an .npz member whose check sum nobody could guess, TEXT reads
 * numbers. */
#include "tessera.h"

#include <stdlib.h>
#include <string.h>

enum { WHOLE, NPY, SAFETENSORS, PICKLE, DEFLATED, TEXT };

typedef struct bytes {
    uint8_t *at;
    size_t count;
} bytes;

static bool read_at(void *user, int64_t offset, void *buffer, size_t count) {
    const bytes *b = user;
    if (offset < 0 || (size_t)offset > b->count || count > b->count - (size_t)offset)
        abort(); /* the library asks for what is there alone */
    if (count > 0)
        memcpy(buffer, b->at + offset, count);
    return true;
}

static bool open_bytes(void *user, const char *name, tsr_reader *out) {
    const bytes *b = user;
    (void)name;
    *out = (tsr_reader){.size = (int64_t)b->count, .read_at = read_at, .user = user};
    return true;
}

static void check(const tsr_array *a) { /* all of it can be looked at */
    size_t n = (size_t)tsr_array_size(a);
    tsr_scalar value;
    int64_t index[TSR_MAX_DIMS] = {0};
    if (n > 0 && tsr_array_get(a, tsr_array_ndim(a), index, &value, NULL) != TSR_OK)
        abort();
    for (int i = 0; i < tsr_array_ndim(a); i++)
        index[i] = tsr_array_shape(a)[i] - 1;
    if (n > 0 && tsr_array_get(a, tsr_array_ndim(a), index, &value, NULL) != TSR_OK)
        abort();
}

static void look(tsr_file *file) {
    for (int64_t i = 0; i < tsr_file_count(file); i++) {
        int64_t fields = 0;
        if (tsr_file_find(file, tsr_file_name(file, i)) != i)
            abort();
        if (tsr_file_fields(file, i, &fields, NULL) != TSR_OK)
            continue;
        for (int64_t k = 0; k < fields; k++) {
            tsr_array *array = NULL;
            if (tsr_file_array(file, i, k, &array, NULL) == TSR_OK)
                check(array);
            tsr_array_release(array);
        }
    }
    tsr_value value;
    int64_t root = tsr_file_root(file);
    for (int64_t v = 0; root >= 0 && v < 1000; v++)
        if (tsr_file_value(file, v, &value, NULL) == TSR_OK && value.kind >= TSR_VALUE_LIST &&
            value.kind <= TSR_VALUE_DICT)
            for (int64_t at = value.as.items, n = 0; at >= 0 && n < 1000; n++)
                tsr_file_item(file, &at);
}

static void read_file(const uint8_t *data, size_t count, bool raw) {
    tsr_config config = {.struct_size = sizeof config, .quota = (size_t)256 << 20};
    tsr_context *context = NULL;
    if (tsr_context_new(&config, &context, NULL) != TSR_OK)
        abort();
    bytes b = {(uint8_t *)(uintptr_t)data, count};
    tsr_opener opener = {.struct_size = sizeof opener, .read = open_bytes, .user = &b};
    tsr_file_options options = {
        .struct_size = sizeof options, .opener = &opener, .bfloat16 = raw, .raw = raw};
    tsr_file *file = NULL;
    tsr_error err = {0};
    tsr_status status = tsr_file_open(context, "fuzz", &options, &file, &err);
    if (status == TSR_OK)
        look(file);
    else if (err.message[0] == '\0' || (status != TSR_EMEMORY && strncmp(err.message, "fuzz: ", 6)))
        abort(); /* errors say what they are, and of which file */
    tsr_file_release(file);
    tsr_memory memory;
    tsr_context_memory(context, &memory);
    if (memory.current != 0)
        abort();
    tsr_context_release(context);
}

/* A zip archive of stored members, sums and all. */
typedef struct zip {
    uint8_t *at, *directory;
    size_t count, directory_count, members;
} zip;

static uint32_t sum(const uint8_t *data, size_t count) {
    uint32_t r = ~0u;
    for (size_t i = 0; i < count; i++) {
        r ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            r = r >> 1 ^ (0xEDB88320 & (0 - (r & 1)));
    }
    return ~r;
}

static void put(uint8_t **to, uint64_t value, int count) {
    for (int i = 0; i < count; i++, value >>= 8)
        *(*to)++ = (uint8_t)value;
}

static void add(zip *z, const char *name, const uint8_t *data, size_t count, int method,
                size_t size) {
    size_t n = strlen(name), offset = z->count;
    uint32_t crc = sum(data, count);
    for (int local = 1; local >= 0; local--) {
        uint8_t *to = local ? z->at + z->count : z->directory + z->directory_count;
        uint8_t *start = to;
        put(&to, local ? 0x04034B50 : 0x02014B50, 4);
        put(&to, 20, local ? 2 : 4);
        put(&to, 0, 2);
        put(&to, (uint64_t)method, 2);
        put(&to, 0, 4);
        put(&to, crc, 4);
        put(&to, count, 4);
        put(&to, size, 4);
        put(&to, n, 4);
        if (!local) {
            put(&to, 0, 10);
            put(&to, offset, 4);
        }
        memcpy(to, name, n);
        to += n;
        if (local && count > 0)
            memcpy(to, data, count);
        to += local ? count : 0;
        *(local ? &z->count : &z->directory_count) += (size_t)(to - start);
    }
    z->members++;
}

static void read_zip(zip *z) {
    size_t start = z->count;
    memcpy(z->at + start, z->directory, z->directory_count);
    uint8_t *to = z->at + start + z->directory_count;
    put(&to, 0x06054B50, 4);
    put(&to, 0, 4);
    put(&to, z->members, 2);
    put(&to, z->members, 2);
    put(&to, z->directory_count, 4);
    put(&to, start, 4);
    put(&to, 0, 2);
    read_file(z->at, (size_t)(to - z->at), true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count) {
    uint8_t *room = calloc(count + 4096, 2), *to = room;
    if (room == NULL)
        return 0;
    if (FUZZ == WHOLE) {
        read_file(data, count, count % 2 != 0);
    } else if (FUZZ == NPY && count >= 3 && count < 65536) {
        memcpy(to, "\x93NUMPY", 6);
        to += 6;
        put(&to, 1 + data[0] % 3, 2);
        put(&to, data[1] % 2 != 0 ? count - 2 : data[2] * 16u, data[0] % 3 == 0 ? 2 : 4);
        memcpy(to, data + 2, count - 2);
        read_file(room, (size_t)(to - room) + count - 2 + 64, data[1] % 4 > 1);
    } else if (FUZZ == SAFETENSORS && count >= 2) {
        put(&to, count - 1, 8);
        memcpy(to, data + 1, count - 1);
        read_file(room, 8 + count - 1 + data[0], false);
    } else if (FUZZ == PICKLE && count >= 1) {
        zip z = {.at = room, .directory = calloc(1, 4096)};
        static const uint8_t storage[128] = {1, 2, 3};
        const char *order = data[0] % 2 != 0 ? "big" : "little";
        add(&z, "a/data.pkl", data + 1, count - 1, 0, count - 1);
        add(&z, "a/byteorder", (const uint8_t *)order, strlen(order), 0, strlen(order));
        add(&z, "a/data/0", storage, data[0] / 2, 0, data[0] / 2);
        add(&z, "a/data/1", storage, 64, 0, 64);
        read_zip(&z);
        free(z.directory);
    } else if (FUZZ == DEFLATED && count >= 2) {
        zip z = {.at = room, .directory = calloc(1, 4096)};
        add(&z, "a.npy", data + 2, count - 2, 8, (size_t)(data[0] | data[1] << 8));
        read_zip(&z);
        free(z.directory);
    } else if (FUZZ == TEXT) {
        double number;
        if (count > 0)
            memcpy(room, data, count);
        if (tsr_decimal_read((const char *)room, count, &number) > count)
            abort();
    }
    free(room);
    return 0;
}
