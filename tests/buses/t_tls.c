/* TLS of every bus that speaks it: the right authority, a strange one, a certificate for somebody
 * else's name, one that is out of date, and our own where the other side wants it.  mosquitto and
 * nats-server are the real ones; webhooks and Kafka meet a listener of the test's own, which
 * answers POST, and for Kafka shows who gets through the handshake. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "buses/harness.h"

static char certificates[100];
static int  faults;

static const char make_all[] =
    "cd '%s' && exec > log 2>&1 && "
    "key='ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes' && touch index.txt && "
    "printf '[ca]\\ndefault_ca=d\\n[d]\\nnew_certs_dir=.\\ndatabase=index.txt\\ncertificate=ca.pem\\n"
    "private_key=ca.key\\ndefault_md=sha256\\npolicy=p\\nrand_serial=yes\\nunique_subject=no\\n"
    "[p]\\ncommonName=supplied\\n' > ca.cnf && "
    "printf 'subjectAltName=DNS:localhost,IP:127.0.0.1' > here && "
    "printf 'subjectAltName=DNS:elsewhere.example' > elsewhere && "
    "for ca in ca strange; do openssl req -x509 -newkey $key -keyout $ca.key -out $ca.pem -days 2 "
    "-subj /CN=test-$ca || exit 1; done && "
    "openssl req -newkey $key -keyout srv.key -out srv.csr -subj /CN=localhost && "
    "openssl req -newkey $key -keyout far.key -out far.csr -subj /CN=elsewhere.example && "
    "openssl req -newkey $key -keyout cart.key -out cart.csr -subj /CN=cart1 && "
    "sign() { openssl ca -config ca.cnf -batch -notext -in $1.csr -out $2.pem -startdate $3 "
    "-enddate $4 -extfile $5; } && now=20200101000000Z && later=20990101000000Z && "
    "sign srv srv $now $later here && sign far far $now $later elsewhere && "
    "sign srv old $now 20200201000000Z here && sign cart cart $now $later here && "
    "cp srv.key old.key && chmod 644 *.key";

static const char *certificate(const char *name)
{
    static char path[8][200];
    static int  next;
    char       *p = path[next++ % 8];
    snprintf(p, 200, "%s/%s", certificates, name);
    return p;
}

/* What a server shows, and what it asks for. */
typedef struct trial {
    const char *what, *server, *authority, *own; /* own: our certificate, or NULL */
    bool        asks, passes;
} trial;

static const trial trials[] = {
    {"the right authority", "srv", "ca", NULL, false, true},
    {"a strange authority", "srv", "strange", NULL, false, false},
    {"somebody else's name", "far", "ca", NULL, false, false},
    {"out of date", "old", "ca", NULL, false, false},
    {"ours is wanted, there is none", "srv", "ca", NULL, true, false},
    {"ours is wanted and shown", "srv", "ca", "cart", true, true},
};

static const trial *now;

/* ---- the listener of the test's own ---- */

static struct {
    int               fd;
    pthread_t         thread;
    SSL_CTX          *tls;
    volatile bool     stop;
    volatile unsigned handshakes;
} listener;

/* Reads requests and answers them; what is no HTTP is read and not answered. */
static void converse(SSL *s)
{
    static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    char              buffer[16384];
    size_t            n = 0;
    int               got;
    while (n + 1 < sizeof(buffer) &&
           (got = SSL_read(s, buffer + n, (int)(sizeof(buffer) - n - 1))) > 0) {
        n += (size_t)got;
        buffer[n] = '\0';
        const char *end = strstr(buffer, "\r\n\r\n"),
                   *length = strcasestr(buffer, "content-length:");
        if (end && length && n >= (size_t)(end + 4 - buffer) + strtoul(length + 15, NULL, 10)) {
            SSL_write(s, ok, sizeof(ok) - 1);
            n = 0;
        }
    }
}

