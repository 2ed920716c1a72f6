// Memory for what OpenSSL takes and gives back with every record: two buffers of 16 KiB
// and some, which an idle connection must not hold (SSL_MODE_RELEASE_BUFFERS), and a few
// notes of 40 bytes.  Each thread keeps a handful of both, and hands out first what came
// last.  Everything else is the C library's, and so is every block itself: without a
// header, so that any of them may go to realloc() and free().
//
// What the C library checks is kept: a block that this thread keeps already and that is
// given back or grown once more ends the process.  The lists lie outside the blocks, where
// who writes into one after giving it back cannot reach them.  What is lost: a record
// buffer that two threads give back is not noticed (a connection lives on one thread),
// and such a write does not hurt until the block is handed out.
//
// Nothing is wiped here.  A record buffer may hold what a client sent, in plain, until it
// is written over; so would the C library leave it, and hand it to the next who asks.
//
// Any thread; what a thread keeps goes back to the C library when it ends.
#pragma once

#include <cstddef>
#include <string_view>

namespace respgate::tls {

// Makes OpenSSL take its memory here.  REQUIRES: OpenSSL has allocated nothing yet, or it refuses.  Leaves it to the C library
// under a sanitizer, and where the environment tells the C library to look closely: they would see less.
void use_record_memory();

// Why OpenSSL does not take its memory here, for a log; empty: it does.  REQUIRES: use_record_memory() was called.
std::string_view why_no_record_memory();

// What OpenSSL calls.
namespace record_memory {

constexpr std::size_t kMostBuffers = 4;  // of each thread, which uses one or two at a time; parts of records hold more
constexpr std::size_t kMostNotes = 4;    // three are in use at a time

void* take(std::size_t size);                 // as malloc(), but nullptr for nothing
void* resize(void* block, std::size_t size);  // as realloc(); gives back for nothing
void give_back(void* block);                  // as free()

// How many blocks this thread keeps.
struct Kept {
  std::size_t buffers = 0;
  std::size_t notes = 0;
};
Kept kept();

}  // namespace record_memory
}  // namespace respgate::tls
