/* A short list under one lock, which is held while a network is read: who wants the same one waits
 * for it, and networks are loaded rarely. */
#include "vision/models.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct entry {
    struct entry *next;
    oc_model     *model;
    struct stat   file; /* as it was when read */
    size_t        users;
} entry;

struct oc_models {
    pthread_mutex_t lock;
    entry          *first;
    char (*names)[OC_MODELS_NAME]; /* of the scheduler's networks, [n_names] */
    uint32_t *numbers;
    size_t    n_names;
};

oc_status oc_models_create(oc_models **out, oc_error *err)
{
    oc_models *m = calloc(1, sizeof(*m));
    if (!m)
        return OC_FAIL(err, OC_NOMEM, "networks: out of memory");
    pthread_mutex_init(&m->lock, NULL);
    *out = m;
    return OC_OK;
}

void oc_models_destroy(oc_models *m)
{
    if (!m)
        return;
    assert(!m->first);
    pthread_mutex_destroy(&m->lock);
    free(m->names);
    free(m->numbers);
    free(m);
}

/* A file that was written anew has other contents, or at least another time. */
static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static oc_status load(oc_models *m, const char *path, const struct stat *file, entry **out,
                      oc_error *err)
{
    entry *e = calloc(1, sizeof(*e));
    if (!e)
        return OC_FAIL(err, OC_NOMEM, "networks: out of memory");
    oc_status st = oc_model_load(path, &e->model, err);
    if (st != OC_OK) {
        free(e);
        return st;
    }
    e->file = *file;
    e->next = m->first;
    m->first = e;
    *out = e;
    return OC_OK;
}

oc_status oc_models_take(oc_models *m, const char *path, oc_model **out, oc_error *err)
{
    struct stat file;
    if (stat(path, &file) != 0) /* let the reader say what is wrong with it */
        file = (struct stat){0};
    pthread_mutex_lock(&m->lock);
    entry *e = m->first;
    while (e && !same_file(&e->file, &file))
        e = e->next;
    oc_status st = e ? OC_OK : load(m, path, &file, &e, err);
    if (st == OC_OK) {
        e->users++;
        *out = e->model;
    }
    pthread_mutex_unlock(&m->lock);
    return st;
}

void oc_models_give(oc_models *m, oc_model *model)
{
    if (!model)
        return;
    pthread_mutex_lock(&m->lock);
    entry **at = &m->first;
    while (*at && (*at)->model != model)
        at = &(*at)->next;
    assert(*at);
    entry *e = *at;
    if (--e->users == 0) {
        *at = e->next;
        oc_model_unref(e->model);
        free(e);
    }
    pthread_mutex_unlock(&m->lock);
}

static oc_status add_name(oc_models *m, oc_sched *sched, const char *name, oc_error *err)
{
    const oc_sched_network_options o = {.name = name};
    char(*names)[OC_MODELS_NAME] = realloc(m->names, (m->n_names + 1) * sizeof(*names));
    if (names)
        m->names = names;
    uint32_t *numbers = realloc(m->numbers, (m->n_names + 1) * sizeof(*numbers));
    if (numbers)
        m->numbers = numbers;
    if (!names || !numbers)
        return OC_FAIL(err, OC_NOMEM, "networks: out of memory");
    oc_status st = oc_sched_network_add(sched, &o, &numbers[m->n_names], err);
    if (st != OC_OK)
        return st;
    snprintf(names[m->n_names++], OC_MODELS_NAME, "%s", name);
    return OC_OK;
}

oc_status oc_models_network(oc_models *m, oc_sched *sched, const char *name, uint32_t *network,
                            oc_error *err)
{
    oc_status st = OC_OK;
    pthread_mutex_lock(&m->lock);
    size_t i = 0;
    while (i < m->n_names && strcmp(m->names[i], name) != 0)
        i++;
    if (i == m->n_names && i < OC_SCHED_NETWORKS_MAX)
        st = add_name(m, sched, name, err);
    if (st == OC_OK)
        *network = m->numbers[i < m->n_names ? i : m->n_names - 1];
    pthread_mutex_unlock(&m->lock);
    return st;
}

size_t oc_models_count(oc_models *m)
{
    size_t n = 0;
    pthread_mutex_lock(&m->lock);
    for (const entry *e = m->first; e; e = e->next)
        n++;
    pthread_mutex_unlock(&m->lock);
    return n;
}
