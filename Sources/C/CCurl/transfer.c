#include "CCurl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static struct {
  CURLcode (*global_init)(long);
  CURL *(*init)(void);
  void (*cleanup)(CURL *);
  void (*reset)(CURL *);
  CURLcode (*setopt)(CURL *, CURLoption, ...);
  CURLcode (*getinfo)(CURL *, CURLINFO, ...);
  CURLcode (*perform)(CURL *);
  const char *(*text)(CURLcode);
  struct curl_slist *(*append)(struct curl_slist *, const char *);
  void (*free_list)(struct curl_slist *);
} curl;

static const char *missing;
static pthread_once_t opening = PTHREAD_ONCE_INIT;

static void open_library(void) {
  void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    missing = "libcurl is not installed (libcurl.so.4, Debian package libcurl4)";
    return;
  }
  const struct {
    const char *name;
    void **place;
  } symbols[] = {
      {"curl_global_init", (void **)&curl.global_init}, {"curl_easy_init", (void **)&curl.init},
      {"curl_easy_cleanup", (void **)&curl.cleanup},    {"curl_easy_reset", (void **)&curl.reset},
      {"curl_easy_setopt", (void **)&curl.setopt},      {"curl_easy_getinfo", (void **)&curl.getinfo},
      {"curl_easy_perform", (void **)&curl.perform},    {"curl_easy_strerror", (void **)&curl.text},
      {"curl_slist_append", (void **)&curl.append},     {"curl_slist_free_all", (void **)&curl.free_list},
  };
  for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++)
    if (!(*symbols[i].place = dlsym(library, symbols[i].name))) missing = "libcurl.so.4 lacks a function; it is older than 7.85";
  if (!missing && curl.global_init(CURL_GLOBAL_DEFAULT)) missing = "libcurl cannot be initialised";
}

struct cf_transfer {
  CURL *easy;
  struct curl_slist *headers, *recipients;
  const char *body;
  size_t body_count, body_sent;
  char *answer;
  size_t answer_count, answer_limit;
  atomic_int is_stopped;
  char error[CURL_ERROR_SIZE];
};

static size_t read_body(char *buffer, size_t size, size_t count, void *context) {
  cf_transfer *transfer = context;
  size_t room = size * count, rest = transfer->body_count - transfer->body_sent;
  if (rest > room) rest = room;
  memcpy(buffer, transfer->body + transfer->body_sent, rest);
  transfer->body_sent += rest;
  return rest;
}

// A connection that was kept can turn out to be closed: libcurl begins again on a new one.
static int seek_body(void *context, curl_off_t offset, int origin) {
  cf_transfer *transfer = context;
  if (origin != SEEK_SET || offset < 0 || (size_t)offset > transfer->body_count) return CURL_SEEKFUNC_FAIL;
  transfer->body_sent = (size_t)offset;
  return CURL_SEEKFUNC_OK;
}

static size_t write_answer(char *bytes, size_t size, size_t count, void *context) {
  cf_transfer *transfer = context;
  size_t length = size * count;
  if (length > transfer->answer_limit - transfer->answer_count) return 0;
  char *grown = realloc(transfer->answer, transfer->answer_count + length + 1);
  if (!grown) return 0;
  memcpy(grown + transfer->answer_count, bytes, length);
  transfer->answer = grown;
  transfer->answer_count += length;
  return length;
}

static int is_stopped(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d) {
  (void)a, (void)b, (void)c, (void)d;
  return atomic_load(&((cf_transfer *)context)->is_stopped);
}

static void prepare(cf_transfer *transfer) {
  CURL *easy = transfer->easy;
  curl.setopt(easy, CURLOPT_ERRORBUFFER, transfer->error);
  curl.setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl.setopt(easy, CURLOPT_NOPROGRESS, 0L);
  curl.setopt(easy, CURLOPT_XFERINFOFUNCTION, is_stopped);
  curl.setopt(easy, CURLOPT_XFERINFODATA, transfer);
  curl.setopt(easy, CURLOPT_WRITEFUNCTION, write_answer);
  curl.setopt(easy, CURLOPT_WRITEDATA, transfer);
}

