/* A plugin of ABI 1.0. It must build against the header beside it, and load, for ever: do not touch. */
#include "tractor_plugin.h"

#include <stdlib.h>
#include <string.h>

/* Labels flows that any later call would find the same: by port, by first bytes, and by name. */
typedef struct instance {
    const tractor_host *host;
    uint16_t port;
    int column;
} instance;

static const tractor_label labels[] = {{"other", "by_port"}, {"other", "by_bytes"}, {"web", "by_name"}};

static tractor_status create(const tractor_host *host, const tractor_option *options,
                             uint32_t option_count, void **self) {
    instance *made;
    uint32_t at;
    uint16_t port = 7;
    for (at = 0; at < option_count; at++) {
        if (strcmp(options[at].key, "port") != 0) {
            host->fail(host, "there is one option, port");
            return TRACTOR_BAD_OPTION;
        }
        port = (uint16_t)atoi(options[at].value);
    }
    made = (instance *)malloc(sizeof(*made));
    if (made == NULL) {
        host->fail(host, "no memory");
        return TRACTOR_ERROR;
    }
    made->host = host;
    made->port = port;
    made->column = -1;
    for (at = 0; at < host->feature_count; at++) {
        if (strcmp(host->feature_names[at], "duration") == 0) {
            made->column = (int)at;
        }
    }
    host->log(host, TRACTOR_LOG_INFO, "made");
    if (host->extension(host, "tractor.nothing/1") != NULL) {
        host->log(host, TRACTOR_LOG_WARNING, "an extension that no host has");
    }
    *self = made;
    return TRACTOR_OK;
}

static void destroy(void *self) { free(self); }

static tractor_status classify(void *self, const tractor_flow *const *flows, uint32_t count,
                               tractor_tags *tags) {
    const instance *made = (const instance *)self;
    uint32_t at;
    for (at = 0; at < count; at++) {
        const tractor_flow *flow = flows[at];
        const tractor_bytes first = flow->payload[TRACTOR_CLIENT_TO_SERVER];
        tractor_status status = TRACTOR_OK;
        if (TRACTOR_HAS(tractor_flow, flow, server_name) && flow->server_name.length > 0) {
            status = made->host->tag(tags, at, 2, 0.9f, "name");
        } else if (first.length >= 4 && memcmp(first.data, "ABI1", 4) == 0) {
            status = made->host->tag(tags, at, 1, 0.8f, "bytes");
        } else if (flow->server_port == made->port) {
            status = made->host->tag(tags, at, 0, 0.1f, NULL);
        }
        if (status != TRACTOR_OK) {
            made->host->fail(made->host, "a tag was refused");
            return TRACTOR_ERROR;
        }
    }
    return TRACTOR_OK;
}

static const tractor_classifier classifier = {
    sizeof(tractor_classifier),
    3,
    "org.tractor.kept.abi_1_0",
    "Kept",
    "1.0",
    "A plugin of ABI 1.0, which loads for ever.",
    labels,
    NULL,
    TRACTOR_NEEDS_PAYLOAD | TRACTOR_NEEDS_PACKETS | TRACTOR_NEEDS_NAMES,
    TRACTOR_WHEN_EARLY | TRACTOR_WHEN_CLOSED,
    64,
    4,
    0,
    0,
    create,
    destroy,
    classify,
    NULL
};

static const tractor_classifier *const classifiers[] = {&classifier, NULL};

const tractor_entry tractor_plugin = {
    TRACTOR_ABI_MAJOR, TRACTOR_ABI_MINOR, 0, 0, classifiers
};
