/* card_source.h -- the `source` section of a card, and of the list of media. */
#ifndef OC_VISION_CARD_SOURCE_H
#define OC_VISION_CARD_SOURCE_H

#include "config/yaml.h"
#include "vision/card.h"

/* Texts live as long as the document and the arena. */
OC_MUST_CHECK oc_status oc_card_source_parse(const oc_yaml_node *node, oc_arena *arena,
                                             oc_card_source *source, oc_error *err);

#endif
