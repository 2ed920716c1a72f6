#include "tls/record_memory.h"

#include <malloc.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include <openssl/crypto.h>

namespace respgate::tls {
namespace {

using record_memory::kMostBuffers;
using record_memory::kMostNotes;

#ifdef RESPGATE_SANITIZED
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

[[noreturn]] void die() {
  std::fputs("respgate: OpenSSL uses memory that it has given back\n", stderr);
  std::abort();
}

// Blocks of one kind: who asks for more than kMoreThan and at most kSize bytes gets one of kSize.
// Neither constructed nor destroyed, so that a thread may use it at any time.
template <std::size_t kMoreThan, std::size_t kSize, std::size_t kMost>
class Blocks {
 public:
  static bool are_for(std::size_t wanted) { return wanted - kMoreThan - 1 < kSize - kMoreThan; }
  // By what the C library says that a block has room for: it rounds up, and may add what was too little for a block of its own.
  static bool fit(std::size_t room) { return room - kSize < 32; }

  void* take() { return count_ > 0 ? blocks_[--count_] : std::malloc(kSize); }
  // False: there are enough.
  bool keep(void* block) {
    if (hold(block)) die();
    if (count_ == kMost) return false;
    blocks_[count_++] = block;
    return true;
  }
  bool hold(const void* block) const { return std::find(blocks_.begin(), blocks_.begin() + count_, block) != blocks_.begin() + count_; }
  void empty() {
    while (count_ > 0) std::free(blocks_[--count_]);
  }
  std::size_t count() const { return count_; }

 private:
  std::array<void*, kMost> blocks_;
  std::size_t count_;
};

struct Lists {
  enum class State : std::uint8_t { kUnused, kInUse, kClosed };

  Blocks<16 * 1024, 17 * 1024, kMostBuffers> buffers;
  Blocks<24, 40, kMostNotes> notes;
  State state;
};

constinit thread_local Lists lists{};

struct ClosedAtTheEnd {
  ~ClosedAtTheEnd() {
    lists.buffers.empty();
    lists.notes.empty();
    lists.state = Lists::State::kClosed;  // OpenSSL gives back what it has for a thread after this
  }
};

// True: this thread may keep blocks.
bool open_lists() {
  if (lists.state == Lists::State::kUnused) {
    static thread_local const ClosedAtTheEnd closed_at_the_end;
    lists.state = Lists::State::kInUse;
  }
  return lists.state == Lists::State::kInUse;
}

void* take_for_openssl(std::size_t size, const char* /*file*/, int /*line*/) { return record_memory::take(size); }
void* resize_for_openssl(void* block, std::size_t size, const char* /*file*/, int /*line*/) { return record_memory::resize(block, size); }
void give_back_for_openssl(void* block, const char* /*file*/, int /*line*/) { record_memory::give_back(block); }

// Somebody looks for misuse of memory (mallopt(3)).
bool is_malloc_watched() {
  const char* const tunables = std::getenv("GLIBC_TUNABLES");
  return std::getenv("MALLOC_CHECK_") != nullptr || std::getenv("MALLOC_PERTURB_") != nullptr ||
         (tunables != nullptr && std::string_view(tunables).find("glibc.malloc.") != std::string_view::npos);
}

std::string_view try_to_use() {
  if constexpr (kSanitized) return "a sanitizer watches";
  if (is_malloc_watched()) return "the environment has settings of malloc";
  if (CRYPTO_set_mem_functions(take_for_openssl, resize_for_openssl, give_back_for_openssl) != 1) return "OpenSSL has allocated already";
  return "";
}

constinit std::string_view why_not;

}  // namespace

void use_record_memory() { why_not = try_to_use(); }

std::string_view why_no_record_memory() { return why_not; }

namespace record_memory {

void* take(std::size_t size) {
  if (lists.notes.are_for(size)) return lists.notes.take();
  if (lists.buffers.are_for(size)) return lists.buffers.take();
  return size == 0 ? nullptr : std::malloc(size);
}

void* resize(void* block, std::size_t size) {
  if (block == nullptr) return take(size);
  if (size == 0) {
    give_back(block);
    return nullptr;
  }
  if (lists.notes.hold(block) || lists.buffers.hold(block)) die();
  return std::realloc(block, size);
}

void give_back(void* block) {
  const std::size_t room = ::malloc_usable_size(block);
  if (lists.notes.fit(room) && open_lists() && lists.notes.keep(block)) return;
  if (lists.buffers.fit(room) && open_lists() && lists.buffers.keep(block)) return;
  std::free(block);
}

Kept kept() { return {lists.buffers.count(), lists.notes.count()}; }

}  // namespace record_memory
}  // namespace respgate::tls
