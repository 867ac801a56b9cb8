// What Swift's Glibc overlay does not import: variadic calls, macros and GNU-only functions.
#ifndef CLINUX_H
#define CLINUX_H

#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

/// accept4(2): the accepted descriptor is non-blocking and close-on-exec. Returns -1 with errno as accept4 does.
int cf_accept(int listener, struct sockaddr *address, socklen_t *length);

/// The user at the other end of a connected Unix socket (SO_PEERCRED). Returns -1 with errno.
int cf_peer_user(int socket, uid_t *user);

/// Bytes that the peer has not acknowledged, or not taken (SIOCOUTQ); 0 where that is not known.
int cf_unsent(int socket);

/// No core files and no ptrace by the same user: memory holds keys. Returns -1 with errno.
int cf_forbid_core_dumps(void);

/// Makes a descriptor that this process was started with non-blocking and close-on-exec. Returns -1 with errno.
int cf_adopt(int descriptor);

/// What epoll says of one descriptor: the token it was registered with, and CF_… flags.
typedef struct {
  uint64_t token;
  uint32_t flags;
} cf_event;

enum {
  CF_READABLE = 1,
  CF_WRITABLE = 2,
  /// The peer has shut down its sending side, or worse: reads must go on until they return 0 or an error.
  CF_ENDED = 4,
  /// Error or hang-up in both directions.
  CF_FAILED = 8,
};

/// A close-on-exec epoll set.
int cf_epoll_create(void);
/// Edge-triggered, for reading, writing and the peer's end at once: registered once, never changed.
int cf_epoll_add_edge(int epoll, int descriptor, uint64_t token);
/// Level-triggered, for reading.
int cf_epoll_add_level(int epoll, int descriptor, uint64_t token);
/// Level-triggered, for reading, on a descriptor that other epoll sets watch too: not all of them wake for one event.
int cf_epoll_add_shared(int epoll, int descriptor, uint64_t token);
int cf_epoll_remove(int epoll, int descriptor);
/// At most 64 events. `timeout` in milliseconds, 0 for a look. Returns -1 with errno as epoll_wait does.
int cf_epoll_wait(int epoll, cf_event *events, int capacity, int timeout);
/// A non-blocking, close-on-exec eventfd(2).
int cf_eventfd(void);
/// Makes the eventfd's epoll set ready.
void cf_eventfd_signal(int descriptor);

/// At most this many heaps for malloc, whatever the number of threads; what glibc allows by itself is eight a core.
void cf_share_heaps(int most);
/// Gives free pages of every heap back to the system, and the pages of code: most of it ran at the start and never again. What still
/// runs is mapped anew from the page cache, some fifty short faults.
void cf_return_memory(void);

/// Brings the cache line at `address` near, to be read and written soon. Whatever the address, nothing comes of it but that.
static inline void cf_prefetch(const void *address) { __builtin_prefetch(address, 1); }

#endif
