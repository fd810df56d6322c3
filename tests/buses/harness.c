/* Broker processes, the account, and the scenario that every bus goes through. */
#include "buses/harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "buses/proxy.h"

enum { STREAMS_MAX = 16 };

hx_state hx;

static struct {
    pid_t pid;
    char  program[256];
} broker;

/* ---- the account ---- */

static struct {
    pthread_mutex_t lock;
    uint8_t        *seen[STREAMS_MAX]; /* times each event came, up to 255 */
    uint64_t        next[STREAMS_MAX]; /* first arrivals must rise */
    uint64_t        received, duplicates, out_of_order, garbage;
} account = {.lock = PTHREAD_MUTEX_INITIALIZER};

void hx_received(const char *body, size_t n)
{
    char        text[1024] = "";
    unsigned    stream = 0;
    const char *at;
    memcpy(text, body, n < sizeof(text) - 1 ? n : sizeof(text) - 1);
    pthread_mutex_lock(&account.lock);
    at = strstr(text, "\"stream\":\"s");
    if (at)
        stream = (unsigned)strtoul(at + 11, NULL, 10);
    at = strstr(text, "\"seq\":");
    uint64_t seq = at ? strtoull(at + 6, NULL, 10) : UINT64_MAX;
    if (strncmp(text, "{\"id\":\"", 7) != 0 || text[n < 1023 ? n - 1 : 0] != '}' ||
        stream >= hx.streams || seq >= hx.events) {
        account.garbage++;
    } else {
        uint8_t *seen = &account.seen[stream][seq];
        account.received++;
        if (*seen)
            account.duplicates++;
        else if (seq < account.next[stream])
            account.out_of_order++;
        else
            account.next[stream] = seq + 1;
        *seen += *seen < 255;
    }
    pthread_mutex_unlock(&account.lock);
}

static uint64_t count_lost(void)
{
    uint64_t lost = 0;
    for (uint64_t i = 0; i < hx.events; i++)
        lost += !account.seen[i % hx.streams][i / hx.streams];
    return lost;
}

static uint64_t count_arrived(void) /* different ones */
{
    pthread_mutex_lock(&account.lock);
    uint64_t n = account.received - account.duplicates;
    pthread_mutex_unlock(&account.lock);
    return n;
}

/* ---- small things ---- */

void hx_sleep_ms(unsigned ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

static int bound_socket(int *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t          n = sizeof(a);
    int                fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0 ||
        getsockname(fd, (struct sockaddr *)&a, &n) != 0)
        return -1;
    *port = ntohs(a.sin_port);
    return fd;
}

int hx_free_port(void)
{
    int port = 0, fd = bound_socket(&port);
    close(fd);
    return port;
}

bool hx_listens(int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int                fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool               yes = connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0;
    close(fd);
    return yes;
}

void hx_write_file(const char *name, const char *fmt, ...)
{
    char    path[400];
    va_list ap;
    snprintf(path, sizeof(path), "%s/%s", hx.folder, name);
    FILE *f = fopen(path, "w");
    va_start(ap, fmt);
    if (f)
        vfprintf(f, fmt, ap);
    va_end(ap);
    if (f)
        fclose(f);
}

/* ---- the broker ---- */

static bool find_program(const char *name)
{
    static const char *const folders[] = {"/usr/sbin", "/usr/bin", "/usr/local/bin", "/sbin"};
    for (size_t i = 0; i < 4; i++) {
        snprintf(broker.program, sizeof(broker.program), "%s/%s", folders[i], name);
        if (access(broker.program, X_OK) == 0)
            return true;
    }
    return false;
}

