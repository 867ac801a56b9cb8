#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "CLinux.h"

#include <link.h>
#include <malloc.h>
#include <sys/auxv.h>
#include <sys/mman.h>
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

// Code is never written (no library of ours has text relocations, and all are mapped read-only and executable): what is unmapped
// here comes back from the page cache when it runs.
static int return_code(struct dl_phdr_info *object, size_t size, void *page_size) {
  (void)size;
  if (object->dlpi_addr == getauxval(AT_SYSINFO_EHDR)) return 0;
  uintptr_t page = *(uintptr_t *)page_size;
  for (int index = 0; index < object->dlpi_phnum; index++) {
    const ElfW(Phdr) *part = &object->dlpi_phdr[index];
    if (part->p_type != PT_LOAD || (part->p_flags & (PF_R | PF_W | PF_X)) != (PF_R | PF_X)) continue;
    uintptr_t start = (object->dlpi_addr + part->p_vaddr) & ~(page - 1);
    uintptr_t end = (object->dlpi_addr + part->p_vaddr + part->p_memsz + page - 1) & ~(page - 1);
    madvise((void *)start, end - start, MADV_DONTNEED);
  }
  return 0;
}

void cf_return_memory(void) {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
  uintptr_t page = (uintptr_t)getauxval(AT_PAGESZ);
  dl_iterate_phdr(return_code, &page);
}
