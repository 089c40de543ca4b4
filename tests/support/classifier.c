/* A classifier for tests: everything that may be told otherwise is a macro (tests/support/plugins.rs). */
#include "tractor_plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef ID
#define ID "org.example.test"
#endif
#ifndef NAME
#define NAME "Test"
#endif
#ifndef VERSION
#define VERSION "1.2"
#endif
#ifndef DESCRIPTION
#define DESCRIPTION "For tests."
#endif
#ifndef LABELS
#define LABELS {"other", "ssh"}, {"web", "http"}
#endif
#ifndef LABEL_COUNT
#define LABEL_COUNT (sizeof(labels) / sizeof(labels[0]))
#endif
#ifndef NEEDS
#define NEEDS 0
#endif
#ifndef WHEN
#define WHEN TRACTOR_WHEN_CLOSED
#endif
#ifndef COLUMNS
#define COLUMNS NULL
#endif
#ifndef PAYLOAD_BYTES
#define PAYLOAD_BYTES 0
#endif
#ifndef PACKETS
#define PACKETS 0
#endif
#ifndef WINDOW_US
#define WINDOW_US 0
#endif
#ifndef SIZE
#define SIZE sizeof(tractor_classifier)
#endif
#ifndef MAJOR
#define MAJOR TRACTOR_ABI_MAJOR
#endif
#ifndef LEAST_MINOR
#define LEAST_MINOR 0
#endif
#ifndef CREATE /* statements of create() */
#define CREATE
#endif
#ifndef BATCH /* statements of classify(), before the flows */
#define BATCH
#endif
#ifndef FLOW /* statements for each flow, host->tag() for one */
#define FLOW
#endif
#ifndef CLASSIFY
#define CLASSIFY classify
#endif

typedef struct { const tractor_host *host; int calls; } instance;

static const tractor_label labels[] = { LABELS };

static tractor_status create(const tractor_host *host, const tractor_option *options,
                             uint32_t option_count, void **self)
{
    instance *made;
    (void)options;
    (void)option_count;
    CREATE
    made = calloc(1, sizeof(*made));
    made->host = host;
    *self = made;
    return TRACTOR_OK;
}

static void destroy(void *self) { free(self); }

static tractor_status classify(void *self, const tractor_flow *const *flows, uint32_t count,
                               tractor_tags *tags)
{
    instance *me = self;
    const tractor_host *host = me->host;
    uint32_t at;
    (void)host;
    (void)tags;
    me->calls++;
    BATCH
    for (at = 0; at < count; at++) {
        const tractor_flow *flow = flows[at];
        (void)flow;
        FLOW
    }
    return TRACTOR_OK;
}

static const tractor_classifier classifier = {
    SIZE, LABEL_COUNT, ID, NAME, VERSION, DESCRIPTION, labels, COLUMNS, NEEDS, WHEN,
    PAYLOAD_BYTES, PACKETS, 0, WINDOW_US, create, destroy, CLASSIFY, NULL
};

#ifndef CLASSIFIERS
#define CLASSIFIERS &classifier,
#endif
static const tractor_classifier *const classifiers[] = { CLASSIFIERS NULL };

const tractor_entry tractor_plugin = { MAJOR, TRACTOR_ABI_MINOR, LEAST_MINOR, 0, classifiers };
