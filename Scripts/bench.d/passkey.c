/* Sign-ins by passkey, both calls, over keep-alive connections: the browser's and the authenticator's part of Scripts/bench.d/passkey.

   passkey make COUNT FILE              makes keys into FILE and prints "credential-id cose-key" in hex, one to a line
   passkey run PORT KEY FILE SECONDS    one connection to a key; prints the number of finished sign-ins; FILE has also the handles,
                                        one in base64url to a line, in FILE.handles */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ID = 16, MOST = 1024 };
static const char *ORIGIN = "http://127.0.0.1:8080", *PARTY = "127.0.0.1";

struct user { EVP_PKEY *key; unsigned char id[ID]; char handle[64]; };
static struct user users[MOST];
static int port; static const char *api_key; static struct timespec end; static atomic_long finished, failed;

static void base64url(const unsigned char *in, int count, char *out) {
  int n = EVP_EncodeBlock((unsigned char *)out, in, count);
  while (n > 0 && out[n - 1] == '=') n--;
  out[n] = 0;
  for (int i = 0; i < n; i++) out[i] = out[i] == '+' ? '-' : out[i] == '/' ? '_' : out[i];
}

static void hex(const unsigned char *in, int count) { for (int i = 0; i < count; i++) printf("%02x", in[i]); }

static int make(int count, const char *path) {
  FILE *file = fopen(path, "w");
  if (!file) return 1;
  for (int i = 0; i < count; i++) {
    EVP_PKEY *key = EVP_EC_gen("P-256");
    unsigned char id[ID], point[65]; size_t size;
    RAND_bytes(id, ID);
    EVP_PKEY_get_octet_string_param(key, "pub", point, sizeof point, &size);
    for (int j = 0; j < ID; j++) fprintf(file, "%02x", id[j]);
    fputc('\n', file);
    PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
    hex(id, ID); printf(" a5010203262001215820"); hex(point + 1, 32); printf("225820"); hex(point + 33, 32); printf("\n");
    EVP_PKEY_free(key);
  }
  return fclose(file);
}

/* One call; the answer's body, or NULL where it is not 200. */
static char *call(int connection, const char *path, const char *body, char *buffer, size_t room) {
  char request[8192];
  int count = snprintf(request, sizeof request,
    "POST %s HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nX-API-Key: %s\r\nContent-Length: %zu\r\n\r\n%s",
    path, api_key, strlen(body), body);
  if (write(connection, request, count) != count) return NULL;
  size_t have = 0;
  for (;;) {
    ssize_t got = read(connection, buffer + have, room - 1 - have);
    if (got <= 0) return NULL;
    have += got; buffer[have] = 0;
    char *rest = strstr(buffer, "\r\n\r\n");
    if (!rest) continue;
    char *length = strcasestr(buffer, "\r\ncontent-length:");
    if (length && have >= (size_t)(rest + 4 - buffer) + strtoul(length + 17, NULL, 10))
      return strncmp(buffer, "HTTP/1.1 200", 12) ? NULL : rest + 4;
  }
}

static int member(const char *json, const char *name, char *out, size_t room) {
  char pattern[64];
  snprintf(pattern, sizeof pattern, "\"%s\":\"", name);
  const char *start = strstr(json, pattern), *stop = start ? strchr(start += strlen(pattern), '"') : NULL;
  if (!stop || (size_t)(stop - start) >= room) return 0;
  memcpy(out, start, stop - start);
  out[stop - start] = 0;
  return 1;
}

static int sign_in(int connection, struct user *user) {
  char buffer[16384], challenge[128], bytes[128], client[512], body[4096];
  char *options = call(connection, "/auth/passkey/options", "{}", buffer, sizeof buffer);
  if (!options || !member(options, "challenge", challenge, sizeof challenge)) return 0;
  char *nested = strstr(options, "\"webauthn\"");
  if (!nested || !member(nested, "challenge", bytes, sizeof bytes)) return 0;
  int count = snprintf(client, sizeof client,
    "{\"type\":\"webauthn.get\",\"challenge\":\"%s\",\"origin\":\"%s\",\"crossOrigin\":false}", bytes, ORIGIN);
  unsigned char signed_bytes[37 + 32] = {0}, signature[80];
  EVP_Digest(PARTY, strlen(PARTY), signed_bytes, NULL, EVP_sha256(), NULL);
  signed_bytes[32] = 5;
  EVP_Digest(client, count, signed_bytes + 37, NULL, EVP_sha256(), NULL);
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  size_t size = sizeof signature;
  EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, user->key);
  EVP_DigestSign(context, signature, &size, signed_bytes, sizeof signed_bytes);
  EVP_MD_CTX_free(context);
  char id[64], data[128], text[1024], proof[128];
  base64url(user->id, ID, id); base64url(signed_bytes, 37, data);
  base64url((unsigned char *)client, count, text); base64url(signature, size, proof);
  snprintf(body, sizeof body,
    "{\"challenge\":\"%s\",\"credential\":{\"id\":\"%s\",\"rawId\":\"%s\",\"type\":\"public-key\",\"response\":{\"clientDataJSON\":\"%s\","
    "\"authenticatorData\":\"%s\",\"signature\":\"%s\",\"userHandle\":\"%s\"}}}", challenge, id, id, text, data, proof, user->handle);
  return call(connection, "/auth/passkey", body, buffer, sizeof buffer) != NULL;
}

static void *work(void *argument) {
  int connection = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(connection, (struct sockaddr *)&address, sizeof address)) { failed++; return NULL; }
  for (;;) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec > end.tv_sec || (now.tv_sec == end.tv_sec && now.tv_nsec > end.tv_nsec)) break;
    if (sign_in(connection, argument)) finished++; else { failed++; break; }
  }
  close(connection);
  return NULL;
}

static int run(const char *path, double seconds) {
  char line[256], name[512];
  snprintf(name, sizeof name, "%s.handles", path);
  FILE *keys = fopen(path, "r"), *handles = fopen(name, "r");
  if (!keys || !handles) return 1;
  int count = 0;
  while (count < MOST && fgets(line, sizeof line, keys)) {
    struct user *user = &users[count++];
    for (int i = 0; i < ID; i++) sscanf(line + 2 * i, "%2hhx", &user->id[i]);
    user->key = PEM_read_PrivateKey(keys, NULL, NULL, NULL);
    if (!user->key || !fgets(user->handle, sizeof user->handle, handles)) return 1;
    user->handle[strcspn(user->handle, "\n")] = 0;
  }
  clock_gettime(CLOCK_MONOTONIC, &end);
  end.tv_sec += (long)seconds;
  pthread_t threads[MOST];
  for (int i = 0; i < count; i++) pthread_create(&threads[i], NULL, work, &users[i]);
  for (int i = 0; i < count; i++) pthread_join(threads[i], NULL);
  printf("%ld %ld\n", finished, failed);
  return failed != 0;
}

int main(int count, char **words) {
  if (count == 4 && !strcmp(words[1], "make")) return make(atoi(words[2]), words[3]);
  if (count == 6 && !strcmp(words[1], "run")) {
    port = atoi(words[2]);
    api_key = words[3];
    return run(words[4], atof(words[5]));
  }
  return 2;
}
