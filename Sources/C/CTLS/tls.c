#include "CTLS.h"

#include <errno.h>
#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

// What stands between OpenSSL and the descriptor. OpenSSL's own socket BIO writes without MSG_NOSIGNAL, and does not tell whether a
// read has emptied the socket, which saves the read that only says "nothing".
typedef struct {
  int descriptor;
  // The last read took less than it was offered room for: nothing is left until the next event.
  int is_drained;
  int is_blocked;
  int has_failed;
  long budget;
} wire;

static int wire_read(BIO *bio, char *buffer, size_t capacity, size_t *count) {
  wire *wire = BIO_get_data(bio);
  BIO_clear_retry_flags(bio);
  *count = 0;
  ssize_t got;
  do got = recv(wire->descriptor, buffer, capacity, 0);
  while (got < 0 && errno == EINTR);
  if (got < 0) {
    wire->is_drained = 1;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return 0;
    wire->is_blocked = 1;
    BIO_set_retry_read(bio);
    return 0;
  }
  wire->is_drained = (size_t)got < capacity;
  if (got == 0) {
    BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    return 0;
  }
  wire->budget -= got;
  if (wire->budget < 0) return 0;
  *count = (size_t)got;
  return 1;
}

static int wire_write(BIO *bio, const char *bytes, size_t length, size_t *count) {
  wire *wire = BIO_get_data(bio);
  BIO_clear_retry_flags(bio);
  *count = 0;
  ssize_t sent;
  do sent = send(wire->descriptor, bytes, length, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  if (sent >= 0) {
    *count = (size_t)sent;
    return 1;
  }
  if (errno != EAGAIN && errno != EWOULDBLOCK) return 0;
  wire->is_blocked = 1;
  BIO_set_retry_write(bio);
  return 0;
}

static long wire_control(BIO *bio, int command, long number, void *pointer) {
  (void)number;
  (void)pointer;
  switch (command) {
    case BIO_CTRL_FLUSH: return 1;
    case BIO_CTRL_EOF: return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
    default: return 0;
  }
}

static int wire_destroy(BIO *bio) {
  free(BIO_get_data(bio));
  return 1;
}

// Made once, for the life of the process.
static BIO_METHOD *method;

static void make_method(void) {
  method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wire");
  if (method == NULL) return;
  BIO_meth_set_read_ex(method, wire_read);
  BIO_meth_set_write_ex(method, wire_write);
  BIO_meth_set_ctrl(method, wire_control);
  BIO_meth_set_destroy(method, wire_destroy);
}

// What is left from before would be taken for the reason of what comes next; mostly nothing is, and looking costs less than wiping.
static void clear_errors(void) {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

static wire *wire_of(SSL *connection) { return BIO_get_data(SSL_get_rbio(connection)); }

SSL_CTX *cf_tls_context_new(void) {
  SSL_CTX *context = SSL_CTX_new(TLS_server_method());
  if (context == NULL) return NULL;
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION);
  // A peer that closes without close_notify ends like any other: every message here says its own length. Passwords pass through here,
  // so that what was handed over is wiped.
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
    SSL_OP_PRIORITIZE_CHACHA | SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_CLEANSE_PLAINTEXT);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
    SSL_MODE_NO_AUTO_CHAIN);
  // Else one read would deal with as many changes of keys as a peer cares to send, and the loop's others would wait.
  SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_cert_list(context, 32 << 10);
  SSL_CTX_set_security_level(context, 2);
  return context;
}

int cf_tls_set_groups(SSL_CTX *context, const char *groups) { return (int)SSL_CTX_set1_groups_list(context, groups); }

void cf_tls_on_name(SSL_CTX *context, int (*callback)(SSL *, int *, void *), void *argument) {
  SSL_CTX_set_tlsext_servername_callback(context, callback);
  SSL_CTX_set_tlsext_servername_arg(context, argument);
}

void cf_tls_on_status(SSL_CTX *context, int (*callback)(SSL *, void *), void *argument) {
  SSL_CTX_set_tlsext_status_cb(context, callback);
  SSL_CTX_set_tlsext_status_arg(context, argument);
}

