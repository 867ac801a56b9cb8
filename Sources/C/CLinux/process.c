#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "CLinux.h"

#include <malloc.h>
#include <sys/prctl.h>
#include <sys/resource.h>

int cf_peer_user(int socket, uid_t *user) {
  struct ucred peer;
  socklen_t length = sizeof peer;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return -1;
  *user = peer.uid;
  return 0;
}

int cf_forbid_core_dumps(void) {
  struct rlimit none = {0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) return -1;
  return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void cf_share_heaps(int most) {
#ifdef M_ARENA_MAX
  mallopt(M_ARENA_MAX, most);
#endif
}

void cf_return_memory(void) {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}
