#ifndef CCURVE_H
#define CCURVE_H

#include <stdint.h>

/// A P-256 public key with a table of its multiples, so that checking a signature by it needs no variable-base multiplication.
/// OpenSSL makes such tables for whatever point is a group's generator, and does all the arithmetic; 150 KB, 10 to 25 ms to make.
/// Never changed after it is made: any number of threads may use it at once.
typedef struct cf_p256_table cf_p256_table;

/// `point` is uncompressed (SEC 1, section 2.3.3). NULL where it is not on the curve, or there is no memory.
cf_p256_table *_Nullable cf_p256_table_new(const uint8_t point[_Nonnull 65]);
void cf_p256_table_free(cf_p256_table *_Nullable table);

/// ECDSA verification (FIPS 186-5, section 6.4.2) of a 32-byte digest; `signature` is r and s, 32 bytes each. 1 where it is right,
/// 0 where it is not, -1 where it could not be found out. Only public values are handled, so nothing here has to hide its time.
int cf_p256_verify(const cf_p256_table *_Nonnull table, const uint8_t digest[_Nonnull 32], const uint8_t signature[_Nonnull 64]);

#endif