cf_transfer *cf_transfer_make(void) {
  if (cf_transfer_missing()) return NULL;
  cf_transfer *transfer = calloc(1, sizeof *transfer);
  if (!transfer) return NULL;
  if (!(transfer->easy = curl.init())) {
    free(transfer);
    return NULL;
  }
  prepare(transfer);
  return transfer;
}

const char *cf_transfer_missing(void) {
  pthread_once(&opening, open_library);
  return missing;
}

static void forget(cf_transfer *transfer) {
  curl.free_list(transfer->headers);
  curl.free_list(transfer->recipients);
  transfer->headers = transfer->recipients = NULL;
  if (transfer->answer) explicit_bzero(transfer->answer, transfer->answer_count);
  free(transfer->answer);
  transfer->answer = NULL;
  transfer->body = NULL;
  transfer->answer_count = transfer->answer_limit = transfer->body_count = transfer->body_sent = 0;
  transfer->error[0] = 0;
}

void cf_transfer_free(cf_transfer *transfer) {
  curl.cleanup(transfer->easy);
  forget(transfer);
  free(transfer);
}

void cf_transfer_reset(cf_transfer *transfer) {
  curl.reset(transfer->easy);
  forget(transfer);
  prepare(transfer);
}

int cf_transfer_set_text(cf_transfer *transfer, CURLoption option, const char *text) {
  return curl.setopt(transfer->easy, option, text);
}

int cf_transfer_set_number(cf_transfer *transfer, CURLoption option, long number) {
  return curl.setopt(transfer->easy, option, number);
}

int cf_transfer_add(cf_transfer *transfer, CURLoption option, const char *line) {
  struct curl_slist **list = option == CURLOPT_HTTPHEADER ? &transfer->headers : &transfer->recipients;
  struct curl_slist *longer = curl.append(*list, line);
  if (!longer) return CURLE_OUT_OF_MEMORY;
  *list = longer;
  return curl.setopt(transfer->easy, option, longer);
}

int cf_transfer_set_body(cf_transfer *transfer, const char *bytes, size_t count, int is_upload) {
  transfer->body = bytes;
  transfer->body_count = count;
  CURL *easy = transfer->easy;
  if (!is_upload) {
    int code = curl.setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)count);
    return code ? code : (int)curl.setopt(easy, CURLOPT_POSTFIELDS, bytes);
  }
  curl.setopt(easy, CURLOPT_READFUNCTION, read_body);
  curl.setopt(easy, CURLOPT_READDATA, transfer);
  curl.setopt(easy, CURLOPT_SEEKFUNCTION, seek_body);
  curl.setopt(easy, CURLOPT_SEEKDATA, transfer);
  curl.setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)count);
  return curl.setopt(easy, CURLOPT_UPLOAD, 1L);
}

void cf_transfer_set_limit(cf_transfer *transfer, size_t bytes) { transfer->answer_limit = bytes; }

int cf_transfer_run(cf_transfer *transfer) { return curl.perform(transfer->easy); }

void cf_transfer_stop(cf_transfer *transfer) { atomic_store(&transfer->is_stopped, 1); }

long cf_transfer_status(cf_transfer *transfer) {
  long status = 0;
  curl.getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

long cf_transfer_uploaded(cf_transfer *transfer) {
  curl_off_t count = 0;
  curl.getinfo(transfer->easy, CURLINFO_SIZE_UPLOAD_T, &count);
  return (long)count;
}

const char *cf_transfer_answer(cf_transfer *transfer, size_t *count) {
  *count = transfer->answer_count;
  return transfer->answer;
}

const char *cf_transfer_error(cf_transfer *transfer, int code) {
  return transfer->error[0] ? transfer->error : curl.text((CURLcode)code);
}
