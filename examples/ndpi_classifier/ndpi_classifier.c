/* Labels flows with nDPI, hundreds of protocols: what a library for whole packets needs to become a
 * plugin. Its labels are known only when it runs, so create() declares them. */
#include "ndpi_classifier.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of the library beside its cache; its header is not installed. */
void cache_free(struct cache *cache);

/* nDPI's own start touches what all modules share. */
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

/* One for each thread, with a module of its own. */
typedef struct instance {
    const tractor_host *host;
    struct ndpi_detection_module_struct *module;
    struct ndpi_flow_struct *flow;
    uint32_t label_count;
    rebuilt packet;
} instance;

static void destroy(void *self) {
    instance *made = self;
    if (made->module != NULL) {
        pthread_mutex_lock(&one_at_a_time);
        ndpi_exit_detection_module(made->module);
        pthread_mutex_unlock(&one_at_a_time);
    }
    free(made->flow);
    free(made);
}

static struct ndpi_detection_module_struct *make_module(void) {
    pthread_mutex_lock(&one_at_a_time);
    struct ndpi_detection_module_struct *module = ndpi_init_detection_module(ndpi_no_prefs);
    if (module != NULL) {
        NDPI_PROTOCOL_BITMASK all;
        NDPI_BITMASK_SET_ALL(all);
        ndpi_set_protocol_detection_bitmask2(module, &all);
        ndpi_finalize_initialization(module);
    }
    pthread_mutex_unlock(&one_at_a_time);
    return module;
}

/* What is wrong, or NULL. */
static const char *fill(instance *made) {
    if (ndpi_get_ndpi_detection_module_size() != sizeof(struct ndpi_detection_module_struct)) {
        return "the nDPI that is installed is not the one it was built with: build it again";
    }
    made->module = make_module();
    made->flow = malloc(SIZEOF_FLOW_STRUCT);
    if (made->module == NULL || made->flow == NULL) {
        return "nDPI does not start";
    }
    tractor_label *labels = make_labels(made->module, &made->label_count);
    if (labels == NULL) {
        return "no memory for labels";
    }
    const tractor_host *host = made->host;
    const tractor_status status = host->declare(host, labels, made->label_count, NULL, 0);
    free_labels(labels, made->label_count);  /* the host has copied them */
    return status == TRACTOR_OK ? NULL : "its labels are not accepted";
}

static tractor_status create(const tractor_host *host, const tractor_option *options,
                             uint32_t option_count, void **self) {
    char text[160];
    if (option_count > 0) {
        snprintf(text, sizeof(text), "there is no option %.100s", options[0].key);
        host->fail(host, text);
        return TRACTOR_BAD_OPTION;
    }
    instance *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        host->fail(host, "no memory");
        return TRACTOR_ERROR;
    }
    made->host = host;
    const char *wrong = fill(made);
    if (wrong != NULL) {
        host->fail(host, wrong);
        destroy(made);
        return TRACTOR_ERROR;
    }
    *self = made;
    return TRACTOR_OK;
}

/* nDPI remembers flows to know others by; the header wants verdicts that do not depend on what else
 * was shown. (It makes a cache again when it needs one.) */
static void forget(struct ndpi_detection_module_struct *module) {
    struct ndpi_lru_cache **caches[] = {
        &module->ookla_cache,    &module->bittorrent_cache, &module->zoom_cache,
        &module->stun_cache,     &module->tls_cert_cache,   &module->mining_cache,
        &module->msteams_cache
    };
    for (size_t at = 0; at < sizeof(caches) / sizeof(caches[0]); at++) {
        if (*caches[at] != NULL) {
            ndpi_lru_free_cache(*caches[at]);
            *caches[at] = NULL;
        }
    }
    if (module->tinc_cache != NULL) {
        cache_free(module->tinc_cache);
        module->tinc_cache = NULL;
    }
}

static int is_known(ndpi_protocol found) {
    return found.app_protocol != NDPI_PROTOCOL_UNKNOWN
        || found.master_protocol != NDPI_PROTOCOL_UNKNOWN;
}

static ndpi_protocol detect(instance *made, const tractor_flow *flow) {
    ndpi_protocol found = NDPI_PROTOCOL_NULL;
    uint8_t is_guessed;
    if (flow->transport != IPPROTO_TCP && flow->transport != IPPROTO_UDP) {
        /* The number says it all. */
        return ndpi_guess_undetected_protocol(made->module, NULL, flow->transport, 0, 0, 0, 0);
    }
    rebuild_start(&made->packet);
    for (uint32_t at = 0; at < flow->packet_count; at++) {
        const tractor_packet *shown = &flow->packet[at];
        const uint64_t time_ms = ((uint64_t)flow->start_us + shown->time_us) / 1000;
        if (!rebuild(&made->packet, flow, shown)) {
            continue;
        }
        found = ndpi_detection_process_packet(made->module, made->flow, made->packet.bytes,
                                              made->packet.length, time_ms);
        if (is_known(found) && !ndpi_extra_dissection_possible(made->module, made->flow)) {
            break;
        }
    }
    if (!is_known(found)) {
        found = ndpi_detection_giveup(made->module, made->flow, 1, &is_guessed);
    }
    return found;
}

/* What was seen in the payload counts; ports and addresses are hints. */
static float confidence_of(const tractor_flow *flow, ndpi_confidence_t confidence) {
    if (flow->transport != IPPROTO_TCP && flow->transport != IPPROTO_UDP) {
        return 0.9f;
    }
    switch (confidence) {
    case NDPI_CONFIDENCE_DPI: return 0.9f;
    case NDPI_CONFIDENCE_DPI_CACHE: return 0.7f;
    case NDPI_CONFIDENCE_MATCH_BY_IP: return 0.2f;
    default: return 0.1f;
    }
}

static tractor_status classify(void *self, const tractor_flow *const *flows, uint32_t count,
                               tractor_tags *tags) {
    instance *made = self;
    for (uint32_t at = 0; at < count; at++) {
        memset(made->flow, 0, SIZEOF_FLOW_STRUCT);
        const ndpi_protocol found = detect(made, flows[at]);
        if (is_known(found)) {
            const uint32_t label = found.app_protocol != NDPI_PROTOCOL_UNKNOWN
                ? found.app_protocol : found.master_protocol;
            const ndpi_confidence_t why = made->flow->confidence;
            char name[64], evidence[128];
            ndpi_protocol2name(made->module, found, name, sizeof(name));
            snprintf(evidence, sizeof(evidence), "nDPI %s: %s", ndpi_confidence_get_name(why), name);
            made->host->tag(tags, at, label, confidence_of(flows[at], why), evidence);
        }
        ndpi_free_flow_data(made->flow);
        forget(made->module);
    }
    return TRACTOR_OK;
}

static const tractor_classifier classifier = {
    .size = sizeof(tractor_classifier),
    .id = "org.ntop.ndpi",
    .name = "nDPI",
    .version = "4.2",
    .description = "Labels flows with nDPI, which knows hundreds of protocols.",
    .needs = TRACTOR_NEEDS_PAYLOAD | TRACTOR_NEEDS_PACKETS,
    .when = TRACTOR_WHEN_EARLY | TRACTOR_WHEN_CLOSED,
    .payload_bytes = PAYLOAD_BYTES,
    .packets = PACKETS,
    .create = create,
    .destroy = destroy,
    .classify = classify
};

static const tractor_classifier *const classifiers[] = {&classifier, NULL};

const tractor_entry tractor_plugin = {
    .abi_major = TRACTOR_ABI_MAJOR,
    .abi_minor = TRACTOR_ABI_MINOR,
    .classifiers = classifiers
};
