/* The messages that are on their way: texts in one block, ids spliced in. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events/sink_state.h"

oc_status oc_window_init(oc_window *w, size_t messages, size_t bytes, oc_error *err)
{
    *w = (oc_window){.cap = messages, .cap_text = bytes};
    w->message = calloc(messages, sizeof(*w->message));
    w->priority = calloc(messages, sizeof(*w->priority));
    w->fate = calloc(messages, sizeof(*w->fate));
    w->tries = calloc(messages, sizeof(*w->tries));
    w->on_disk = calloc(messages, sizeof(*w->on_disk));
    w->reason = calloc(messages, sizeof(*w->reason));
    w->text = malloc(bytes);
    if (w->message && w->priority && w->fate && w->tries && w->on_disk && w->reason && w->text)
        return OC_OK;
    oc_window_finish(w);
    return OC_FAIL(err, OC_NOMEM, "sink: out of memory for %zu messages", messages);
}

void oc_window_finish(oc_window *w)
{
    free(w->message);
    free(w->priority);
    free(w->fate);
    free(w->tries);
    free(w->on_disk);
    free(w->reason);
    free(w->text);
    *w = (oc_window){0};
}

static const char *add_text(oc_window *w, const char *text, size_t n)
{
    char *at = w->text + w->n_text;
    memcpy(at, text, n);
    at[n] = '\0';
    w->n_text += n + 1;
    return at;
}

bool oc_window_add(oc_window *w, const oc_spool_item *item, const char *identity, bool on_disk,
                   bool again)
{
    char   id[OC_SPOOL_ID_BYTES], head[OC_SPOOL_ID_BYTES + 16];
    size_t n_stream = strlen(item->stream), n_type = strlen(item->type);
    size_t need = n_stream + n_type + item->n_body + sizeof(id) + sizeof(head) + 4;
    if (w->n == w->cap || need > w->cap_text - w->n_text)
        return false;
    snprintf(id, sizeof(id), "%s-%llu", identity, (unsigned long long)item->number);
    /* `{"v":1,...}` becomes `{"id":"...","v":1,...}` */
    bool empty = item->n_body == 2;
    int  n_head = snprintf(head, sizeof(head), "{\"id\":\"%s\"%s", id, empty ? "" : ",");

    oc_bus_message *m = &w->message[w->n];
    *m = (oc_bus_message){.struct_size = sizeof(*m), .number = item->number, .again = again};
    m->id = add_text(w, id, strlen(id));
    m->stream = add_text(w, item->stream, n_stream);
    m->type = add_text(w, item->type, n_type);
    m->body = w->text + w->n_text;
    memcpy(w->text + w->n_text, head, (size_t)n_head);
    w->n_text += (size_t)n_head;
    (void)add_text(w, item->body + 1, item->n_body - 1);
    m->n_body = (size_t)n_head + item->n_body - 1;
    w->priority[w->n] = item->priority;
    w->fate[w->n] = OC_BUS_UNSENT;
    w->tries[w->n] = 0;
    w->on_disk[w->n] = on_disk;
    w->reason[w->n][0] = '\0';
    w->n++;
    return true;
}
