// Here and not in the header: _GNU_SOURCE changes structures that Swift also knows from Glibc.
#define _GNU_SOURCE
#include "CLinux.h"

#include <linux/sockios.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>

int cf_accept(int listener, struct sockaddr *address, socklen_t *length) {
  return accept4(listener, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int cf_unsent(int socket) {
  int count = 0;
  return ioctl(socket, SIOCOUTQ, &count) == 0 ? count : 0;
}

int cf_adopt(int descriptor) {
  int flags = fcntl(descriptor, F_GETFL);
  if (flags < 0 || fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) != 0) return -1;
  return fcntl(descriptor, F_SETFD, FD_CLOEXEC);
}

int cf_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

static int add(int epoll, int descriptor, uint64_t token, uint32_t events) {
  struct epoll_event event = {.events = events, .data = {.u64 = token}};
  return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

int cf_epoll_add_edge(int epoll, int descriptor, uint64_t token) {
  return add(epoll, descriptor, token, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
}

int cf_epoll_add_level(int epoll, int descriptor, uint64_t token) { return add(epoll, descriptor, token, EPOLLIN); }

int cf_epoll_add_shared(int epoll, int descriptor, uint64_t token) { return add(epoll, descriptor, token, EPOLLIN | EPOLLEXCLUSIVE); }

int cf_epoll_remove(int epoll, int descriptor) { return epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, 0); }

int cf_epoll_wait(int epoll, cf_event *events, int capacity, int timeout) {
  struct epoll_event ready[64];
  int count = epoll_wait(epoll, ready, capacity < 64 ? capacity : 64, timeout);
  for (int i = 0; i < count; i++) {
    uint32_t bits = ready[i].events;
    events[i].token = ready[i].data.u64;
    events[i].flags = (bits & EPOLLIN ? CF_READABLE : 0) | (bits & EPOLLOUT ? CF_WRITABLE : 0) |
                      (bits & (EPOLLRDHUP | EPOLLHUP | EPOLLERR) ? CF_ENDED : 0) |
                      (bits & (EPOLLHUP | EPOLLERR) ? CF_FAILED : 0);
  }
  return count;
}

int cf_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

void cf_eventfd_signal(int descriptor) { eventfd_write(descriptor, 1); }
