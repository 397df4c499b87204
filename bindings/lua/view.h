/* What the functions that make views share. */
#ifndef TSRL_VIEW_H
#define TSRL_VIEW_H

#include "binding.h"

/* The array operated on: the first argument, as it is or made out of a table. */
static inline tsrL_object *tsrL_self(lua_State *L) {
    tsrL_object *o = tsrL_test(L, 1);
    return tsrL_filled(o) ? o : tsrL_toarray(L, 1, tsrL_face(L));
}

/* The same for those who only look (tsrL_peek). */
static inline tsrL_object *tsrL_self_looked_at(lua_State *L) {
    return tsrL_operand(L, 1, tsrL_face(L));
}

/* A new object of the same face that keeps the gradient mark. */
static inline tsrL_object *tsrL_derive(lua_State *L, const tsrL_object *o) {
    tsrL_object *made = tsrL_new(L, (tsr_face)o->face);
    made->requires_grad = o->requires_grad;
    return made;
}

/* Pushes what a view function of the core makes of the object's array. */
#define TSRL_VIEW(L, o, function, ...)                                                             \
    do {                                                                                           \
        tsr_error err_;                                                                            \
        tsrL_no_error(&err_);                                                                      \
        tsrL_object *made_ = tsrL_derive(L, o);                                                    \
        TSRL_TRY(L, &err_, function((o)->cell->array, __VA_ARGS__, &made_->cell->array, &err_));   \
    } while (0)

/* Dimensions from argument `first` on: numbers or one table. -1 when there are none. */
int tsrL_rest_dims(lua_State *L, int first, int ndim, int *dims);
/* Dimensions from the last to the first. */
void tsrL_reversed(int ndim, int *dims);

#endif