static void *serve(void *ctx)
{
    (void)ctx;
    while (!listener.stop) {
        struct timeval limit = {.tv_sec = 1};
        int            c = accept4(listener.fd, NULL, NULL, SOCK_CLOEXEC);
        if (c < 0)
            break;
        setsockopt(c, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        SSL *s = SSL_new(listener.tls);
        SSL_set_fd(s, c);
        if (SSL_accept(s) == 1) {
            listener.handshakes++;
            converse(s);
        }
        SSL_free(s);
        close(c);
    }
    return NULL;
}

static bool listener_start(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)hx.port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char               pem[20], key[20];
    int                one = 1;
    snprintf(pem, sizeof(pem), "%s.pem", now->server);
    snprintf(key, sizeof(key), "%s.key", now->server);
    listener.handshakes = 0;
    listener.stop = false;
    listener.tls = SSL_CTX_new(TLS_server_method());
    if (SSL_CTX_use_certificate_file(listener.tls, certificate(pem), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_use_PrivateKey_file(listener.tls, certificate(key), SSL_FILETYPE_PEM) != 1)
        return false;
    if (now->asks) {
        SSL_CTX_load_verify_locations(listener.tls, certificate("ca.pem"), NULL);
        SSL_CTX_set_verify(listener.tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    }
    listener.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(listener.fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    return bind(listener.fd, (struct sockaddr *)&a, sizeof(a)) == 0 &&
           listen(listener.fd, 16) == 0 && pthread_create(&listener.thread, NULL, serve, NULL) == 0;
}

static void listener_stop(void)
{
    listener.stop = true;
    shutdown(listener.fd, SHUT_RDWR);
    pthread_join(listener.thread, NULL);
    close(listener.fd);
    SSL_CTX_free(listener.tls);
}

/* ---- brokers ---- */

static void mosquitto_command(const char **argv)
{
    static char config[400];
    snprintf(config, sizeof(config), "%s/m.conf", hx.folder);
    hx_write_file("m.conf",
                  "listener %d 127.0.0.1\nuser root\nallow_anonymous true\n"
                  "certfile %s/%s.pem\nkeyfile %s/%s.key\n%s%s%s",
                  hx.port, certificates, now->server, certificates, now->server,
                  now->asks ? "require_certificate true\ncafile " : "",
                  now->asks ? certificate("ca.pem") : "", now->asks ? "\n" : "");
    argv[0] = "-c";
    argv[1] = config;
}

static void nats_command(const char **argv)
{
    static char config[400];
    snprintf(config, sizeof(config), "%s/n.conf", hx.folder);
    hx_write_file("n.conf",
                  "listen: \"127.0.0.1:%d\"\njetstream { store_dir: \"%s\" }\n"
                  "tls { cert_file: \"%s/%s.pem\", key_file: \"%s/%s.key\", timeout: 5%s%s%s }\n",
                  hx.port, hx.folder, certificates, now->server, certificates, now->server,
                  now->asks ? ", verify: true, ca_file: \"" : "",
                  now->asks ? certificate("ca.pem") : "", now->asks ? "\"" : "");
    argv[0] = "-c";
    argv[1] = config;
}

static size_t options(oc_bus_pair *pair)
{
    static char port[16], url[64], brokers[64], pem[20], key[20];
    size_t      n = 0;
    bool        nats = strcmp(hx.bus->kind, "nats") == 0;
    snprintf(port, sizeof(port), "%d", hx.port);
    snprintf(brokers, sizeof(brokers), "127.0.0.1:%d", hx.port);
    snprintf(url, sizeof(url), nats ? "tls://127.0.0.1:%d" : "https://127.0.0.1:%d/", hx.port);
    snprintf(pem, sizeof(pem), "%s.pem", now->authority);
    pair[n++] = (oc_bus_pair){"ca", certificate(pem)};
    pair[n++] = (oc_bus_pair){"host", "127.0.0.1"};
    pair[n++] = (oc_bus_pair){"port", port};
    pair[n++] = (oc_bus_pair){"url", url};
    pair[n++] = (oc_bus_pair){"brokers", brokers};
    if (nats)
        pair[n++] = (oc_bus_pair){"stream", "EVENTS"};
    if (now->own) {
        snprintf(pem, sizeof(pem), "%s.pem", now->own);
        snprintf(key, sizeof(key), "%s.key", now->own);
        pair[n++] = (oc_bus_pair){"cert", certificate(pem)};
        pair[n++] = (oc_bus_pair){"key", certificate(key)};
    }
    return n;
}

static const hx_bus buses[] = {
    {.kind = "mqtt", .broker = "mosquitto", .command = mosquitto_command, .options = options},
    {.kind = "nats", .broker = "nats-server", .command = nats_command, .options = options},
    {.kind = "webhook", .start = listener_start, .options = options, .finish = listener_stop},
    {.kind = "kafka", .start = listener_start, .options = options, .finish = listener_stop},
};

/* ---- a trial ---- */

static void check(const trial *t, const oc_sink_stats *c)
{
    /* no answer of the listener's makes sense to Kafka; curl looks at the name behind the handshake */
    bool passed =
        strcmp(hx.bus->kind, "kafka") == 0 ? listener.handshakes > 0 : c->acknowledged == 1;
    bool ok = passed == t->passes && (passed || (c->failures > 0 && c->error[0]));
    printf("%s %-8s %-32s %s\n", ok ? "ok  " : "FAIL", hx.bus->kind, t->what, c->error);
    faults += !ok;
}

static void try(const hx_bus *bus, const trial *t)
{
    oc_bus_pair           pair[16];
    oc_sink              *s = NULL;
    oc_sink_stats         c = {0};
    oc_error              err = {0};
    const oc_bus_ops     *ops = NULL;
    const oc_sink_message m = {"door", "zone", OC_PRIORITY_HIGH, "{\"n\":1}", 7};
    now = t;
    if (oc_bus_ops_find(bus->kind, &ops, &err) != OC_OK || !hx_begin(bus)) {
        printf("skipped: %s %s\n", bus->kind, err.message);
        return;
    }
    oc_sink_options o = {.name = "test",
                         .device = "cart1",
                         .ops = ops,
                         .pair = pair,
                         .commit_ms = 1,
                         .timeout_ms = 1000,
                         .backoff_ms = 10,
                         .backoff_max_ms = 20};
    o.n_pairs = options(pair);
    if (oc_sink_create(&o, &s, &err) == OC_OK) {
        oc_sink_put(s, &m);
        for (int i = 0; i < 3000 && c.acknowledged == 0 && c.failures < 2; i++) {
            hx_sleep_ms(10);
            oc_sink_stats_get(s, &c);
        }
        oc_sink_destroy(s, 0, NULL);
    } else {
        snprintf(c.error, sizeof(c.error), "%.230s", err.message);
    }
    check(t, &c);
    hx_end();
}

int main(void)
{
    char command[3000];
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGPIPE, SIG_IGN);
    snprintf(certificates, sizeof(certificates), "/tmp/ocellus-tls-XXXXXX");
    if (!mkdtemp(certificates) || chmod(certificates, 0755) != 0)
        return 1;
    snprintf(command, sizeof(command), make_all, certificates);
    if (system(command) != 0) {
        printf("skipped: openssl makes no certificates\n");
        return 77;
    }
    for (size_t b = 0; b < sizeof(buses) / sizeof(buses[0]); b++)
        for (size_t i = 0; i < sizeof(trials) / sizeof(trials[0]); i++)
            try(&buses[b], &trials[i]);
    snprintf(command, sizeof(command), "rm -rf '%s'", certificates);
    if (system(command) != 0)
        printf("%s stays\n", certificates);
    return faults ? 1 : 0;
}
