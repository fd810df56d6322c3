/* Frames between two threads: none is lost unaccounted, at any moment. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "pipeline/mailbox.h"

static void release(oc_frame *frame, void *owner)
{
    (void)owner;
    free(frame);
}

static oc_frame *make(uint64_t index)
{
    oc_frame *f = calloc(1, sizeof(*f));
    f->struct_size = sizeof(*f);
    f->refs = 1;
    f->index = index;
    f->release = release;
    return f;
}

typedef struct shared {
    oc_ledger   ledger;
    oc_mailbox  box;
    uint64_t    frames;
    atomic_bool watching;
    uint64_t    looks;
} shared;

static void *produce(void *arg)
{
    shared *s = arg;
    for (uint64_t i = 0; i < s->frames; i++)
        if (!oc_mailbox_put(&s->box, make(i)))
            break;
    oc_mailbox_close(&s->box);
    return NULL;
}

static void *watch(void *arg)
{
    shared *s = arg;
    while (atomic_load(&s->watching)) {
        oc_counts c = oc_ledger_read(&s->ledger);
        assert_int_equal(c.captured, c.completed + oc_counts_dropped(&c) + c.in_flight);
        s->looks++;
    }
    return NULL;
}

static void pause_us(long us)
{
    struct timespec t = {.tv_nsec = us * 1000};
    nanosleep(&t, NULL);
}

/* Takes frames until there are none, or `stop_after` have been taken. */
static oc_counts play(bool newest, uint64_t frames, uint64_t stop_after, long work_us)
{
    static shared s;
    pthread_t     producer, watcher;
    oc_mail       mail;
    uint64_t      last = 0, taken = 0;

    memset(&s, 0, sizeof(s));
    s.ledger = (oc_ledger)OC_LEDGER_INIT;
    s.frames = frames;
    atomic_store(&s.watching, true);
    const oc_mailbox_options o = {.policy = newest ? OC_QUEUE_OLDEST : OC_QUEUE_NONE,
                                  .length = newest ? 1 : 4};
    oc_mailbox_init(&s.box, &s.ledger, &o);
    pthread_create(&watcher, NULL, watch, &s);
    pthread_create(&producer, NULL, produce, &s);
    while (taken < stop_after && oc_mailbox_take(&s.box, &mail)) {
        assert_true(taken == 0 || mail.frame->index > last);
        assert_true(newest || mail.frame->index == taken);
        last = mail.frame->index;
        taken++;
        if (work_us)
            pause_us(work_us);
        oc_frame_unref(mail.frame);
        oc_ledger_complete(&s.ledger);
    }
    if (stop_after == UINT64_MAX)
        assert_int_equal(last, frames - 1); /* the newest one always arrives */
    oc_mailbox_stop(&s.box);
    pthread_join(producer, NULL);
    atomic_store(&s.watching, false);
    pthread_join(watcher, NULL);
    oc_mailbox_finish(&s.box);
    oc_counts c = oc_ledger_read(&s.ledger);
    assert_int_equal(c.completed, taken);
    assert_int_equal(c.in_flight, 0);
    assert_int_equal(c.captured, c.completed + oc_counts_dropped(&c));
    return c;
}

static void a_queue_loses_nothing(void **state)
{
    (void)state;
    oc_counts c = play(false, 20000, UINT64_MAX, 0);
    assert_int_equal(c.completed, 20000);
    assert_int_equal(oc_counts_dropped(&c), 0);
}

static void the_newest_wins(void **state)
{
    (void)state;
    oc_counts c = play(true, 20000, UINT64_MAX, 200);
    assert_int_equal(c.captured, 20000);
    assert_true(c.completed >= 1 && c.dropped[OC_DROP_NEWEST_WINS] > 0);
    assert_int_equal(c.dropped[OC_DROP_STOPPED], 0);
}

static void stopping_counts_what_waited(void **state)
{
    (void)state;
    for (int newest = 0; newest < 2; newest++) {
        oc_counts c = play(newest, 1000000000, 50, 300);
        assert_int_equal(c.completed, 50);
        assert_true(newest || c.dropped[OC_DROP_STOPPED] >= 1);
    }
}

static void *stop_soon(void *box)
{
    pause_us(20000);
    oc_mailbox_stop(box);
    return NULL;
}

static void a_sleep_can_be_cut(void **state)
{
    (void)state;
    oc_ledger       ledger = OC_LEDGER_INIT;
    oc_mailbox      box;
    pthread_t       t;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const oc_mailbox_options o = {.policy = OC_QUEUE_NONE, .length = 4};
    oc_mailbox_init(&box, &ledger, &o);
    uint64_t ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    assert_true(oc_mailbox_sleep(&box, ns)); /* over already */
    assert_true(oc_mailbox_sleep(&box, ns + 1000000));
    pthread_create(&t, NULL, stop_soon, &box);
    assert_false(oc_mailbox_sleep(&box, ns + 3600000000000u));
    pthread_join(t, NULL);
    oc_mail mail;
    assert_false(oc_mailbox_take(&box, &mail));
    oc_mailbox_finish(&box);
}

static void starts(oc_mailbox *box, oc_ledger *ledger, oc_queue_drop policy, unsigned length,
                   uint64_t deadline_ns)
{
    const oc_mailbox_options o = {.policy = policy, .length = length, .deadline_ns = deadline_ns};
    *ledger = (oc_ledger)OC_LEDGER_INIT;
    oc_mailbox_init(box, ledger, &o);
}

