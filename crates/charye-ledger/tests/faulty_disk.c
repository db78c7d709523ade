/* A disk that fails: loaded before libc (LD_PRELOAD) by the journal's tests, so that SQLite meets real errors at the
 * system calls. FAIL_SYNC_AFTER=N: every fsync and fdatasync after the first N fails with EIO.
 * FAIL_WRITE_AFTER=N: every pwrite after the first N fails with ENOSPC. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

static int used_up(const char *limit, long *calls) {
    const char *text = getenv(limit);
    return text && __atomic_add_fetch(calls, 1, __ATOMIC_RELAXED) > atol(text);
}

static long syncs, writes;

int fsync(int fd) {
    if (used_up("FAIL_SYNC_AFTER", &syncs)) { errno = EIO; return -1; }
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    return next(fd);
}

int fdatasync(int fd) {
    if (used_up("FAIL_SYNC_AFTER", &syncs)) { errno = EIO; return -1; }
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    return next(fd);
}

ssize_t pwrite(int fd, const void *buffer, size_t count, off_t offset) {
    if (used_up("FAIL_WRITE_AFTER", &writes)) { errno = ENOSPC; return -1; }
    ssize_t (*next)(int, const void *, size_t, off_t) = (ssize_t (*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite");
    return next(fd, buffer, count, offset);
}

ssize_t pwrite64(int fd, const void *buffer, size_t count, off64_t offset) {
    if (used_up("FAIL_WRITE_AFTER", &writes)) { errno = ENOSPC; return -1; }
    ssize_t (*next)(int, const void *, size_t, off64_t) = (ssize_t (*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64");
    return next(fd, buffer, count, offset);
}
