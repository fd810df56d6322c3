/* Votes with weights. */
#include <math.h>
#include <string.h>

#include "pipeline/evidence.h"

static void copy_value(char to[OC_VALUE_BYTES], const char *from)
{
    size_t n = strlen(from);
    if (n >= OC_VALUE_BYTES) {
        n = OC_VALUE_BYTES - 1;
        while (n > 0 && ((unsigned char)from[n] & 0xC0) == 0x80) /* not inside a letter */
            n--;
    }
    memcpy(to, from, n);
    to[n] = '\0';
}

void oc_evidence_look(oc_evidence *e, double time_s, double half_life_s)
{
    if (half_life_s > 0.0 && e->looks > 0) {
        float part = (float)exp2(-fmax(time_s - e->last_s, 0.0) / half_life_s);
        for (uint32_t i = 0; i < e->n; i++)
            e->vote[i].weight *= part;
        e->total *= part;
    }
    e->total += 1.0f;
    e->looks++;
}

void oc_evidence_say(oc_evidence *e, const char *value, float p)
{
    char     cut[OC_VALUE_BYTES];
    uint32_t light = 0;
    if (!(p > 0.0f))
        return;
    copy_value(cut, value);
    for (uint32_t i = 0; i < e->n; i++) {
        if (strcmp(e->vote[i].value, cut) == 0) {
            e->vote[i].weight += fminf(p, 1.0f);
            return;
        }
        if (e->vote[i].weight < e->vote[light].weight)
            light = i;
    }
    if (e->n < OC_VOTES_MAX)
        light = e->n++;
    else if (e->vote[light].weight >= p)
        return;
    memcpy(e->vote[light].value, cut, sizeof(cut));
    e->vote[light].weight = fminf(p, 1.0f);
}

const oc_vote *oc_evidence_best(const oc_evidence *e, float *confidence)
{
    const oc_vote *best = NULL;
    for (uint32_t i = 0; i < e->n; i++)
        if (!best || e->vote[i].weight > best->weight)
            best = &e->vote[i];
    *confidence = best && e->total > 0.0f ? fminf(best->weight / e->total, 1.0f) : 0.0f;
    return best;
}

bool oc_evidence_decide(oc_evidence *e, float confidence_min)
{
    float          confidence;
    const oc_vote *best = oc_evidence_best(e, &confidence);
    if (!best || confidence < confidence_min)
        return false;
    e->confidence = confidence;
    if (strcmp(best->value, e->told) == 0)
        return false;
    memcpy(e->told, best->value, sizeof(e->told));
    return true;
}
