/* Reorder: there, back, and cut into ranges. */
#include "opcase.h"

/* The layout pass chooses by the slots; the case does the same. */
static void turn(oc_isa isa, oc_shape shape, oc_layout from, oc_layout to)
{
    static opcase c;
    opcase_begin(&c, "ocellus", "Reorder", isa);
    opcase_input(&c, OC_F32, shape, NULL);
    assert_int_equal(opcase_infer(&c, 1), OC_OK);
    assert_true(oc_shape_equal(&c.out[0].info.shape, &shape));
    c.in[0].layout = from;
    c.out[0].layout = to;
    assert_int_equal(opcase_execute(&c), OC_OK);
    assert_memory_equal(c.result[0], c.plain[0], opcase_elements(&c.out[0].info) * sizeof(float));
    opcase_end(&c);
}

static void both_ways(void **state)
{
    (void)state;
    for (int isa = 0; isa < 2; isa++)
        for (int64_t c = 1; c < 20; c++)
            for (int way = 0; way < 4; way++)
                turn(opcase_isa(isa), DIMS(1 + c % 3, c, 1 + c * 5 % 7, 1 + c * 3 % 11),
                     way & 1 ? OC_LAYOUT_NC8 : OC_LAYOUT_PLAIN,
                     way & 2 ? OC_LAYOUT_NC8 : OC_LAYOUT_PLAIN);
}

static void large(void **state)
{
    (void)state;
    turn(opcase_isa(1), DIMS(2, 13, 70, 71), OC_LAYOUT_PLAIN, OC_LAYOUT_NC8);
    turn(opcase_isa(1), DIMS(2, 13, 70, 71), OC_LAYOUT_NC8, OC_LAYOUT_PLAIN);
}

static void other_types(void **state)
{
    static opcase c;
    (void)state;
    opcase_begin(&c, "ocellus", "Reorder", OC_ISA_NONE);
    opcase_input(&c, OC_I64, DIMS(1, 1, 1, 1), NULL);
    assert_int_equal(opcase_infer(&c, 1), OC_UNSUPPORTED);
    opcase_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(both_ways), cmocka_unit_test(large),
                                       cmocka_unit_test(other_types)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