static uint64_t next(oc_mailbox *box)
{
    oc_mail mail;
    assert_true(oc_mailbox_take(box, &mail) && mail.frame);
    uint64_t index = mail.frame->index;
    oc_frame_unref(mail.frame);
    oc_ledger_complete(box->ledger);
    return index;
}

static void balanced(oc_ledger *ledger)
{
    oc_counts c = oc_ledger_read(ledger);
    assert_int_equal(c.captured, c.completed + oc_counts_dropped(&c) + c.in_flight);
}

static void each_policy_drops_its_own(void **state)
{
    (void)state;
    oc_ledger  l;
    oc_mailbox box;
    starts(&box, &l, OC_QUEUE_OLDEST, 3, 0);
    for (uint64_t i = 0; i < 5; i++)
        assert_true(oc_mailbox_put(&box, make(i)));
    assert_int_equal(next(&box), 2);
    assert_int_equal(next(&box), 3);
    assert_int_equal(oc_ledger_read(&l).dropped[OC_DROP_NEWEST_WINS], 2);
    balanced(&l);
    oc_mailbox_finish(&box);
    assert_int_equal(oc_ledger_read(&l).dropped[OC_DROP_STOPPED], 1);

    starts(&box, &l, OC_QUEUE_NEWEST, 3, 0);
    for (uint64_t i = 0; i < 5; i++)
        assert_true(oc_mailbox_put(&box, make(i)));
    assert_int_equal(next(&box), 0);
    assert_int_equal(next(&box), 1);
    assert_int_equal(next(&box), 2);
    assert_int_equal(oc_ledger_read(&l).dropped[OC_DROP_QUEUE_FULL], 2);
    balanced(&l);
    oc_mailbox_finish(&box);
}

static void what_is_too_late_goes_first(void **state)
{
    (void)state;
    oc_ledger  l;
    oc_mailbox box;
    starts(&box, &l, OC_QUEUE_DEADLINE, 4, 20000000);
    assert_true(oc_mailbox_put(&box, make(0)));
    assert_true(oc_mailbox_put(&box, make(1)));
    pause_us(25000); /* past their deadline */
    assert_true(oc_mailbox_put(&box, make(2)));
    assert_int_equal(next(&box), 2);
    assert_int_equal(oc_ledger_read(&l).dropped[OC_DROP_DEADLINE], 2);
    assert_int_equal(oc_mailbox_late(&box), 2);
    assert_int_equal(oc_mailbox_late(&box), 0);
    /* work that takes longer than the deadline leaves nothing to take */
    oc_mailbox_expect(&box, 30000000);
    assert_true(oc_mailbox_put(&box, make(3)));
    oc_mailbox_close(&box);
    oc_mail mail;
    assert_false(oc_mailbox_take(&box, &mail));
    assert_int_equal(oc_ledger_read(&l).dropped[OC_DROP_DEADLINE], 3);
    balanced(&l);
    oc_mailbox_finish(&box);
}

static void a_pause_drops_or_waits(void **state)
{
    (void)state;
    oc_ledger  l;
    oc_mailbox box;
    oc_mail    mail;
    starts(&box, &l, OC_QUEUE_OLDEST, 1, 0);
    assert_true(oc_mailbox_put(&box, make(0)));
    oc_mailbox_pause(&box, true);
    assert_true(oc_mailbox_put(&box, make(1)));
    assert_int_equal(oc_ledger_read(&l).dropped[OC_DROP_PAUSED], 2);
    oc_mailbox_poke(&box); /* also while paused */
    assert_true(oc_mailbox_take(&box, &mail));
    assert_null(mail.frame);
    oc_mailbox_pause(&box, false);
    assert_true(oc_mailbox_put(&box, make(2)));
    assert_int_equal(next(&box), 2);
    oc_mailbox_finish(&box);

    starts(&box, &l, OC_QUEUE_NONE, 2, 0);
    oc_mailbox_pause(&box, true);
    assert_true(oc_mailbox_put(&box, make(0)));
    oc_mailbox_close(&box);
    oc_mailbox_pause(&box, false);
    assert_int_equal(next(&box), 0); /* nothing of a file is lost */
    assert_false(oc_mailbox_take(&box, &mail));
    balanced(&l);
    oc_mailbox_finish(&box);
}

static void other_rules_hold_at_once(void **state)
{
    (void)state;
    oc_ledger  l;
    oc_mailbox box;
    starts(&box, &l, OC_QUEUE_OLDEST, 4, 0);
    for (uint64_t i = 0; i < 4; i++)
        assert_true(oc_mailbox_put(&box, make(i)));
    oc_mailbox_change(&box, OC_QUEUE_OLDEST, 1, 0);
    assert_int_equal(next(&box), 3);
    assert_int_equal(oc_ledger_read(&l).dropped[OC_DROP_NEWEST_WINS], 3);
    assert_true(oc_mailbox_refuse(&box, make(4), OC_DROP_RATE));
    assert_int_equal(oc_ledger_read(&l).dropped[OC_DROP_RATE], 1);
    balanced(&l);
    oc_mailbox_finish(&box);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_queue_loses_nothing),
        cmocka_unit_test(the_newest_wins),
        cmocka_unit_test(each_policy_drops_its_own),
        cmocka_unit_test(what_is_too_late_goes_first),
        cmocka_unit_test(a_pause_drops_or_waits),
        cmocka_unit_test(other_rules_hold_at_once),
        cmocka_unit_test(stopping_counts_what_waited),
        cmocka_unit_test(a_sleep_can_be_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
