/* What goes into the module: a table, and a function that reads it. */
#include <stdint.h>

const int64_t shop_prices[] = {250, 1999, 75};

int64_t price_of(int64_t item);

int64_t price_of(int64_t item) {
  const int64_t items = sizeof shop_prices / sizeof shop_prices[0];
  return item < 0 || item >= items ? -1 : shop_prices[item];
}
