#include "cli/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/download.h" /* interrupts */

#define NOT_STARTED 127

/* quiet: without its stderr. */
static void become(const char *const argv[], const char *folder, int output, bool quiet)
{
    int nothing = quiet ? open("/dev/null", O_WRONLY | O_CLOEXEC) : -1;
    if (quiet && (nothing < 0 || dup2(nothing, STDERR_FILENO) < 0))
        _exit(NOT_STARTED);
    if (folder && chdir(folder) != 0)
        _exit(NOT_STARTED);
    if (dup2(output, STDOUT_FILENO) < 0)
        _exit(NOT_STARTED);
    execvp(argv[0], (char *const *)argv);
    _exit(NOT_STARTED);
}

oc_status cli_wait(const char *name, pid_t pid, oc_error *err)
{
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return OC_FAIL(err, OC_IO, "%s: %s", name, strerror(errno));
    if (WIFSIGNALED(status)) {
        if (WTERMSIG(status) == SIGPIPE) /* we had read enough */
            return OC_OK;
        if (WTERMSIG(status) == SIGINT)
            return OC_FAIL(err, OC_CANCELLED, "%s was interrupted", name);
        return OC_FAIL(err, OC_IO, "%s was ended by signal %d", name, WTERMSIG(status));
    }
    if (WEXITSTATUS(status) == NOT_STARTED)
        return OC_FAIL(err, OC_NOT_FOUND, "the program '%s' is not there", name);
    if (WEXITSTATUS(status) != 0)
        return OC_FAIL(err, OC_IO, "%s failed with exit status %d", name, WEXITSTATUS(status));
    return OC_OK;
}

oc_status cli_run(const char *const argv[], const char *folder, oc_error *err)
{
    pid_t pid = fork();
    if (pid < 0)
        return OC_FAIL(err, OC_IO, "%s: %s", argv[0], strerror(errno));
    if (pid == 0)
        become(argv, folder, STDERR_FILENO, false);
    return cli_wait(argv[0], pid, err);
}

static oc_status start(const char *const argv[], bool quiet, int *fd, pid_t *pid, oc_error *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return OC_FAIL(err, OC_IO, "%s: %s", argv[0], strerror(errno));
    *pid = fork();
    if (*pid < 0) {
        close(ends[0]);
        close(ends[1]);
        return OC_FAIL(err, OC_IO, "%s: %s", argv[0], strerror(errno));
    }
    if (*pid == 0)
        become(argv, NULL, ends[1], quiet);
    close(ends[1]);
    *fd = ends[0];
    return OC_OK;
}

oc_status cli_start(const char *const argv[], int *fd, pid_t *pid, oc_error *err)
{
    return start(argv, true, fd, pid, err); /* it may complain of a reader who has enough */
}

static double now_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Reads to the end; *n bytes in *text, a 0 after them. */
static oc_status read_all(const char *name, int fd, double until, size_t most, char **text,
                          size_t *n, oc_error *err)
{
    size_t cap = 0;
    for (;;) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        const double  left = until - now_seconds();
        if (left <= 0)
            return OC_FAIL(err, OC_IO, "%s was not done in time, and was ended", name);
        if (*n + 1 >= cap) {
            char *more = cap < most ? realloc(*text, cap = cap ? 2 * cap : 65536) : NULL;
            if (!more)
                return OC_FAIL(err, OC_IO, "%s printed more than %zu bytes, and was ended", name,
                               *n);
            *text = more;
        }
        if (poll(&ready, 1, left < 1e6 ? (int)(left * 1e3) + 1 : -1) <= 0) {
            if (cli_was_interrupted())
                return OC_FAIL(err, OC_CANCELLED, "%s was interrupted", name);
            continue; /* a signal, or the time is up */
        }
        ssize_t got = read(fd, *text + *n, cap - *n - 1);
        if (got < 0 && errno != EINTR)
            return OC_FAIL(err, OC_IO, "%s: %s", name, strerror(errno));
        if (got == 0)
            return OC_OK;
        *n += got > 0 ? (size_t)got : 0;
        (*text)[*n] = 0;
    }
}

oc_status cli_capture(const char *const argv[], double seconds, size_t most, char **text, size_t *n,
                      oc_error *err)
{
    int       fd;
    pid_t     pid;
    oc_status st = start(argv, false, &fd, &pid, err);
    *text = NULL;
    *n = 0;
    if (st != OC_OK)
        return st;
    st = read_all(argv[0], fd, now_seconds() + seconds, most, text, n, err);
    close(fd);
    if (st != OC_OK) {
        kill(pid, SIGKILL);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
    } else {
        st = cli_wait(argv[0], pid, err);
    }
    if (st != OC_OK) {
        free(*text);
        *text = NULL;
    }
    return st;
}
