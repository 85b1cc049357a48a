/*
 * small_map.c - maps of the store that fit below valgrind.
 *
 * The store asks LMDB for maps of up to 64 GiB, of which it touches what it
 * holds; valgrind's address space has no room for that. The linker puts this
 * in front of LMDB's own (see CMakeLists.txt).
 */
#include <lmdb.h>

int __real_mdb_env_set_mapsize(MDB_env *env, size_t bytes);
int __wrap_mdb_env_set_mapsize(MDB_env *env, size_t bytes);

static const size_t MAP_MAX = (size_t)1 << 30;

int
__wrap_mdb_env_set_mapsize(MDB_env *env, size_t bytes)
{
    return __real_mdb_env_set_mapsize(env, bytes < MAP_MAX ? bytes : MAP_MAX);
}
