// What testdata/templates has, in C: jit_bench's peer, compiled with -O2 -fno-tree-vectorize, since
// our code generator has no vector instructions either.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
  int64_t key;
  double weight;
} Pair;

static inline bool less_i32(int32_t a, int32_t b) { return a < b; }
static inline bool less_i64(int64_t a, int64_t b) { return a < b; }
static inline bool less_f64(double a, double b) { return a < b; }
static inline bool less_pair(Pair a, Pair b) { return a.key < b.key; }

#define SLICE(T, S) \
  typedef struct {  \
    T* data;        \
    uint64_t size;  \
  } Slice_##S;

#define BINARY_SEARCH(T, S)                                 \
  int64_t c_binary_search_##S(Slice_##S sorted, T wanted) { \
    uint64_t low = 0, high = sorted.size;                   \
    while (low < high) {                                    \
      const uint64_t middle = low + ((high - low) >> 1);    \
      const T value = sorted.data[middle];                  \
      if (less_##S(value, wanted)) {                        \
        low = middle + 1;                                   \
      } else if (less_##S(wanted, value)) {                 \
        high = middle;                                      \
      } else {                                              \
        return (int64_t)middle;                             \
      }                                                     \
    }                                                       \
    return -1;                                              \
  }

#define QUICKSORT(T, S)                                              \
  static void swap_##S(T* a, T* b) {                                 \
    const T t = *a;                                                  \
    *a = *b;                                                         \
    *b = t;                                                          \
  }                                                                  \
  static int64_t partition_##S(T* data, int64_t low, int64_t high) { \
    const T pivot = data[high];                                      \
    int64_t i = low;                                                 \
    for (int64_t j = low; j < high; j++) {                           \
      if (!less_##S(data[j], pivot)) continue;                       \
      swap_##S(&data[i], &data[j]);                                  \
      i++;                                                           \
    }                                                                \
    swap_##S(&data[i], &data[high]);                                 \
    return i;                                                        \
  }                                                                  \
  static void sort_between_##S(T* data, int64_t low, int64_t high) { \
    if (low >= high) return;                                         \
    const int64_t middle = partition_##S(data, low, high);           \
    sort_between_##S(data, low, middle - 1);                         \
    sort_between_##S(data, middle + 1, high);                        \
  }                                                                  \
  void c_quicksort_##S(Slice_##S values) {                           \
    sort_between_##S(values.data, 0, (int64_t)values.size - 1);      \
  }

#define HEAP_SORT(T, S)                                                        \
  static void sift_down_##S(T* heap, uint64_t at, uint64_t size) {             \
    for (;;) {                                                                 \
      uint64_t child = at * 2 + 1;                                             \
      if (child >= size) return;                                               \
      if (child + 1 < size && less_##S(heap[child], heap[child + 1])) child++; \
      if (!less_##S(heap[at], heap[child])) return;                            \
      swap_##S(&heap[at], &heap[child]);                                       \
      at = child;                                                              \
    }                                                                          \
  }                                                                            \
  void c_heap_sort_##S(Slice_##S values) {                                     \
    uint64_t size = values.size;                                               \
    for (uint64_t i = size / 2; i > 0;) sift_down_##S(values.data, --i, size); \
    while (size > 1) {                                                         \
      size--;                                                                  \
      swap_##S(values.data, values.data + size);                               \
      sift_down_##S(values.data, 0, size);                                     \
    }                                                                          \
  }

#define NUMERIC(T, S)                                                                           \
  T c_sum_##S(Slice_##S values) {                                                               \
    T total = 0;                                                                                \
    for (uint64_t i = 0; i < values.size; i++) total += values.data[i];                         \
    return total;                                                                               \
  }                                                                                             \
  T c_dot_##S(Slice_##S a, Slice_##S b) {                                                       \
    if (a.size != b.size) __builtin_trap();                                                     \
    T total = 0;                                                                                \
    for (uint64_t i = 0; i < a.size; i++) total += a.data[i] * b.data[i];                       \
    return total;                                                                               \
  }                                                                                             \
  void c_multiply_##S(T* result, T* a, T* b, uint64_t rows, uint64_t inner, uint64_t columns) { \
    for (uint64_t row = 0; row < rows; row++) {                                                 \
      for (uint64_t column = 0; column < columns; column++) {                                   \
        T total = 0;                                                                            \
        for (uint64_t k = 0; k < inner; k++)                                                    \
          total += a[row * inner + k] * b[k * columns + column];                                \
        result[row * columns + column] = total;                                                 \
      }                                                                                         \
    }                                                                                           \
  }

#define ORDERED(T, S) SLICE(T, S) BINARY_SEARCH(T, S) QUICKSORT(T, S) HEAP_SORT(T, S)

ORDERED(int32_t, i32)
ORDERED(int64_t, i64)
ORDERED(double, f64)
ORDERED(Pair, pair)
NUMERIC(int32_t, i32)
NUMERIC(int64_t, i64)
NUMERIC(double, f64)

// Not inlined into the C either: a template's hash is always called.
__attribute__((noinline)) uint64_t hash_i64(int64_t key) {
  uint64_t k = (uint64_t)key;
  k ^= k >> 32;
  k *= 0x9E3779B97F4A7C15u;
  return k ^ (k >> 29);
}
__attribute__((noinline)) uint64_t hash_i32(int32_t key) {
  uint64_t k = (uint64_t)(int64_t)key;
  k ^= k >> 32;
  k *= 0x9E3779B97F4A7C15u;
  return k ^ (k >> 29);
}

#define MAP(K, S)                                                         \
  typedef struct {                                                        \
    uint8_t state;                                                        \
    K key;                                                                \
    int64_t value;                                                        \
  } Entry_##S;                                                            \
  typedef struct {                                                        \
    Entry_##S* entries;                                                   \
    uint64_t slots, used;                                                 \
  } Map_##S;                                                              \
  static Entry_##S* slot_##S(Map_##S* map, K key) {                       \
    const uint64_t slots = map->slots;                                    \
    uint64_t at = hash_##S(key) % slots;                                  \
    Entry_##S* free = NULL;                                               \
    bool has_free = false;                                                \
    for (uint64_t passed = 0; passed != slots; passed++) {                \
      Entry_##S* const entry = &map->entries[at];                         \
      if (entry->state == 0) return has_free ? free : entry;              \
      if (entry->state == 1) {                                            \
        if (entry->key == key) return entry;                              \
      } else if (!has_free) {                                             \
        free = entry;                                                     \
        has_free = true;                                                  \
      }                                                                   \
      at = (at + 1) % slots;                                              \
    }                                                                     \
    return free;                                                          \
  }                                                                       \
  int64_t c_map_find_##S(Map_##S* map, K key, int64_t otherwise) {        \
    const Entry_##S* const entry = slot_##S(map, key);                    \
    return entry == NULL || entry->state != 1 ? otherwise : entry->value; \
  }

MAP(int32_t, i32)
MAP(int64_t, i64)
