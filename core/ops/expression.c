/* Expressions: operations that are compiled into one program of the loop engine, so that no value
 * between them is ever written to memory.
 *
 *     nodes  ──  dtypes by the rules of single operations (elementwise_types.c)  ──  program
 *
 * An operation of numbers alone is a number: it is computed as Lua computes, in 64 bits, and stays
 * weak. Each run works on a copy of the program, because the result adds steps of its own. */
#include "elementwise.h"
#include "pass.h"
#include "reduce.h"

#include "../base/context.h"
#include "../loop/engine.h"

#include <string.h>

struct tsr_expression {
    tsr_context *context;
    tsr_dtype default_float;
    const tsr_kernels *kernels;
    int inputs, arrays; /* in all, and those that are arrays */
    int value;          /* register */
    tsr_dtype dtype;
    bool late;                        /* there are numbers among the inputs */
    uint8_t array[TSR_PASS_OPERANDS]; /* the input that operand k + 1 of the plan is */
    tsr_program program;
};

/* What is known of a node's value. */
typedef struct node_value {
    tsr_operand operand;
    int reg;
} node_value;

typedef struct compiler {
    tsr_expression *made;
    const tsr_input *input;
    const tsr_node *nodes;
    node_value *values;
    int next_input;
    bool wide; /* this time, 16-bit floating values count as float32 */
} compiler;

static tsr_dtype widened(const compiler *c, tsr_dtype dtype) {
    bool half = dtype == TSR_FLOAT16 || dtype == TSR_BFLOAT16;
    return c->wide && half ? TSR_FLOAT32 : dtype;
}

static tsr_status compile_input(compiler *c, node_value *v, tsr_error *err) {
    tsr_expression *e = c->made;
    tsr_program *p = &e->program;
    int index = c->next_input++;
    const tsr_input *in = &c->input[index];
    v->operand = (tsr_operand){.dtype = (uint8_t)in->dtype,
                               .weak = in->number,
                               .zero_dimensional = in->zero_dimensional && !in->number};
    if (in->number) {
        if (tsr_category(in->dtype) == 1)
            v->operand.fits = tsr_fitting(&in->value);
        e->late = true;
        v->reg = tsr_program_input(p, index, in->dtype);
        return TSR_OK;
    }
    if (e->arrays == TSR_PASS_OPERANDS - 2) /* the result and where= take places too */
        return tsr_error_set(err, TSR_EUNSUPPORTED, "more than %d arrays in one expression",
                             (int64_t)TSR_PASS_OPERANDS - 2);
    e->array[e->arrays++] = (uint8_t)index;
    v->reg = tsr_program_load(p, e->arrays, in->dtype);
    v->operand.dtype = (uint8_t)widened(c, in->dtype);
    v->reg = tsr_program_convert(p, v->reg, (tsr_dtype)v->operand.dtype);
    return TSR_OK;
}

static void compile_number(compiler *c, const tsr_node *n, node_value *v) {
    v->operand = (tsr_operand){.dtype = (uint8_t)n->number.dtype, .weak = true};
    if (tsr_category(n->number.dtype) == 1)
        v->operand.fits = tsr_fitting(&n->number);
    v->reg = tsr_program_constant(&c->made->program, &n->number, n->number.dtype);
}

/* On np a number must fit its partner's integer dtype, but to be compared with it. */
static tsr_status check_fits(const tsr_node *n, const tsr_operand *operands, tsr_error *err) {
    bool compares = n->operation >= TSR_DO_EQUAL && n->operation <= TSR_DO_GREATER_EQUAL;
    for (int i = 0; i < 2 && !compares && n->face == TSR_FACE_NUMPY; i++) {
        const tsr_operand *a = &operands[i], *partner = &operands[!i];
        bool integers =
            tsr_category((tsr_dtype)a->dtype) == 1 && tsr_category((tsr_dtype)partner->dtype) == 1;
        if (a->weak && !partner->weak && integers && (a->fits >> partner->dtype & 1) == 0)
            return tsr_error_set(err, TSR_EVALUE, "a number does not fit %t", (int)partner->dtype);
    }
    return TSR_OK;
}

