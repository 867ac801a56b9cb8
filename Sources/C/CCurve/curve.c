// `EC_GROUP_precompute_mult` is deprecated since OpenSSL 3.0 without a successor, and still there.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "CCurve.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <stdlib.h>

struct cf_p256_table {
  EC_GROUP *curve;
  // The same curve with the public key for a generator: what its table speeds up.
  EC_GROUP *key;
};

static int build(cf_p256_table *table, const uint8_t point[65]) {
  table->curve = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
  table->key = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
  if (table->curve == NULL || table->key == NULL) return 0;
  EC_POINT *public_key = EC_POINT_new(table->key);
  int is_built = public_key != NULL
    // Refuses what is not on the curve.
    && EC_POINT_oct2point(table->key, public_key, point, 65, NULL) == 1
    && EC_GROUP_set_generator(table->key, public_key, EC_GROUP_get0_order(table->curve), BN_value_one()) == 1
    && EC_GROUP_precompute_mult(table->key, NULL) == 1 && EC_GROUP_have_precompute_mult(table->key) == 1;
  EC_POINT_free(public_key);
  return is_built;
}

cf_p256_table *cf_p256_table_new(const uint8_t point[65]) {
  cf_p256_table *table = calloc(1, sizeof *table);
  if (table != NULL && !build(table, point)) {
    cf_p256_table_free(table);
    table = NULL;
    ERR_clear_error();
  }
  return table;
}

void cf_p256_table_free(cf_p256_table *table) {
  if (table == NULL) return;
  EC_GROUP_free(table->curve);
  EC_GROUP_free(table->key);
  free(table);
}

static int is_scalar(const BIGNUM *number, const BIGNUM *order) { return !BN_is_zero(number) && BN_ucmp(number, order) < 0; }

// 1, 0 or -1 as `cf_p256_verify`; `sum` and `term` are points to work in.
static int verify(
  const cf_p256_table *table, const uint8_t *digest, const uint8_t *signature, EC_POINT *sum, EC_POINT *term, BN_CTX *context) {
  const BIGNUM *order = EC_GROUP_get0_order(table->curve);
  BIGNUM *r = BN_CTX_get(context), *s = BN_CTX_get(context), *u1 = BN_CTX_get(context), *u2 = BN_CTX_get(context);
  BIGNUM *x = BN_CTX_get(context);
  if (x == NULL || BN_bin2bn(signature, 32, r) == NULL || BN_bin2bn(signature + 32, 32, s) == NULL) return -1;
  if (!is_scalar(r, order) || !is_scalar(s, order)) return 0;
  if (BN_bin2bn(digest, 32, u1) == NULL || BN_mod_inverse(u2, s, order, context) == NULL) return -1;
  if (!BN_mod_mul(u1, u1, u2, order, context) || !BN_mod_mul(u2, r, u2, order, context)) return -1;
  if (!EC_POINT_mul(table->curve, sum, u1, NULL, NULL, context) || !EC_POINT_mul(table->key, term, u2, NULL, NULL, context)) return -1;
  if (!EC_POINT_add(table->curve, sum, sum, term, context)) return -1;
  if (EC_POINT_is_at_infinity(table->curve, sum)) return 0;
  if (!EC_POINT_get_affine_coordinates(table->curve, sum, x, NULL, context) || !BN_nnmod(x, x, order, context)) return -1;
  return BN_ucmp(x, r) == 0;
}

int cf_p256_verify(const cf_p256_table *table, const uint8_t digest[32], const uint8_t signature[64]) {
  int verdict = -1;
  BN_CTX *context = BN_CTX_new();
  EC_POINT *sum = EC_POINT_new(table->curve), *term = EC_POINT_new(table->curve);
  if (context != NULL && sum != NULL && term != NULL) {
    BN_CTX_start(context);
    verdict = verify(table, digest, signature, sum, term, context);
    BN_CTX_end(context);
  }
  EC_POINT_free(sum);
  EC_POINT_free(term);
  BN_CTX_free(context);
  return verdict;
}
