// handshakes PORT SECONDS PROCESSES full|resumed: prints how many TLS 1.3 handshakes were made. Each process makes one after the other;
// one counts when the server's first ticket is there, so when the server has done its part.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

// From many addresses of this machine, or the ports that wait for stragglers would run out.
static int dial(int port, int process, long number) {
  int descriptor = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET, .sin_port = htons(port)};
  from.sin_addr.s_addr = htonl(0x7F010000 + process * 256 + 1 + number % 32);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (bind(descriptor, (struct sockaddr *)&from, sizeof from) || connect(descriptor, (struct sockaddr *)&to, sizeof to)) {
    perror("handshakes: connect");
    _exit(1);
  }
  return descriptor;
}

static long run(int port, double seconds, int process, int resumed) {
  SSL_CTX *context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
  SSL_CTX_set1_groups_list(context, "X25519");
  SSL_SESSION *session = NULL;
  long count = 0;
  for (double end = now() + seconds; now() < end; count++) {
    int descriptor = dial(port, process, count);
    SSL *connection = SSL_new(context);
    SSL_set_fd(connection, descriptor);
    if (session) SSL_set_session(connection, session);
    char byte;
    // The read ends when it has taken a ticket, which is nothing for the application.
    if (SSL_connect(connection) != 1 || SSL_read(connection, &byte, 1) > 0 || (session && !SSL_session_reused(connection))) {
      fprintf(stderr, "handshakes: refused\n");
      _exit(1);
    }
    if (resumed && !session) session = SSL_get1_session(connection);
    SSL_shutdown(connection);
    SSL_free(connection);
    close(descriptor);
  }
  return count;
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  int processes = atoi(argv[3]), ends[2];
  if (pipe(ends)) return 1;
  for (int i = 0; i < processes; i++) {
    if (fork() == 0) {
      long count = run(atoi(argv[1]), atof(argv[2]), i, !strcmp(argv[4], "resumed"));
      _exit(write(ends[1], &count, sizeof count) != sizeof count);
    }
  }
  long total = 0, count;
  int status, failed = 0;
  for (int i = 0; i < processes; i++) {
    wait(&status);
    if (status) failed = 1;
    else if (read(ends[0], &count, sizeof count) == sizeof count) total += count;
  }
  printf("%ld\n", total);
  return failed;
}
