// TLS on a non-blocking descriptor, and the macros of OpenSSL that Swift does not import.
#ifndef CTLS_H
#define CTLS_H

#include <openssl/ssl.h>
#include <stddef.h>

/// What a call on a connection came to, where it is not a number of bytes.
enum {
  /// The peer has said that nothing more comes (close_notify), or has closed.
  CF_TLS_ENDED = 0,
  /// Nothing more without an event on the descriptor.
  CF_TLS_BLOCKED = -1,
  /// The connection is of no use any more; `cf_tls_reason` says why.
  CF_TLS_FAILED = -2,
  /// Something that is not for the application was dealt with, such as a change of keys: call again.
  CF_TLS_AGAIN = -3,
};

/// A context for servers with the policy that does not depend on settings: TLS 1.2 and 1.3, no compression, no renegotiation, no
/// session cache, buffers given back while idle. NULL where there is no memory.
SSL_CTX *_Nullable cf_tls_context_new(void);
/// Key exchange in the order of preference, as in "X25519:P-256". 1 where it is known.
int cf_tls_set_groups(SSL_CTX *_Nonnull context, const char *_Nonnull groups);
void cf_tls_on_name(SSL_CTX *_Nonnull context, int (*_Nonnull callback)(SSL *_Nonnull, int *_Nullable, void *_Nullable), void *_Nonnull argument);
void cf_tls_on_status(SSL_CTX *_Nonnull context, int (*_Nonnull callback)(SSL *_Nonnull, void *_Nullable), void *_Nonnull argument);
/// Hands over `length` bytes of an OCSP response, which are copied. 1 where there was memory.
int cf_tls_staple(SSL *_Nonnull connection, const void *_Nonnull response, size_t length);

/// Sets key and digest (SHA-256) of the MAC over a session ticket. 1 where that worked.
int cf_tls_authenticate_ticket(EVP_MAC_CTX *_Nullable mac, const void *_Nonnull key, size_t length);

/// A server's side on a connected, non-blocking descriptor, which stays the caller's. A client may send `budget` bytes before the
/// handshake is done. NULL where there is no memory.
SSL *_Nullable cf_tls_new(SSL_CTX *_Nonnull context, int descriptor, long budget);
/// Says close_notify where that may be said, and frees.
void cf_tls_free(SSL *_Nonnull connection);
/// 1 where the handshake is done, CF_TLS_BLOCKED, or CF_TLS_FAILED.
int cf_tls_handshake(SSL *_Nonnull connection);
/// Bytes of at most one record, or one of the above.
long cf_tls_read(SSL *_Nonnull connection, void *_Nonnull buffer, size_t capacity);
/// Bytes taken: all, or fewer where the descriptor takes no more; or CF_TLS_FAILED. What was refused has to come again, the same
/// bytes first.
long cf_tls_write(SSL *_Nonnull connection, const void *_Nonnull bytes, size_t count);
/// Whether a read may give something without an event.
int cf_tls_has_more(SSL *_Nonnull connection);
/// Says close_notify.
void cf_tls_finish(SSL *_Nonnull connection);

/// Why the last call on this thread failed: a number for `ERR_reason_error_string`, 0 where the peer went away.
unsigned long cf_tls_reason(void);
/// How X509_NAME_print_ex(3) writes a name in the form of RFC 2253.
enum { CF_X509_NAME_RFC2253 = XN_FLAG_RFC2253 };

/// Whether that was a request in plain HTTP.
int cf_tls_is_plain_http(unsigned long reason);

#endif
