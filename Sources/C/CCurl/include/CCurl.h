// libcurl, opened when the first transfer asks for it, without its variadic calls: it loads some twenty libraries that a server
// which sends nothing need not pay for.
#ifndef CCURL_H
#define CCURL_H

#include <curl/curl.h>
#include <stddef.h>

/// One handle of libcurl with what it sends and receives. Used by one thread at a time; `cf_transfer_stop` by any.
typedef struct cf_transfer cf_transfer;

/// NULL where libcurl.so.4 cannot be opened or there is no memory; `cf_transfer_missing` says which.
cf_transfer *cf_transfer_make(void);
/// Why there is no libcurl, or NULL where there is.
const char *cf_transfer_missing(void);
/// Closes the handle's connections too.
void cf_transfer_free(cf_transfer *transfer);
/// Takes the options back, keeps the connections.
void cf_transfer_reset(cf_transfer *transfer);

/// 0 or a CURLcode. The text is copied.
int cf_transfer_set_text(cf_transfer *transfer, CURLoption option, const char *text);
int cf_transfer_set_number(cf_transfer *transfer, CURLoption option, long number);
/// Adds a line to the list that `option` (CURLOPT_HTTPHEADER, CURLOPT_MAIL_RCPT) takes.
int cf_transfer_add(cf_transfer *transfer, CURLoption option, const char *line);
/// What is uploaded or posted: not copied, to stay until the transfer is done.
int cf_transfer_set_body(cf_transfer *transfer, const char *bytes, size_t count, int is_upload);
/// The most that is taken as an answer; what is longer fails the transfer with CURLE_WRITE_ERROR.
void cf_transfer_set_limit(cf_transfer *transfer, size_t bytes);

/// Runs to the end; 0 or a CURLcode.
int cf_transfer_run(cf_transfer *transfer);
/// Makes a running transfer, and every later one, end within a second.
void cf_transfer_stop(cf_transfer *transfer);

/// The last status that the peer gave: of HTTP or of SMTP.
long cf_transfer_status(cf_transfer *transfer);
/// Bytes that were uploaded.
long cf_transfer_uploaded(cf_transfer *transfer);
const char *cf_transfer_answer(cf_transfer *transfer, size_t *count);
/// For the log.
const char *cf_transfer_error(cf_transfer *transfer, int code);

#endif
