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

typedef struct part {
    struct part *next;
    void        *made;
    void (*destroy)(void *part);
    struct stat file;
    size_t      users;
    char        key[];
} part;

struct oc_models {
    pthread_mutex_t lock;
    entry          *first;
    pthread_mutex_t parts_lock; /* before `lock`; held while a part is made */
    part           *parts;
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
    pthread_mutex_init(&m->parts_lock, NULL);
    *out = m;
    return OC_OK;
}

void oc_models_destroy(oc_models *m)
{
    if (!m)
        return;
    assert(!m->first && !m->parts);
    pthread_mutex_destroy(&m->lock);
    pthread_mutex_destroy(&m->parts_lock);
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

static oc_status make_part(oc_models *m, const char *key, const struct stat *file,
                           const oc_models_part *how, part **out, oc_error *err)
{
    const size_t n = strlen(key) + 1;
    part        *p = calloc(1, sizeof(*p) + n);
    if (!p)
        return OC_FAIL(err, OC_NOMEM, "networks: out of memory");
    oc_status st = how->make(how->ctx, &p->made, err);
    if (st != OC_OK) {
        free(p);
        return st;
    }
    memcpy(p->key, key, n);
    p->file = *file;
    p->destroy = how->destroy;
    p->next = m->parts;
    m->parts = p;
    *out = p;
    return OC_OK;
}

oc_status oc_models_part_take(oc_models *m, const char *path, const char *key,
                              const oc_models_part *how, void **out, oc_error *err)
{
    struct stat file;
    if (stat(path, &file) != 0)
        file = (struct stat){0};
    pthread_mutex_lock(&m->parts_lock);
    part *p = m->parts;
    while (p && (strcmp(p->key, key) != 0 || !same_file(&p->file, &file)))
        p = p->next;
    oc_status st = p ? OC_OK : make_part(m, key, &file, how, &p, err);
    if (st == OC_OK) {
        p->users++;
        *out = p->made;
    }
    pthread_mutex_unlock(&m->parts_lock);
    return st;
}

void oc_models_part_give(oc_models *m, void *made)
{
    if (!made)
        return;
    pthread_mutex_lock(&m->parts_lock);
    part **at = &m->parts;
    while (*at && (*at)->made != made)
        at = &(*at)->next;
    assert(*at);
    part *p = *at;
    if (--p->users == 0) {
        *at = p->next;
        p->destroy(made);
        free(p);
    }
    pthread_mutex_unlock(&m->parts_lock);
}

static oc_status add_name(oc_models *m, oc_sched *sched, const oc_sched_network_options *o,
                          oc_error *err)
{
    char(*names)[OC_MODELS_NAME] = realloc(m->names, (m->n_names + 1) * sizeof(*names));
    if (names)
        m->names = names;
    uint32_t *numbers = realloc(m->numbers, (m->n_names + 1) * sizeof(*numbers));
    if (numbers)
        m->numbers = numbers;
    if (!names || !numbers)
        return OC_FAIL(err, OC_NOMEM, "networks: out of memory");
    oc_status st = oc_sched_network_add(sched, o, &numbers[m->n_names], err);
    if (st != OC_OK)
        return st;
    snprintf(names[m->n_names++], OC_MODELS_NAME, "%s", o->name);
    return OC_OK;
}

oc_status oc_models_network(oc_models *m, oc_sched *sched, const oc_sched_network_options *o,
                            uint32_t *network, oc_error *err)
{
    oc_status st = OC_OK;
    pthread_mutex_lock(&m->lock);
    size_t i = 0;
    while (i < m->n_names && strcmp(m->names[i], o->name) != 0)
        i++;
    if (i == m->n_names && i < OC_SCHED_NETWORKS_MAX)
        st = add_name(m, sched, o, err);
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
