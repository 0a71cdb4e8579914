/* Preloaded into a test's child: the n-th write to a file of the store fails, n from FAIL_AT;
 * with FAIL_FROM all from the n-th on do. Errors are EIO, or ENOSPC with FAIL_FULL.
 * The file FAIL_MARK is made when one fails. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static long seen;

static int fails(int fd) {
    char link[64], path[4096];
    const char *at = getenv("FAIL_AT");
    if (!at) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0) return 0;
    path[n] = 0;
    if (!strstr(path, "store.db")) return 0;
    long k = ++seen;
    if (k == atol(at) || (getenv("FAIL_FROM") && k > atol(at))) {
        const char *mark = getenv("FAIL_MARK");
        if (mark) close(open(mark, O_CREAT | O_WRONLY, 0600));
        errno = getenv("FAIL_FULL") ? ENOSPC : EIO;
        return 1;
    }
    return 0;
}

ssize_t pwrite64(int fd, const void *data, size_t n, off64_t at) {
    static ssize_t (*real)(int, const void *, size_t, off64_t);
    if (!real) real = dlsym(RTLD_NEXT, "pwrite64");
    return fails(fd) ? -1 : real(fd, data, n, at);
}

ssize_t pwrite(int fd, const void *data, size_t n, off_t at) { return pwrite64(fd, data, n, at); }

ssize_t write(int fd, const void *data, size_t n) {
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) real = dlsym(RTLD_NEXT, "write");
    return fails(fd) ? -1 : real(fd, data, n);
}

int fdatasync(int fd) {
    static int (*real)(int);
    if (!real) real = dlsym(RTLD_NEXT, "fdatasync");
    return fails(fd) ? -1 : real(fd);
}

int fsync(int fd) {
    static int (*real)(int);
    if (!real) real = dlsym(RTLD_NEXT, "fsync");
    return fails(fd) ? -1 : real(fd);
}