bool hx_broker_start(void)
{
    const char *argv[32] = {broker.program};
    hx.bus->command(argv + 1);
    broker.pid = fork();
    if (broker.pid == 0) {
        char log[400];
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* not to outlive a test that was stopped */
        snprintf(log, sizeof(log), "%s/broker.log", hx.folder);
        int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
        dup2(fd, 1);
        dup2(fd, 2);
        execv(broker.program, (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    for (int i = 0; i < 1000; i++) {
        if (hx_listens(hx.port))
            return true;
        if (waitpid(broker.pid, NULL, WNOHANG) == broker.pid)
            break;
        hx_sleep_ms(20);
    }
    fprintf(stderr, "%s does not listen on port %d\n", broker.program, hx.port);
    return false;
}

void hx_broker_stop(bool kill_9)
{
    if (broker.pid <= 0)
        return;
    kill(broker.pid, kill_9 ? SIGKILL : SIGTERM);
    waitpid(broker.pid, NULL, 0);
    broker.pid = 0;
}

bool hx_begin(const hx_bus *bus)
{
    hx.bus = bus;
    snprintf(hx.folder, sizeof(hx.folder), "/tmp/ocellus-bus-XXXXXX");
    if (!mkdtemp(hx.folder))
        return false;
    hx.port = hx_free_port();
    if (bus->broker && (!find_program(bus->broker) || !hx_broker_start()))
        return false;
    if (bus->start && !bus->start())
        return false;
    hx.proxy_port = hx.port;
    if (bus->proxied && !proxy_start(hx.port, &hx.proxy_port))
        return false;
    return !bus->started || bus->started();
}

void hx_end(void)
{
    char command[400];
    if (hx.bus->finish)
        hx.bus->finish();
    if (hx.bus->proxied)
        proxy_stop();
    hx_broker_stop(true);
    snprintf(command, sizeof(command), "rm -rf '%s'", hx.folder);
    if (system(command) != 0)
        fprintf(stderr, "%s stays\n", hx.folder);
}

void hx_proxy(hx_fault fault, unsigned ms)
{
    proxy_fault(fault, ms);
}

/* ---- the scenario ---- */

static struct {
    volatile bool stop;
    unsigned      faults[HX_FAULTS], restarts, troubles;
    uint32_t      lot;
} chaos = {.lot = 7};

static uint32_t draw(uint32_t n)
{
    chaos.lot ^= chaos.lot << 13;
    chaos.lot ^= chaos.lot >> 17;
    chaos.lot ^= chaos.lot << 5;
    return chaos.lot % n;
}

static void restart(void)
{
    if (hx.bus->broker) {
        hx_broker_stop(hx.bus->kill_9);
        hx_sleep_ms(draw(200));
        if (!hx_broker_start())
            exit(1);
    } else if (hx.bus->stop) {
        hx.bus->stop();
        hx_sleep_ms(50 + draw(200));
        hx.bus->start();
    } else {
        return;
    }
    chaos.restarts++;
}

/* From the thread that started the broker: its children would be killed with another (prctl). */
static void misbehave(void)
{
    for (unsigned i = 0; !chaos.stop; i++) {
        hx_sleep_ms(100 + draw(200));
        if (i % 9 == 8) {
            restart();
        } else if (hx.bus->proxied && (i % 2 || !hx.bus->trouble)) {
            hx_fault fault = (hx_fault)draw(HX_FAULTS);
            proxy_fault(fault, 50 + draw(300));
            chaos.faults[fault]++;
        } else if (hx.bus->trouble) {
            hx.bus->trouble(draw(1000));
            chaos.troubles++;
        }
    }
    if (hx.bus->calm)
        hx.bus->calm();
}

static void put_event(oc_sink *s, uint64_t i)
{
    char            body[600], stream[16];
    oc_sink_message m = {.stream = stream, .type = "zone", .body = body};
    m.priority = (oc_priority)(i % 3);
    snprintf(stream, sizeof(stream), "s%u", (unsigned)(i % hx.streams));
    int n =
        snprintf(body, sizeof(body),
                 "{\"v\":1,\"seq\":%llu,\"type\":\"zone\",\"stream\":\"%s\",\"t\":%llu.%03llu,"
                 "\"frame\":%llu,\"track\":%llu,\"label\":\"person\",\"score\":0.871,"
                 "\"box\":[497.8,156.1,531.2,234],\"zone\":\"shelf\",\"change\":\"entered\","
                 "\"inside\":%llu,\"total\":%llu}",
                 (unsigned long long)(i / hx.streams), stream, (unsigned long long)(i / 100),
                 (unsigned long long)(i % 1000), (unsigned long long)i, (unsigned long long)(i / 7),
                 (unsigned long long)(i % 5), (unsigned long long)i);
    m.n_body = (size_t)n;
    while (!oc_sink_put(s, &m)) /* counted as dropped: must not happen at this pace */
        hx_sleep_ms(20);
}

static oc_sink *make_sink(void)
{
    static oc_bus_pair pair[24];
    static char        spool[400];
    const oc_bus_ops  *ops = NULL;
    oc_sink           *s = NULL;
    oc_error           err = {0};
    snprintf(spool, sizeof(spool), "%s/spool.db", hx.folder);
    oc_sink_options o = {.name = "test",
                         .device = "cart1",
                         .spool = spool,
                         .spool_bytes = UINT64_C(256) << 20,
                         .pair = pair,
                         .commit_ms = 20,
                         .ack_ms = 200,
                         .timeout_ms = 2000,
                         .backoff_ms = 20,
                         .backoff_max_ms = 300,
                         .tries = 200};
    o.n_pairs = hx.bus->options(pair);
    if (oc_bus_ops_find(hx.bus->kind, &ops, &err) != OC_OK) {
        fprintf(stderr, "skipped: %s\n", err.message);
        return NULL;
    }
    o.ops = ops;
    if (oc_sink_create(&o, &s, &err) != OC_OK)
        fprintf(stderr, "%s\n", err.message);
    return s;
}

static void make_account(void)
{
    memset(account.next, 0, sizeof(account.next));
    account.received = account.duplicates = account.out_of_order = account.garbage = 0;
    for (unsigned i = 0; i < hx.streams; i++) {
        free(account.seen[i]);
        account.seen[i] = calloc(hx.events / hx.streams + 1, 1);
    }
}

/* Events in bursts with gaps, so that all of it lasts as long as the faults do. */
static void *put_all(void *sink)
{
    oc_sink *s = sink;
    for (uint64_t i = 0; i < hx.events; i++) {
        put_event(s, i);
        if (i % 500 == 499) {
            (void)oc_sink_settle(s, false, 10000);
            hx_sleep_ms(hx.quiet ? 0 : 40);
        }
    }
    chaos.stop = true;
    return NULL;
}

static int judge(const oc_sink_stats *c, double seconds)
{
    uint64_t lost = count_lost(), dropped = 0;
    unsigned faults = 0;
    for (int i = 0; i < OC_SINK_DROPS; i++)
        dropped += c->dropped[i];
    for (int i = 0; i < HX_FAULTS; i++)
        faults += chaos.faults[i];
    printf("| bus | events | sent | acknowledged | received | duplicates | lost | out of order | "
           "dropped | faults | restarts | s | disk bytes/event |\n"
           "|---|---|---|---|---|---|---|---|---|---|---|---|---|\n"
           "| %s | %llu | %llu | %llu | %llu | %llu | %llu | %llu | %llu | %u | %u | %.1f | %.0f "
           "|\n",
           hx.bus->kind, (unsigned long long)hx.events, (unsigned long long)c->sent,
           (unsigned long long)c->acknowledged, (unsigned long long)account.received,
           (unsigned long long)account.duplicates, (unsigned long long)lost,
           (unsigned long long)account.out_of_order, (unsigned long long)dropped,
           faults + chaos.troubles, chaos.restarts, seconds,
           (double)c->bytes_written / (double)hx.events);
    if (c->error[0])
        printf("the last error: %s\n", c->error);
    return lost || account.out_of_order || account.garbage || dropped || c->depth ||
                   c->acknowledged != hx.events ||
                   account.received - account.duplicates != hx.events
               ? 1
               : 0;
}

bool hx_wait_for_all(void)
{
    uint64_t before = UINT64_MAX;
    for (int still = 0; still < 100 && count_arrived() < hx.events; still++) {
        uint64_t now = count_arrived();
        if (now != before)
            still = 0;
        before = now;
        hx_sleep_ms(100);
    }
    hx_sleep_ms(500); /* late duplicates */
    return true;
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int scenario(void)
{
    pthread_t     putter;
    oc_sink_stats c;
    double        begin = now_s();
    oc_sink      *s = make_sink();
    if (!s)
        return 77;
    if (pthread_create(&putter, NULL, put_all, s) != 0)
        return 1;
    if (!hx.quiet)
        misbehave();
    pthread_join(putter, NULL);
    if (!oc_sink_settle(s, true, 120000)) {
        oc_sink_stats_get(s, &c);
        fprintf(stderr, "%llu events are left: %s\n", (unsigned long long)c.depth, c.error);
    }
    double seconds = now_s() - begin;
    oc_sink_destroy(s, 0, &c);
    if (!hx.bus->collect()) {
        fprintf(stderr, "what arrived cannot be read\n");
        return 1;
    }
    return judge(&c, seconds);
}

int hx_main(const hx_bus *bus, int argc, char **argv)
{
    hx.events = 100000;
    hx.streams = 4;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--events") == 0 && i + 1 < argc)
            hx.events = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
            chaos.lot = (uint32_t)strtoul(argv[++i], NULL, 10) | 1;
        else if (strcmp(argv[i], "--quiet") == 0)
            hx.quiet = true;
        else {
            fprintf(stderr, "usage: %s [--events N] [--seed N] [--quiet]\n", argv[0]);
            return 2;
        }
    }
    signal(SIGPIPE, SIG_IGN);
    hx.events -= hx.events % hx.streams;
    make_account();
    if (!hx_begin(bus)) {
        printf("skipped: no %s here\n", bus->broker ? bus->broker : bus->kind);
        return 77;
    }
    int code = scenario();
    hx_end();
    return code;
}
