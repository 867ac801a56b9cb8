// What Swift's Glibc overlay does not import: variadic calls, macros and GNU-only functions.
#ifndef CLINUX_H
#define CLINUX_H

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

/// accept4(2): the accepted descriptor is non-blocking and close-on-exec. Returns -1 with errno as accept4 does.
int cf_accept(int listener, struct sockaddr *address, socklen_t *length);

/// The user at the other end of a connected Unix socket (SO_PEERCRED). Returns -1 with errno.
int cf_peer_user(int socket, uid_t *user);

/// No core files and no ptrace by the same user: memory holds keys. Returns -1 with errno.
int cf_forbid_core_dumps(void);

#endif
