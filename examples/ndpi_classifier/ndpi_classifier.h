/* The parts of the classifier over nDPI. */
#ifndef NDPI_CLASSIFIER_H
#define NDPI_CLASSIFIER_H

/* Shows the module's fields: its caches must be emptied between flows (ndpi_classifier.c). */
#define NDPI_LIB_COMPILATION
#include <ndpi_api.h>
#undef NDPI_LIB_COMPILATION

#include "tractor_plugin.h"

#if NDPI_MAJOR != 4 || NDPI_MINOR != 2
#error "written for nDPI 4.2: a newer one has other caches between flows"
#endif

/* What the classifier asks for of each flow. */
enum { PAYLOAD_BYTES = 4096, PACKETS = 40 };

/* labels.c: one label for each of nDPI's protocols, by its number. To be freed by free_labels. */
tractor_label *make_labels(struct ndpi_detection_module_struct *module, uint32_t *count);
void free_labels(tractor_label *labels, uint32_t count);

/* packets.c: an IP packet, as nDPI wants it, around one packet of a flow. */
typedef struct rebuilt {
    uint32_t next_sequence[2];       /* of TCP, by direction */
    uint16_t length;
    uint8_t bytes[40 + 20 + PAYLOAD_BYTES];
} rebuilt;

void rebuild_start(rebuilt *packet);
/* 0 when the packet's payload is not kept. */
int rebuild(rebuilt *packet, const tractor_flow *flow, const tractor_packet *shown);

#endif
