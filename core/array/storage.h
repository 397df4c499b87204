/* What the core itself does with storages, beyond the public header. */
#ifndef TSR_STORAGE_H
#define TSR_STORAGE_H

#include "../tessera.h"

/* Between enter and leave the bytes stay where they are. Owned memory needs no pin for that, so
 * this costs nothing on it. TSR_EREVOKED. */
tsr_status tsr_storage_enter(tsr_storage *storage, tsr_error *err);
void tsr_storage_leave(tsr_storage *storage);

/* The address of the bytes, also when revoked: only for those who entered, and for comparing. */
char *tsr_storage_base(const tsr_storage *storage);

#endif
