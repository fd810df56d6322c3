#include "cli/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

oc_status cli_start(const char *const argv[], int *fd, pid_t *pid, oc_error *err)
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
        become(argv, NULL, ends[1], true); /* it may complain of a reader who has enough */
    close(ends[1]);
    *fd = ends[0];
    return OC_OK;
}
