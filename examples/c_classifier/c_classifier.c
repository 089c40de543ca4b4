/* Labels flows by how their payload begins: a whole plugin in C. Copy it.
 *
 * The function table of a classifier stands at the end; the header says what each function may do. */
#include "tractor_plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Verdicts are indices of this table. */
enum { SSH, SMTP, HTTP, CUSTOM };
static const tractor_label labels[] = {
    {"other", "ssh"}, {"mail", "smtp"}, {"web", "http"}, {"other", "custom"}
};

/* Bytes with which one direction of a flow begins, and what they say. */
typedef struct beginning {
    const char *text;
    uint8_t direction;
    uint8_t label;
    float confidence;
} beginning;

static const beginning beginnings[] = {
    {"SSH-", TRACTOR_SERVER_TO_CLIENT, SSH, 0.95f},
    {"SSH-", TRACTOR_CLIENT_TO_SERVER, SSH, 0.9f},
    {"220 ", TRACTOR_SERVER_TO_CLIENT, SMTP, 0.3f},      /* FTP greets so, too */
    {"EHLO ", TRACTOR_CLIENT_TO_SERVER, SMTP, 0.95f},
    {"GET /", TRACTOR_CLIENT_TO_SERVER, HTTP, 0.8f},
    {"POST /", TRACTOR_CLIENT_TO_SERVER, HTTP, 0.8f},
    {"HTTP/1.", TRACTOR_SERVER_TO_CLIENT, HTTP, 0.95f}
};
enum { BEGINNING_COUNT = sizeof(beginnings) / sizeof(beginnings[0]) };

/* One instance belongs to one thread, so it needs no lock. */
typedef struct instance {
    const tractor_host *host;
    char custom[64];             /* empty: none */
} instance;

static void destroy(void *self) {
    free(self);
}

/* Options come from [plugins."org.example.beginnings"] in tractor.toml, or from the command line:
 * --plugin-option org.example.beginnings.custom=HELLO */
static tractor_status create(const tractor_host *host, const tractor_option *options,
                             uint32_t option_count, void **self) {
    instance *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        host->fail(host, "no memory");
        return TRACTOR_ERROR;
    }
    made->host = host;
    for (uint32_t at = 0; at < option_count; at++) {
        char text[160];
        if (strcmp(options[at].key, "custom") != 0) {
            snprintf(text, sizeof(text), "there is no option %.100s", options[at].key);
        } else if (strlen(options[at].value) >= sizeof(made->custom)) {
            snprintf(text, sizeof(text), "custom has more than %d bytes",
                     (int)sizeof(made->custom) - 1);
        } else {
            strcpy(made->custom, options[at].value);
            continue;
        }
        host->fail(host, text);  /* copied */
        destroy(made);
        return TRACTOR_BAD_OPTION;
    }
    *self = made;
    return TRACTOR_OK;
}

static int begins_with(tractor_bytes bytes, const char *text) {
    const size_t length = strlen(text);
    return bytes.length >= length && memcmp(bytes.data, text, length) == 0;
}

/* A flow gets the same tags whatever else is in the batch: nothing is kept between flows. */
static tractor_status classify(void *self, const tractor_flow *const *flows, uint32_t count,
                               tractor_tags *tags) {
    const instance *made = self;
    for (uint32_t flow = 0; flow < count; flow++) {
        const tractor_bytes *payload = flows[flow]->payload;
        const beginning *best = NULL;
        if (made->custom[0] != '\0'
            && begins_with(payload[TRACTOR_CLIENT_TO_SERVER], made->custom)) {
            made->host->tag(tags, flow, CUSTOM, 1.0f, made->custom);
            continue;
        }
        for (int at = 0; at < BEGINNING_COUNT; at++) {
            const beginning *one = &beginnings[at];
            if (begins_with(payload[one->direction], one->text)
                && (best == NULL || one->confidence > best->confidence)) {
                best = one;
            }
        }
        if (best != NULL) {
            made->host->tag(tags, flow, best->label, best->confidence, best->text);
        }
    }
    return TRACTOR_OK;
}

static const tractor_classifier classifier = {
    .size = sizeof(tractor_classifier),
    .id = "org.example.beginnings",
    .name = "Beginnings",
    .version = "1.0",
    .description = "Labels flows by the first bytes of their payload.",
    .labels = labels,
    .label_count = sizeof(labels) / sizeof(labels[0]),
    .needs = TRACTOR_NEEDS_PAYLOAD,
    .when = TRACTOR_WHEN_EARLY | TRACTOR_WHEN_CLOSED,
    .payload_bytes = 64,         /* of each direction; the early call comes when both are there */
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