int cf_tls_staple(SSL *connection, const void *response, size_t length) {
  unsigned char *copy = OPENSSL_memdup(response, length);
  if (copy == NULL) return 0;
  // It frees the copy with the connection.
  return SSL_set_tlsext_status_ocsp_resp(connection, copy, (long)length) == 1;
}

int cf_tls_authenticate_ticket(EVP_MAC_CTX *mac, const void *key, size_t length) {
  OSSL_PARAM parameters[] = {
    OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)key, length),
    OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, "SHA256", 0),
    OSSL_PARAM_construct_end(),
  };
  return EVP_MAC_CTX_set_params(mac, parameters);
}

SSL *cf_tls_new(SSL_CTX *context, int descriptor, long budget) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, make_method);
  if (method == NULL) return NULL;
  wire *wire = calloc(1, sizeof *wire);
  BIO *bio = wire == NULL ? NULL : BIO_new(method);
  SSL *connection = bio == NULL ? NULL : SSL_new(context);
  if (connection == NULL) {
    if (bio != NULL) BIO_free(bio);
    free(wire);
    return NULL;
  }
  wire->descriptor = descriptor;
  wire->budget = budget;
  BIO_set_data(bio, wire);
  BIO_set_init(bio, 1);
  SSL_set_bio(connection, bio, bio);
  SSL_set_accept_state(connection);
  return connection;
}

void cf_tls_free(SSL *connection) {
  cf_tls_finish(connection);
  SSL_free(connection);
}

static int failed(SSL *connection) {
  // After these nothing may be written any more, not even close_notify (SSL_shutdown(3)).
  wire_of(connection)->has_failed = 1;
  return CF_TLS_FAILED;
}

static int outcome(SSL *connection, int result) {
  switch (SSL_get_error(connection, result)) {
    case SSL_ERROR_ZERO_RETURN: return CF_TLS_ENDED;
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return wire_of(connection)->is_blocked ? CF_TLS_BLOCKED : CF_TLS_AGAIN;
    default: return failed(connection);
  }
}

int cf_tls_handshake(SSL *connection) {
  wire *wire = wire_of(connection);
  wire->is_blocked = 0;
  wire->is_drained = 0;
  clear_errors();
  int result = SSL_do_handshake(connection);
  if (result == 1) {
    wire->budget = LONG_MAX;
    return 1;
  }
  int meaning = outcome(connection, result);
  return meaning == CF_TLS_ENDED ? failed(connection) : meaning;
}

long cf_tls_read(SSL *connection, void *buffer, size_t capacity) {
  wire *wire = wire_of(connection);
  wire->is_blocked = 0;
  wire->is_drained = 0;
  wire->budget = LONG_MAX;
  clear_errors();
  size_t count = 0;
  int result = SSL_read_ex(connection, buffer, capacity, &count);
  return result == 1 ? (long)count : outcome(connection, result);
}

long cf_tls_write(SSL *connection, const void *bytes, size_t count) {
  wire *wire = wire_of(connection);
  size_t sent = 0;
  clear_errors();
  while (sent < count) {
    wire->is_blocked = 0;
    size_t part = 0;
    int result = SSL_write_ex(connection, (const char *)bytes + sent, count - sent, &part);
    if (result == 1) {
      sent += part;
      continue;
    }
    if (outcome(connection, result) == CF_TLS_BLOCKED) break;
    return failed(connection);
  }
  return (long)sent;
}

int cf_tls_has_more(SSL *connection) { return SSL_has_pending(connection) || !wire_of(connection)->is_drained; }

void cf_tls_finish(SSL *connection) {
  if (wire_of(connection)->has_failed || !SSL_is_init_finished(connection)) return;
  clear_errors();
  if (SSL_get_shutdown(connection) & SSL_SENT_SHUTDOWN) return;
  SSL_shutdown(connection);
  clear_errors();
}

unsigned long cf_tls_reason(void) { return ERR_peek_last_error(); }

int cf_tls_is_plain_http(unsigned long reason) {
  return ERR_GET_LIB(reason) == ERR_LIB_SSL && ERR_GET_REASON(reason) == SSL_R_HTTP_REQUEST;
}
