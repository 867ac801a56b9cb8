#include <sqlite3.h>

// Variadic in C, so Swift cannot call it: refuses writes to the schema table and to shadow tables, whatever SQL asks.
static inline int cf_sqlite_set_defensive(sqlite3 *db) {
  return sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)0);
}
