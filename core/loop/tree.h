/* A sum of many parts: pairwise, in an order that depends on their number alone. */
#ifndef TSR_TREE_H
#define TSR_TREE_H

#include "../kernels/kernels.h"

/* Combines values of leaves in a binary tree, in the order they come. */
typedef struct tsr_tree {
    tsr_kernel_binary *combine;
    size_t n;     /* elements of a value */
    size_t bytes; /* of a value */
    uint64_t count;
    char *levels; /* room for TSR_TREE_LEVELS values */
} tsr_tree;

enum { TSR_TREE_LEVELS = 48 };

void tsr_tree_push(tsr_tree *tree, const void *value);
/* The value of all; count > 0. */
void tsr_tree_end(tsr_tree *tree, void *value);

#endif
