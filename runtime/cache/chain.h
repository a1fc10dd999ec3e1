// A list through the `next` of what is in it: what is moved between lists needs no memory for it,
// so that it can be done where memory ran out. Owns nothing.
#pragma once

namespace smf::internal {

template <typename T>
class Chain {
 public:
  bool is_empty() const { return first_ == nullptr; }
  T* first() const { return first_; }

  void push(T* item) {
    item->next = first_;
    first_ = item;
  }
  T* pop() {
    T* const item = first_;
    if (item != nullptr) first_ = item->next;
    return item;
  }
  // False where it was not there. O(length).
  bool remove(const T* item) {
    for (T** at = &first_; *at != nullptr; at = &(*at)->next) {
      if (*at != item) continue;
      *at = item->next;
      return true;
    }
    return false;
  }

 private:
  T* first_ = nullptr;
};

}  // namespace smf::internal
