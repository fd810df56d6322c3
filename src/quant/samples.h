/* samples.h -- what a network is calibrated on: pictures through its card's own pre-processing, or
 * tensors.
 *
 * A folder holds JPEG and PNG files at any depth (a card is needed), or .npy files, each an input of a
 * network that has one (a first dimension larger than the network's is cut into samples), or folders
 * with one .npy file per input, named as `ocellus infer` writes outputs ("/" and ":" become "_"). */
#ifndef OC_QUANT_SAMPLES_H
#define OC_QUANT_SAMPLES_H

#include "ocellus/session.h"
#include "vision/card.h"

typedef struct q_samples q_samples;

/* card: borrowed, NULL where the folder holds tensors.  ports: the network's inputs, as the model has
 * them.  limit: at most so many, spread evenly; 0 = all.
 *
 * OC_IO           the folder cannot be read
 * OC_INVALID      nothing in it can be used: empty, or pictures without a card */
OC_MUST_CHECK oc_status q_samples_open(const char *folder, const oc_card *card,
                                       const oc_port *ports, size_t n_ports, size_t limit,
                                       q_samples **out, oc_error *err);
void                    q_samples_close(q_samples *s); /* NULL is fine */
size_t                  q_samples_count(const q_samples *s);
/* Of the i-th: the name messages use. */
const char *q_samples_name(const q_samples *s, size_t i);
/* Its inputs, in the ports' order; valid until the next call.  OC_FORMAT names the file. */
OC_MUST_CHECK oc_status q_samples_load(q_samples *s, size_t i, const oc_tensor_view **in,
                                       oc_error *err);
/* All pictures loaded so far were of one colour each. */
bool q_samples_blank(const q_samples *s);

#endif