/* Numbers alone meet as Lua's do. */
static tsr_rules rules_for(const compiler *c, tsr_face face, const tsr_operand *operands,
                           int count) {
    const tsr_expression *e = c->made;
    tsr_dtype usual = face == TSR_FACE_TORCH ? e->default_float : TSR_FLOAT64;
    tsr_rules rules = {face, usual, e->kernels, false};
    bool numbers = true;
    for (int i = 0; i < count; i++)
        numbers = numbers && operands[i].weak;
    if (numbers)
        rules.default_float = TSR_FLOAT64;
    return rules;
}

static tsr_operand operand_of_result(const tsr_operand *operands, int count, tsr_dtype dtype) {
    tsr_operand made = {.dtype = (uint8_t)dtype, .weak = true, .zero_dimensional = true};
    for (int i = 0; i < count; i++) {
        made.weak = made.weak && operands[i].weak;
        made.zero_dimensional =
            made.zero_dimensional && (operands[i].weak || operands[i].zero_dimensional);
    }
    made.zero_dimensional = made.zero_dimensional && !made.weak;
    made.fits = UINT16_MAX; /* nobody knows, so it wraps */
    return made;
}

static tsr_status compile_apply(compiler *c, const tsr_node *n, node_value *v, tsr_error *err) {
    int arity = tsr_do_arity(n->operation), reg[TSR_ARITY];
    tsr_operand operands[TSR_ARITY];
    for (int i = 0; i < arity; i++) {
        operands[i] = c->values[n->operands[i]].operand;
        reg[i] = c->values[n->operands[i]].reg;
    }
    tsr_rules rules = rules_for(c, n->face, operands, arity);
    tsr_types t;
    tsr_status status = arity == 2 ? check_fits(n, operands, err) : TSR_OK;
    if (status == TSR_OK)
        status = tsr_types_find(n->operation, &rules, operands, &t, err);
    if (status != TSR_OK)
        return status;
    v->reg = tsr_types_emit(&c->made->program, &t, arity, reg, -1);
    v->operand = operand_of_result(operands, arity, t.result);
    return TSR_OK;
}

static void compile_where(compiler *c, const tsr_node *n, node_value *v) {
    const node_value *condition = &c->values[n->operands[0]];
    tsr_operand operands[3];
    int reg[2];
    for (int i = 0; i < 2; i++) {
        operands[i] = c->values[n->operands[i + 1]].operand;
        reg[i] = c->values[n->operands[i + 1]].reg;
    }
    operands[2] = condition->operand;
    tsr_rules rules = rules_for(c, n->face, operands, 2);
    tsr_dtype dtype = tsr_common_dtype(&rules, 2, operands);
    v->reg = tsr_emit_choice(&c->made->program, condition->reg, reg[0], reg[1], dtype);
    v->operand = operand_of_result(operands, 3, dtype);
    if (v->operand.weak !=
        (operands[0].weak && operands[1].weak)) /* an array decides for numbers */
        v->operand.zero_dimensional = condition->operand.zero_dimensional;
}

static void compile_convert(compiler *c, const tsr_node *n, node_value *v) {
    const node_value *from = &c->values[n->operands[0]];
    v->operand = from->operand;
    v->operand.weak = false;
    v->operand.zero_dimensional = from->operand.weak || from->operand.zero_dimensional;
    v->operand.dtype = (uint8_t)widened(c, n->dtype);
    v->reg = tsr_program_convert(&c->made->program, from->reg, n->dtype);
    v->reg = tsr_program_convert(&c->made->program, v->reg, (tsr_dtype)v->operand.dtype);
}

