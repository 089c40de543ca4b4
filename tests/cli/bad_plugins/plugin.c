/* A classifier that labels flows by whether their client's port is even; made bad by a test. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tractor_plugin.h"
/*TOP*/

static const tractor_label labels[] = {{"other", "NAME_even"}, {"other", "NAME_odd"}};

static tractor_status create(const tractor_host *host, const tractor_option *options,
                             uint32_t option_count, void **self) {
#ifndef BAD_OPTION_IS_FINE
    if (option_count > 0) {
        host->fail(host, "there are no options");
        return TRACTOR_BAD_OPTION;
    }
#endif
    /*CREATE*/
    *self = (void *)host;
    return TRACTOR_OK;
}

static void destroy(void *self) { (void)self; }

static tractor_status classify(void *self, const tractor_flow *const *flows, uint32_t count,
                               tractor_tags *tags) {
    const tractor_host *host = (const tractor_host *)self;
    for (uint32_t at = 0; at < count; at++) {
        const tractor_flow *flow = flows[at];
        const int bad = flow->client_port % 16 == 7;
        /*CLASSIFY*/
        (void)bad;
        host->tag(tags, at, flow->client_port % 2, 0.5f, "port");
    }
    return TRACTOR_OK;
}

static const tractor_classifier classifier = {
    .size = sizeof(tractor_classifier), .id = "org.example.NAME", .name = "NAME", .version = "1.0",
    .description = "Labels flows by their client's port.", .labels = labels, .label_count = 2,
    .when = TRACTOR_WHEN_CLOSED, .create = create, .destroy = destroy, .classify = classify
};
static const tractor_classifier *const classifiers[] = {&classifier, NULL};
const tractor_entry tractor_plugin = {
    .abi_major = TRACTOR_ABI_MAJOR, .abi_minor = TRACTOR_ABI_MINOR, .classifiers = classifiers
};