static tsr_status compile(compiler *c, int count, int last, tsr_error *err) {
    tsr_expression *e = c->made;
    c->next_input = e->arrays = 0;
    tsr_program_start(&e->program, e->kernels);
    for (int i = 0; i < count; i++) {
        const tsr_node *n = &c->nodes[i];
        node_value *v = &c->values[i];
        tsr_status status = TSR_OK;
        if (n->kind == TSR_NODE_INPUT)
            status = compile_input(c, v, err);
        else if (n->kind == TSR_NODE_NUMBER)
            compile_number(c, n, v);
        else if (n->kind == TSR_NODE_APPLY)
            status = compile_apply(c, n, v, err);
        else if (n->kind == TSR_NODE_WHERE)
            compile_where(c, n, v);
        else
            compile_convert(c, n, v);
        if (status != TSR_OK)
            return status;
    }
    e->value = c->values[last].reg;
    if (!e->program.full)
        tsr_program_prune(&e->program, e->value);
    return e->program.full ? tsr_error_set(err, TSR_EUNSUPPORTED, "the expression is too long")
                           : TSR_OK;
}

tsr_status tsr_expression_new(tsr_context *context, tsr_dtype default_float, bool wide, int count,
                              int last, const tsr_node *nodes, int inputs, const tsr_input *input,
                              tsr_expression **out, tsr_error *err) {
    *out = NULL;
    tsr_expression *e = tsr_block_new(context, sizeof *e, true, err);
    if (e == NULL)
        return TSR_EMEMORY;
    e->context = context;
    e->default_float = default_float;
    e->kernels = tsr_engine_kernels(context);
    e->inputs = inputs;
    size_t room = (size_t)count * sizeof(node_value);
    compiler c = {.made = e, .input = input, .nodes = nodes};
    c.values = tsr_block_new(context, room, true, err);
    tsr_status status = c.values == NULL ? TSR_EMEMORY : compile(&c, count, last, err);
    if (status == TSR_OK) {
        e->dtype = (tsr_dtype)c.values[last].operand.dtype;
        c.wide = wide;
        status = wide ? compile(&c, count, last, err) : TSR_OK;
    }
    tsr_block_free(context, c.values, room);
    if (status == TSR_OK)
        *out = e;
    else
        tsr_expression_release(e);
    return status;
}

void tsr_expression_release(tsr_expression *e) {
    if (e != NULL)
        tsr_block_free(e->context, e, sizeof *e);
}

tsr_dtype tsr_expression_dtype(const tsr_expression *e) {
    return e->dtype;
}

/* The operands of a run and its program. An expression of numbers alone is an array of no
 * dimensions. */
static void start_run(const tsr_expression *e, const tsr_array *const *arrays,
                      const tsr_scalar *const *numbers, const tsr_array **operands,
                      tsr_program *p) {
    for (int i = 0; i < e->arrays; i++)
        operands[i] = arrays[e->array[i]];
    *p = e->program;
    if (e->late)
        tsr_program_set_inputs(p, numbers);
}

tsr_status tsr_expression_run(const tsr_expression *e, const tsr_array *const *arrays,
                              const tsr_scalar *const *numbers, const tsr_apply_options *options,
                              tsr_array **result, tsr_error *err) {
    *result = NULL;
    const tsr_array *operands[TSR_PASS_OPERANDS];
    tsr_program p;
    start_run(e, arrays, numbers, operands, &p);
    tsr_pass pass;
    tsr_pass_start(&pass, e->context, options, e->arrays, operands);
    tsr_status status = tsr_pass_result(&pass, e->dtype, err);
    if (status == TSR_OK) {
        int value = tsr_program_convert(&p, e->value, e->dtype);
        status = tsr_pass_run(&pass, &p, value, err);
    }
    return tsr_pass_finish(&pass, status, result, err);
}

tsr_status tsr_expression_reduce(const tsr_expression *e, tsr_reduction reduction,
                                 const tsr_array *const *arrays, const tsr_scalar *const *numbers,
                                 const tsr_reduce_options *options, tsr_array **result,
                                 tsr_error *err) {
    const tsr_array *operands[TSR_PASS_OPERANDS];
    tsr_program p;
    start_run(e, arrays, numbers, operands, &p);
    tsr_reduced what = {.count = e->arrays,
                        .operands = operands,
                        .program = &p,
                        .value = e->value,
                        .dtype = e->dtype};
    return tsr_reduce_program(e->context, reduction, &what, options, result, err);
}
